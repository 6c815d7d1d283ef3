// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace pileus::api {

// The HTTP status that goes with an error code. Everything that a client can mend is 400; SDKs
// retry 5xx, so those are few.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
int http_status(std::string_view error_code);

} // namespace pileus::api
