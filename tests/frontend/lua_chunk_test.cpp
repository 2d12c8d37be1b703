#include "vm/frontend/lua_chunk.h"

#include <cstring>
#include <random>

#include "tests/frontend/front_end.h"
#include "vm/frontend/listing.h"

namespace gilvm {
namespace {

// Has something of everything that a chunk may hold.
constexpr const char* kSource = R"(
local small, big, float, short, long = 1, 0x7fffffffffffffff, 2.5, "short", ("x"):rep(50)
local text = "a literal that is longer than forty characters, so that it is a long string"
local function variadic(...) local a <const> = nil; return select("#", ...), text, small end
for i = 1, 3 do goto continue; ::continue:: end
for key, value in pairs({1, 2, x = true}) do variadic(key, value, false, nil) end
return function() return function() return big, float, short, long end end
)";

std::string error_of(std::string_view bytes) {
  std::string error;
  const bool read = read_chunk(bytes, &error).has_value();
  CHECK(read == error.empty());
  return error;
}

std::string with_byte(std::string chunk, std::size_t position, int byte) {
  chunk[position] = static_cast<char>(byte);
  return chunk;
}

}  // namespace

TEST_CASE("a chunk is read as liblua wrote it", "[lua_chunk]") {
  std::string error;
  const auto main =
      read_chunk(FrontEnd::chunk_of("local x = 1 << 62\n\nreturn 'text', x, 1.5", "@name.lua"), &error);
  REQUIRE(main);
  CHECK(main->source == "@name.lua");
  CHECK(main->is_vararg);
  CHECK(main->upvalues.size() == 1);
  CHECK(main->upvalues[0].name == "_ENV");
  CHECK(main->lines.size() == main->code.size());
  CHECK(main->lines.front() == 1);
  CHECK(main->lines.back() == 3);
  REQUIRE(main->locals.size() == 1);
  CHECK(main->locals[0].name == "x");
  REQUIRE(main->constants.size() == 3);
  CHECK(std::get<std::int64_t>(main->constants[0]) == std::int64_t{1} << 62);
  CHECK(std::get<std::string>(main->constants[1]) == "text");
  CHECK(std::get<double>(main->constants[2]) == 1.5);
}

TEST_CASE("a nested function knows the chunk's source", "[lua_chunk]") {
  std::string error;
  const auto main = read_chunk(FrontEnd::chunk_of("return function() return function() end end"), &error);
  REQUIRE(main);
  CHECK(main->functions.at(0).functions.at(0).source == "@test.lua");
}

TEST_CASE("lines that are far apart are read right", "[lua_chunk]") {
  std::string source = "local a = 1";
  source += std::string(1000, '\n') + "a = 2" + std::string(200, '\n') + "a = 3 a = 4";
  std::string error;
  const auto main = read_chunk(FrontEnd::chunk_of(source), &error);
  REQUIRE(main);
  std::vector<std::int32_t> lines = main->lines;
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  CHECK(lines == std::vector<std::int32_t>{1, 1001, 1201});
}

TEST_CASE("a chunk that ends too early is refused, wherever it ends", "[lua_chunk]") {
  const std::string chunk = FrontEnd::chunk_of(kSource);
  REQUIRE(error_of(chunk).empty());
  for (std::size_t length = 0; length < chunk.size(); ++length) {
    INFO("length " << length);
    REQUIRE_FALSE(error_of(std::string_view(chunk).substr(0, length)).empty());
  }
}

TEST_CASE("a chunk of another version or format is refused", "[lua_chunk]") {
  const std::string chunk = FrontEnd::chunk_of("return 1");
  CHECK(error_of(with_byte(chunk, 0, 'x')) == "not a binary chunk");
  CHECK(error_of(with_byte(chunk, 4, 0x53)) == "version mismatch");
  CHECK(error_of(with_byte(chunk, 4, 0x55)) == "version mismatch");
  CHECK(error_of(with_byte(chunk, 5, 1)) == "format mismatch");
  CHECK(error_of(with_byte(chunk, 9, 0)) == "corrupted chunk");
  CHECK(error_of(with_byte(chunk, 12, 8)) == "Instruction size mismatch");
  CHECK(error_of(with_byte(chunk, 15, 0)) == "integer format mismatch");
}

TEST_CASE("source text is no chunk", "[lua_chunk]") {
  CHECK(error_of("") != "");
  CHECK(error_of("return 1") == "not a binary chunk");
}

TEST_CASE("a damaged chunk is refused by the reader, the translator or the verifier, and harms none of them",
          "[lua_chunk]") {
  const unsigned seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::vector<std::string> chunks = {FrontEnd::chunk_of(kSource)};
  for (const std::string& path : example_programs()) {
    const CompiledChunk chunk = compile_lua(content_of(path), "@" + path);
    if (chunk.ok) chunks.push_back(chunk.text);
  }
  REQUIRE(chunks.size() > 50);
  int read = 0, translated = 0, sound = 0;
  for (const std::string& chunk : chunks) {
    FrontEnd front_end;
    for (int round = 0; round < 100; ++round) {
      std::string damaged = chunk;
      for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
        const std::size_t position = 31 + random() % (damaged.size() - 31);  // after the header
        damaged[position] = static_cast<char>(damaged[position] ^ 1 << random() % 8);
      }
      std::string error;
      const auto function = read_chunk(damaged, &error);
      if (!function) continue;
      ++read;
      const Prototype* prototype = translate(*function, *front_end.local, front_end.strings, &error);
      if (!prototype) continue;
      ++translated;
      if (!verify(*prototype).empty()) continue;
      ++sound;
      CHECK_FALSE(listing(*prototype, "line 1\nline 2\n").empty());
    }
  }
  // Otherwise the later stages would not have been tried.
  CHECK(read > 0);
  CHECK(translated > 0);
  CHECK(translated > sound);
  CHECK(sound > 0);
}

}  // namespace gilvm
