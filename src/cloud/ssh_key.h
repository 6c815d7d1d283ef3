// SPDX-License-Identifier: Apache-2.0
#pragma once

// SSH keys as EC2 makes, reads and names them: generation, the text forms of public keys, and the
// three kinds of fingerprint. Pure but for OpenSSL's own randomness; any thread. Private keys leave
// in the answer and are kept nowhere.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-key-pairs.html

#include "base/result.h"

#include <string>
#include <string_view>

namespace pileus::cloud {

enum class KeyType { rsa, ed25519 };
enum class PrivateKeyFormat { pem, ppk };

struct SshPublicKey {
    KeyType type = KeyType::rsa;
    std::string openssh; // "ssh-rsa AAAA…", without a comment
    // Created RSA: SHA-1 of the private key in PKCS#8; imported RSA: MD5 of the public key in DER;
    // both as aa:bb:…. Ed25519: base64 of the SHA-256 of the public key, as `ssh-keygen -l` shows
    // it but padded.
    std::string fingerprint;
};

struct GeneratedSshKey {
    SshPublicKey public_key;
    std::string private_key;
};

// RSA keys have 2048 bits and come as PKCS#1, Ed25519 keys come in OpenSSH's own form, either as
// PuTTY's on demand. `comment` goes where the format has a place for it.
Result<GeneratedSshKey>
generate_ssh_key(KeyType type, PrivateKeyFormat format, std::string_view comment);

// From what ImportKeyPair takes: the OpenSSH one-line form, RFC 4716, PEM, or DER in base64.
// InvalidKey.Format for anything else.
Result<SshPublicKey> import_ssh_key(std::string_view material);

} // namespace pileus::cloud
