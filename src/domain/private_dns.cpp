// SPDX-License-Identifier: Apache-2.0
#include "domain/private_dns.h"

#include <algorithm>

namespace pileus::domain {

std::string private_host_name(std::string_view private_ip) {
    std::string name = "ip-" + std::string(private_ip);
    std::replace(name.begin(), name.end(), '.', '-');
    return name;
}

std::string private_dns_domain(std::string_view region) {
    return region == "us-east-1" ? "ec2.internal" : std::string(region) + ".compute.internal";
}

std::string private_dns_name(std::string_view private_ip, std::string_view region) {
    return private_host_name(private_ip) + "." + private_dns_domain(region);
}

} // namespace pileus::domain
