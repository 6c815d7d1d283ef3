// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/linux/options.h"
#include "drivers/network/network.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pileus::drivers {

// Every packet that comes in from an interface carries a mark: the slot of its subnet, by which it
// is routed, and the number of the interface, by which the metadata service knows who asks.
inline constexpr int mark_number_bits = 20;
inline constexpr uint32_t mark_number_mask = (uint32_t{1} << mark_number_bits) - 1;
inline constexpr uint32_t mark_subnet_mask = ~mark_number_mask;
inline constexpr uint32_t most_subnet_slots = (uint32_t{1} << (32 - mark_number_bits)) - 1;

// One interface as the kernel knows it. A plain value.
struct Port {
    std::string tap;
    uint32_t number = 0;
    uint32_t subnet_slot = 0;
    InterfaceSpec spec;

    uint32_t mark() const { return subnet_slot << mark_number_bits | number; }
    friend bool operator==(const Port&, const Port&) = default;
};

// Where a public address leads: the packets between the host and a VPC carry the transit address.
struct Translation {
    Ipv4 private_ip;
    Ipv4 transit_ip;

    friend auto operator<=>(const Translation&, const Translation&) = default;
};
std::vector<Translation> translations_of(const InterfaceSpec& interface, const AddressPlan& plan);

} // namespace pileus::drivers
