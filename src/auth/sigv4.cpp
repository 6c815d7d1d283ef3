// SPDX-License-Identifier: Apache-2.0
#include "auth/sigv4.h"

#include "auth/limits.h"
#include "auth/refusal.h"
#include "base/text.h"

#include <algorithm>

namespace pileus::auth {

namespace {

tl::unexpected<Error> malformed(std::string message) {
    return fail(refuse(Refusal::Malformed, "", message));
}

// Access key ids, regions and services: nothing that could be taken for a separator or a control
// character.
bool is_scope_part(std::string_view text) {
    return !text.empty() && text.size() <= limits::scope_part_bytes &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '-' || c == '_' || c == '.';
           });
}

bool is_digits(std::string_view text, size_t count) {
    return text.size() == count && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "AKID/20150830/us-east-1/ec2/aws4_request"
Result<void> read_credential(std::string_view text, SigV4Claim& claim) {
    const auto parts = text.size() <= limits::credential_bytes ? split(text, '/')
                                                               : std::vector<std::string_view>{};
    if (parts.size() != 5 || !is_scope_part(parts[0]) || !is_digits(parts[1], 8) ||
        !is_scope_part(parts[2]) || !is_scope_part(parts[3]) || parts[4] != "aws4_request")
        return malformed("The Credential must have the form '<access "
                         "key>/YYYYMMDD/<region>/<service>/aws4_request'.");
    claim.access_key_id = parts[0];
    claim.date = parts[1];
    claim.region = parts[2];
    claim.service = parts[3];
    return {};
}

bool is_header_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
}

Result<void> read_signed_headers(std::string_view text, SigV4Claim& claim) {
    for (const auto name : split(text, ';')) {
        const bool ascending = claim.signed_headers.empty() || claim.signed_headers.back() < name;
        if (!is_header_name(name) || !ascending ||
            claim.signed_headers.size() == limits::signed_headers)
            return malformed("SignedHeaders must be a list of header names: lower case, sorted, "
                             "each once, separated by ';'.");
        claim.signed_headers.emplace_back(name);
    }
    claim.signed_headers_text = text;
    return {};
}

Result<void> read_signature(std::string_view text, SigV4Claim& claim) {
    if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string_view::npos)
        return malformed("The Signature must be 64 lower-case hexadecimal digits.");
    claim.signature = text;
    return {};
}

Result<void> read_date(std::string_view text, SigV4Claim& claim) {
    const auto time = parse_basic(text);
    if (!time)
        return malformed(
            "Date must be in ISO-8601 'basic format', as in 20150830T123600Z: X-Amz-Date.");
    claim.amz_date = text;
    claim.signed_at = *time;
    return {};
}

struct AuthorizationFields {
    std::optional<std::string_view> credential;
    std::optional<std::string_view> signed_headers;
    std::optional<std::string_view> signature;
};

// "Credential=…, SignedHeaders=…, Signature=…" in any order, each once, nothing else.
Result<AuthorizationFields> split_authorization(std::string_view text) {
    AuthorizationFields out;
    for (const auto item : split(text, ',')) {
        const auto field = trim(item);
        const auto equals = field.find('=');
        const auto name = field.substr(0, equals);
        auto* slot = name == "Credential"      ? &out.credential
                     : name == "SignedHeaders" ? &out.signed_headers
                     : name == "Signature"     ? &out.signature
                                               : nullptr;
        if (equals == std::string_view::npos || !slot || *slot)
            return malformed("The Authorization header must hold Credential, SignedHeaders and "
                             "Signature, each once, and "
                             "nothing else.");
        *slot = field.substr(equals + 1);
    }
    if (!out.credential || !out.signed_headers || !out.signature)
        return malformed(
            "The Authorization header requires 'Credential', 'SignedHeaders' and 'Signature'.");
    return out;
}

