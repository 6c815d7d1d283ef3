// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/sealed_stream.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <fmt/core.h>
#include <memory>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace pileus::drivers {

namespace {

// On disk: magic, lock, the public half of the stream's own key, the label's length and the label;
// then pieces: length, bytes, tag. The last piece is marked so in its nonce.
constexpr std::string_view magic = "PILEUSS1";
constexpr size_t key_bytes = 32;
constexpr size_t tag_bytes = 16;
constexpr size_t nonce_bytes = 12;
constexpr size_t length_bytes = 4;
constexpr size_t piece_bytes = 256 * 1024;
constexpr size_t label_limit_bytes = 64 * 1024;
constexpr size_t keys_end = magic.size() + 2 * key_bytes; // in the head: what the key is made of

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const uint8_t* raw(std::string_view bytes) {
    return reinterpret_cast<const uint8_t*>(bytes.data());
}

uint8_t* raw(std::string& bytes) {
    return reinterpret_cast<uint8_t*>(bytes.data());
}

tl::unexpected<Error> openssl_failed() {
    return fail(errors::unavailable, "OpenSSL cannot encrypt");
}

tl::unexpected<Error> not_genuine() {
    return fail(errors::unavailable, "the file is damaged, or of another secret");
}

tl::unexpected<Error> fail_errno(const char* what) {
    return fail(errors::unavailable,
                fmt::format("cannot {}: {}", what, std::generic_category().message(errno)));
}

Result<std::string> derive(std::string_view from, std::string_view purpose) {
    std::string key(key_bytes, '\0');
    size_t size = key.size();
    const KeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr), EVP_PKEY_CTX_free);
    if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) != 1 ||
        EVP_PKEY_CTX_set1_hkdf_key(context.get(), raw(from), static_cast<int>(from.size())) != 1 ||
        EVP_PKEY_CTX_add1_hkdf_info(
            context.get(), raw(purpose), static_cast<int>(purpose.size())) != 1 ||
        EVP_PKEY_derive(context.get(), raw(key), &size) != 1)
        return openssl_failed();
    return key;
}

Result<Key> private_key_of(std::string_view secret) {
    PILEUS_ASSIGN(const auto bytes, derive(secret, "pileus: lock of saved memory"));
    Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw(bytes), bytes.size()),
            EVP_PKEY_free);
    if (!key)
        return openssl_failed();
    return key;
}

Result<Key> new_private_key() {
    EVP_PKEY* made = nullptr;
    const KeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, nullptr), EVP_PKEY_CTX_free);
    if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
        EVP_PKEY_keygen(context.get(), &made) != 1)
        return openssl_failed();
    return Key(made, EVP_PKEY_free);
}

Result<std::string> public_half(EVP_PKEY* key) {
    std::string bytes(key_bytes, '\0');
    size_t size = bytes.size();
    if (EVP_PKEY_get_raw_public_key(key, raw(bytes), &size) != 1 || size != bytes.size())
        return openssl_failed();
    return bytes;
}

// What the holder of one private half and the other public half have in common.
Result<std::string> agree(EVP_PKEY* own, std::string_view other, std::string_view purpose) {
    const Key peer(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, raw(other), other.size()),
                   EVP_PKEY_free);
    const KeyContext context(EVP_PKEY_CTX_new(own, nullptr), EVP_PKEY_CTX_free);
    std::string common(key_bytes, '\0');
    size_t size = common.size();
    if (!peer || !context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
        EVP_PKEY_derive(context.get(), raw(common), &size) != 1)
        return not_genuine();
    return derive(common, purpose);
}

std::string encode_length(size_t length) {
    std::string bytes;
    for (size_t i = length_bytes; i-- > 0;)
        bytes += static_cast<char>(length >> (8 * i));
    return bytes;
}

size_t decode_length(std::string_view bytes) {
    size_t length = 0;
    for (const char c : bytes)
        length = length << 8 | static_cast<uint8_t>(c);
    return length;
}

// A key is used for one stream only, so that counting is enough.
std::string nonce_of(uint64_t number, bool is_last) {
    std::string nonce(nonce_bytes, '\0');
    nonce[0] = is_last ? 1 : 0;
    for (size_t i = 0; i < sizeof number; ++i)
        nonce[nonce_bytes - 1 - i] = static_cast<char>(number >> (8 * i));
    return nonce;
}

// As much as there is until `text` is full: less is the end.
Result<size_t> read_full(int fd, char* text, size_t size) {
    size_t done = 0;
    while (done < size) {
        const ssize_t n = ::read(fd, text + done, size - done);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno("read the memory of a guest");
        done += static_cast<size_t>(n);
    }
    return done;
}

Result<std::string> read_exactly(int fd, size_t size) {
    std::string text(size, '\0');
    PILEUS_ASSIGN(const size_t done, read_full(fd, text.data(), size));
    if (done != size)
        return not_genuine();
    return text;
}

Result<void> write_file_part(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno != EINTR)
            return fail_errno("write the memory of a guest");
        text.remove_prefix(n > 0 ? static_cast<size_t>(n) : 0);
    }
    return {};
}

// To a process that may have ended.
Result<void> send_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return fail_errno("hand the memory of a guest over");
        text.remove_prefix(n > 0 ? static_cast<size_t>(n) : 0);
    }
    return {};
}

