// SPDX-License-Identifier: Apache-2.0
//
// Whatever stands in an Authorization header, a query or a body: it is refused, in bounded time,
// and never believed.

#include "auth/authenticator.h"

#include <cstdlib>

using namespace pileus;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const ManualClock clock;
    static const auth::InMemoryCredentialStore credentials({{.access_key_id = "AKIDEXAMPLE",
                                                             .secret = "secret",
                                                             .account_id = "123456789012",
                                                             .user_id = "123456789012",
                                                             .arn = "arn",
                                                             .session_token = {},
                                                             .expires_at = {}}});
    static const auth::Authenticator authenticator(clock, credentials);
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto cut = text.find('\0');
    http::Request request;
    request.method = size % 2 == 0 ? "POST" : "GET";
    request.headers.add("Host", "127.0.0.1:4566");
    request.headers.add("Authorization", text.substr(0, cut));
    request.target = "/?";
    if (cut != std::string_view::npos) {
        request.target += text.substr(cut + 1);
        request.body = text.substr(cut + 1);
    }
    if (authenticator.authenticate(request))
        std::abort();
    return 0;
}
