#include "vm/lib/file.h"

#include <pthread.h>
#include <stdio_ext.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "vm/base/snapshot_area.h"
#include "vm/lib/shell.h"

namespace gilvm {
namespace {

constexpr std::size_t kLongestNumeral = 200;  // L_MAXLENNUM
constexpr std::size_t kChunk = 4096;

// Reads a numeral, character by character, to the first that cannot belong to it (liolib.c, read_number).
class NumeralReader {
 public:
  explicit NumeralReader(std::FILE* stream) : stream_(stream) {}

  std::string read() {
    do next_ = getc_unlocked(stream_);
    while (std::isspace(next_));
    accept("-+");
    bool hexadecimal = false;
    int count = 0;
    if (accept("0")) {
      hexadecimal = accept("xX");
      if (!hexadecimal) count = 1;
    }
    count += accept_digits(hexadecimal);
    if (accept(".")) count += accept_digits(hexadecimal);
    if (count > 0 && accept(hexadecimal ? "pP" : "eE")) {
      accept("-+");
      accept_digits(false);
    }
    std::ungetc(next_, stream_);
    return text_;
  }

 private:
  bool take() {
    if (text_.size() >= kLongestNumeral || is_too_long_) {
      text_.clear();
      is_too_long_ = true;
      return false;
    }
    text_.push_back(static_cast<char>(next_));
    next_ = getc_unlocked(stream_);
    return true;
  }
  bool accept(const char* characters) {
    return next_ != EOF && next_ != '\0' && std::strchr(characters, next_) && take();
  }
  int accept_digits(bool hexadecimal) {
    int count = 0;
    while ((hexadecimal ? std::isxdigit(next_) : std::isdigit(next_)) && take()) ++count;
    return count;
  }

  std::FILE* stream_;
  int next_ = EOF;
  std::string text_;
  bool is_too_long_ = false;
};

bool read_line(std::FILE* stream, bool with_end, std::string* text) {
  int next = EOF;
  while ((next = getc_unlocked(stream)) != EOF && next != '\n') text->push_back(static_cast<char>(next));
  if (next == '\n' && with_end) text->push_back('\n');
  return next == '\n' || !text->empty();
}

void read_bytes(std::FILE* stream, std::size_t count, std::string* text) {
  while (text->size() < count) {
    const std::size_t before = text->size();
    const std::size_t wanted = std::min(count - before, std::max(kChunk, before));
    text->resize(before + wanted);
    const std::size_t got = std::fread(text->data() + before, 1, wanted, stream);
    text->resize(before + got);
    if (got < wanted) return;
  }
}

bool read_format(std::FILE* stream, ReadFormat format, std::string* text) {
  switch (format.kind) {
    case ReadFormat::kLine: return read_line(stream, false, text);
    case ReadFormat::kLineWithEnd: return read_line(stream, true, text);
    case ReadFormat::kAll: read_bytes(stream, std::string::npos, text); return true;
    case ReadFormat::kNumber: {
      *text = NumeralReader(stream).read();
      Register number;
      return number_from_text(*text, &number);
    }
    case ReadFormat::kBytes: break;
  }
  if (format.bytes == 0) {
    const int next = std::getc(stream);
    std::ungetc(next, stream);
    return next != EOF;
  }
  read_bytes(stream, format.bytes, text);
  return !text->empty();
}

// Bytes that can be read without a system call. The C library has no function that tells.
std::string_view buffered(std::FILE* stream) {
#ifdef __GLIBC__
  if (!__freading(stream)) return {};
  return {stream->_IO_read_ptr, static_cast<std::size_t>(stream->_IO_read_end - stream->_IO_read_ptr)};
#else
  return {};
#endif
}

// Not fflush(), which waits for a stream that another thread is reading from.
void flush_if_idle(std::FILE* stream) {
  if (__fpending(stream) == 0 || ftrylockfile(stream) != 0) return;
  fflush_unlocked(stream);
  funlockfile(stream);
}

// Every File of the process, for forks and for programs that are started: only then is a list of them needed.
struct AllFiles {
  std::mutex mutex;  // held for moments, and around a fork
  std::vector<File*> files;
};

AllFiles& all_files();

void before_fork() {
  all_files().mutex.lock();
  for (File* file : all_files().files) file->before_fork();
}

void after_fork_in_parent() {
  for (File* file : all_files().files) file->after_fork_in_parent();
  all_files().mutex.unlock();
}

void after_fork_in_child() {
  for (File* file : all_files().files) file->after_fork_in_child();
  all_files().mutex.unlock();
}

AllFiles& all_files() {
  static AllFiles* const all = [] {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    const SnapshotArea::Inside outside(nullptr);
    return new AllFiles;
  }();
  return *all;
}

}  // namespace

File::File(std::FILE* stream, Kind kind, pid_t process) : kind_(kind), process_(process), stream_(stream) {
  if (kind != Kind::kStandard) SnapshotArea::has_effect_outside();
  const SnapshotArea::Inside outside(nullptr);
  std::lock_guard guard(all_files().mutex);
  all_files().files.push_back(this);
}

void File::before_fork() {
  held_for_fork_ = mutex_.try_lock();
  std::FILE* stream = stream_.load(std::memory_order_relaxed);
  if (held_for_fork_ && stream) flush_if_idle(stream);
}

void File::flush_idle_files() {
  // Who reads them may keep them waiting, and the list is not held so long.
  flush_if_idle(stdout);
  flush_if_idle(stderr);
  std::lock_guard guard(all_files().mutex);
  for (File* file : all_files().files) {
    const std::unique_lock lock(file->mutex_, std::try_to_lock);
    std::FILE* stream = file->stream_.load(std::memory_order_relaxed);
    if (lock && stream && file->kind_ == Kind::kOrdinary) flush_if_idle(stream);
  }
}

void File::after_fork_in_parent() {
  if (held_for_fork_) mutex_.unlock();
}

void File::after_fork_in_child() {
  if (held_for_fork_) {
    mutex_.unlock();
    return;
  }
  // Its holder was in the middle of something, goes on with it in the parent, and does not exist here.
  new (&mutex_) std::mutex;
  if (std::FILE* stream = stream_.load(std::memory_order_relaxed)) __fpurge(stream);
}

File::~File() {
  {
    std::lock_guard guard(all_files().mutex);
    std::erase(all_files().files, this);
  }
  std::FILE* stream = stream_.load(std::memory_order_relaxed);
  if (!stream) return;
  if (kind_ != Kind::kStandard) std::fclose(stream);
  if (kind_ == Kind::kPipe) wait_for_shell(process_);
}

template <typename Operation>
File::Outcome File::detached(VmThread& thread, Operation operation) {
  Outcome outcome;
  Blocking blocking(thread);
  std::lock_guard guard(mutex_);
  std::FILE* stream = stream_.load(std::memory_order_relaxed);
  if (stream) {
    operation(stream, &outcome);
  } else {
    outcome.was_closed = true;
  }
  return outcome;
}

// What a buffer holds depends on what it belongs to: a terminal, a pipe and when another process wrote to it.
// A deterministic schedule must not.
bool may_stay_attached(VmThread& thread) { return !thread.vm().is_deterministic(); }

// One line or some bytes, when the buffer has them: no reason to let another thread run.
bool File::read_from_buffer(const std::vector<ReadFormat>& formats, ReadOutcome* outcome) {
  if (formats.size() != 1) return false;
  std::unique_lock lock(mutex_, std::try_to_lock);
  std::FILE* stream = stream_.load(std::memory_order_relaxed);
  if (!lock || !stream) return false;
  const std::string_view bytes = buffered(stream);
  std::size_t length = formats[0].bytes;
  const bool is_line = formats[0].kind == ReadFormat::kLine || formats[0].kind == ReadFormat::kLineWithEnd;
  if (is_line) {
    length = bytes.find('\n') + 1;  // 0: there is none
  } else if (formats[0].kind != ReadFormat::kBytes) {
    return false;
  }
  if (length == 0 || length > bytes.size()) return false;
  std::string text(length, '\0');
  if (std::fread(text.data(), 1, length, stream) != length) return false;
  if (formats[0].kind == ReadFormat::kLine) text.pop_back();
  outcome->texts.push_back(std::move(text));
  return true;
}

File::ReadOutcome File::read(VmThread& thread, const std::vector<ReadFormat>& formats) {
  SnapshotArea::has_effect_outside();  // what was read of standard input does not come again
  ReadOutcome outcome;
  if (may_stay_attached(thread) && read_from_buffer(formats, &outcome)) return outcome;
  static_cast<Outcome&>(outcome) = detached(thread, [&](std::FILE* stream, Outcome* result) {
    std::clearerr(stream);
    errno = 0;
    for (ReadFormat format : formats) {
      std::string text;
      outcome.complete = read_format(stream, format, &text);
      outcome.texts.push_back(std::move(text));
      if (!outcome.complete) break;
    }
    if (std::ferror(stream)) result->error = errno ? errno : EIO;
  });
  return outcome;
}

bool File::write_to_buffer(const std::string& text) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  std::FILE* stream = stream_.load(std::memory_order_relaxed);
  if (!lock || !stream || __flbf(stream) || !__fwriting(stream)) return false;
  if (__fpending(stream) + text.size() >= __fbufsize(stream)) return false;
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size();
}

