// SPDX-License-Identifier: Apache-2.0
#pragma once

// SHA-256, and HMAC with SHA-256 and SHA-1, through OpenSSL. Pure functions; any thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pileus::auth {

using Sha256 = std::array<uint8_t, 32>;
using Sha1 = std::array<uint8_t, 20>;

Sha256 sha256(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);
Sha1 hmac_sha1(std::string_view key, std::string_view bytes);

template <size_t N> std::string_view as_text(const std::array<uint8_t, N>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), N};
}

// Takes the same time wherever the two differ; their lengths are not secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

} // namespace pileus::auth
