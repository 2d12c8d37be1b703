// Copies of values as bytes: how a value crosses from one VM to another, in this process or in another one.
//
// Copied are nil, booleans, numbers, strings, tables with their metatables, and functions with the variables
// that they have captured. What was one object, or one variable, for the sender is one for the receiver:
// cycles and shared parts stay what they are. A value that sender and receiver both have under a name, as a
// module and what is in it, goes as that name. All else is refused, and the refusal says where in the value
// it stood.
//
// Threads: any attached thread. Nothing here is a safepoint. While a value is encoded, other threads may
// change it: what is copied is then something that was there at some time for each of its slots.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vm/runtime/vm.h"

namespace gilvm {

// What a VM knows of values that are not simply copied.
class CopyRules {
 public:
  // Of the sender: the name under which the receiver has the same. False: it has none. Asked for tables,
  // native functions, userdata, and functions of the modules that are built in.
  virtual bool name_of(Value value, std::string* name) = 0;
  // Of the sender: a userdata as bytes, for unpack(). False: it cannot cross, and *reason says why if there
  // is more to say than that.
  virtual bool pack(Userdata* userdata, std::string* bytes, std::string* reason) = 0;
  // Of the receiver. False: these are not the bytes of one.
  virtual bool unpack(std::string_view bytes, Value* value) = 0;

 protected:
  ~CopyRules() = default;
};

// Appends the value to *bytes. False: *error is "cannot send a thread (at [1].worker)" or its like.
bool encode(Value value, CopyRules& rules, std::string* bytes, std::string* error);

// The names that stand in the bytes: their values are to be found before decode(), since that may run
// scripts. False: the bytes are damaged.
bool names_in(std::string_view bytes, std::vector<std::string>* names);

// The value, which nothing keeps alive: to be used before the next safepoint. `named`: the values of
// names_in(). False: the bytes are damaged, or there is no memory for what they hold; *error says which.
bool decode(VmThread& thread, std::string_view bytes, const std::vector<Value>& named, CopyRules& rules,
            Value* value, const char** error);
inline constexpr const char* kDamagedCopy = "the bytes of a copied value are damaged";

}  // namespace gilvm
