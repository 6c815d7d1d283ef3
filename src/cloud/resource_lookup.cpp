// SPDX-License-Identifier: Apache-2.0
#include "cloud/resource_lookup.h"

#include "store/images.h"
#include "store/instances.h"
#include "store/key_pairs.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/volumes.h"
#include "store/vpcs.h"

namespace pileus::cloud {

namespace {

// For the tables that are looked up by id alone.
template <class Row> bool is_of(const std::optional<Row>& row, const store::Scope& scope) {
    return row && row->account_id == scope.account_id && row->region == scope.region;
}

} // namespace

bool is_own_resource(store::Transaction& tx,
                     const store::Scope& scope,
                     const ResourceKind& kind,
                     const std::string& id) {
    if (&kind == &kinds::image)
        return is_of(store::images::find(tx, id), scope);
    if (&kind == &kinds::instance)
        return store::instances::find(tx, scope, id).has_value();
    if (&kind == &kinds::key_pair)
        return store::key_pairs::find_by_id(tx, scope, id).has_value();
    if (&kind == &kinds::network_interface)
        return is_of(store::network_interfaces::find(tx, id), scope);
    if (&kind == &kinds::security_group)
        return store::security_groups::find(tx, scope, id).has_value();
    if (&kind == &kinds::security_group_rule)
        return store::security_groups::find_rule(tx, scope, id).has_value();
    if (&kind == &kinds::snapshot)
        return is_of(store::snapshots::find(tx, id), scope);
    if (&kind == &kinds::subnet)
        return store::subnets::find(tx, scope, id).has_value();
    if (&kind == &kinds::volume)
        return is_of(store::volumes::find(tx, id), scope);
    if (&kind == &kinds::vpc)
        return store::vpcs::find(tx, scope, id).has_value();
    return false;
}

} // namespace pileus::cloud
