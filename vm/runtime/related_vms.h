// What a VM knows of the other VMs of its program: that what ends one ends all, and that a child process has
// one of them alone.
//
// Threads: any thread. Nothing here waits for a VM's lock.
#pragma once

namespace gilvm {

class Vm;
enum class Interruption : unsigned;

class RelatedVms {
 public:
  // Every VM but this one is to be interrupted, too (Vm::mark_interrupted). The caller wakes those who wait.
  virtual void mark_others_interrupted(Vm& interrupted, Interruption reason, int exit_status) = 0;
  // Around fork(): from one to the other no thread is in the middle of a change to what the VMs share. In the
  // child the VMs but `survivor` are gone, and so are all threads but the caller's.
  virtual void prepare_fork() = 0;
  virtual void end_fork(Vm& survivor, bool in_child) = 0;

 protected:
  ~RelatedVms() = default;
};

}  // namespace gilvm
