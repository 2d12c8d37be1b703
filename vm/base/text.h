// Text for users in their language: English is the key, a gettext catalogue gives the translation.
//
// The catalogues (po/*.po) are compiled by msgfmt and embedded in the program, and looked up here and not by
// libc's gettext(), which translates only where the machine has generated that locale.
//
// Threads: choose_language() before any other thread exists; translate() from any thread.
#pragma once

#include <string_view>

namespace gilvm {

enum class Language { kEnglish, kPortuguese };

// The language that `tag` names ("pt-BR", "pt_BR.UTF-8", "en"), English for any other.
Language language_of(std::string_view tag);
void choose_language(Language language);
Language chosen_language();

// The translation of `message`, or `message` itself where the catalogue has none.
const char* translate(const char* message);

}  // namespace gilvm
