// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kinds of resource that have ids, and how EC2 says that an id of each is malformed or names
// nothing. One table, because the wording and the codes follow no rule and clients match them to
// the letter. Constants and pure functions.

#include "base/error.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::cloud {

struct ResourceKind {
    std::string_view type;              // as tags name it: "instance", "security-group"
    std::string_view prefix;            // of its ids
    std::string_view malformed_code;    // "": any text may be an id
    std::string_view malformed_message; // {} is the id
    std::string_view not_found_code;
    std::string_view not_found_message;  // {} is the id
    std::string_view not_found_messages; // of several: {} is the ids, with commas
};

namespace kinds {
extern const ResourceKind dhcp_options;
extern const ResourceKind egress_only_internet_gateway;
extern const ResourceKind elastic_ip;
extern const ResourceKind export_image_task;
extern const ResourceKind image;
extern const ResourceKind import_image_task;
extern const ResourceKind import_snapshot_task;
extern const ResourceKind instance;
extern const ResourceKind internet_gateway;
extern const ResourceKind key_name; // a key pair, named by what its owner calls it
extern const ResourceKind key_pair;
extern const ResourceKind nat_gateway;
extern const ResourceKind network_acl;
extern const ResourceKind network_interface;
extern const ResourceKind network_interface_attachment; // has no tags
extern const ResourceKind prefix_list;
extern const ResourceKind route_table;
extern const ResourceKind security_group;
extern const ResourceKind security_group_rule;
extern const ResourceKind snapshot;
extern const ResourceKind subnet;
extern const ResourceKind volume;
extern const ResourceKind vpc;
extern const ResourceKind vpc_peering_connection;
} // namespace kinds

std::span<const ResourceKind* const> resource_kinds();
// By the prefix of an id; nullptr when no resource has such ids.
const ResourceKind* resource_kind_of(std::string_view id);

// What EC2 answers when these ids, one at least, name nothing: "malformed" when one cannot be an id
// at all, else "not found".
Error missing_error(const ResourceKind& kind, const std::vector<std::string>& ids);
inline Error missing_error(const ResourceKind& kind, const std::string& id) {
    return missing_error(kind, std::vector<std::string>{id});
}

// "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-…"
std::string resource_arn(const ResourceKind& kind,
                         std::string_view region,
                         std::string_view account_id,
                         std::string_view id);

// In the order of their first appearance.
std::vector<std::string> without_duplicates(const std::vector<std::string>& ids);

} // namespace pileus::cloud
