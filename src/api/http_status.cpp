// SPDX-License-Identifier: Apache-2.0
#include "api/http_status.h"

#include "auth/refusal.h"
#include "base/error.h"
#include "domain/error_codes.h"

#include <array>
#include <utility>

namespace pileus::api {

int http_status(std::string_view error_code) {
    namespace codes = domain::codes;
    static constexpr std::array<std::pair<std::string_view, int>, 8> exceptions{{
        {codes::dry_run_operation, 412},
        {"UnauthorizedOperation", 403},
        {codes::request_limit_exceeded, 503},
        {codes::insufficient_instance_capacity, 500},
        {errors::internal, 500},
        {errors::unavailable, 503},
        {errors::timeout, 503},
        {errors::not_found, 500}, // of a floor below: ours, not the client's
    }};
    for (const auto& [code, status] : exceptions)
        if (code == error_code)
            return status;
    if (const int status = auth::http_status(error_code))
        return status;
    return 400;
}

} // namespace pileus::api
