// Addresses of sockets as scripts have them: {host, port}, with two more numbers for IPv6, or a text for
// Unix.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "vm/lib/library.h"

namespace gilvm {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// Asks, detached, for the addresses of a name. A safepoint. False with a gaierror raised.
bool find_addresses(NativeCall& call, const std::string* host, const std::string* service,
                    const addrinfo& wanted, Addresses* found);
// The address that the value stands for; a name of a host is asked for. A safepoint. False with an error
// raised.
bool address_argument(NativeCall& call, Value value, int family, SocketAddress* address);
Value address_value(VmThread& thread, const SocketAddress& address);

}  // namespace gilvm
