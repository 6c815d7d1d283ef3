// SPDX-License-Identifier: Apache-2.0
//
// Sharing of snapshots (Describe-, Modify-, ResetSnapshotAttribute, block public access), and what
// EC2 has for snapshots that there is no such thing of here: tiers, locks, fast restores, the
// recycle bin.

#include "api/ec2/convert.h"
#include "api/ec2/nothing_here.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "cloud/sharing.h"
#include "model/ec2/describe_fast_snapshot_restores.h"
#include "model/ec2/describe_locked_snapshots.h"
#include "model/ec2/describe_snapshot_attribute.h"
#include "model/ec2/describe_snapshot_tier_status.h"
#include "model/ec2/disable_fast_snapshot_restores.h"
#include "model/ec2/disable_snapshot_block_public_access.h"
#include "model/ec2/enable_fast_snapshot_restores.h"
#include "model/ec2/enable_snapshot_block_public_access.h"
#include "model/ec2/get_snapshot_block_public_access_state.h"
#include "model/ec2/list_snapshots_in_recycle_bin.h"
#include "model/ec2/lock_snapshot.h"
#include "model/ec2/modify_snapshot_attribute.h"
#include "model/ec2/modify_snapshot_tier.h"
#include "model/ec2/reset_snapshot_attribute.h"
#include "model/ec2/restore_snapshot_from_recycle_bin.h"
#include "model/ec2/restore_snapshot_tier.h"
#include "model/ec2/unlock_snapshot.h"

#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;
namespace operations = model::operations;

namespace {

constexpr std::string_view permission_attribute = "createVolumePermission";

tl::unexpected<Error> unknown_attribute(std::string_view name) {
    return fail(codes::invalid_parameter_value,
                fmt::format("Value ({}) for parameter attribute is invalid.", name));
}

// Accounts, and the group "all".
template <class List> Result<void> add_grantees(const List& list, std::vector<std::string>& out) {
    for (const auto permission : list) {
        if (permission.user_id())
            out.push_back(text(permission.user_id()));
        if (permission.group())
            out.push_back(text(permission.group()));
    }
    return {};
}

Result<cloud::GranteeChange> change_of(const model::ModifySnapshotAttributeRequest& in) {
    cloud::GranteeChange change;
    if (const auto permission = in.create_volume_permission()) {
        PILEUS_TRY(add_grantees(permission.add(), change.added));
        PILEUS_TRY(add_grantees(permission.remove(), change.removed));
    }
    auto others = texts(in.user_ids());
    for (auto& group : texts(in.group_names()))
        others.push_back(std::move(group));
    if (others.empty())
        return change;
    const auto operation = in.operation_type().value_or("");
    if (operation != "add" && operation != "remove")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter operationType is invalid. Expecting add "
                                "or remove.",
                                operation));
    auto& side = operation == "add" ? change.added : change.removed;
    side.insert(side.end(), others.begin(), others.end());
    return change;
}

Result<void> describe_snapshot_attribute(Call& call,
                                         model::DescribeSnapshotAttributeRequest in,
                                         model::DescribeSnapshotAttributeResult out) {
    const auto attribute = text(in.attribute());
    PILEUS_ASSIGN(const auto grantees,
                  call.cloud.snapshots.grantees(call.caller, text(in.snapshot_id())));
    out.set_snapshot_id(text(in.snapshot_id()));
    if (attribute == "productCodes") {
        out.touch_product_codes();
        return {};
    }
    if (attribute != permission_attribute)
        return unknown_attribute(attribute);
    out.touch_create_volume_permissions();
    for (const auto& grantee : grantees) {
        auto permission = out.add_create_volume_permissions();
        if (grantee == cloud::everybody)
            permission.set_group(grantee);
        else
            permission.set_user_id(grantee);
    }
    return {};
}

Result<void>
modify_snapshot_attribute(Call& call, model::ModifySnapshotAttributeRequest in, model::Unit) {
    const auto attribute = in.attribute().value_or(permission_attribute);
    if (attribute != permission_attribute)
        return unknown_attribute(attribute);
    PILEUS_ASSIGN(const auto change, change_of(in));
    return call.cloud.snapshots.change_grantees(call.caller, text(in.snapshot_id()), change);
}

Result<void>
reset_snapshot_attribute(Call& call, model::ResetSnapshotAttributeRequest in, model::Unit) {
    if (in.attribute() != permission_attribute)
        return unknown_attribute(in.attribute().value_or(""));
    return call.cloud.snapshots.reset_grantees(call.caller, text(in.snapshot_id()));
}

// ---- Block public access

