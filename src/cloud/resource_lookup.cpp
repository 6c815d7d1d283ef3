// SPDX-License-Identifier: Apache-2.0
#include "cloud/resource_lookup.h"

#include "cloud/listing.h"
#include "store/addresses.h"
#include "store/dhcp_options.h"
#include "store/disk_tasks.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/internet_gateways.h"
#include "store/key_pairs.h"
#include "store/nat_gateways.h"
#include "store/network_acls.h"
#include "store/network_interfaces.h"
#include "store/prefix_lists.h"
#include "store/route_tables.h"
#include "store/security_groups.h"
#include "store/snapshots.h"
#include "store/volumes.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"

namespace pileus::cloud {

bool is_own_resource(store::Transaction& tx,
                     const store::Scope& scope,
                     const ResourceKind& kind,
                     const std::string& id) {
    if (&kind == &kinds::dhcp_options)
        return store::dhcp_options::find(tx, scope, id).has_value();
    if (&kind == &kinds::egress_only_internet_gateway)
        return store::egress_only_internet_gateways::find(tx, scope, id).has_value();
    if (&kind == &kinds::elastic_ip)
        return store::addresses::find(tx, scope, id).has_value();
    if (&kind == &kinds::image) {
        const auto image = own(store::images::find(tx, id), scope);
        return image && image->state != "deregistered";
    }
    if (&kind == &kinds::export_image_task || &kind == &kinds::import_image_task ||
        &kind == &kinds::import_snapshot_task)
        return own(store::disk_tasks::find(tx, id), scope).has_value();
    if (&kind == &kinds::instance)
        return store::instances::find(tx, scope, id).has_value();
    if (&kind == &kinds::internet_gateway)
        return store::internet_gateways::find(tx, scope, id).has_value();
    if (&kind == &kinds::key_pair)
        return store::key_pairs::find_by_id(tx, scope, id).has_value();
    if (&kind == &kinds::nat_gateway)
        return store::nat_gateways::find(tx, scope, id).has_value();
    if (&kind == &kinds::network_acl)
        return store::network_acls::find(tx, scope, id).has_value();
    if (&kind == &kinds::network_interface)
        return own(store::network_interfaces::find(tx, id), scope).has_value();
    if (&kind == &kinds::prefix_list)
        return store::prefix_lists::find(tx, scope, id).has_value();
    if (&kind == &kinds::route_table)
        return store::route_tables::find(tx, scope, id).has_value();
    if (&kind == &kinds::security_group)
        return store::security_groups::find(tx, scope, id).has_value();
    if (&kind == &kinds::security_group_rule)
        return store::security_groups::find_rule(tx, scope, id).has_value();
    if (&kind == &kinds::snapshot) {
        const auto snapshot = own(store::snapshots::find(tx, id), scope);
        return snapshot && snapshot->state != domain::SnapshotState::deleting;
    }
    if (&kind == &kinds::subnet)
        return store::subnets::find(tx, scope, id).has_value();
    if (&kind == &kinds::volume)
        return own(store::volumes::find(tx, id), scope).has_value();
    if (&kind == &kinds::vpc)
        return store::vpcs::find(tx, scope, id).has_value();
    if (&kind == &kinds::vpc_peering_connection)
        return store::vpc_peering_connections::find(tx, scope, id).has_value();
    return false;
}

} // namespace pileus::cloud
