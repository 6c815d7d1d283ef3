// SPDX-License-Identifier: Apache-2.0
#pragma once

// The LUKS header of an encrypted layer, written here so that a layer costs milliseconds and no
// child process. Pure but for the randomness; any thread.

#include "base/random.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace pileus::drivers {

struct LuksHeader {
    std::string bytes;   // what has to be written
    uint64_t length = 0; // the room that the format keeps for it, zeros behind the bytes
};

// AES-256-XTS under a new key, which `passphrase` opens. The passphrase has to be as hard to guess
// as a key: it is stretched no more than the format demands.
LuksHeader make_luks_header(std::string_view passphrase, Random& random);

} // namespace pileus::drivers