Result<std::string_view> required(const std::vector<Parameter>& query, std::string_view name) {
    bool repeated = false;
    const auto* found = find_parameter(query, name, repeated);
    if (!found || repeated)
        return malformed("A presigned request must hold the query parameter " + std::string(name) +
                         " exactly once.");
    return std::string_view(found->value);
}

Result<void> read_valid_for(std::string_view text, SigV4Claim& claim) {
    const auto seconds = parse_int(text);
    if (!seconds || *seconds < 1 || *seconds > limits::presign_max.count())
        return malformed("X-Amz-Expires must be a number of seconds from 1 to 604800 (a week).");
    claim.valid_for = std::chrono::seconds{*seconds};
    return {};
}

} // namespace

bool SigV4Claim::signs(std::string_view lower_case_name) const {
    return std::binary_search(signed_headers.begin(), signed_headers.end(), lower_case_name);
}

Result<SigV4Claim> read_header_claim(const http::Request& request) {
    const auto header = request.header("authorization").value_or("");
    const auto blank = header.find(' ');
    if (header.size() > limits::authorization_bytes || header.substr(0, blank) != sigv4_algorithm ||
        blank == std::string_view::npos)
        return malformed("The Authorization header must begin with 'AWS4-HMAC-SHA256 ': no other "
                         "algorithm is accepted.");
    SigV4Claim claim;
    PILEUS_ASSIGN(const auto fields, split_authorization(header.substr(blank + 1)));
    PILEUS_TRY(read_credential(*fields.credential, claim));
    PILEUS_TRY(read_signed_headers(*fields.signed_headers, claim));
    PILEUS_TRY(read_signature(*fields.signature, claim));
    if (request.headers.count("x-amz-date") != 1 ||
        request.headers.count("x-amz-security-token") > 1)
        return malformed("The request must have one X-Amz-Date header, and at most one "
                         "X-Amz-Security-Token header.");
    PILEUS_TRY(read_date(*request.header("x-amz-date"), claim));
    if (const auto token = request.header("x-amz-security-token"))
        claim.session_token = *token;
    return claim;
}

Result<SigV4Claim> read_presigned_claim(const std::vector<Parameter>& query) {
    SigV4Claim claim;
    PILEUS_ASSIGN(const auto algorithm, required(query, "X-Amz-Algorithm"));
    if (algorithm != sigv4_algorithm)
        return malformed(
            "X-Amz-Algorithm must be AWS4-HMAC-SHA256: no other algorithm is accepted.");
    PILEUS_ASSIGN(const auto credential, required(query, "X-Amz-Credential"));
    PILEUS_TRY(read_credential(credential, claim));
    PILEUS_ASSIGN(const auto signed_headers, required(query, "X-Amz-SignedHeaders"));
    PILEUS_TRY(read_signed_headers(signed_headers, claim));
    PILEUS_ASSIGN(const auto signature, required(query, "X-Amz-Signature"));
    PILEUS_TRY(read_signature(signature, claim));
    PILEUS_ASSIGN(const auto date, required(query, "X-Amz-Date"));
    PILEUS_TRY(read_date(date, claim));
    PILEUS_ASSIGN(const auto expires, required(query, "X-Amz-Expires"));
    PILEUS_TRY(read_valid_for(expires, claim));
    bool repeated = false;
    if (const auto* token = find_parameter(query, "X-Amz-Security-Token", repeated))
        claim.session_token = token->value;
    if (repeated)
        return malformed("X-Amz-Security-Token must stand in the query at most once.");
    return claim;
}

std::string sigv4_signature(const Sha256& signing_key, const SigV4Text& text) {
    std::string to_sign;
    to_sign.reserve(192);
    to_sign.append(sigv4_algorithm).append("\n").append(text.amz_date).append("\n");
    to_sign.append(text.scope.date)
        .append("/")
        .append(text.scope.region)
        .append("/")
        .append(text.scope.service);
    to_sign.append("/aws4_request\n").append(hex_encode(as_text(sha256(text.canonical_request))));
    return hex_encode(as_text(hmac_sha256(as_text(signing_key), to_sign)));
}

} // namespace pileus::auth
