// SPDX-License-Identifier: Apache-2.0
#include "domain/security_group.h"

#include <tuple>

namespace pileus::domain {

namespace {
auto permission(const SecurityGroupRule& r) {
    return std::tie(r.security_group_id,
                    r.egress,
                    r.protocol,
                    r.from_port,
                    r.to_port,
                    r.cidr_ipv4,
                    r.cidr_ipv6,
                    r.prefix_list_id,
                    r.referenced_group_id);
}
} // namespace

bool SecurityGroupRule::same_permission(const SecurityGroupRule& other) const {
    return permission(*this) == permission(other);
}

} // namespace pileus::domain
