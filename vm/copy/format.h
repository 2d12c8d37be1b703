// The bytes of a copied value.
//
//   message   = kVersion, value, contents..., names
//   value     = a tag, and what its comment says
//   contents  = of each object that was mentioned first, in the order of those mentions
//   names     = the texts of the names, each with its length; then their number and, in the last four bytes,
//   the
//               distance from the message's begin to them. A message without names ends with kNoNames
//               instead.
//
// A value is flat: of an object that comes for the first time only the shell stands there, and its contents
// follow later. So neither side recurses, however deep the value is. An object that came before is a number:
// how many came before it.
//
// Numbers that are lengths have seven bits a byte, the least significant first. Others stand as they do in
// memory: both sides run the same program on the same machine.
#pragma once

#include <cstdint>

namespace gilvm::copy {

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::uint8_t kNoNames = 0;
inline constexpr std::uint8_t kHasNames = 1;

enum class Tag : std::uint8_t {
  kNil,
  kFalse,
  kTrue,
  kInteger8,  // in one byte
  kInteger16,
  kInteger32,
  kInteger64,
  kDouble,
  kShared,              // number of the object
  kString,              // length, bytes
  kTable,               // capacity of the array part, of the hash part
                        //   contents: the values of the array part, then keys with their values, then kNil
  kTableWithMetatable,  // the same, but the contents begin with the metatable
  kClosure,             // prototype
                        //   contents: a cell for each captured variable
  kNamed,               // number of the name
  kUserdata,            // length, bytes: CopyRules::pack
  kCount,
};
// Tags from here on are the integers from kSmallestInteger on.
inline constexpr std::uint8_t kSmallIntegers = 0x40;
inline constexpr std::int64_t kSmallestInteger = -32;
inline constexpr std::int64_t kLargestInteger = kSmallestInteger + (0xFF - kSmallIntegers);

// A cell or a prototype: 0 and what it is, or the number, from 1, of one that came before.
//   cell       value
//   prototype  kOfLibrary or 0, length, chunk (vm/frontend/dump.h)
inline constexpr std::uint8_t kOfLibrary = 1;

}  // namespace gilvm::copy