Result<void> enable_block_public_access(Call& call,
                                        model::EnableSnapshotBlockPublicAccessRequest in,
                                        model::EnableSnapshotBlockPublicAccessResult out) {
    if (in.state() == cloud::public_access::unblocked)
        return fail(codes::invalid_parameter_value,
                    "Value (unblocked) for parameter state is invalid: "
                    "DisableSnapshotBlockPublicAccess unblocks.");
    PILEUS_ASSIGN(const auto state,
                  call.cloud.snapshots.set_public_access(call.caller, text(in.state())));
    out.set_state(state);
    return {};
}

Result<void> disable_block_public_access(Call& call,
                                         model::DisableSnapshotBlockPublicAccessRequest,
                                         model::DisableSnapshotBlockPublicAccessResult out) {
    PILEUS_ASSIGN(const auto state,
                  call.cloud.snapshots.set_public_access(
                      call.caller, std::string(cloud::public_access::unblocked)));
    out.set_state(state);
    return {};
}

Result<void> get_block_public_access(Call& call,
                                     model::GetSnapshotBlockPublicAccessStateRequest,
                                     model::GetSnapshotBlockPublicAccessStateResult out) {
    PILEUS_ASSIGN(const auto state, call.cloud.snapshots.public_access(call.caller));
    out.set_state(state).set_managed_by("account");
    return {};
}

// ---- What there is none of

Result<void> describe_tiers(Call& call,
                            model::DescribeSnapshotTierStatusRequest in,
                            model::DescribeSnapshotTierStatusResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.snapshots.describe_tiers(call.caller, filters_of(in), page_of(in)));
    out.touch_snapshot_tier_statuses();
    for (const auto& view : listing.items) {
        auto item = out.add_snapshot_tier_statuses();
        item.set_snapshot_id(view.snapshot.id)
            .set_volume_id(view.snapshot.volume_id)
            .set_status(to_string(view.snapshot.state))
            .set_owner_id(view.snapshot.account_id)
            .set_storage_tier("standard");
        write_tags(view.tags, item);
    }
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> describe_locks(Call& call,
                            model::DescribeLockedSnapshotsRequest in,
                            model::DescribeLockedSnapshotsResult out) {
    PILEUS_TRY(call.cloud.snapshots.check_own(call.caller, texts(in.snapshot_ids())));
    PILEUS_TRY(check_empty_list(call, filters_of(in), {"lock-state"}));
    out.touch_snapshots();
    return {};
}

Result<void> describe_fast_restores(Call& call,
                                    model::DescribeFastSnapshotRestoresRequest in,
                                    model::DescribeFastSnapshotRestoresResult out) {
    PILEUS_TRY(check_empty_list(
        call,
        filters_of(in),
        {"availability-zone", "availability-zone-id", "owner-id", "snapshot-id", "state"}));
    out.touch_fast_snapshot_restores();
    return {};
}

Result<void> list_recycle_bin(Call& call,
                              model::ListSnapshotsInRecycleBinRequest,
                              model::ListSnapshotsInRecycleBinResult out) {
    PILEUS_TRY(cloud::end_if_dry_run(call.caller));
    out.touch_snapshots();
    return {};
}

} // namespace

void register_snapshot_attributes(Registry& registry) {
    registry.add<operations::DescribeSnapshotAttribute>(describe_snapshot_attribute);
    registry.add<operations::ModifySnapshotAttribute>(modify_snapshot_attribute);
    registry.add<operations::ResetSnapshotAttribute>(reset_snapshot_attribute);
    registry.add<operations::EnableSnapshotBlockPublicAccess>(enable_block_public_access);
    registry.add<operations::DisableSnapshotBlockPublicAccess>(disable_block_public_access);
    registry.add<operations::GetSnapshotBlockPublicAccessState>(get_block_public_access);
    registry.add<operations::DescribeSnapshotTierStatus>(describe_tiers);
    registry.add<operations::DescribeLockedSnapshots>(describe_locks);
    registry.add<operations::DescribeFastSnapshotRestores>(describe_fast_restores);
    registry.add<operations::ListSnapshotsInRecycleBin>(list_recycle_bin);

    constexpr const char* one_tier = "there is one storage tier, from which a snapshot is restored "
                                     "at once.";
    registry.refuse<operations::ModifySnapshotTier>(one_tier);
    registry.refuse<operations::RestoreSnapshotTier>(one_tier);
    constexpr const char* no_locks =
        "snapshots cannot be locked. What keeps one from being deleted is an image that uses it.";
    registry.refuse<operations::LockSnapshot>(no_locks);
    registry.refuse<operations::UnlockSnapshot>(no_locks);
    constexpr const char* fast_anyway =
        "a volume that is made of a snapshot has its full speed at once, without it.";
    registry.refuse<operations::EnableFastSnapshotRestores>(fast_anyway);
    registry.refuse<operations::DisableFastSnapshotRestores>(fast_anyway);
    registry.refuse<operations::RestoreSnapshotFromRecycleBin>(
        "there is no recycle bin: a snapshot that was deleted is gone.");
}

} // namespace pileus::api::ec2
