// SPDX-License-Identifier: Apache-2.0
#include "cloud/encryption.h"

#include "base/text.h"
#include "cloud/account_settings.h"
#include "domain/error_codes.h"

#include <array>
#include <fmt/core.h>
#include <openssl/sha.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr std::string_view alias = "alias/aws/ebs";

// Of the form that a random UUID has, though it is not random.
std::string key_uuid(const store::Scope& scope) {
    const auto seed = fmt::format("aws/ebs\n{}\n{}", scope.account_id, scope.region);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(seed.data()), seed.size(), digest.data());
    auto hex = hex_encode({reinterpret_cast<const char*>(digest.data()), 16});
    hex[12] = '4';
    hex[16] = 'a';
    return fmt::format("{}-{}-{}-{}-{}",
                       hex.substr(0, 8),
                       hex.substr(8, 4),
                       hex.substr(12, 4),
                       hex.substr(16, 4),
                       hex.substr(20));
}

} // namespace

std::string default_kms_key(const store::Scope& scope) {
    return fmt::format("arn:aws:kms:{}:{}:key/{}", scope.region, scope.account_id, key_uuid(scope));
}

Result<std::string> find_kms_key(const store::Scope& scope, const std::string& name) {
    const auto arn = default_kms_key(scope);
    const auto alias_arn =
        fmt::format("arn:aws:kms:{}:{}:{}", scope.region, scope.account_id, alias);
    if (name.empty() || name == alias || name == alias_arn || name == arn ||
        name == key_uuid(scope))
        return arn;
    return fail(codes::invalid_parameter_value,
                fmt::format("The KMS key '{}' does not exist. The one key of this account is '{}'.",
                            name,
                            alias));
}

bool is_encrypted_by_default(store::Transaction& tx, const store::Scope& scope) {
    return account_setting(tx, scope, account_settings::ebs_encryption_by_default) == "true";
}

Result<Encryption> choose_encryption(store::Transaction& tx,
                                     const store::Scope& scope,
                                     const EncryptionRequest& request,
                                     bool source_is_encrypted) {
    const bool encrypted = request.encrypted.value_or(false) || source_is_encrypted ||
                           is_encrypted_by_default(tx, scope);
    if (!request.kms_key_id.empty() && !encrypted)
        return fail(codes::invalid_parameter_dependency,
                    "The parameter KmsKeyId requires the parameter Encrypted to be set.");
    if (!encrypted)
        return Encryption{};
    PILEUS_ASSIGN(auto key, find_kms_key(scope, request.kms_key_id));
    return Encryption{true, std::move(key)};
}

} // namespace pileus::cloud
