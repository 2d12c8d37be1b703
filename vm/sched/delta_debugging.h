// Which parts of a cause are enough: the algorithm ddmin (Zeller and Hildebrandt, Simplifying and Isolating
// Failure-Inducing Input, IEEE Transactions on Software Engineering 28(2), 2002).
//
// Threads: the caller's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace gilvm {

// A part of `list`, in its order, with which `fails` is true and of which no single element can be left out
// (1-minimal), unless `fails` has begun to say false to all because it gives up: then the part it had come
// to. REQUIRES: fails(list). The empty list is not tried where `list` has two elements or more.
template <typename Element, typename Predicate>
std::vector<Element> smallest_failing(std::vector<Element> list, Predicate fails) {
  std::size_t parts = 2;
  while (list.size() >= 2) {
    const auto bound = [&](std::size_t part) {
      return list.begin() + static_cast<std::ptrdiff_t>(list.size() * part / parts);
    };
    std::vector<Element> smaller;
    std::size_t next_parts = 0;
    for (std::size_t part = 0; part < parts && next_parts == 0; ++part) {
      smaller.assign(bound(part), bound(part + 1));
      if (fails(smaller)) next_parts = 2;
    }
    // With two parts, what is left without one of them is the other.
    for (std::size_t part = 0; part < parts && parts > 2 && next_parts == 0; ++part) {
      smaller.assign(list.begin(), bound(part));
      smaller.insert(smaller.end(), bound(part + 1), list.end());
      if (fails(smaller)) next_parts = std::max<std::size_t>(parts - 1, 2);
    }
    if (next_parts != 0) {
      list = std::move(smaller);
      parts = next_parts;
    } else if (parts == list.size()) {
      break;
    } else {
      parts = std::min(parts * 2, list.size());
    }
  }
  return list;
}

}  // namespace gilvm
