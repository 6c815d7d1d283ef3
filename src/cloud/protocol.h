// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace pileus::cloud {

namespace protocol {
inline constexpr int all = -1;
inline constexpr int icmp = 1;
inline constexpr int tcp = 6;
inline constexpr int udp = 17;
inline constexpr int icmpv6 = 58;
} // namespace protocol

// The IANA number of "tcp", "UDP", "47" or "all" (-1); nullopt for what is none.
std::optional<int> parse_protocol(std::string_view text);

} // namespace pileus::cloud
