// SPDX-License-Identifier: Apache-2.0
#pragma once

// AWS Signature Version 4: reading what a request claims, and computing what its signature should
// be. Pure functions, no key lookup and no decision about time or scope: those are Authenticator's.

#include "auth/canonical.h"
#include "auth/digest.h"
#include "auth/signing_keys.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::auth {

inline constexpr std::string_view sigv4_algorithm = "AWS4-HMAC-SHA256";

struct SigV4Claim {
    std::string access_key_id;
    std::string date; // of the scope: "20150830"
    std::string region;
    std::string service;
    std::vector<std::string> signed_headers; // lower case, strictly ascending
    std::string signed_headers_text;         // as it was sent: "host;x-amz-date"
    std::string signature;                   // 64 lower-case hex digits
    std::string amz_date;                    // "20150830T123600Z"
    Time signed_at;
    std::optional<std::chrono::seconds> valid_for; // presigned requests only
    std::optional<std::string> session_token;

    SigningScope scope() const { return {date, region, service}; }
    bool signs(std::string_view lower_case_name) const;
};

// From the Authorization header; every error is IncompleteSignature.
Result<SigV4Claim> read_header_claim(const http::Request& request);
// From the query of a presigned request.
Result<SigV4Claim> read_presigned_claim(const std::vector<Parameter>& query);

struct SigV4Text {
    std::string_view amz_date;
    SigningScope scope;
    std::string_view canonical_request;
};
// Lower-case hex.
std::string sigv4_signature(const Sha256& signing_key, const SigV4Text& text);

} // namespace pileus::auth
