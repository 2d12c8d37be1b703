#include "vm/explore/path_moments.h"

#include <utility>

namespace gilvm {
namespace {

// To copy so many bytes, twice, takes about as long as to run an instruction that is watched.
constexpr std::size_t kBytesOfInstruction = 2048;
constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // of all

}  // namespace

bool PathMoments::is_due(std::uint64_t instructions, std::size_t bytes) const {
  const std::uint64_t before = count_ == 0 ? 0 : moments_[count_ - 1]->instructions;
  return bytes <= kMostBytes / 8 && (instructions - before) * kBytesOfInstruction >= bytes;
}

PathMoments::Moment& PathMoments::add() {
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < count_; ++index) bytes += moments_[index]->vm.bytes();
  if (bytes > kMostBytes) thin_out();
  if (count_ == moments_.size()) moments_.push_back(std::make_unique<Moment>());
  return *moments_[count_++];
}

// Every second one goes.
void PathMoments::thin_out() {
  const std::size_t kept = count_ / 2;
  for (std::size_t index = 0; index < kept; ++index) std::swap(moments_[index], moments_[2 * index + 1]);
  moments_.resize(kept);
  count_ = kept;
}

const PathMoments::Moment* PathMoments::last_within(std::size_t steps) {
  while (count_ > 0 && moments_[count_ - 1]->explorer.steps() > steps) --count_;
  return count_ > 0 ? moments_[count_ - 1].get() : nullptr;
}

}  // namespace gilvm
