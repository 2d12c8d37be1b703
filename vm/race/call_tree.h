// Where in the program something was done: an instruction, and the calls that led there, as a node of a tree
// that all of them share. So it is four bytes to keep, and its traceback can be told much later.
//
// Threads: the OS thread of the scheduler.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "vm/object/coroutine.h"

namespace gilvm {

class CallTree {
 public:
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;  // no script

  struct Place {
    Node caller = kRoot;
    Prototype* prototype = nullptr;
    const CodeWord* instruction = nullptr;
  };

  // The node of `instruction`, in a function that is called at `caller`.
  Node find(Node caller, Prototype* prototype, const CodeWord* instruction);
  const Place& at(Node node) const { return places_[node]; }

  // The same or, where that is in a function of a module that is built in, the call of it. kRoot where there
  // is no other.
  Node outside_of_library(Node node) const;
  // "a.lua:7"'s parts. REQUIRES: node is not kRoot.
  std::string file_of(Node node) const;
  std::int32_t line_of(Node node) const;
  // "a.lua:7: in function 'f'", innermost first; functions of built-in modules are left out.
  std::vector<std::string> traceback(Node node) const;

  // The prototypes are kept, so that no other one gets their addresses.
  void trace(Marker& marker) const;

 private:
  struct Key {
    Node caller;
    const CodeWord* instruction;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      const auto address = reinterpret_cast<std::uintptr_t>(key.instruction);
      return (address >> 3 ^ key.caller * 0x9E3779B97F4A7C15ULL) * 0xD6E8FEB86659FD93ULL >> 20;
    }
  };

  std::vector<Place> places_ = std::vector<Place>(1);
  std::unordered_map<Key, Node, Hash> nodes_;
};

// Where a thread is in the tree, kept up to date at little cost.
//
// Invariants:
//  (1) The first `known_` of callers_ are the nodes of the calls that the frames of these numbers are in.
class CallPath {
 public:
  // Before each instruction, and each at().
  void follow(const Coroutine* coroutine) {
    const auto depth = static_cast<std::size_t>(coroutine->frame() - coroutine->first_frame());
    if (depth == depth_ && coroutine == coroutine_) return;
    // A caller stands still while what it has called runs.
    known_ = coroutine == coroutine_ ? std::min(known_, std::min(depth, depth_)) : 0;
    depth_ = depth;
    coroutine_ = coroutine;
  }
  // The next instruction of the innermost frame; or, `runs`, the one that it is in.
  CallTree::Node at(CallTree& tree, bool runs);

 private:
  const Coroutine* coroutine_ = nullptr;
  std::size_t depth_ = 0;
  std::size_t known_ = 0;
  std::vector<CallTree::Node> callers_;
};

}  // namespace gilvm
