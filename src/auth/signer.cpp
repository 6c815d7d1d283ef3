// SPDX-License-Identifier: Apache-2.0
#include "auth/signer.h"

#include "auth/sigv4.h"
#include "base/text.h"

#include <algorithm>

namespace pileus::auth {

namespace {

std::vector<std::string> names_to_sign(const http::Headers& headers) {
    std::vector<std::string> names;
    for (const auto header : headers) {
        auto name = to_lower(header.name);
        if (name == "host" || name == "content-type" || name.starts_with("x-amz-"))
            names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::string join(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names)
        out.append(out.empty() ? "" : ";").append(name);
    return out;
}

std::string credential_text(const Signer& signer, std::string_view date) {
    return signer.access_key_id + "/" + std::string(date) + "/" + signer.region + "/" +
           signer.service + "/aws4_request";
}

struct Moment {
    explicit Moment(Time time) : amz_date(format_basic(time)), date(amz_date.substr(0, 8)) {}
    std::string amz_date;
    std::string date;
};

std::string signature(const http::Request& request,
                      const Signer& signer,
                      const Moment& moment,
                      const std::vector<std::string>& names) {
    const SigningScope scope{moment.date, signer.region, signer.service};
    const auto canonical = canonical_request(
        request,
        {.query = canonical_query(
             parse_parameters(request.query()).value_or(std::vector<Parameter>{}), ""),
         .signed_headers = names,
         .signed_headers_text = join(names),
         .payload_hash = hex_encode(as_text(sha256(request.body)))});
    return sigv4_signature(derive_signing_key(signer.secret, scope),
                           {moment.amz_date, scope, canonical});
}

} // namespace

void sign(http::Request& request, const Signer& signer, Time now) {
    const Moment moment(now);
    request.headers.add("X-Amz-Date", moment.amz_date);
    if (signer.session_token)
        request.headers.add("X-Amz-Security-Token", *signer.session_token);
    const auto names = names_to_sign(request.headers);
    request.headers.add("Authorization",
                        std::string(sigv4_algorithm) +
                            " Credential=" + credential_text(signer, moment.date) +
                            ", SignedHeaders=" + join(names) +
                            ", Signature=" + signature(request, signer, moment, names));
}

std::string presign(const http::Request& request,
                    const Signer& signer,
                    Time now,
                    std::chrono::seconds valid_for) {
    const Moment moment(now);
    http::Request draft;
    draft.method = request.method;
    draft.headers.add("Host", request.header("host").value_or(""));
    draft.target = request.target + (request.query().empty() ? "?" : "&");
    draft.target += "X-Amz-Algorithm=" + std::string(sigv4_algorithm) +
                    "&X-Amz-Credential=" + percent_encode(credential_text(signer, moment.date)) +
                    "&X-Amz-Date=" + moment.amz_date +
                    "&X-Amz-Expires=" + std::to_string(valid_for.count()) +
                    "&X-Amz-SignedHeaders=host";
    if (signer.session_token)
        draft.target += "&X-Amz-Security-Token=" + percent_encode(*signer.session_token);
    return draft.target + "&X-Amz-Signature=" + signature(draft, signer, moment, {"host"});
}

} // namespace pileus::auth
