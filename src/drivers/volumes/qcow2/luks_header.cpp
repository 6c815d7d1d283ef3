// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/luks_header.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdexcept>

namespace pileus::drivers {

namespace {

// LUKS On-Disk Format Specification 1.2.3.
constexpr size_t header_bytes = 592;
constexpr size_t key_bytes = 64; // two keys of AES-256, as XTS takes
constexpr size_t stripes = 4000;
constexpr size_t salt_bytes = 32;
constexpr size_t digest_bytes = 20;
constexpr size_t sector = 512;
constexpr size_t slots = 8;
constexpr size_t slots_offset = 208;
constexpr size_t slot_record_bytes = 48;
constexpr uint32_t slot_used = 0x00ac71f3;
constexpr uint32_t slot_free = 0x0000dead;
constexpr uint32_t first_material_sector = 8;
constexpr uint32_t material_sectors = 504; // key_bytes * stripes, rounded up to 4 KiB
constexpr int iterations = 1000;           // the least that the format allows

void put(std::string& bytes, size_t offset, uint32_t value) {
    for (size_t i = 0; i < 4; ++i)
        bytes[offset + i] = static_cast<char>(value >> (8 * (3 - i)));
}

const uint8_t* raw(std::string_view bytes) {
    return reinterpret_cast<const uint8_t*>(bytes.data());
}

uint8_t* raw(std::string& bytes) {
    return reinterpret_cast<uint8_t*>(bytes.data());
}

std::string derive(std::string_view passphrase, std::string_view salt, size_t count) {
    std::string key(count, '\0');
    if (PKCS5_PBKDF2_HMAC(passphrase.data(),
                          static_cast<int>(passphrase.size()),
                          raw(salt),
                          static_cast<int>(salt.size()),
                          iterations,
                          EVP_sha256(),
                          static_cast<int>(count),
                          raw(key)) != 1)
        throw std::runtime_error("OpenSSL cannot derive a key");
    return key;
}

// The anti-forensic splitter: the key comes back only from all of the stripes.
void diffuse(std::array<uint8_t, key_bytes>& block) {
    for (uint32_t part = 0; part < key_bytes / SHA256_DIGEST_LENGTH; ++part) {
        std::array<uint8_t, 4 + SHA256_DIGEST_LENGTH> input = {};
        input[3] = static_cast<uint8_t>(part); // its number, big-endian
        uint8_t* piece = block.data() + part * SHA256_DIGEST_LENGTH;
        std::copy_n(piece, SHA256_DIGEST_LENGTH, input.begin() + 4);
        if (EVP_Digest(input.data(), input.size(), piece, nullptr, EVP_sha256(), nullptr) != 1)
            throw std::runtime_error("OpenSSL cannot compute a digest");
    }
}

std::string split_key(std::string_view key, Random& random) {
    std::string material = random.bytes(key_bytes * stripes);
    std::array<uint8_t, key_bytes> block = {};
    for (size_t stripe = 0; stripe + 1 < stripes; ++stripe) {
        for (size_t i = 0; i < key_bytes; ++i)
            block[i] ^= static_cast<uint8_t>(material[stripe * key_bytes + i]);
        diffuse(block);
    }
    for (size_t i = 0; i < key_bytes; ++i)
        material[(stripes - 1) * key_bytes + i] =
            static_cast<char>(block[i] ^ static_cast<uint8_t>(key[i]));
    OPENSSL_cleanse(block.data(), block.size());
    return material;
}

// AES-256-XTS with the number of the sector as its tweak ("plain64").
void encrypt_sectors(std::string& bytes, std::string_view key) {
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
        EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    for (size_t offset = 0; offset < bytes.size(); offset += sector) {
        std::array<uint8_t, 16> tweak = {};
        for (size_t i = 0; i < 8; ++i)
            tweak[i] = static_cast<uint8_t>((offset / sector) >> (8 * i));
        int written = 0;
        if (!context ||
            EVP_EncryptInit_ex(context.get(), EVP_aes_256_xts(), nullptr, raw(key), tweak.data()) !=
                1 ||
            EVP_EncryptUpdate(context.get(),
                              raw(bytes) + offset,
                              &written,
                              raw(bytes) + offset,
                              static_cast<int>(sector)) != 1)
            throw std::runtime_error("OpenSSL cannot encrypt");
    }
}

std::string make_uuid(Random& random) {
    const auto hex = random.hex(32);
    return fmt::format("{}-{}-4{}-a{}-{}",
                       hex.substr(0, 8),
                       hex.substr(8, 4),
                       hex.substr(13, 3),
                       hex.substr(17, 3),
                       hex.substr(20, 12));
}

} // namespace

LuksHeader make_luks_header(std::string_view passphrase, Random& random) {
    std::string key = random.bytes(key_bytes);
    const auto digest_salt = random.bytes(salt_bytes);
    const auto slot_salt = random.bytes(salt_bytes);

    std::string bytes(header_bytes, '\0');
    const auto text = [&](size_t offset, std::string_view value) {
        bytes.replace(offset, value.size(), value);
    };
    text(0, std::string_view("LUKS\xba\xbe\x00\x01", 8));
    text(8, "aes");
    text(40, "xts-plain64");
    text(72, "sha256");
    put(bytes, 104, first_material_sector + slots * material_sectors);
    put(bytes, 108, key_bytes);
    text(112, derive(key, digest_salt, digest_bytes));
    text(132, digest_salt);
    put(bytes, 164, iterations);
    text(168, make_uuid(random));
    for (uint32_t slot = 0; slot < slots; ++slot) {
        const size_t record = slots_offset + slot * slot_record_bytes;
        put(bytes, record, slot == 0 ? slot_used : slot_free);
        put(bytes, record + 40, first_material_sector + slot * material_sectors);
        put(bytes, record + 44, stripes);
    }
    put(bytes, slots_offset + 4, iterations);
    text(slots_offset + 8, slot_salt);

    std::string slot_key = derive(passphrase, slot_salt, key_bytes);
    std::string material = split_key(key, random);
    encrypt_sectors(material, slot_key);
    OPENSSL_cleanse(key.data(), key.size());
    OPENSSL_cleanse(slot_key.data(), slot_key.size());
    bytes.resize(first_material_sector * sector, '\0');
    bytes += material;
    return {std::move(bytes), (first_material_sector + slots * material_sectors) * sector};
}

} // namespace pileus::drivers
