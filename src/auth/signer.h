// SPDX-License-Identifier: Apache-2.0
#pragma once

// The client's side of SigV4, for the command line and the load generator. Pure functions; any
// thread.

#include "base/clock.h"
#include "http/message.h"

#include <chrono>
#include <optional>
#include <string>

namespace pileus::auth {

struct Signer {
    std::string access_key_id;
    std::string secret;
    std::optional<std::string> session_token;
    std::string region = "us-east-1";
    std::string service = "ec2";
};

// Adds X-Amz-Date, X-Amz-Security-Token where there is one, and Authorization. The request must
// have its Host header, method, target and body; Host, Content-Type and all X-Amz-* headers are
// signed.
void sign(http::Request& request, const Signer& signer, Time now);

// The target of a request without a body that is good for `valid_for` without further headers than
// Host.
std::string presign(const http::Request& request,
                    const Signer& signer,
                    Time now,
                    std::chrono::seconds valid_for);

} // namespace pileus::auth
