// SPDX-License-Identifier: Apache-2.0
#include "cloud/paging.h"

#include "base/text.h"

#include <array>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>

namespace pileus::cloud {

namespace {

constexpr size_t seal_bytes = 16;
constexpr size_t token_chars_max = 1024;

std::string seal(const Context& context,
                 const domain::Caller& caller,
                 std::string_view operation,
                 std::string_view key) {
    const auto message =
        fmt::format("{}\n{}\n{}\n{}", caller.account_id, caller.region, operation, key);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    HMAC(EVP_sha256(),
         context.page_key.data(),
         static_cast<int>(context.page_key.size()),
         reinterpret_cast<const unsigned char*>(message.data()),
         message.size(),
         digest.data(),
         &size);
    return {reinterpret_cast<const char*>(digest.data()), seal_bytes};
}

std::optional<std::string> unseal(const Context& context,
                                  const domain::Caller& caller,
                                  std::string_view operation,
                                  std::string_view token) {
    if (token.size() > token_chars_max)
        return std::nullopt;
    const auto bytes = base64_decode(token);
    if (!bytes || bytes->size() <= seal_bytes)
        return std::nullopt;
    const auto key = bytes->substr(seal_bytes);
    const auto expected = seal(context, caller, operation, key);
    if (CRYPTO_memcmp(expected.data(), bytes->data(), seal_bytes) != 0)
        return std::nullopt;
    return key;
}

} // namespace

Result<PageStart> open_page(const Context& context,
                            const domain::Caller& caller,
                            std::string_view operation,
                            const PageRequest& request,
                            PageBounds bounds) {
    PageStart start;
    start.limit = request.max_results.value_or(0);
    if (start.limit != 0 && (start.limit < bounds.minimum || start.limit > bounds.maximum))
        return fail(domain::codes::invalid_parameter_value,
                    fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a "
                                "value from {} to {}.",
                                start.limit,
                                bounds.minimum,
                                bounds.maximum));
    if (!request.next_token.empty()) {
        auto key = unseal(context, caller, operation, request.next_token);
        if (!key)
            return fail(domain::codes::invalid_next_token,
                        "The token is not valid for this request.");
        start.after = std::move(*key);
    }
    return start;
}

std::string seal_page(const Context& context,
                      const domain::Caller& caller,
                      std::string_view operation,
                      std::string_view last_key) {
    return base64_encode(seal(context, caller, operation, last_key) + std::string(last_key));
}

} // namespace pileus::cloud
