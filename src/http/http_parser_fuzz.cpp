// SPDX-License-Identifier: Apache-2.0

// Any bytes, in any pieces: the parser ends in a bounded state, and the pieces make no difference.

#include "http/request_parser.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using pileus::http::Limits;
using pileus::http::Request;
using pileus::http::RequestParser;

void require(bool condition) {
    if (!condition)
        std::abort();
}

struct Outcome {
    RequestParser::State state;
    int status;
    Request request;
};

Outcome parse(std::string_view bytes, size_t piece, const Limits& limits) {
    Outcome out{};
    RequestParser parser(out.request, limits);
    std::string pending;
    for (size_t at = 0; at < bytes.size() && parser.state() < RequestParser::State::Complete;
         at += piece) {
        pending += bytes.substr(at, piece);
        const auto used = parser.consume(pending);
        require(used <= pending.size());
        pending.erase(0, used);
        require(pending.size() <= limits.header_bytes + piece);
        require(out.request.body.size() <= limits.body_bytes);
    }
    out.state = parser.state();
    out.status = parser.status();
    return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const Limits limits{.header_bytes = 8 * 1024, .header_count = 32, .body_bytes = 1024};
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto whole = parse(bytes, std::max<size_t>(size, 1), limits);
    const auto pieces = parse(bytes, 1 + (size > 0 ? data[0] % 7 : 0), limits);
    if (whole.state == RequestParser::State::Complete) {
        require(pieces.state == whole.state);
        require(pieces.request.target == whole.request.target);
        require(pieces.request.body == whole.request.body);
        require(pieces.request.headers.size() == whole.request.headers.size());
        require(whole.request.headers.count("content-length") +
                    whole.request.headers.count("transfer-encoding") <=
                1);
    }
    require((whole.state == RequestParser::State::Refused) == (whole.status >= 400));
    return 0;
}
