// SPDX-License-Identifier: Apache-2.0
#pragma once

// The addresses that a request wants for an interface, which RunInstances and
// CreateNetworkInterface write alike.

#include "api/ec2/convert.h"
#include "cloud/interface_request.h"

#include <string>
#include <vector>

namespace pileus::api::ec2 {

template <class List> std::vector<std::string> ipv6_addresses_of(const List& list) {
    std::vector<std::string> addresses;
    for (const auto address : list)
        addresses.push_back(text(address.ipv6_address()));
    return addresses;
}

template <class Request> cloud::InterfaceAddresses interface_addresses_of(const Request& in) {
    cloud::InterfaceAddresses addresses;
    addresses.private_ip = text(in.private_ip_address());
    for (const auto address : in.private_ip_addresses())
        addresses.private_addresses.push_back(
            {text(address.private_ip_address()), address.primary().value_or(false)});
    addresses.secondary_count = in.secondary_private_ip_address_count();
    addresses.ipv6_addresses = ipv6_addresses_of(in.ipv6_addresses());
    addresses.ipv6_count = in.ipv6_address_count();
    return addresses;
}

} // namespace pileus::api::ec2
