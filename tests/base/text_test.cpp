#include "vm/base/text.h"

#include <catch2/catch.hpp>
#include <string>

namespace gilvm {
namespace {

struct InPortuguese {
  InPortuguese() { choose_language(Language::kPortuguese); }
  ~InPortuguese() { choose_language(Language::kEnglish); }
};

}  // namespace

TEST_CASE("a message is translated when Portuguese is chosen", "[text]") {
  const InPortuguese language;
  CHECK(std::string(translate("the version")) == "a versão");
  CHECK(chosen_language() == Language::kPortuguese);
}

TEST_CASE("the first and the last message of the catalogue are found", "[text]") {
  const InPortuguese language;
  CHECK(std::string(translate("-X: '{0}' is unknown; accepted: gil=1, gil=0")).ends_with("gil=1, gil=0"));
  CHECK(std::string(translate("world")) == "mundo");
  CHECK(std::string(translate("{0}: '{1}' is unknown; accepted: pt-BR, en")).find("não existe") !=
        std::string::npos);
}

TEST_CASE("a message stays itself in English", "[text]") {
  CHECK(std::string(translate("world")) == "world");
}

TEST_CASE("a message without a translation stays itself", "[text]") {
  const InPortuguese language;
  CHECK(std::string(translate("no such message")) == "no such message");
  CHECK(std::string(translate("zzzz")) == "zzzz");
  CHECK(std::string(translate(" ")) == " ");
}

TEST_CASE("the empty message is not the catalogue's header", "[text]") {
  const InPortuguese language;
  CHECK(std::string(translate("")).empty());
}

TEST_CASE("a tag names its language in every usual spelling", "[text]") {
  const char* tag = GENERATE("pt-BR", "pt_BR", "pt_BR.UTF-8", "pt", "PT-br", "pt_PT@euro", "pt.UTF-8");
  CHECK(language_of(tag) == Language::kPortuguese);
}

TEST_CASE("a tag of any other language gives English", "[text]") {
  const char* tag = GENERATE("en", "en_US.UTF-8", "fr", "C", "", "p", "ptx", "POSIX");
  CHECK(language_of(tag) == Language::kEnglish);
}

}  // namespace gilvm
