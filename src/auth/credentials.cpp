// SPDX-License-Identifier: Apache-2.0
#include "auth/credentials.h"

namespace pileus::auth {

InMemoryCredentialStore::InMemoryCredentialStore(std::vector<Credential> credentials) {
    for (auto& credential : credentials) {
        auto id = credential.access_key_id;
        by_id_.try_emplace(std::move(id),
                           std::make_shared<const Credential>(std::move(credential)));
    }
}

std::shared_ptr<const Credential>
InMemoryCredentialStore::find(std::string_view access_key_id) const {
    const auto found = by_id_.find(access_key_id);
    return found == by_id_.end() ? nullptr : found->second;
}

} // namespace pileus::auth
