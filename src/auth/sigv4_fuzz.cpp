// SPDX-License-Identifier: Apache-2.0

// Whatever stands in the target, the headers or the body: it is refused, in bounded time, and never
// believed. The input is cut at zero bytes into target, body, and the values of the headers that
// matter.

#include "auth/authenticator.h"

#include <array>
#include <cstdlib>

using namespace pileus;

namespace {

std::string_view take_part(std::string_view& text) {
    const auto part = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return part;
}

http::Request read_request(std::string_view text) {
    static constexpr std::array names{
        "Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "X-Other"};
    http::Request request;
    request.method = text.size() % 2 == 0 ? "POST" : "GET";
    request.headers = {{"Host", "127.0.0.1:4566"},
                       {"Content-Type", "application/x-www-form-urlencoded"}};
    request.target = "/" + std::string(take_part(text));
    request.body = take_part(text);
    for (const auto* name : names)
        if (const auto value = take_part(text); !value.empty())
            request.headers.add(name, value);
    return request;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    // 20150830T123600Z, so that an input can stand inside the window.
    static const ManualClock clock(Time{std::chrono::seconds{1'440'938'160}});
    static const auth::InMemoryCredentialStore credentials(
        {{.access_key_id = "AKIDEXAMPLE",
          .secret = "a secret that no input can know",
          .account_id = "123456789012",
          .user_id = "123456789012",
          .arn = "arn",
          .session_token = {},
          .expires_at = {}}});
    static const auth::Authenticator authenticator(clock, credentials);
    if (authenticator.authenticate(read_request({reinterpret_cast<const char*>(data), size})))
        std::abort();
    return 0;
}
