// SPDX-License-Identifier: Apache-2.0
#include "cloud/ssh_key.h"

#include "base/text.h"
#include "cloud/ssh_wire.h"
#include "domain/error_codes.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <memory>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr size_t material_bytes_max = 16384;
constexpr unsigned rsa_bits_made = 2048;
constexpr int rsa_bits_min = 1024;
constexpr int rsa_bits_max = 16384;
constexpr size_t ed25519_bytes = 32;
constexpr std::string_view rsa_name = "ssh-rsa";
constexpr std::string_view ed25519_name = "ssh-ed25519";

template <auto free> struct Freer {
    template <class T> void operator()(T* pointer) const { free(pointer); }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_clear_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freer<PKCS8_PRIV_KEY_INFO_free>>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

tl::unexpected<Error> crypto_failure(std::string_view what) {
    return fail(errors::internal, fmt::format("OpenSSL could not {}", what));
}

tl::unexpected<Error> not_a_key(std::string_view why) {
    return fail(codes::key_format,
                fmt::format("Key is not in valid OpenSSH public key format: {}", why));
}

std::string digest(const EVP_MD* algorithm, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    EVP_Digest(data.data(), data.size(), out.data(), &size, algorithm, nullptr);
    return {reinterpret_cast<const char*>(out.data()), size};
}

// "1f:51:ae…"
std::string with_colons(std::string_view bytes) {
    const auto hex = hex_encode(bytes);
    std::string text;
    for (size_t i = 0; i < hex.size(); i += 2)
        text += (i ? ":" : "") + hex.substr(i, 2);
    return text;
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<size_t>(size)};
}

// What an i2d_… function writes.
template <class Write> std::string der_of(Write write) {
    const int size = write(nullptr);
    if (size <= 0)
        return "";
    std::string der(static_cast<size_t>(size), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    write(&out);
    return der;
}

std::string number_of(const Key& key, const char* name) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key.get(), name, &raw) != 1)
        return "";
    const Number number(raw);
    std::string bytes(static_cast<size_t>(BN_num_bytes(number.get())), '\0');
    BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
    return bytes;
}

struct Ed25519 {
    std::string public_bytes;
    std::string seed; // "" of a public key
};

Ed25519 ed25519_of(const Key& key) {
    Ed25519 raw{std::string(ed25519_bytes, '\0'), std::string(ed25519_bytes, '\0')};
    size_t size = ed25519_bytes;
    EVP_PKEY_get_raw_public_key(
        key.get(), reinterpret_cast<unsigned char*>(raw.public_bytes.data()), &size);
    size = ed25519_bytes;
    if (EVP_PKEY_get_raw_private_key(
            key.get(), reinterpret_cast<unsigned char*>(raw.seed.data()), &size) != 1)
        raw.seed.clear();
    return raw;
}

// The binary form that SSH sends and hashes.
std::string public_blob(KeyType type, const Key& key) {
    SshWriter blob;
    if (type == KeyType::rsa)
        blob.string(rsa_name)
            .number(number_of(key, OSSL_PKEY_PARAM_RSA_E))
            .number(number_of(key, OSSL_PKEY_PARAM_RSA_N));
    else
        blob.string(ed25519_name).string(ed25519_of(key).public_bytes);
    return blob.take();
}

SshPublicKey describe(KeyType type, const Key& key) {
    const auto blob = public_blob(type, key);
    SshPublicKey described;
    described.type = type;
    described.openssh =
        fmt::format("{} {}", type == KeyType::rsa ? rsa_name : ed25519_name, base64_encode(blob));
    if (type == KeyType::ed25519)
        described.fingerprint = base64_encode(digest(EVP_sha256(), blob));
    else
        described.fingerprint = with_colons(digest(
            EVP_md5(), der_of([&](unsigned char** out) { return i2d_PUBKEY(key.get(), out); })));
    return described;
}

std::string pkcs8_of(const Key& key) {
    const Pkcs8 info(EVP_PKEY2PKCS8(key.get()));
    return der_of([&](unsigned char** out) { return i2d_PKCS8_PRIV_KEY_INFO(info.get(), out); });
}

