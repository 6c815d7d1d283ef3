// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/secret_sealer.h"

#include "base/file.h"
#include "base/text.h"

#include <fmt/core.h>
#include <memory>
#include <openssl/evp.h>
#include <stdexcept>

namespace pileus::drivers {

namespace {

constexpr size_t key_bytes = 32;
constexpr size_t nonce_bytes = 12;
constexpr size_t tag_bytes = 16;
constexpr unsigned key_mode = 0600;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const uint8_t* raw(std::string_view bytes) {
    return reinterpret_cast<const uint8_t*>(bytes.data());
}

uint8_t* raw(std::string& bytes) {
    return reinterpret_cast<uint8_t*>(bytes.data());
}

} // namespace

Result<SecretSealer> SecretSealer::open(const std::filesystem::path& key_file, Random& random) {
    auto key = read_file(key_file, key_bytes);
    if (!key && key.error().code == errors::not_found) {
        PILEUS_TRY(write_file_durably(key_file, random.bytes(key_bytes), key_mode));
        key = read_file(key_file, key_bytes);
    }
    if (!key)
        return fail(key.error());
    if (key->size() != key_bytes)
        return fail(errors::unavailable,
                    fmt::format("{} is no master key: it does not hold {} bytes",
                                key_file.string(),
                                key_bytes));
    return SecretSealer(std::move(*key), key_file, random);
}

std::string SecretSealer::seal(std::string_view secret, std::string_view name) const {
    const std::string nonce = random_.bytes(nonce_bytes);
    std::string sealed(secret.size(), '\0');
    std::string tag(tag_bytes, '\0');
    int length = 0;
    const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    if (!cipher ||
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key_), raw(nonce)) != 1 ||
        EVP_EncryptUpdate(
            cipher.get(), nullptr, &length, raw(name), static_cast<int>(name.size())) != 1 ||
        EVP_EncryptUpdate(
            cipher.get(), raw(sealed), &length, raw(secret), static_cast<int>(secret.size())) !=
            1 ||
        EVP_EncryptFinal_ex(cipher.get(), raw(sealed) + length, &length) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag.data()) != 1)
        throw std::runtime_error("OpenSSL cannot encrypt");
    return base64_encode(nonce + sealed + tag);
}

Result<std::string> SecretSealer::unseal(std::string_view sealed, std::string_view name) const {
    const auto no_key = [&] {
        return fail(errors::unavailable,
                    fmt::format("the secret of the encrypted layer {} cannot be opened: {} is not "
                                "the master key that sealed it",
                                name,
                                key_file_.string()));
    };
    const auto bytes = base64_decode(sealed);
    if (!bytes || bytes->size() < nonce_bytes + tag_bytes)
        return no_key();
    const size_t secret_bytes = bytes->size() - nonce_bytes - tag_bytes;
    std::string tag = bytes->substr(nonce_bytes + secret_bytes);
    std::string secret(secret_bytes, '\0');
    int length = 0;
    const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    if (!cipher ||
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key_), raw(*bytes)) != 1 ||
        EVP_DecryptUpdate(
            cipher.get(), nullptr, &length, raw(name), static_cast<int>(name.size())) != 1 ||
        EVP_DecryptUpdate(cipher.get(),
                          raw(secret),
                          &length,
                          raw(*bytes) + nonce_bytes,
                          static_cast<int>(secret_bytes)) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) != 1 ||
        EVP_DecryptFinal_ex(cipher.get(), raw(secret) + length, &length) != 1)
        return no_key();
    return secret;
}

} // namespace pileus::drivers
