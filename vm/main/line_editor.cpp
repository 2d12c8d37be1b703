// Why so much is done here that libedit could do: its own way to wait hears nothing but the terminal, and its
// own signal handlers would run on any thread of the program. So it is given a function that waits for
// everything at once (next_character()), and the handlers here only wake that.
#include "vm/main/line_editor.h"

#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <cwchar>
#include <string_view>

namespace gilvm {
namespace {

constexpr int kRemembered = 1000;  // entries, while the program runs

// Keys that next_character() presses for the user, and as EL_BIND writes them.
constexpr wchar_t kRedisplay = L'\037';  // draws the line anew
constexpr const char* kRedisplayKey = "^_";
constexpr wchar_t kMoveToEnd = L'\035';
constexpr const char* kMoveToEndKey = "^]";

std::atomic<WakeUp*> woken_by_signals{nullptr};

void wake_editor(int number) {
  WakeUp* wake_up = woken_by_signals.load(std::memory_order_acquire);
  if (wake_up) wake_up->wake(number == SIGWINCH ? WakeUp::kResize : WakeUp::kContinue);
}

// libedit takes and gives bytes in the encoding of the locale. Scripts run in the locale "C", so this one is
// the editor's alone, and its thread's only for a while. Where the user's knows nothing beyond ASCII it is
// UTF-8.
class Encoding {
 public:
  Encoding() : locale_(newlocale(LC_CTYPE_MASK, "", nullptr)) {
    if (locale_ && std::string_view(nl_langinfo_l(CODESET, locale_)) != "ANSI_X3.4-1968") return;
    const locale_t other = newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_);
    if (other) locale_ = other;
  }
  ~Encoding() {
    if (locale_) freelocale(locale_);
  }
  Encoding(const Encoding&) = delete;

  class Scope {
   public:
    explicit Scope(const Encoding& encoding) : before_(uselocale(encoding.locale_)) {}
    ~Scope() { uselocale(before_); }
    Scope(const Scope&) = delete;

   private:
    const locale_t before_;
  };

 private:
  locale_t locale_;
};

std::size_t common_length(const std::vector<std::string>& words) {
  std::size_t length = words.front().size();
  for (const std::string& word : words) {
    const auto [left, right] =
        std::mismatch(words.front().begin(), words.front().end(), word.begin(), word.end());
    length = std::min(length, static_cast<std::size_t>(left - words.front().begin()));
  }
  return length;
}

class LineEditor final : public LineReader {
 public:
  LineEditor(std::FILE* output, WakeUp& wake_up, Completer completer)
      : output_(output), wake_up_(wake_up), completer_(std::move(completer)), history_(history_init()) {
    const Encoding::Scope scope(encoding_);
    edit_ = el_init("gilvm", stdin, output, stderr);
    if (!edit_ || !history_) return;
    HistEvent event;
    history(history_, &event, H_SETSIZE, kRemembered);
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(edit_, EL_HIST, history, history_);
    el_set(edit_, EL_PROMPT_ESC, show_prompt, '\1');
    el_set(edit_, EL_GETCFN, call_next_character);
    el_set(edit_, EL_EDITOR, "emacs");
    bind_keys();
    el_source(edit_, nullptr);  // the user's own keys
    woken_by_signals.store(&wake_up_, std::memory_order_release);
    struct sigaction action = {};
    action.sa_handler = wake_editor;
    action.sa_flags = SA_RESTART;
    sigaction(SIGWINCH, &action, &before_resize_);
    sigaction(SIGCONT, &action, &before_continue_);
  }
  ~LineEditor() override {
    if (usable()) {
      sigaction(SIGWINCH, &before_resize_, nullptr);
      sigaction(SIGCONT, &before_continue_, nullptr);
      woken_by_signals.store(nullptr, std::memory_order_release);
    }
    const Encoding::Scope scope(encoding_);
    if (history_) history_end(history_);
    if (edit_) el_end(edit_);
  }

  bool usable() const { return edit_ && history_; }

  Outcome read(const std::string& prompt, std::string* line) override {
    const Encoding::Scope scope(encoding_);
    prompt_ = prompt;
    given_up_ = false;
    decoding_ = {};
    // Before the prompt, so that no key that follows it is the terminal's own any more.
    el_set(edit_, EL_PREP_TERM, 1);
    el_resize(edit_);
    int count = 0;
    const char* typed = el_gets(edit_, &count);
    if (!typed) {
      std::fputs(given_up_ && interrupted_ ? "^C\n" : "\n", output_);
      std::fflush(output_);
      return given_up_ ? Outcome::kInterrupted : Outcome::kEnd;
    }
    line->assign(typed, static_cast<std::size_t>(count));
    if (line->ends_with('\n')) line->pop_back();
    return Outcome::kLine;
  }

  void remember(const std::string& entry) override {
    const Encoding::Scope scope(encoding_);
    HistEvent event;
    history(history_, &event, H_ENTER, entry.c_str());
  }

