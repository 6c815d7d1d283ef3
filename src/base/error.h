// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pileus {

// Why something could not be done. `code` is the code that an AWS client sees
// ("InvalidVpcID.NotFound"; the spellings live in domain/error_codes.h) or, on the floors below the
// API, one of the general codes named here. `message` names the cause and what to do about it; it
// never holds a secret.
struct Error {
    std::string code;
    std::string message;

    friend bool operator==(const Error&, const Error&) = default;
};

namespace errors {
inline constexpr const char* internal =
    "InternalError"; // ours: answered as HTTP 500, logged with its message
inline constexpr const char* unavailable =
    "Unavailable"; // an engine, a disk or a limit of the machine, try again
inline constexpr const char* timeout = "Timeout";    // a deadline passed
inline constexpr const char* not_found = "NotFound"; // below the API: the thing is not there
inline constexpr const char* invalid =
    "InvalidParameterValue"; // what the caller gave cannot be used
} // namespace errors

} // namespace pileus