File::Outcome File::write(VmThread& thread, const std::string& text) {
  if (may_stay_attached(thread) && write_to_buffer(text)) return {};
  return detached(thread, [&](std::FILE* stream, Outcome* outcome) {
    errno = 0;
    if (std::fwrite(text.data(), 1, text.size(), stream) != text.size()) outcome->error = errno ? errno : EIO;
  });
}

File::Outcome File::flush(VmThread& thread) {
  return detached(thread, [](std::FILE* stream, Outcome* outcome) {
    if (std::fflush(stream) != 0) outcome->error = errno;
  });
}

File::Outcome File::seek(VmThread& thread, long long offset, int whence) {
  SnapshotArea::has_effect_outside();
  return detached(thread, [=](std::FILE* stream, Outcome* outcome) {
    if (fseeko(stream, offset, whence) != 0) {
      outcome->error = errno;
    } else {
      outcome->result = ftello(stream);
    }
  });
}

File::Outcome File::set_buffer(VmThread& thread, int mode, std::size_t size) {
  SnapshotArea::has_effect_outside();
  return detached(thread, [=](std::FILE* stream, Outcome* outcome) {
    errno = 0;
    if (std::setvbuf(stream, nullptr, mode, size) != 0) outcome->error = errno ? errno : EINVAL;
  });
}

File::Outcome File::close(VmThread& thread) {
  SnapshotArea::has_effect_outside();
  return detached(thread, [this](std::FILE* stream, Outcome* outcome) {
    stream_.store(nullptr, std::memory_order_release);
    if (std::fclose(stream) != 0) outcome->error = errno;
    if (kind_ != Kind::kPipe) return;
    outcome->result = wait_for_shell(process_);
    if (outcome->result == -1) outcome->error = errno;
  });
}

}  // namespace gilvm
