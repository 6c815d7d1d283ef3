// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a new volume or snapshot is encrypted, and by which key. An account has one key a region,
// its "aws/ebs"; what encrypts on disk is the installation's own (drivers/volumes). Functions of
// the transaction; any thread. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html

#include "base/result.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <string>

namespace pileus::cloud {

struct EncryptionRequest {
    std::optional<bool> encrypted;
    std::string kms_key_id; // "" for the account's default key
};

struct Encryption {
    bool encrypted = false;
    std::string kms_key_id; // the ARN; "" when it is not encrypted
};

// "arn:aws:kms:us-east-1:111122223333:key/…": the same for an account and a region ever after.
std::string default_kms_key(const store::Scope& scope);
// The ARN of a key that a request names by id, ARN or alias; any but the account's own is refused.
Result<std::string> find_kms_key(const store::Scope& scope, const std::string& name);

bool is_encrypted_by_default(store::Transaction& tx, const store::Scope& scope);

// What is made of an encrypted snapshot is encrypted, whatever the request says.
Result<Encryption> choose_encryption(store::Transaction& tx,
                                     const store::Scope& scope,
                                     const EncryptionRequest& request,
                                     bool source_is_encrypted);

} // namespace pileus::cloud
