// SPDX-License-Identifier: Apache-2.0
//
// CreateSnapshot, CreateSnapshots, CopySnapshot, DeleteSnapshot, DescribeSnapshots: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/copy_snapshot.h"
#include "model/ec2/create_snapshot.h"
#include "model/ec2/create_snapshots.h"
#include "model/ec2/delete_snapshot.h"
#include "model/ec2/describe_snapshots.h"

#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;

namespace {

// What there is only one place for here.
template <class Request> Result<void> check_place(const Request& in) {
    if (in.outpost_arn())
        return fail(codes::unsupported_operation,
                    "There are no Outposts here: leave OutpostArn out.");
    if (in.location().value_or("regional") != "regional")
        return fail(codes::unsupported_operation,
                    "Snapshots are kept in their region: leave Location out.");
    return {};
}

cloud::EncryptionRequest encryption_of(std::optional<bool> encrypted,
                                       std::optional<std::string_view> key) {
    return {encrypted, text(key)};
}

// What Snapshot and SnapshotInfo have in common.
template <class Out> void write_common(const cloud::SnapshotView& view, Out out) {
    const auto& snapshot = view.snapshot;
    out.set_snapshot_id(snapshot.id)
        .set_volume_id(snapshot.volume_id)
        .set_state(to_string(snapshot.state))
        .set_start_time(snapshot.started_at)
        .set_progress(fmt::format("{}%", snapshot.progress_percent))
        .set_owner_id(snapshot.account_id)
        .set_description(snapshot.description)
        .set_volume_size(static_cast<int32_t>(snapshot.size_gib))
        .set_encrypted(snapshot.encrypted);
    write_tags(view.tags, out);
}

void write_snapshot(const cloud::SnapshotView& view, model::Snapshot out) {
    const auto& snapshot = view.snapshot;
    write_common(view, out);
    out.set_storage_tier("standard");
    if (!view.owner_alias.empty())
        out.set_owner_alias(view.owner_alias);
    if (!snapshot.state_message.empty())
        out.set_state_message(snapshot.state_message);
    if (!snapshot.kms_key_id.empty())
        out.set_kms_key_id(snapshot.kms_key_id);
    if (!snapshot.source_snapshot_id.empty())
        out.set_transfer_type("standard");
    if (snapshot.completed_at)
        out.set_completion_time(*snapshot.completed_at)
            .set_full_snapshot_size_in_bytes(snapshot.full_bytes);
}

Result<void> create_snapshot(Call& call, model::CreateSnapshotRequest in, model::Snapshot out) {
    PILEUS_TRY(check_place(in));
    PILEUS_ASSIGN(const auto view,
                  call.cloud.snapshots.create(
                      call.caller,
                      {text(in.volume_id()), text(in.description()), tag_specifications_of(in)}));
    write_snapshot(view, out);
    return {};
}

Result<void>
create_snapshots(Call& call, model::CreateSnapshotsRequest in, model::CreateSnapshotsResult out) {
    PILEUS_TRY(check_place(in));
    const auto instance = in.instance_specification();
    const auto copied = in.copy_tags_from_source();
    if (copied && *copied != "volume")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter copyTagsFromSource is invalid. Expecting "
                                "volume.",
                                *copied));
    PILEUS_ASSIGN(const auto views,
                  call.cloud.snapshots.create_set(
                      call.caller,
                      {.instance_id = text(instance.instance_id()),
                       .exclude_boot_volume = instance.exclude_boot_volume().value_or(false),
                       .excluded_volume_ids = texts(instance.exclude_data_volume_ids()),
                       .description = text(in.description()),
                       .copy_tags_from_volumes = copied.has_value(),
                       .tag_specifications = tag_specifications_of(in)}));
    out.touch_snapshots();
    for (const auto& view : views)
        write_common(view, out.add_snapshots());
    return {};
}

// PresignedUrl and DestinationRegion are for EC2's own way between regions; who signed this request
// for which region is known already.
Result<void>
copy_snapshot(Call& call, model::CopySnapshotRequest in, model::CopySnapshotResult out) {
    if (in.destination_outpost_arn() || in.destination_availability_zone())
        return fail(codes::unsupported_operation,
                    "Snapshots are kept in their region: leave DestinationOutpostArn and "
                    "DestinationAvailabilityZone out.");
    if (in.completion_duration_minutes())
        return fail(codes::unsupported_operation,
                    "Copies here are made at once: leave CompletionDurationMinutes out.");
    PILEUS_ASSIGN(
        const auto view,
        call.cloud.snapshots.copy(call.caller,
                                  {.source_region = text(in.source_region()),
                                   .source_snapshot_id = text(in.source_snapshot_id()),
                                   .description = text(in.description()),
                                   .encryption = encryption_of(in.encrypted(), in.kms_key_id()),
                                   .tag_specifications = tag_specifications_of(in)}));
    out.set_snapshot_id(view.snapshot.id);
    write_tags(view.tags, out);
    return {};
}

Result<void> delete_snapshot(Call& call, model::DeleteSnapshotRequest in, model::Unit) {
    return call.cloud.snapshots.erase(call.caller, text(in.snapshot_id()));
}

Result<void> describe_snapshots(Call& call,
                                model::DescribeSnapshotsRequest in,
                                model::DescribeSnapshotsResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.snapshots.describe(call.caller,
                                      {.ids = texts(in.snapshot_ids()),
                                       .owners = texts(in.owner_ids()),
                                       .restorable_users = texts(in.restorable_by_user_ids()),
                                       .filters = filters_of(in),
                                       .page = page_of(in)}));
    out.touch_snapshots();
    for (const auto& view : listing.items)
        write_snapshot(view, out.add_snapshots());
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_snapshots(Registry& registry) {
    registry.add<model::operations::CreateSnapshot>(create_snapshot);
    registry.add<model::operations::CreateSnapshots>(create_snapshots);
    registry.add<model::operations::CopySnapshot>(copy_snapshot);
    registry.add<model::operations::DeleteSnapshot>(delete_snapshot);
    registry.add<model::operations::DescribeSnapshots>(describe_snapshots);
}

} // namespace pileus::api::ec2