std::string pkcs1_pem(const Key& key) {
    const Memory memory(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_PrivateKey_traditional(
            memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return "";
    return text_of(memory.get());
}

// https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
std::string openssh_pem(const Key& key, std::string_view comment) {
    constexpr size_t block_bytes = 8;
    constexpr size_t line_chars = 70;
    const auto raw = ed25519_of(key);
    std::array<unsigned char, 4> check{};
    RAND_bytes(check.data(), check.size());
    const std::string_view check_bytes(reinterpret_cast<const char*>(check.data()), check.size());

    SshWriter secret;
    secret.raw(check_bytes).raw(check_bytes).string(ed25519_name).string(raw.public_bytes);
    secret.string(raw.seed + raw.public_bytes).string(comment);
    for (char pad = 1; secret.size() % block_bytes != 0; ++pad)
        secret.raw({&pad, 1});

    SshWriter file;
    file.raw(std::string_view("openssh-key-v1\0", 15)).string("none").string("none").string("");
    file.count(1).string(public_blob(KeyType::ed25519, key)).string(secret.take());

    return "-----BEGIN OPENSSH PRIVATE KEY-----\n" + wrap_base64(file.take(), line_chars) +
           "-----END OPENSSH PRIVATE KEY-----\n";
}

// PuTTY's version 2, which every PuTTY reads.
// https://tartarus.org/~simon/putty-snapshots/htmldoc/AppendixC.html
std::string putty_text(KeyType type, const Key& key, std::string_view comment) {
    constexpr size_t line_chars = 64;
    const auto name = type == KeyType::rsa ? rsa_name : ed25519_name;
    const auto public_part = public_blob(type, key);
    SshWriter secret;
    if (type == KeyType::rsa)
        secret.number(number_of(key, OSSL_PKEY_PARAM_RSA_D))
            .number(number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR1))
            .number(number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR2))
            .number(number_of(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1));
    else
        secret.string(ed25519_of(key).seed);
    const auto private_part = secret.take();

    SshWriter covered;
    covered.string(name).string("none").string(comment).string(public_part).string(private_part);
    const auto message = covered.take();
    const auto mac_key = digest(EVP_sha1(), "putty-private-key-file-mac-key");
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned mac_size = 0;
    HMAC(EVP_sha1(),
         mac_key.data(),
         static_cast<int>(mac_key.size()),
         bytes_of(message),
         message.size(),
         mac.data(),
         &mac_size);

    const auto lines = [](const std::string& bytes) {
        const auto text = wrap_base64(bytes, line_chars);
        return fmt::format("{}\n{}", std::count(text.begin(), text.end(), '\n'), text);
    };
    return fmt::format("PuTTY-User-Key-File-2: {}\nEncryption: none\nComment: {}\nPublic-Lines: "
                       "{}Private-Lines: {}Private-MAC: {}\n",
                       name,
                       comment,
                       lines(public_part),
                       lines(private_part),
                       hex_encode({reinterpret_cast<const char*>(mac.data()), mac_size}));
}

Result<Key> rsa_from(std::string_view exponent, std::string_view modulus) {
    const Number e(BN_bin2bn(bytes_of(exponent), static_cast<int>(exponent.size()), nullptr));
    const Number n(BN_bin2bn(bytes_of(modulus), static_cast<int>(modulus.size()), nullptr));
    const ParameterBuilder builder(OSSL_PARAM_BLD_new());
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    if (!e || !n || !builder || !context ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return crypto_failure("build an RSA key");
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    EVP_PKEY* raw = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return not_a_key("its numbers are no RSA key.");
    return Key(raw);
}

Result<Key> key_from_blob(std::string_view blob) {
    SshReader reader(blob);
    const auto name = reader.string();
    if (name == rsa_name) {
        const auto exponent = reader.string();
        const auto modulus = reader.string();
        if (!reader.is_at_end() || exponent.empty() || modulus.empty() ||
            modulus.size() > rsa_bits_max / 8 + 1 || exponent.size() > modulus.size())
            return not_a_key("its RSA numbers are cut off, too long or missing.");
        return rsa_from(exponent, modulus);
    }
    if (name == ed25519_name) {
        const auto point = reader.string();
        if (!reader.is_at_end() || point.size() != ed25519_bytes)
            return not_a_key("an Ed25519 key has 32 bytes.");
        return Key(
            EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(point), ed25519_bytes));
    }
    return not_a_key("it is neither ssh-rsa nor ssh-ed25519.");
}

