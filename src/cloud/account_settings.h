// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an account has decided for all its resources in a region ("encrypt every new volume"), kept
// among the store's settings. Pure functions of the transaction; any thread; survives a restart.

#include "store/client_tokens.h"
#include "store/scope.h"

#include <fmt/core.h>
#include <string>
#include <string_view>

namespace pileus::cloud {

namespace account_settings {
inline constexpr std::string_view ebs_encryption_by_default = "ebs-encryption-by-default";
inline constexpr std::string_view image_block_public_access = "image-block-public-access";
inline constexpr std::string_view snapshot_block_public_access = "snapshot-block-public-access";
} // namespace account_settings

// "" when it was never set.
inline std::string
account_setting(store::Transaction& tx, const store::Scope& scope, std::string_view name) {
    return store::settings::get(
               tx, fmt::format("account/{}/{}/{}", scope.account_id, scope.region, name))
        .value_or("");
}

inline void put_account_setting(store::Transaction& tx,
                                const store::Scope& scope,
                                std::string_view name,
                                const std::string& value) {
    store::settings::put(
        tx, fmt::format("account/{}/{}/{}", scope.account_id, scope.region, name), value);
}

} // namespace pileus::cloud
