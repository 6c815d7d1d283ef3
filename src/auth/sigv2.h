// SPDX-License-Identifier: Apache-2.0
#pragma once

// AWS Signature Version 2, which old Libcloud and boto send: parameters in the query of a GET or in
// the form of a POST, signed by HMAC-SHA256 or HMAC-SHA1. Pure functions, no key lookup and no
// decision about time.

#include "auth/canonical.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::auth {

struct SigV2Claim {
    enum class Method { HmacSha256, HmacSha1 };

    std::string access_key_id;
    Method method = Method::HmacSha256;
    std::string signature;           // raw bytes
    std::optional<Time> signed_at;   // either this …
    std::optional<Time> valid_until; // … or that
    std::optional<std::string> session_token;
};

// Every error is IncompleteSignature. A parameter may stand only once: the signature does not fix
// the order of two.
Result<SigV2Claim> read_v2_claim(const std::vector<Parameter>& parameters);

std::string v2_text_to_sign(const http::Request& request, const std::vector<Parameter>& parameters);

// Raw bytes.
std::string v2_signature(SigV2Claim::Method method, std::string_view secret, std::string_view text);

} // namespace pileus::auth
