#include "vm/lib/socket_addresses.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace gilvm {

bool find_addresses(NativeCall& call, const std::string* host, const std::string* service,
                    const addrinfo& wanted, Addresses* found) {
  addrinfo* first = nullptr;
  int error, system_error;
  {
    // The system asks other machines, and cannot be interrupted while it does.
    const Blocking blocking(call.thread());
    error =
        getaddrinfo(host ? host->c_str() : nullptr, service ? service->c_str() : nullptr, &wanted, &first);
    system_error = errno;
  }
  found->reset(first);
  if (call.thread().interrupted()) return false;
  if (error == EAI_SYSTEM) return raise_system_error(call, system_error) == 0;
  return error == 0 || raise_error_number(call, "gaierror", error, gai_strerror(error)) == 0;
}

namespace {

bool unix_address(NativeCall& call, Value value, SocketAddress* address) {
  if (!value.is_string()) return raise_exception(call, "TypeError", "an AF_UNIX address is a string") == 0;
  auto& path = reinterpret_cast<sockaddr_un&>(address->storage);
  const std::string_view text = value.as_string()->view();
  if (text.size() >= sizeof path.sun_path)
    return raise_exception(call, "OSError", "AF_UNIX path too long") == 0;
  path.sun_family = AF_UNIX;
  std::memcpy(path.sun_path, text.data(), text.size());
  address->length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + 1);
  return true;
}

}  // namespace

bool address_argument(NativeCall& call, Value value, int family, SocketAddress* address) {
  if (family == AF_UNIX) return unix_address(call, value, address);
  const Value host = value.is_table() ? value.as_table()->get_integer(1) : Value::nil();
  const Value port = value.is_table() ? value.as_table()->get_integer(2) : Value::nil();
  if (!host.is_string() || !port.is_integer()) {
    return raise_exception(call, "TypeError",
                           "an address is a table {host, port}: a string and an integer") == 0;
  }
  const std::int64_t number = port.as_integer();
  if (number < 0 || number > 65535)
    return raise_exception(call, "OverflowError", "port must be 0-65535.") == 0;
  const std::string name(host.as_string()->view()), service = std::to_string(number);
  const Value flow = value.as_table()->get_integer(3), scope = value.as_table()->get_integer(4);
  addrinfo wanted{};
  wanted.ai_family = family;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = name.empty() ? AI_PASSIVE : 0;
  Addresses found;
  if (!find_addresses(call, name.empty() ? nullptr : &name, &service, wanted, &found)) return false;
  std::memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
  address->length = found->ai_addrlen;
  if (family == AF_INET6) {
    auto& ip = reinterpret_cast<sockaddr_in6&>(address->storage);
    if (flow.is_integer()) ip.sin6_flowinfo = htonl(static_cast<std::uint32_t>(flow.as_integer()));
    if (scope.is_integer()) ip.sin6_scope_id = static_cast<std::uint32_t>(scope.as_integer());
  }
  return true;
}

Value address_value(VmThread& thread, const SocketAddress& address) {
  const sockaddr_storage& storage = address.storage;
  LocalHeap& heap = thread.heap();
  char text[INET6_ADDRSTRLEN] = "";
  if (address.length == 0) return Value::string(thread.string(""));
  if (storage.ss_family == AF_INET) {
    const auto& ip = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &ip.sin_addr, text, sizeof text);
    Table* list = Table::make(heap, 2);
    list->set_integer(heap, 1, Value::string(thread.string(text)));
    list->set_integer(heap, 2, thread.integer(ntohs(ip.sin_port)));
    return Value::table(list);
  }
  if (storage.ss_family == AF_INET6) {
    const auto& ip = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &ip.sin6_addr, text, sizeof text);
    Table* list = Table::make(heap, 4);
    list->set_integer(heap, 1, Value::string(thread.string(text)));
    list->set_integer(heap, 2, thread.integer(ntohs(ip.sin6_port)));
    list->set_integer(heap, 3, thread.integer(ntohl(ip.sin6_flowinfo)));
    list->set_integer(heap, 4, thread.integer(ip.sin6_scope_id));
    return Value::table(list);
  }
  const auto& path = reinterpret_cast<const sockaddr_un&>(storage);
  const std::size_t start = offsetof(sockaddr_un, sun_path);
  if (storage.ss_family != AF_UNIX || address.length <= start) return Value::string(thread.string(""));
  const std::string_view bytes(path.sun_path, address.length - start);
  return Value::string(thread.string(bytes.substr(0, bytes.find('\0'))));
}

}  // namespace gilvm
