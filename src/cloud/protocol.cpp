// SPDX-License-Identifier: Apache-2.0
#include "cloud/protocol.h"

#include "base/text.h"

#include <array>
#include <string>
#include <utility>

namespace pileus::cloud {

namespace {
constexpr int number_max = 255;
constexpr std::array<std::pair<std::string_view, int>, 5> names{{{"icmp", protocol::icmp},
                                                                 {"tcp", protocol::tcp},
                                                                 {"udp", protocol::udp},
                                                                 {"icmpv6", protocol::icmpv6},
                                                                 {"all", protocol::all}}};
} // namespace

std::optional<int> parse_protocol(std::string_view text) {
    const auto lower = to_lower(text);
    for (const auto& [name, number] : names)
        if (name == lower)
            return number;
    const auto number = parse_int(lower);
    if (!number || *number < protocol::all || *number > number_max)
        return std::nullopt;
    return static_cast<int>(*number);
}

} // namespace pileus::cloud
