// SPDX-License-Identifier: Apache-2.0
#pragma once

// The host keys that a guest printed on its console, as a known_hosts file for ssh. So the first
// login is checked against what the guest said through a channel that the network cannot touch.
// Pure.

#include <string>
#include <string_view>

namespace pileus::cli {

// Lines "NAME ssh-ed25519 AAAA…" of the last whole block between the BEGIN and END marks that
// cloud-init (and our own images) print; "" when there is none.
std::string known_hosts_from_console(std::string_view console, std::string_view name);

} // namespace pileus::cli