// The head is part of what the first piece vouches for.
class Pieces {
  public:
    Pieces(std::string key, std::string head) : key_(std::move(key)), vouched_(std::move(head)) {}

    Result<std::string> seal(std::string_view text, bool is_last) {
        std::string sealed(text.size(), '\0');
        std::string tag(tag_bytes, '\0');
        int length = 0;
        if (!begin(EVP_EncryptInit_ex, EVP_EncryptUpdate, is_last) ||
            EVP_EncryptUpdate(
                cipher_.get(), raw(sealed), &length, raw(text), static_cast<int>(text.size())) !=
                1 ||
            EVP_EncryptFinal_ex(cipher_.get(), raw(sealed) + length, &length) != 1 ||
            EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag.data()) != 1)
            return openssl_failed();
        return encode_length(text.size()) + sealed + tag;
    }

    Result<std::string> open(std::string_view sealed, std::string tag, bool is_last) {
        std::string text(sealed.size(), '\0');
        int length = 0;
        if (!begin(EVP_DecryptInit_ex, EVP_DecryptUpdate, is_last) ||
            EVP_DecryptUpdate(
                cipher_.get(), raw(text), &length, raw(sealed), static_cast<int>(sealed.size())) !=
                1 ||
            EVP_CIPHER_CTX_ctrl(cipher_.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) != 1 ||
            EVP_DecryptFinal_ex(cipher_.get(), raw(text) + length, &length) != 1)
            return not_genuine();
        return text;
    }

  private:
    template <class Init, class Update> bool begin(Init init, Update update, bool is_last) {
        int length = 0;
        const auto nonce = nonce_of(number_++, is_last);
        const auto vouched = std::exchange(vouched_, {});
        return cipher_ &&
               init(cipher_.get(), EVP_aes_256_gcm(), nullptr, raw(key_), raw(nonce)) == 1 &&
               update(cipher_.get(),
                      nullptr,
                      &length,
                      raw(vouched),
                      static_cast<int>(vouched.size())) == 1;
    }

    Cipher cipher_{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
    const std::string key_;
    std::string vouched_;
    uint64_t number_ = 0;
};

struct Head {
    SealedHead open;
    std::string stream_key; // its public half
    std::string bytes;      // all of it, as it is on disk
};

Result<Head> read_head(int from) {
    Head head;
    PILEUS_ASSIGN(head.bytes, read_exactly(from, magic.size() + 2 * key_bytes + length_bytes));
    if (!head.bytes.starts_with(magic))
        return not_genuine();
    head.open.lock = head.bytes.substr(magic.size(), key_bytes);
    head.stream_key = head.bytes.substr(magic.size() + key_bytes, key_bytes);
    const size_t length = decode_length(head.bytes.substr(magic.size() + 2 * key_bytes));
    if (length > label_limit_bytes)
        return not_genuine();
    PILEUS_ASSIGN(head.open.label, read_exactly(from, length));
    head.bytes += head.open.label;
    return head;
}

} // namespace

Result<std::string> lock_of(std::string_view secret) {
    PILEUS_ASSIGN(const Key key, private_key_of(secret));
    return public_half(key.get());
}

Result<void> seal_stream(int from, int to, std::string_view lock, std::string_view label) {
    PILEUS_ASSIGN(const Key key, new_private_key());
    PILEUS_ASSIGN(const auto stream_key, public_half(key.get()));
    auto head = fmt::format("{}{}{}", magic, lock, stream_key);
    PILEUS_ASSIGN(auto common, agree(key.get(), lock, head));
    head += encode_length(label.size());
    head += label;
    PILEUS_TRY(write_file_part(to, head));
    Pieces pieces(std::move(common), std::move(head));
    std::string text(piece_bytes, '\0');
    while (true) {
        PILEUS_ASSIGN(const size_t size, read_full(from, text.data(), text.size()));
        const bool is_last = size < text.size();
        PILEUS_ASSIGN(const auto sealed,
                      pieces.seal(std::string_view(text).substr(0, size), is_last));
        PILEUS_TRY(write_file_part(to, sealed));
        if (is_last)
            return {};
    }
}

Result<SealedHead> read_sealed_head(int from) {
    PILEUS_ASSIGN(auto head, read_head(from));
    return std::move(head.open);
}

Result<void> unseal_stream(int from, int to, std::string_view secret) {
    PILEUS_ASSIGN(auto head, read_head(from));
    PILEUS_ASSIGN(const Key key, private_key_of(secret));
    PILEUS_ASSIGN(auto common, agree(key.get(), head.stream_key, head.bytes.substr(0, keys_end)));
    Pieces pieces(std::move(common), std::move(head.bytes));
    while (true) {
        PILEUS_ASSIGN(const auto length, read_exactly(from, length_bytes));
        const size_t size = decode_length(length);
        if (size > piece_bytes)
            return not_genuine();
        PILEUS_ASSIGN(const auto sealed, read_exactly(from, size + tag_bytes));
        const bool is_last = size < piece_bytes;
        PILEUS_ASSIGN(
            const auto text,
            pieces.open(std::string_view(sealed).substr(0, size), sealed.substr(size), is_last));
        PILEUS_TRY(send_all(to, text));
        if (is_last)
            return {};
    }
}

} // namespace pileus::drivers
