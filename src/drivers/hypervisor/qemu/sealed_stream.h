// SPDX-License-Identifier: Apache-2.0
#pragma once

// A stream that anybody can encrypt who has a lock, and only who has the lock's secret can read:
// the daemon has a disk's secret while it starts a guest, but not when it saves that guest's memory
// days later. The lock is an X25519 public key made of the secret; the stream goes under a key of
// its own by AES-256-GCM, in pieces that cannot be changed, moved, left out or cut off at the end.
// A label before it is readable by all and cannot be changed either. Any thread, no state.

#include "base/result.h"

#include <string>
#include <string_view>

namespace pileus::drivers {

Result<std::string> lock_of(std::string_view secret);

// Until `from` ends.
Result<void> seal_stream(int from, int to, std::string_view lock, std::string_view label);

// What stands before a sealed stream: not to be trusted before unseal_stream() has read it too.
struct SealedHead {
    std::string lock;
    std::string label;
};
Result<SealedHead> read_sealed_head(int from);
// All of it, from where `from` stands. `to` is a socket; it has got only what is genuine, but
// perhaps not all of it, when this is an error.
Result<void> unseal_stream(int from, int to, std::string_view secret);

} // namespace pileus::drivers
