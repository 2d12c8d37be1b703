#include "vm/main/explore_workers.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "vm/process/processes.h"

namespace gilvm {
namespace {

using Bytes = std::vector<std::uint8_t>;

// False: the other end is closed.
bool send_all(int socket, const void* data, std::size_t size) {
  const char* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t count = send(socket, bytes, size, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool receive_all(int socket, void* data, std::size_t size) {
  char* bytes = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t count = recv(socket, bytes, size, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool send_message(int socket, const void* data, std::uint64_t size) {
  return send_all(socket, &size, sizeof size) && send_all(socket, data, size);
}

template <typename Message>
std::optional<Message> receive_message(int socket) {
  std::uint64_t size;
  if (!receive_all(socket, &size, sizeof size)) return std::nullopt;
  Message message(size, typename Message::value_type());
  if (!receive_all(socket, message.data(), size)) return std::nullopt;
  return message;
}

}  // namespace

ExploreWorkers::~ExploreWorkers() {
  for (Worker& worker : workers_) {
    kill(worker.pid, SIGKILL);
    end(worker);
  }
}

bool ExploreWorkers::has_room() const {
  return workers_.size() < most_ ||
         std::any_of(workers_.begin(), workers_.end(), [](const Worker& worker) { return !worker.is_busy; });
}

bool ExploreWorkers::is_busy() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const Worker& worker) { return worker.is_busy; });
}

std::vector<ExplorationPart> ExploreWorkers::parts() const {
  std::vector<ExplorationPart> parts;
  for (const Worker& worker : workers_) {
    if (worker.is_busy) parts.push_back(worker.part);
  }
  return parts;
}

double ExploreWorkers::left() const {
  double sum = 0;
  for (const Worker& worker : workers_) {
    if (worker.is_busy) sum += worker.part.left;
  }
  return sum;
}

bool ExploreWorkers::give(const ExplorationPart& part) {
  auto idle =
      std::find_if(workers_.begin(), workers_.end(), [](const Worker& worker) { return !worker.is_busy; });
  if (idle == workers_.end()) {
    if (!start()) return false;
    idle = std::prev(workers_.end());
  }
  idle->part = part;
  idle->is_busy = true;
  const std::string bytes = part.bytes();
  send_message(idle->socket, bytes.data(), bytes.size());  // where it has ended, wait() says so
  return true;
}

bool ExploreWorkers::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  const pid_t parent = getpid();
  pid_t pid = -1;
  // The child has a supervisor that nobody is in the middle of using, and that no thread serves.
  supervisor_.hold_back([&] { pid = fork(); });
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // of the main thread, which lives as long as the process
    if (getppid() != parent) _exit(0);
    close(ends[0]);
    for (const Worker& other : workers_) close(other.socket);
    work(ends[1]);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return false;
  }
  workers_.push_back({pid, ends[0], false, {}});
  return true;
}

void ExploreWorkers::work(int socket) {
  // Ctrl-C is for the process that has forked this one; SIGTERM ends it, as it ends any.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_DFL);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  while (const auto bytes = receive_message<std::string>(socket)) {
    ExploredProgram::Result result = program_.explore(ExplorationPart::from_bytes(*bytes));
    nlohmann::json left = nlohmann::json::array();
    for (const ExplorationPart& part : result.left) {
      const std::string text = part.bytes();
      left.push_back(nlohmann::json::binary(Bytes(text.begin(), text.end())));
    }
    const Bytes answer = nlohmann::json::to_cbor({{"tally", result.tally.json()},
                                                  {"left", std::move(left)},
                                                  {"stop", static_cast<unsigned>(result.stop)},
                                                  {"status", program_.status()},
                                                  {"problem", program_.problem()},
                                                  {"has_effects", !program_.can_be_forked()}});
    if (!send_message(socket, answer.data(), answer.size())) break;
  }
  _exit(0);
}

std::vector<ExploreWorkers::Answer> ExploreWorkers::wait(std::chrono::milliseconds time) {
  std::vector<pollfd> files;
  for (const Worker& worker : workers_) files.push_back({worker.socket, POLLIN, 0});
  std::vector<Answer> answers;
  if (poll(files.data(), files.size(), static_cast<int>(time.count())) <= 0) return answers;
  for (std::size_t index = 0; index < files.size(); ++index) {
    if (files[index].revents != 0) answers.push_back(answer_of(workers_[index]));
  }
  std::erase_if(workers_, [](const Worker& worker) { return worker.socket < 0; });
  return answers;
}

ExploreWorkers::Answer ExploreWorkers::answer_of(Worker& worker) {
  Answer answer;
  const auto bytes = receive_message<Bytes>(worker.socket);
  if (!bytes) {
    answer.ended = end(worker);
    return answer;
  }
  worker.is_busy = false;
  const nlohmann::json json = nlohmann::json::from_cbor(*bytes);
  answer.result.tally = ExploreTally::from_json(json.at("tally"));
  for (const nlohmann::json& part : json.at("left")) {
    const Bytes& text = part.get_binary();
    answer.result.left.push_back(ExplorationPart::from_bytes(std::string(text.begin(), text.end())));
  }
  answer.result.stop = static_cast<ExploredProgram::Stop>(json.at("stop").get<unsigned>());
  answer.status = json.at("status");
  answer.problem = json.at("problem");
  answer.has_effects = json.at("has_effects");
  if (answer.has_effects) worker.is_busy = true;  // the part is not explored
  return answer;
}

// Waits for it, and says how it has ended.
std::string ExploreWorkers::end(Worker& worker) {
  close(std::exchange(worker.socket, -1));
  int status = 0;
  while (waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return describe_end(WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
}

}  // namespace gilvm