 private:
  static LineEditor& of(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *static_cast<LineEditor*>(self);
  }

  void bind_keys() {
    // In wide characters: of others libedit makes a copy that it never frees.
    el_wset(edit_, EL_ADDFN, L"gilvm-complete", L"completes a name", call_complete);
    const char* const keys[][2] = {
        {"^I", "gilvm-complete"},     {kRedisplayKey, "ed-redisplay"},   {kMoveToEndKey, "ed-move-to-end"},
        {"^R", "em-inc-search-prev"}, {"\\e[3~", "ed-delete-next-char"}, {"\\e[1;5C", "em-next-word"},
        {"\\e[1;5D", "ed-prev-word"},
    };
    for (const auto& [key, function] : keys) el_set(edit_, EL_BIND, key, function, nullptr);
  }

  static char* show_prompt(EditLine* edit) { return of(edit).prompt_.data(); }

  // What libedit calls for the next character. 1: there is one. 0: the input has ended. -1: read() gives up.
  static int call_next_character(EditLine* edit, wchar_t* character) {
    return of(edit).next_character(character);
  }
  int next_character(wchar_t* character) {
    for (;;) {
      if (given_up_) {
        errno = EINTR;
        return -1;
      }
      if (wake_up_.wait_for(STDIN_FILENO)) {
        const unsigned reasons = wake_up_.take();
        if (reasons & (WakeUp::kInterrupt | WakeUp::kStop)) {
          given_up_ = true;
          interrupted_ = (reasons & WakeUp::kInterrupt) != 0;
          *character = kMoveToEnd;  // what comes next stands below all that was typed
          return 1;
        }
        if (reasons & WakeUp::kContinue) {
          // Whoever had the terminal meanwhile may have left it in another mode, which libedit does not know.
          el_set(edit_, EL_PREP_TERM, 0);
          el_set(edit_, EL_PREP_TERM, 1);
        }
        if (reasons & WakeUp::kResize) el_resize(edit_);
        if (reasons == 0) continue;
        *character = kRedisplay;
        return 1;
      }
      char byte;
      const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return 0;
      const std::size_t length = std::mbrtowc(character, &byte, 1, &decoding_);
      if (length == static_cast<std::size_t>(-2)) continue;
      if (length != static_cast<std::size_t>(-1)) return 1;
      decoding_ = {};  // a byte that belongs to no character is dropped
    }
  }
  static unsigned char call_complete(EditLine* edit, int) { return of(edit).complete(); }
  unsigned char complete() {
    const LineInfo* typed = el_line(edit_);
    const std::string text(typed->buffer, typed->cursor);
    if (text.find_first_not_of(" \t") == std::string::npos) {
      el_insertstr(edit_, "  ");
      return CC_REFRESH;
    }
    const std::vector<std::string> words = completer_(text);
    if (words.empty()) return CC_REFRESH_BEEP;
    // The words begin with what is typed of them.
    const std::string common = words.front().substr(0, common_length(words));
    std::size_t have = common.size();
    while (have > 0 && !text.ends_with(common.substr(0, have))) --have;
    if (have < common.size()) {
      el_insertstr(edit_, common.c_str() + have);
      return CC_REFRESH;
    }
    if (words.size() == 1) return CC_NORM;
    show_in_columns(words);
    return CC_REDISPLAY;
  }

  void show_in_columns(const std::vector<std::string>& words) {
    std::size_t width = 0;
    for (const std::string& word : words) width = std::max(width, word.size() + 2);
    const std::size_t in_line = std::max<std::size_t>(1, columns() / width);
    std::string text;
    for (std::size_t index = 0; index < words.size(); ++index) {
      if (index % in_line == 0) text += '\n';
      text += words[index];
      if ((index + 1) % in_line != 0 && index + 1 < words.size())
        text.append(width - words[index].size(), ' ');
    }
    text += '\n';
    std::fwrite(text.data(), 1, text.size(), output_);
  }
  std::size_t columns() {
    int count = 0;
    el_get(edit_, EL_GETTC, "co", &count, nullptr);
    return count > 0 ? static_cast<std::size_t>(count) : 80;
  }

  std::FILE* const output_;
  WakeUp& wake_up_;
  const Completer completer_;
  const Encoding encoding_;
  History* const history_;
  EditLine* edit_ = nullptr;
  struct sigaction before_resize_ = {};
  struct sigaction before_continue_ = {};
  std::string prompt_;
  std::mbstate_t decoding_ = {};
  bool given_up_ = false;
  bool interrupted_ = false;
};

}  // namespace

std::unique_ptr<LineReader> make_line_editor(std::FILE* output, WakeUp& wake_up, Completer completer) {
  auto editor = std::make_unique<LineEditor>(output, wake_up, std::move(completer));
  if (!editor->usable()) return nullptr;
  return editor;
}

}  // namespace gilvm
