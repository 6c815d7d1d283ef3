// SPDX-License-Identifier: Apache-2.0
#include "auth/digest.h"

#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdexcept>

namespace pileus::auth {

namespace {

constexpr size_t block_bytes = 64; // of SHA-1 and of SHA-256

using Algorithm = std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)>;

// Fetched once: looking the algorithm up again costs more than hashing a short text.
const EVP_MD* sha256_algorithm() {
    static const Algorithm algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free);
    return algorithm.get();
}
const EVP_MD* sha1_algorithm() {
    static const Algorithm algorithm(EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_free);
    return algorithm.get();
}

template <size_t N>
std::array<uint8_t, N>
digest(const EVP_MD* algorithm, std::string_view first, std::string_view second) {
    std::array<uint8_t, N> out;
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), first.data(), first.size()) != 1 ||
        EVP_DigestUpdate(context.get(), second.data(), second.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), out.data(), nullptr) != 1)
        throw std::runtime_error("OpenSSL cannot compute a digest");
    return out;
}

// RFC 2104.
template <size_t N>
std::array<uint8_t, N> hmac(const EVP_MD* algorithm, std::string_view key, std::string_view bytes) {
    std::array<uint8_t, N> hashed_key;
    if (key.size() > block_bytes) {
        hashed_key = digest<N>(algorithm, key, {});
        key = as_text(hashed_key);
    }
    std::array<uint8_t, block_bytes> inner;
    std::array<uint8_t, block_bytes> outer;
    for (size_t i = 0; i < block_bytes; ++i) {
        const auto byte = i < key.size() ? static_cast<uint8_t>(key[i]) : uint8_t{0};
        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5c;
    }
    return digest<N>(
        algorithm, as_text(outer), as_text(digest<N>(algorithm, as_text(inner), bytes)));
}

} // namespace

Sha256 sha256(std::string_view bytes) {
    return digest<32>(sha256_algorithm(), bytes, {});
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
    return hmac<32>(sha256_algorithm(), key, bytes);
}

Sha1 hmac_sha1(std::string_view key, std::string_view bytes) {
    return hmac<20>(sha1_algorithm(), key, bytes);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace pileus::auth
