#include "vm/explore/path_moments.h"

#include <utility>

namespace gilvm {
namespace {

// To copy so many bytes takes about as long as to run an instruction that is watched.
constexpr std::size_t kBytesOfInstruction = 8192;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // of all

}  // namespace

bool PathMoments::is_due(std::size_t steps, std::uint64_t instructions, std::size_t bytes) const {
  const std::uint64_t before = count_ == 0 ? 0 : moments_[count_ - 1]->instructions;
  if (instructions == before || bytes > kMostBytes / 8) return false;
  return static_cast<double>((instructions - before) * kBytesOfInstruction) * (schedules_from(steps) - 1) >=
         static_cast<double>(bytes);
}

// How many schedules in turn take a path of so many steps: as many as so far, on average.
double PathMoments::schedules_from(std::size_t steps) const {
  const std::uint64_t left = steps < left_.size() ? left_[steps] : schedules_;
  return static_cast<double>(schedules_ + 1) / static_cast<double>(left + 1);
}

PathMoments::Moment& PathMoments::add(std::size_t steps, std::uint64_t instructions) {
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < count_; ++index) bytes += moments_[index]->vm.bytes();
  if (bytes > kMostBytes) thin_out();
  if (count_ == moments_.size()) moments_.push_back(std::make_unique<Moment>());
  Moment& moment = *moments_[count_++];
  moment.steps = steps;
  moment.instructions = instructions;
  return moment;
}

// Every second one goes.
void PathMoments::thin_out() {
  const std::size_t kept = count_ / 2;
  for (std::size_t index = 0; index < kept; ++index) std::swap(moments_[index], moments_[2 * index + 1]);
  moments_.resize(kept);
  count_ = kept;
}

const PathMoments::Moment* PathMoments::last_within(std::size_t steps) {
  if (left_.size() <= steps) left_.resize(steps + 1, schedules_);
  ++schedules_;
  for (std::size_t index = steps + 1; index < left_.size(); ++index) ++left_[index];
  while (count_ > 0 && moments_[count_ - 1]->steps > steps) --count_;
  return count_ > 0 ? moments_[count_ - 1].get() : nullptr;
}

}  // namespace gilvm
