// SPDX-License-Identifier: Apache-2.0
#include "auth/sigv2.h"

#include "auth/digest.h"
#include "auth/limits.h"
#include "auth/refusal.h"
#include "base/text.h"

#include <algorithm>

namespace pileus::auth {

namespace {

tl::unexpected<Error> malformed(std::string message) {
    return fail(refuse(Refusal::Malformed, "", message));
}

std::string_view value_of(const std::vector<Parameter>& parameters, std::string_view name) {
    bool repeated = false;
    const auto* found = find_parameter(parameters, name, repeated);
    return found ? std::string_view(found->value) : std::string_view{};
}

bool any_repeated(const std::vector<Parameter>& parameters) {
    std::vector<std::string_view> names;
    names.reserve(parameters.size());
    for (const auto& parameter : parameters)
        names.push_back(parameter.name);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
}

Result<SigV2Claim::Method> read_method(std::string_view text) {
    if (text == "HmacSHA256")
        return SigV2Claim::Method::HmacSha256;
    if (text == "HmacSHA1")
        return SigV2Claim::Method::HmacSha1;
    return malformed("SignatureMethod must be HmacSHA256 or HmacSHA1.");
}

Result<void> read_times(const std::vector<Parameter>& parameters, SigV2Claim& claim) {
    const auto timestamp = value_of(parameters, "Timestamp");
    const auto expires = value_of(parameters, "Expires");
    if (timestamp.empty() == expires.empty())
        return malformed("The request must contain either a Timestamp or an Expires parameter.");
    // boto writes no 'Z' behind the time.
    auto time = parse_iso8601(timestamp.empty() ? expires : timestamp);
    if (!time)
        time = parse_iso8601(std::string(timestamp.empty() ? expires : timestamp) + "Z");
    if (!time)
        return malformed("Timestamp and Expires must be in the format YYYY-MM-DDThh:mm:ssZ.");
    (timestamp.empty() ? claim.valid_until : claim.signed_at) = *time;
    return {};
}

} // namespace

Result<SigV2Claim> read_v2_claim(const std::vector<Parameter>& parameters) {
    if (any_repeated(parameters))
        return malformed("A parameter stands more than once.");
    SigV2Claim claim;
    claim.access_key_id = value_of(parameters, "AWSAccessKeyId");
    if (claim.access_key_id.empty() || claim.access_key_id.size() > limits::scope_part_bytes)
        return malformed("The request must contain the parameter AWSAccessKeyId.");
    if (value_of(parameters, "SignatureVersion") != "2")
        return malformed("SignatureVersion must be 2; or sign with AWS Signature Version 4.");
    PILEUS_ASSIGN(claim.method, read_method(value_of(parameters, "SignatureMethod")));
    const auto text = value_of(parameters, "Signature");
    const auto signature = base64_decode(text);
    if (!signature || signature->empty() || base64_encode(*signature) != text) // one spelling only
        return malformed("The Signature must be Base64.");
    claim.signature = *signature;
    PILEUS_TRY(read_times(parameters, claim));
    if (const auto token = value_of(parameters, "SecurityToken"); !token.empty())
        claim.session_token = token;
    return claim;
}

// Unlike version 4, by the order of the names before they are encoded.
std::string v2_text_to_sign(const http::Request& request,
                            const std::vector<Parameter>& parameters) {
    auto sorted = parameters;
    std::sort(sorted.begin(), sorted.end());
    std::string query;
    for (const auto& [name, value] : sorted)
        if (name != "Signature")
            query.append(query.empty() ? "" : "&")
                .append(percent_encode(name))
                .append("=")
                .append(percent_encode(value));
    std::string out = request.method;
    out.append("\n").append(to_lower(request.header("host").value_or(""))).append("\n");
    out.append(request.path()).append("\n").append(query);
    return out;
}

std::string
v2_signature(SigV2Claim::Method method, std::string_view secret, std::string_view text) {
    if (method == SigV2Claim::Method::HmacSha1)
        return std::string(as_text(hmac_sha1(secret, text)));
    return std::string(as_text(hmac_sha256(secret, text)));
}

} // namespace pileus::auth
