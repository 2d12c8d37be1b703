// --max-memory as the command line reads it. What a script sees of it is in tests/lib/memory_test.cpp.
#include <catch2/catch.hpp>

#include "vm/main/options.h"

namespace gilvm {
namespace {

std::variant<Options, FinalText> parse(const std::string& value, const char* language = "en") {
  const Surroundings surroundings{
      [&](const char* name) -> const char* { return name == std::string("GILVM_LANG") ? language : nullptr; },
      2, false};
  return parse_options({"a.lua", "--max-memory=" + value}, surroundings);
}
std::size_t bytes(const std::string& value) { return std::get<Options>(parse(value)).max_memory; }
std::string refusal(const std::string& value, const char* language = "en") {
  const auto text = std::get<FinalText>(parse(value, language));
  CHECK(text.exit_status == kExitUsage);
  CHECK(text.to_stderr);
  return text.text;
}

}  // namespace

TEST_CASE("a memory limit has a unit of 1024 bytes to its powers", "[options]") {
  CHECK(bytes("512M") == std::size_t{512} << 20);
  CHECK(bytes("2G") == std::size_t{2} << 30);
  CHECK(bytes("1.5M") == 3 << 19);
  CHECK(bytes("4096K") == 4 << 20);
}

TEST_CASE("a memory limit that is none is refused in one line", "[options]") {
  CHECK(refusal("512") == "gilvm: --max-memory: '512' has no unit; accepted are sizes such as 512M or 2G\n");
  for (const char* wrong : {"0M", "100K", "-1M", "M", "512MB", "5m", "1e3M", "99999999G"}) {
    CHECK(refusal(wrong) == std::string("gilvm: --max-memory: '") + wrong +
                                "' is not a size; accepted are sizes from 1M on such as 512M or 2G\n");
  }
  CHECK(refusal("512", "pt-BR") ==
        "gilvm: --max-memory: falta a unidade em '512'; aceitos são tamanhos como 512M ou 2G\n");
}

}  // namespace gilvm
