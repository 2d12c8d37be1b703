#include "vm/explore/exploration_part.h"

#include <bit>
#include <concepts>
#include <cstring>

#include "vm/base/check.h"

namespace gilvm {
namespace {

// Both go through the same members in the same order.
class Writer {
 public:
  void word(std::uint64_t value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    text.append(bytes, sizeof value);
  }
  void number(const double& value) { word(std::bit_cast<std::uint64_t>(value)); }
  template <std::integral T>
  void number(const T& value) {
    word(static_cast<std::uint64_t>(value));
  }
  template <typename List>
  std::size_t size_of(const List& list) {
    word(list.size());
    return list.size();
  }
  std::string text;
};

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}
  std::uint64_t word() {
    std::uint64_t value;
    GILVM_CHECK(text_.size() - at_ >= sizeof value);
    std::memcpy(&value, text_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  void number(double& value) { value = std::bit_cast<double>(word()); }
  template <std::integral T>
  void number(T& value) {
    value = static_cast<T>(word());
  }
  template <typename List>
  std::size_t size_of(List& list) {
    const std::uint64_t size = word();
    GILVM_CHECK(size <= text_.size());
    list.resize(size);
    return list.size();
  }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

template <typename Stream, typename Numbers>
void go_through_numbers(Stream& stream, Numbers& numbers) {
  stream.size_of(numbers);
  for (auto& number : numbers) stream.number(number);
}

template <typename Stream, typename Accesses>
void go_through_accesses(Stream& stream, Accesses& accesses) {
  stream.size_of(accesses);
  for (auto& access : accesses) {
    stream.number(access.object);
    stream.number(access.key);
    stream.number(access.writes);
  }
}

template <typename Stream, typename Sleepers>
void go_through_sleepers(Stream& stream, Sleepers& sleepers) {
  stream.size_of(sleepers);
  for (auto& sleeper : sleepers) {
    stream.number(sleeper.thread);
    go_through_accesses(stream, sleeper.accesses);
  }
}

template <typename Stream, typename Part>
void go_through(Stream& stream, Part& part) {
  stream.size_of(part.nodes);
  for (auto& node : part.nodes) {
    go_through_numbers(stream, node.candidates);
    stream.number(node.current);
    stream.number(node.chosen);
    stream.number(node.preemptions);
    go_through_numbers(stream, node.to_try);
    go_through_sleepers(stream, node.sleep);
    go_through_sleepers(stream, node.done);
    stream.number(node.explored);
  }
  stream.size_of(part.events);
  for (auto& event : part.events) {
    stream.number(event.thread);
    go_through_accesses(stream, event.accesses);
    go_through_numbers(stream, event.woken);
    go_through_numbers(stream, event.clock);
  }
  stream.number(part.root);
  stream.number(part.left);
}

}  // namespace

std::string ExplorationPart::bytes() const {
  Writer writer;
  go_through(writer, *this);
  return std::move(writer.text);
}

ExplorationPart ExplorationPart::from_bytes(const std::string& bytes) {
  ExplorationPart part;
  Reader reader(bytes);
  go_through(reader, part);
  return part;
}

}  // namespace gilvm
