// SPDX-License-Identifier: Apache-2.0
#include "auth/authenticator.h"

#include "auth/limits.h"
#include "auth/refusal.h"
#include "base/text.h"

#include <algorithm>

namespace pileus::auth {

namespace {

// What stands in for the secret of a key that does not exist, so that the answer takes as long.
const Credential nobody{.access_key_id = "", .secret = "a secret that belongs to nobody at all.."};

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

// Services with one endpoint for all regions are signed for us-east-1 wherever the client is.
bool is_global(std::string_view service) {
    return service == "iam" || service == "sts" || service == "ce";
}

tl::unexpected<Error> malformed_query() {
    return fail(refuse(Refusal::Malformed,
                       "",
                       "The query string is malformed: a percent-escape is broken or there are too "
                       "many parameters."));
}

struct SigningMethods {
    bool v4_header = false;
    bool v4_query = false;
    bool v2_query = false;

    int count() const { return v4_header + v4_query + v2_query; }
};

SigningMethods find_methods(const http::Request& request, const std::vector<Parameter>& query) {
    SigningMethods out{.v4_header = request.headers.count("authorization") > 0};
    for (const auto& [name, value] : query) {
        out.v4_query |= equals_ignore_case(name, "X-Amz-Algorithm") ||
                        equals_ignore_case(name, "X-Amz-Credential") ||
                        equals_ignore_case(name, "X-Amz-Signature");
        out.v2_query |=
            name == "AWSAccessKeyId" || name == "Signature" || name == "SignatureVersion";
    }
    return out;
}

bool is_form(const http::Request& request) {
    const auto type = request.header("content-type").value_or("");
    return request.method == "POST" && equals_ignore_case(trim(type.substr(0, type.find(';'))),
                                                          "application/x-www-form-urlencoded");
}

bool has_v2_form(const http::Request& request) {
    return is_form(request) && request.body.size() <= limits::v2_form_bytes &&
           request.body.find("AWSAccessKeyId=") != std::string::npos;
}

// What the signature must cover: the host, the date, and every x-amz-* header, so that none can be
// added on the way.
Result<void> check_coverage(const http::Request& request, const SigV4Claim& claim) {
    const auto uncovered = [&](std::string_view name) {
        return fail(refuse(Refusal::BadSignature,
                           claim.service,
                           "The header '" + to_lower(name) + "' must be signed."));
    };
    if (!claim.signs("host"))
        return uncovered("host");
    for (const auto header : request.headers) {
        constexpr std::string_view prefix = "x-amz-";
        if (header.name.size() > prefix.size() &&
            equals_ignore_case(header.name.substr(0, prefix.size()), prefix) &&
            !claim.signs(to_lower(header.name)))
            return uncovered(header.name);
    }
    for (const auto& name : claim.signed_headers)
        if (request.headers.count(name) == 0)
            return fail(refuse(Refusal::BadSignature,
                               claim.service,
                               "The signed header '" + name + "' is missing."));
    return {};
}

// Always of the body that came in. UNSIGNED-PAYLOAD and the streaming modes belong to S3 and are
// not accepted here.
Result<std::string> payload_hash(const http::Request& request, const SigV4Claim& claim) {
    auto hash = hex_encode(as_text(sha256(request.body)));
    if (const auto sent = request.header("x-amz-content-sha256"); sent && *sent != hash)
        return fail(
            refuse(Refusal::BadSignature,
                   claim.service,
                   "The provided 'x-amz-content-sha256' header does not match what was computed."));
    return hash;
}

} // namespace

Authenticator::Authenticator(const Clock& clock,
                             const CredentialStore& credentials,
                             AuthenticatorOptions options)
    : clock_(clock), credentials_(credentials), options_(std::move(options)),
      signing_keys_(limits::cached_signing_keys) {}

Result<Principal> Authenticator::authenticate(const http::Request& request) const {
    const auto query = parse_parameters(request.query());
    if (!query)
        return malformed_query();
    const auto methods = find_methods(request, *query);
    if (methods.count() > 1 || request.headers.count("authorization") > 1)
        return fail(
            refuse(Refusal::SeveralMethods, "", "The request is signed in more than one way."));
    if (methods.v4_header) {
        PILEUS_ASSIGN(const auto claim, read_header_claim(request));
        return authenticate_v4(request, claim, *query);
    }
    if (methods.v4_query) {
        PILEUS_ASSIGN(const auto claim, read_presigned_claim(*query));
        return authenticate_v4(request, claim, *query);
    }
    // What is executed must be what was signed: version 2 covers the query or the form, never both.
    if (methods.v2_query && request.body.empty())
        return authenticate_v2(request, *query);
    if (!methods.v2_query && query->empty() && has_v2_form(request)) {
        const auto form = parse_parameters(request.body);
        return form ? authenticate_v2(request, *form) : malformed_query();
    }
    if (methods.v2_query)
        return fail(refuse(Refusal::Malformed,
                           "",
                           "A request that is signed in its query by version 2 has no body."));
    return fail(refuse(Refusal::NoCredentials, "", "the request is not signed."));
}

Result<Principal> Authenticator::authenticate_v4(const http::Request& request,
                                                 const SigV4Claim& claim,
                                                 const Query& query) const {
    PILEUS_TRY(check_scope(claim));
    PILEUS_TRY(check_time(claim));
    PILEUS_TRY(check_coverage(request, claim));
    PILEUS_ASSIGN(const auto hash, payload_hash(request, claim));
    const auto credential = credentials_.find(claim.access_key_id);
    const auto& signer = credential ? *credential : nobody;
    const auto key = signing_keys_.get(signer.access_key_id, signer.secret, claim.scope());
    const auto canonical = canonical_request(
        request,
        {.query = canonical_query(query, claim.valid_for ? "X-Amz-Signature" : ""),
         .signed_headers = claim.signed_headers,
         .signed_headers_text = claim.signed_headers_text,
         .payload_hash = hash});
    const auto expected = sigv4_signature(key, {claim.amz_date, claim.scope(), canonical});
    return principal_of(credential.get(),
                        equal_in_constant_time(expected, claim.signature),
                        claim.session_token,
                        claim.scope());
}

Result<Principal> Authenticator::authenticate_v2(const http::Request& request,
                                                 const Query& parameters) const {
    if (!options_.accept_signature_v2)
        return fail(refuse(Refusal::Malformed,
                           "",
                           "Signature Version 2 is switched off here; sign with version 4."));
    PILEUS_ASSIGN(const auto claim, read_v2_claim(parameters));
    PILEUS_TRY(check_time(claim));
    const auto credential = credentials_.find(claim.access_key_id);
    const auto& signer = credential ? *credential : nobody;
    const auto expected =
        v2_signature(claim.method, signer.secret, v2_text_to_sign(request, parameters));
    return principal_of(credential.get(),
                        equal_in_constant_time(expected, claim.signature),
                        claim.session_token,
                        {.date = {}, .region = options_.regions.front(), .service = "ec2"});
}

Result<void> Authenticator::check_scope(const SigV4Claim& claim) const {
    const auto bad = [&](std::string message) {
        return fail(refuse(Refusal::BadScope, claim.service, message));
    };
    if (!contains(options_.services, claim.service))
        return bad("Credential should be scoped to a service that runs here, not '" +
                   claim.service + "'.");
    const bool global = is_global(claim.service) && claim.region == "us-east-1";
    if (!global && !contains(options_.regions, claim.region))
        return bad("Credential should be scoped to a valid region, not '" + claim.region + "'.");
    if (std::string_view(claim.amz_date).substr(0, 8) != claim.date)
        return bad("The date in the Credential is not that of X-Amz-Date.");
    return {};
}

Result<void> Authenticator::check_time(const SigV4Claim& claim) const {
    const auto now = clock_.now();
    const auto early = claim.signed_at - limits::clock_skew;
    const auto late =
        claim.signed_at + (claim.valid_for ? Duration{*claim.valid_for} : limits::clock_skew);
    if (now < early || now > late)
        return fail(refuse(Refusal::OutsideTimeWindow,
                           claim.service,
                           "It was signed at " + claim.amz_date + "; the time here is " +
                               format_basic(now) + "."));
    return {};
}

Result<void> Authenticator::check_time(const SigV2Claim& claim) const {
    const auto now = clock_.now();
    const bool outside = claim.signed_at ? now < *claim.signed_at - limits::clock_skew ||
                                               now > *claim.signed_at + limits::clock_skew
                                         : now > *claim.valid_until ||
                                               now < *claim.valid_until - limits::presign_max;
    if (outside)
        return fail(refuse(
            Refusal::OutsideTimeWindow, "ec2", "The time here is " + format_basic(now) + "."));
    return {};
}

// Only here is it known whether the key exists; everything before took the same way.
Result<Principal> Authenticator::principal_of(const Credential* credential,
                                              bool signature_fits,
                                              const std::optional<std::string>& token,
                                              const SigningScope& scope) const {
    if (!credential)
        return fail(refuse(Refusal::UnknownKey, scope.service, ""));
    if (!signature_fits)
        return fail(refuse(Refusal::BadSignature, scope.service, ""));
    if (token.has_value() != credential->session_token.has_value() ||
        (token && !equal_in_constant_time(*token, *credential->session_token)))
        return fail(refuse(Refusal::BadToken, scope.service, ""));
    if (credential->expires_at && clock_.now() >= *credential->expires_at)
        return fail(refuse(Refusal::CredentialsExpired, scope.service, ""));
    return Principal{.account_id = credential->account_id,
                     .access_key_id = credential->access_key_id,
                     .arn = credential->arn,
                     .user_id = credential->user_id,
                     .region = std::string(scope.region),
                     .service = std::string(scope.service)};
}

} // namespace pileus::auth
