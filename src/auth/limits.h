// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bounds on what an unverified signature may make us do, and the time windows of the protocols.

#include "base/clock.h"

#include <cstddef>

namespace pileus::auth::limits {

inline constexpr Duration clock_skew =
    std::chrono::minutes{15}; // both ways; exactly this much is still good
inline constexpr std::chrono::seconds presign_max{7 * 24 * 60 * 60}; // X-Amz-Expires
inline constexpr size_t authorization_bytes = 8 * 1024;
inline constexpr size_t credential_bytes = 512;
inline constexpr size_t scope_part_bytes = 128; // access key id, region, service
inline constexpr size_t signed_headers = 100;
inline constexpr size_t query_parameters = 10'000;
inline constexpr size_t v2_form_bytes =
    1024 * 1024; // a form body that is parsed before its signature is known to be good
inline constexpr size_t session_token_bytes = 8 * 1024;
inline constexpr size_t cached_signing_keys = 1024;

} // namespace pileus::auth::limits
