// SPDX-License-Identifier: Apache-2.0
#include "imds/token.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>

namespace pileus::imds {

namespace {

// 16 hex digits of the end in microseconds, then 48 of the seal.
constexpr size_t expiry_chars = 16;
constexpr size_t seal_bytes = 24;
constexpr size_t token_chars = expiry_chars + 2 * seal_bytes;

std::optional<Time> parse_expiry(std::string_view digits) {
    const auto bytes = hex_decode(digits);
    if (!bytes)
        return std::nullopt;
    uint64_t value = 0;
    for (const char byte : *bytes)
        value = value << 8 | static_cast<unsigned char>(byte);
    return from_microseconds(static_cast<int64_t>(value));
}

} // namespace

std::string TokenSealer::seal(std::string_view expiry,
                              std::string_view interface_id,
                              std::string_view instance_id) const {
    const auto message = fmt::format("imds\n{}\n{}\n{}", expiry, interface_id, instance_id);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    HMAC(EVP_sha256(),
         key_.data(),
         static_cast<int>(key_.size()),
         reinterpret_cast<const unsigned char*>(message.data()),
         message.size(),
         digest.data(),
         &size);
    return hex_encode({reinterpret_cast<const char*>(digest.data()), seal_bytes});
}

std::string TokenSealer::issue(std::string_view interface_id,
                               std::string_view instance_id,
                               Time now,
                               int ttl_seconds) const {
    const auto expiry =
        fmt::format("{:016x}", to_microseconds(now + std::chrono::seconds{ttl_seconds}));
    return expiry + seal(expiry, interface_id, instance_id);
}

std::optional<int> TokenSealer::check(std::string_view token,
                                      std::string_view interface_id,
                                      std::string_view instance_id,
                                      Time now) const {
    if (token.size() != token_chars)
        return std::nullopt;
    const auto expiry = token.substr(0, expiry_chars);
    const auto expected = seal(expiry, interface_id, instance_id);
    if (CRYPTO_memcmp(expected.data(), token.data() + expiry_chars, expected.size()) != 0)
        return std::nullopt;
    const auto ends = parse_expiry(expiry);
    if (!ends || *ends <= now)
        return std::nullopt;
    // Rounded up: a token that is good for another half second is good for one.
    return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(*ends - now).count());
}

} // namespace pileus::imds
