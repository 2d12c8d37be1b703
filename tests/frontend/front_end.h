// Source text on its way through the front end, for tests.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "vm/frontend/lua_chunk.h"
#include "vm/frontend/lua_compiler.h"
#include "vm/frontend/translate.h"
#include "vm/frontend/verifier.h"

namespace gilvm {

struct FrontEnd {
  FrontEnd() : strings(heap, 0), local(heap.attach(nullptr)) { define_object_kinds(heap); }

  static std::string chunk_of(const std::string& source, const std::string& name = "@test.lua") {
    const CompiledChunk chunk = compile_lua(source, name);
    INFO(chunk.text);
    REQUIRE(chunk.ok);
    return chunk.text;
  }

  // The translated and verified function.
  Prototype* load(const std::string& source) {
    std::string error;
    const std::optional<LuaFunction> function = read_chunk(chunk_of(source), &error);
    REQUIRE(error.empty());
    Prototype* prototype = translate(*function, *local, strings, &error);
    CHECK(error.empty());
    REQUIRE(prototype);
    INFO(source);
    CHECK(verify(*prototype).empty());
    return prototype;
  }

  Heap heap;
  StringTable strings;
  LocalHeap* local;
};

// The programs that are compared with lua5.4, by their paths.
inline std::vector<std::string> example_programs() {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(GILVM_SOURCE_DIR "/tests/differential/cases")) {
    if (entry.path().extension() == ".lua") paths.push_back(entry.path());
  }
  return paths;
}

inline std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline int count_of(const Prototype& prototype, Opcode op) {
  int count = 0;
  for (std::size_t index = 0; index < prototype.code_size; ++index)
    count += prototype.code[index].load().op() == op;
  return count;
}

}  // namespace gilvm
