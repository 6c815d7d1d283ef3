// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>

namespace pileus::store::client_tokens {

// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html: the same token with the
// same parameters answers with the first result; with others it is an error. Scoped by account,
// region and operation.
struct ClientToken {
    std::string operation;
    std::string token;
    std::string parameters_hash; // SHA-256 of the canonical parameters without the token
    std::string resource_id;     // what the first call made (a reservation)
    Time created_at{};
};
std::optional<ClientToken>
find(Transaction& tx, const Scope& scope, const std::string& operation, const std::string& token);
void insert(Transaction& tx, const Scope& scope, const ClientToken& token);
void erase_before(Transaction& tx, Time before);

} // namespace pileus::store::client_tokens

namespace pileus::store::settings {

// Facts of the installation that must be the same after a restart: its id, sealing keys, the boot
// id it last saw.
std::optional<std::string> get(Transaction& tx, const std::string& name);
void put(Transaction& tx, const std::string& name, const std::string& value);

} // namespace pileus::store::settings
