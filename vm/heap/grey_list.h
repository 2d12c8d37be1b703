// What a marker has marked and not yet traced.
//
// Large objects are traced part by part: so that what a part leads to is traced while the processor has it at
// hand, and so that other markers can take a share of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "vm/heap/object.h"

namespace gilvm {

struct GreyList {
  struct Part {
    Object* object;
    std::uint64_t first, last;  // of its elements; `last` is behind them
  };
  static constexpr std::uint64_t kPart = 512;      // elements that are traced together
  static constexpr std::size_t kMostMoved = 4096;  // objects

  std::vector<Object*> objects;
  std::vector<Part> parts;  // none is empty

  bool is_empty() const { return objects.empty() && parts.empty(); }
  bool can_be_halved() const {
    return objects.size() > 1 || parts.size() > 1 || (!parts.empty() && size(parts[0]) > kPart);
  }

  // REQUIRES: there are parts.
  Part take_part() {
    Part& rest = parts.back();
    const Part part{rest.object, rest.first, std::min(rest.first + kPart, rest.last)};
    rest.first = part.last;
    if (rest.first == rest.last) parts.pop_back();
    return part;
  }

  // Moves the older half, more or less: in a tree these are the objects near its root, which lead to the
  // most.
  void move_half(GreyList* to) {
    move(&objects, &to->objects, std::min(objects.size() / 2, kMostMoved));
    if (parts.size() == 1 && size(parts[0]) > kPart) {
      Part& part = parts[0];
      const std::uint64_t middle = part.first + size(part) / 2;
      to->parts.push_back({part.object, middle, part.last});
      part.last = middle;
    } else {
      move(&parts, &to->parts, parts.size() / 2);
    }
  }
  void move_all(GreyList* to) {
    move(&objects, &to->objects, objects.size());
    move(&parts, &to->parts, parts.size());
  }

 private:
  static std::uint64_t size(const Part& part) { return part.last - part.first; }
  template <typename Entry>
  static void move(std::vector<Entry>* from, std::vector<Entry>* to, std::size_t count) {
    const auto end = from->begin() + static_cast<std::ptrdiff_t>(count);
    to->insert(to->end(), from->begin(), end);
    from->erase(from->begin(), end);
  }
};

}  // namespace gilvm
