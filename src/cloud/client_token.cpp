// SPDX-License-Identifier: Apache-2.0
#include "cloud/client_token.h"

#include "store/client_tokens.h"

#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {
constexpr size_t token_chars_max = 64;
} // namespace

Result<std::optional<std::string>> find_earlier(store::Transaction& tx,
                                                const domain::Caller& caller,
                                                std::string_view operation,
                                                const ClientToken& token) {
    if (token.token.empty())
        return std::optional<std::string>{};
    if (token.token.size() > token_chars_max)
        return fail(
            codes::invalid_parameter_value,
            fmt::format("The client token may have at most {} characters.", token_chars_max));
    const auto earlier =
        store::client_tokens::find(tx, scope_of(caller), std::string(operation), token.token);
    if (!earlier)
        return std::optional<std::string>{};
    if (earlier->parameters_hash != token.parameters_hash)
        return fail(codes::idempotent_parameter_mismatch,
                    "Arguments on this idempotent request are inconsistent with arguments used in "
                    "previous request(s).");
    return std::optional{earlier->resource_id};
}

void remember(store::Transaction& tx,
              const Context& context,
              const domain::Caller& caller,
              std::string_view operation,
              const ClientToken& token,
              const std::string& resource_id) {
    if (token.token.empty())
        return;
    store::client_tokens::insert(tx,
                                 scope_of(caller),
                                 {.operation = std::string(operation),
                                  .token = token.token,
                                  .parameters_hash = token.parameters_hash,
                                  .resource_id = resource_id,
                                  .created_at = context.clock.now()});
}

} // namespace pileus::cloud
