#include "vm/base/text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gilvm {

// The compiled catalogue, embedded by vm/base/po/embed.cmake.
extern const unsigned char kPortugueseCatalogue[];
extern const std::size_t kPortugueseCatalogueSize;

namespace {

Language language_in_use = Language::kEnglish;

// A catalogue as msgfmt writes it (GNU gettext manual, "The Format of GNU MO Files"): a header of 32-bit
// words, a table of (length, offset) for the messages in the order of strcmp, and the same for the
// translations. msgfmt writes little-endian words unless told otherwise.
constexpr std::size_t kMagic = 0x950412de;
constexpr std::size_t kMagicAt = 0;
constexpr std::size_t kCountAt = 8;
constexpr std::size_t kMessagesAt = 12;
constexpr std::size_t kTranslationsAt = 16;
constexpr std::size_t kEntrySize = 8;
constexpr std::size_t kOffsetInEntry = 4;

std::size_t word_at(std::size_t position) {
  std::size_t word = 0;
  for (std::size_t byte = 0; byte < 4; ++byte) {
    word |= static_cast<std::size_t>(kPortugueseCatalogue[position + byte]) << (8 * byte);
  }
  return word;
}

const char* text_of_entry(std::size_t table, std::size_t index) {
  return reinterpret_cast<const char*>(kPortugueseCatalogue) +
         word_at(table + index * kEntrySize + kOffsetInEntry);
}

const char* find_translation(const char* message) {
  if (kPortugueseCatalogueSize < kTranslationsAt + 4 || word_at(kMagicAt) != kMagic) return nullptr;
  const std::size_t messages = word_at(kMessagesAt);
  std::size_t first = 0;
  std::size_t end = word_at(kCountAt);
  while (first < end) {
    const std::size_t middle = first + (end - first) / 2;
    const int order = std::strcmp(message, text_of_entry(messages, middle));
    if (order == 0) return text_of_entry(word_at(kTranslationsAt), middle);
    if (order < 0) {
      end = middle;
    } else {
      first = middle + 1;
    }
  }
  return nullptr;
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

Language language_of(std::string_view tag) {
  // Portuguese of any country: a reader from Lisbon is served better by Brazilian text than by English.
  const bool portuguese = tag.size() >= 2 && lower(tag[0]) == 'p' && lower(tag[1]) == 't';
  const bool whole_word = tag.size() == 2 || (tag.size() > 2 && std::strchr("-_.@", tag[2]) != nullptr);
  return portuguese && whole_word ? Language::kPortuguese : Language::kEnglish;
}

void choose_language(Language language) { language_in_use = language; }

Language chosen_language() { return language_in_use; }

const char* translate(const char* message) {
  // The entry of the empty message is the catalogue's own header.
  if (language_in_use == Language::kEnglish || *message == '\0') return message;
  const char* translation = find_translation(message);
  return translation == nullptr ? message : translation;
}

}  // namespace gilvm
