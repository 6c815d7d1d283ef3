// SPDX-License-Identifier: Apache-2.0
#pragma once

// EC2's resource ids: a prefix and 17 hex digits ("i-0123456789abcdef0"); 8 digits are accepted on
// input, as EC2 does. Ids are plain strings everywhere; what kind of thing one names is in the name
// of the variable.

#include "base/random.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace pileus::domain {

namespace prefix {
inline constexpr std::string_view instance = "i-";
inline constexpr std::string_view reservation = "r-";
inline constexpr std::string_view image = "ami-";
inline constexpr std::string_view volume = "vol-";
inline constexpr std::string_view snapshot = "snap-";
inline constexpr std::string_view key_pair = "key-";
inline constexpr std::string_view security_group = "sg-";
inline constexpr std::string_view security_group_rule = "sgr-";
inline constexpr std::string_view vpc = "vpc-";
inline constexpr std::string_view vpc_cidr_association = "vpc-cidr-assoc-";
inline constexpr std::string_view subnet = "subnet-";
inline constexpr std::string_view network_interface = "eni-";
inline constexpr std::string_view network_interface_attachment = "eni-attach-";
inline constexpr std::string_view dhcp_options = "dopt-";
inline constexpr std::string_view network_acl = "acl-";
inline constexpr std::string_view route_table = "rtb-";
inline constexpr std::string_view internet_gateway = "igw-";
inline constexpr std::string_view allocation = "eipalloc-";
inline constexpr std::string_view association = "eipassoc-";
inline constexpr std::string_view subnet_cidr_association = "subnet-cidr-assoc-";
inline constexpr std::string_view route_table_association = "rtbassoc-";
inline constexpr std::string_view network_acl_association = "aclassoc-";
inline constexpr std::string_view egress_only_internet_gateway = "eigw-";
inline constexpr std::string_view nat_gateway = "nat-";
inline constexpr std::string_view vpc_peering_connection = "pcx-";
inline constexpr std::string_view prefix_list = "pl-";
inline constexpr std::string_view import_image_task = "import-ami-";
inline constexpr std::string_view import_snapshot_task = "import-snap-";
inline constexpr std::string_view export_image_task = "export-ami-";
inline constexpr std::string_view warm_template = "wt-"; // ours: no id of EC2's
inline constexpr std::string_view fork = "fork-";        // the same
} // namespace prefix

std::string new_id(Random& random, std::string_view prefix);

// Whether `text` is `prefix` followed by 8 or 17 lower-case hex digits.
bool is_well_formed_id(std::string_view prefix, std::string_view text);

} // namespace pileus::domain