// "ssh-rsa AAAA… comment"
Result<Key> key_from_openssh(std::string_view line) {
    const auto space = line.find_first_of(" \t");
    const auto rest = trim(line.substr(std::min(space, line.size())));
    const auto blob = base64_decode(rest.substr(0, rest.find_first_of(" \t\r\n")));
    if (!blob)
        return not_a_key("what follows its type is not base64.");
    return key_from_blob(*blob);
}

// RFC 4716: headers may go on over several lines that end in a backslash.
Result<Key> key_from_rfc4716(std::string_view text) {
    std::string body;
    bool is_in_header = false;
    for (auto line : split(text, '\n')) {
        line = trim(line);
        if (line.starts_with("----"))
            continue;
        const bool is_header = is_in_header || line.find(':') != std::string_view::npos;
        is_in_header = is_header && line.ends_with('\\');
        if (!is_header)
            body += line;
    }
    const auto blob = base64_decode(body);
    if (!blob)
        return not_a_key("its body is not base64.");
    return key_from_blob(*blob);
}

Result<Key> key_from_pem(std::string_view text) {
    const Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    Key key(PEM_read_bio_PUBKEY(memory.get(), nullptr, nullptr, nullptr));
    if (!key)
        return not_a_key("the PEM block holds no public key.");
    return key;
}

Result<Key> key_from_der(std::string_view base64) {
    const auto der = base64_decode(base64);
    if (!der)
        return not_a_key("it has no form that is known.");
    const auto* begin = bytes_of(*der);
    Key key(d2i_PUBKEY(nullptr, &begin, static_cast<long>(der->size())));
    if (!key)
        return not_a_key("it has no form that is known.");
    return key;
}

Result<Key> parse(std::string_view text) {
    if (text.starts_with("ssh-") || text.starts_with("ecdsa-"))
        return key_from_openssh(text);
    if (text.starts_with("---- BEGIN SSH2"))
        return key_from_rfc4716(text);
    if (text.starts_with("-----BEGIN"))
        return key_from_pem(text);
    return key_from_der(text);
}

Result<KeyType> usable_type(const Key& key) {
    switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_ED25519:
        return KeyType::ed25519;
    case EVP_PKEY_RSA: {
        const int bits = EVP_PKEY_get_bits(key.get());
        if (bits < rsa_bits_min || bits > rsa_bits_max)
            return not_a_key(fmt::format("an RSA key has {} to {} bits, this one has {}.",
                                         rsa_bits_min,
                                         rsa_bits_max,
                                         bits));
        return KeyType::rsa;
    }
    default:
        return not_a_key("only RSA and Ed25519 keys can be used.");
    }
}

} // namespace

Result<GeneratedSshKey>
generate_ssh_key(KeyType type, PrivateKeyFormat format, std::string_view comment) {
    const Key key(type == KeyType::rsa ? EVP_RSA_gen(rsa_bits_made)
                                       : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (!key)
        return crypto_failure("make a key");
    GeneratedSshKey generated{describe(type, key), ""};
    if (type == KeyType::rsa)
        generated.public_key.fingerprint = with_colons(digest(EVP_sha1(), pkcs8_of(key)));
    if (format == PrivateKeyFormat::ppk)
        generated.private_key = putty_text(type, key, comment);
    else
        generated.private_key = type == KeyType::rsa ? pkcs1_pem(key) : openssh_pem(key, comment);
    if (generated.private_key.empty())
        return crypto_failure("write a private key");
    return generated;
}

Result<SshPublicKey> import_ssh_key(std::string_view material) {
    if (material.size() > material_bytes_max)
        return not_a_key(fmt::format("it is longer than {} bytes.", material_bytes_max));
    PILEUS_ASSIGN(const auto key, parse(trim(material)));
    if (!key)
        return not_a_key("its numbers are no key.");
    PILEUS_ASSIGN(const auto type, usable_type(key));
    return describe(type, key);
}

} // namespace pileus::cloud
