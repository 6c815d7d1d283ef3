// SPDX-License-Identifier: Apache-2.0
#pragma once

// Access keys and whose they are. A store is shared by all threads; find() never blocks for long.
// Secrets leave this folder only as signatures.

#include "base/clock.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pileus::auth {

struct Credential {
    std::string access_key_id;
    std::string secret;
    std::string account_id;
    std::string user_id;
    std::string arn;
    std::optional<std::string> session_token; // temporary credentials: requests must carry it
    std::optional<Time> expires_at;
};

class CredentialStore {
  public:
    virtual ~CredentialStore() = default;
    // Null for an unknown key.
    virtual std::shared_ptr<const Credential> find(std::string_view access_key_id) const = 0;
};

// The keys of the configuration; never changes. Of two with one id the first counts.
class InMemoryCredentialStore final : public CredentialStore {
  public:
    explicit InMemoryCredentialStore(std::vector<Credential> credentials);
    std::shared_ptr<const Credential> find(std::string_view access_key_id) const override;

  private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    std::unordered_map<std::string, std::shared_ptr<const Credential>, Hash, std::equal_to<>>
        by_id_;
};

} // namespace pileus::auth
