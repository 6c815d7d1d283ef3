// SPDX-License-Identifier: Apache-2.0
#include "cloud/ebs_defaults.h"

#include "cloud/account_settings.h"
#include "cloud/encryption.h"

namespace pileus::cloud {

Result<bool> EbsDefaults::encryption(const domain::Caller& caller) {
    PILEUS_TRY(end_if_dry_run(caller));
    return context_.store.read(
        [&](store::Transaction& tx) { return is_encrypted_by_default(tx, scope_of(caller)); });
}

Result<bool> EbsDefaults::set_encryption(const domain::Caller& caller, bool enabled) {
    PILEUS_TRY(end_if_dry_run(caller));
    return context_.store.write([&](store::Transaction& tx) -> Result<bool> {
        put_account_setting(tx,
                            scope_of(caller),
                            account_settings::ebs_encryption_by_default,
                            enabled ? "true" : "false");
        return enabled;
    });
}

Result<std::string> EbsDefaults::kms_key(const domain::Caller& caller) {
    PILEUS_TRY(end_if_dry_run(caller));
    return default_kms_key(scope_of(caller));
}

Result<std::string> EbsDefaults::set_kms_key(const domain::Caller& caller,
                                             const std::string& name) {
    PILEUS_ASSIGN(auto key, find_kms_key(scope_of(caller), name));
    PILEUS_TRY(end_if_dry_run(caller));
    return key;
}

} // namespace pileus::cloud
