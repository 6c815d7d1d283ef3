// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/port.h"

namespace pileus::drivers {

std::vector<Translation> translations_of(const InterfaceSpec& interface, const AddressPlan& plan) {
    std::vector<Translation> out;
    for (const auto& address : interface.addresses)
        if (address.public_ip)
            out.push_back({address.private_ip, plan.transit_of(*address.public_ip)});
    return out;
}

} // namespace pileus::drivers
