// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pileus::auth {

// Who asks, proven by a signature. Only Authenticator makes one outside tests; whatever acts for
// somebody takes a Principal.
struct Principal {
    std::string account_id; // "123456789012"
    std::string access_key_id;
    std::string arn; // "arn:aws:iam::123456789012:user/alice"
    std::string user_id;
    std::string region;  // of the credential scope
    std::string service; // of the credential scope: "ec2", "sts"

    friend bool operator==(const Principal&, const Principal&) = default;
};

} // namespace pileus::auth
