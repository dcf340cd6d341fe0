// The socket that clients connect to.
#pragma once

#include <string>

#include "server/file_descriptor.h"

namespace ams {

// Binds and listens, not blocking. `host` is a name or an address; port 0 takes a free one. Throws
// InvalidRequest if the host has no address here or the port is taken.
FileDescriptor open_listen_socket(const std::string& host, int port);

// The port that it is bound to.
int port_of(const FileDescriptor& socket);

// The next client, with TCP_NODELAY and not blocking; empty when none is there (any more).
FileDescriptor accept_client(const FileDescriptor& listener);

}  // namespace ams
