// SPDX-License-Identifier: Apache-2.0
#pragma once

// DNS names of instances.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-naming.html

#include <string>
#include <string_view>

namespace pileus::domain {

std::string private_host_name(std::string_view private_ip); // "172.31.0.10" → "ip-172-31-0-10"
std::string private_dns_domain(
    std::string_view region); // "ec2.internal", elsewhere "eu-west-1.compute.internal"
std::string private_dns_name(std::string_view private_ip, std::string_view region);
// "127.64.0.10" → "ec2-127-64-0-10.compute-1.amazonaws.com", elsewhere
// "….eu-west-1.compute.amazonaws.com"
std::string public_dns_name(std::string_view public_ip, std::string_view region);

} // namespace pileus::domain
