// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/net.h"
#include "base/text.h"

#include <cstdint>
#include <cstdlib>

namespace {

void check(bool holds) {
    if (!holds)
        std::abort();
}

} // namespace

// The decoders must take any bytes, and what they accept must survive a round trip.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace pileus;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(base64_decode(base64_encode(text)) == text);
    check(hex_decode(hex_encode(text)) == text);
    check(percent_decode(percent_encode(text), true) == text);
    if (const auto decoded = base64_decode(text))
        check(base64_decode(base64_encode(*decoded)) == decoded);
    percent_decode(text, true);
    is_valid_utf8(text);
    parse_iso8601(text);
    if (const auto cidr = Ipv4Cidr::parse(text))
        check(Ipv4Cidr::parse(cidr->str()) == cidr);
    if (const auto cidr = Ipv6Cidr::parse(text))
        check(Ipv6Cidr::parse(cidr->str()) == cidr);
    const size_t half = size / 2;
    if (size < 2000)
        wildcard_match(text.substr(0, half), text.substr(half));
    check(wildcard_match("*", text));
    return 0;
}
