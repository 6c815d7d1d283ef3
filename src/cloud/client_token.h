// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"

#include <optional>
#include <string>
#include <string_view>

namespace pileus::cloud {

// What makes a create repeatable: the same token with the same parameters answers with what the
// first call made. https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
struct ClientToken {
    std::string token;           // "" for none
    std::string parameters_hash; // of the request without the token
};

// The id of what this token made before; nullopt when it is new, or none.
// IdempotentParameterMismatch when that call asked for something else. Called in the transaction
// that then creates.
Result<std::optional<std::string>> find_earlier(store::Transaction& tx,
                                                const domain::Caller& caller,
                                                std::string_view operation,
                                                const ClientToken& token);
void remember(store::Transaction& tx,
              const Context& context,
              const domain::Caller& caller,
              std::string_view operation,
              const ClientToken& token,
              const std::string& resource_id);

} // namespace pileus::cloud
