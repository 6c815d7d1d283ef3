// SPDX-License-Identifier: Apache-2.0
#pragma once

// Why a request was not accepted, and how each service says so: EC2 answers nearly everything with
// AuthFailure, the others with the common codes of AWS. The table stands in README.md. Pure
// functions.

#include "base/error.h"

#include <string>
#include <string_view>

namespace pileus::auth {

enum class Refusal {
    NoCredentials,  // unsigned
    Malformed,      // the signature's own fields cannot be read
    SeveralMethods, // more than one way to sign in one request
    UnknownKey,
    BadToken,           // the session token is missing, or not the key's
    BadSignature,       // it does not fit, or does not cover what it must
    BadScope,           // date, region or service of the credential scope
    OutsideTimeWindow,  // or a presigned request after its end
    CredentialsExpired, // temporary credentials after their end
};

// `service`: of the credential scope, "" when that could not be read (then EC2's rules hold).
// `detail` says what was wrong where that tells a caller nothing about keys that are not his.
Error refuse(Refusal refusal, std::string_view service, std::string_view detail);

// The HTTP status that goes with a code made by refuse(); 0 for any other code.
int http_status(std::string_view code);

} // namespace pileus::auth
