// SPDX-License-Identifier: Apache-2.0
#include "auth/refusal.h"

namespace pileus::auth {

namespace {

// Exactly as EC2 and the other services write them: clients match some of these texts.
constexpr const char* ec2_failure = "AWS was not able to validate the provided access credentials";
constexpr const char* bad_signature =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and "
    "signing method. Consult the service documentation for details.";
constexpr const char* bad_token = "The security token included in the request is invalid.";

Error with_detail(const char* code, std::string message, std::string_view detail) {
    if (!detail.empty())
        message.append(message.ends_with('.') ? " " : ": ").append(detail);
    return {code, std::move(message)};
}

Error refuse_for_ec2(Refusal refusal, std::string_view detail) {
    switch (refusal) {
    case Refusal::Malformed:
        return {"IncompleteSignature", std::string(detail)};
    case Refusal::OutsideTimeWindow:
        return with_detail("RequestExpired", "Request has expired.", detail);
    case Refusal::CredentialsExpired:
        return with_detail(
            "RequestExpired", "The security token included in the request is expired", detail);
    // One answer, so that it does not tell which keys exist.
    case Refusal::UnknownKey:
    case Refusal::BadToken:
    case Refusal::BadSignature:
    case Refusal::NoCredentials:
    case Refusal::SeveralMethods:
    case Refusal::BadScope:
        break;
    }
    return with_detail("AuthFailure", ec2_failure, detail);
}

Error refuse_for_others(Refusal refusal, std::string_view detail) {
    switch (refusal) {
    case Refusal::NoCredentials: // not reached: an unsigned request names no service
    case Refusal::Malformed:
    case Refusal::SeveralMethods:
        return {"IncompleteSignature", std::string(detail)};
    case Refusal::UnknownKey:
    case Refusal::BadToken:
        return with_detail("InvalidClientTokenId", bad_token, detail);
    case Refusal::BadSignature:
        return with_detail("SignatureDoesNotMatch", bad_signature, detail);
    case Refusal::BadScope:
        return {"SignatureDoesNotMatch", std::string(detail)};
    case Refusal::OutsideTimeWindow:
        return with_detail("RequestExpired", "Request has expired.", detail);
    case Refusal::CredentialsExpired:
        break;
    }
    return with_detail(
        "ExpiredToken", "The security token included in the request is expired", detail);
}

} // namespace

Error refuse(Refusal refusal, std::string_view service, std::string_view detail) {
    const bool ec2 = service.empty() || service == "ec2";
    return ec2 ? refuse_for_ec2(refusal, detail) : refuse_for_others(refusal, detail);
}

int http_status(std::string_view code) {
    if (code == "AuthFailure")
        return 401;
    if (code == "IncompleteSignature" || code == "RequestExpired")
        return 400;
    if (code == "InvalidClientTokenId" || code == "SignatureDoesNotMatch" || code == "ExpiredToken")
        return 403;
    return 0;
}

} // namespace pileus::auth
