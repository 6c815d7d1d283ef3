// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/ec2/convert.h"
#include "cloud/security_group_permissions.h"
#include "cloud/security_groups.h"
#include "model/ec2/structures/ip_permission.h"
#include "model/ec2/structures/security_group.h"
#include "model/ec2/structures/stale_security_group.h"

#include <vector>

namespace pileus::api::ec2 {

cloud::Permission permission_of(model::IpPermission in);

// The permissions of a request: IpPermissions.N, or the older form with one permission at the top
// level ("IpProtocol=tcp&CidrIp=…").
template <class Request> std::vector<cloud::Permission> permissions_of(const Request& in) {
    std::vector<cloud::Permission> permissions;
    for (const auto permission : in.ip_permissions())
        permissions.push_back(permission_of(permission));
    const bool is_old_form = in.ip_protocol() || in.cidr_ip() || in.source_security_group_name();
    if (!is_old_form)
        return permissions;
    cloud::Permission permission{text(in.ip_protocol()), in.from_port(), in.to_port(), {}};
    if (permission.protocol.empty())
        permission.protocol = "-1"; // a source group alone means all of its traffic
    cloud::PermissionPeer peer;
    peer.cidr_ipv4 = text(in.cidr_ip());
    peer.group.name = text(in.source_security_group_name());
    peer.group_owner_id = text(in.source_security_group_owner_id());
    permission.peers.push_back(std::move(peer));
    permissions.push_back(std::move(permission));
    return permissions;
}

// Rules grouped by what they let through, as IpPermissions are shown: one entry for a protocol and
// its ports, with all its peers.
void write_permissions(const cloud::SecurityGroupView& view, bool egress, model::SecurityGroup out);
void write_stale_permissions(const cloud::SecurityGroupView& view,
                             bool egress,
                             model::StaleSecurityGroup out);
void write_permission(const domain::SecurityGroupRule& rule, model::IpPermission out);

} // namespace pileus::api::ec2
