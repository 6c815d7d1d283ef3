// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <string>

namespace pileus::domain {

// The public half of an SSH key. The private half leaves in the answer of CreateKeyPair and is not
// kept.
struct KeyPair {
    std::string id;
    std::string account_id;
    std::string region;
    std::string name;
    std::string type;        // "rsa" or "ed25519"
    std::string fingerprint; // EC2's four kinds: see src/cloud/key_pairs.h
    std::string public_key;  // OpenSSH one-line form
    Time created_at{};
};

} // namespace pileus::domain
