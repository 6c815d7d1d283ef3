// SPDX-License-Identifier: Apache-2.0
#include "domain/private_dns.h"

#include <algorithm>

namespace pileus::domain {

namespace {

std::string with_dashes(std::string_view prefix, std::string_view address) {
    std::string name = std::string(prefix) + std::string(address);
    std::replace(name.begin(), name.end(), '.', '-');
    return name;
}

} // namespace

std::string private_host_name(std::string_view private_ip) {
    return with_dashes("ip-", private_ip);
}

std::string private_dns_domain(std::string_view region) {
    return region == "us-east-1" ? "ec2.internal" : std::string(region) + ".compute.internal";
}

std::string private_dns_name(std::string_view private_ip, std::string_view region) {
    return private_host_name(private_ip) + "." + private_dns_domain(region);
}

std::string public_dns_name(std::string_view public_ip, std::string_view region) {
    return with_dashes("ec2-", public_ip) + "." +
           (region == "us-east-1" ? "compute-1" : std::string(region) + ".compute") +
           ".amazonaws.com";
}

} // namespace pileus::domain
