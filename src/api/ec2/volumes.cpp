// SPDX-License-Identifier: Apache-2.0
//
// CreateVolume, DeleteVolume, AttachVolume, DetachVolume, ModifyVolume, DescribeVolumes,
// DescribeVolumesModifications, and the recycle bin: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "api/ec2/volume_views.h"
#include "cloud/cloud.h"
#include "cloud/resource_kind.h"
#include "model/ec2/copy_volumes.h"
#include "model/ec2/delete_volume.h"
#include "model/ec2/describe_volumes.h"
#include "model/ec2/describe_volumes_modifications.h"
#include "model/ec2/detach_volume.h"
#include "model/ec2/list_volumes_in_recycle_bin.h"
#include "model/ec2/restore_volume_from_recycle_bin.h"

#include <array>
#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;

namespace {

template <class Value> std::optional<int64_t> number(const std::optional<Value>& value) {
    return value ? std::optional<int64_t>{*value} : std::nullopt;
}

std::optional<std::string> optional_text(std::optional<std::string_view> value) {
    return value ? std::optional{std::string(*value)} : std::nullopt;
}

Result<void> create_volume(Call& call, model::CreateVolumeRequest in, model::Volume out) {
    PILEUS_TRY(refuse_members(
        "CreateVolume",
        std::array{Member{"MultiAttachEnabled", in.multi_attach_enabled().value_or(false)},
                   Member{"OutpostArn", in.outpost_arn().has_value()},
                   Member{"VolumeInitializationRate", in.volume_initialization_rate().has_value()},
                   Member{"Operator", static_cast<bool>(in.operator_())}}));
    cloud::VolumeCreation request;
    request.zone = text(in.availability_zone());
    request.zone_id = text(in.availability_zone_id());
    request.snapshot_id = text(in.snapshot_id());
    request.size_gib = number(in.size());
    request.type = optional_text(in.volume_type());
    request.iops = number(in.iops());
    request.throughput_mib_s = number(in.throughput());
    request.encryption = {in.encrypted(), text(in.kms_key_id())};
    request.tag_specifications = tag_specifications_of(in);
    request.client_token = client_token_of(call, in);
    PILEUS_ASSIGN(const auto view, call.cloud.volumes.create(call.caller, request));
    write_volume(view, out);
    return {};
}

Result<void> delete_volume(Call& call, model::DeleteVolumeRequest in, model::Unit) {
    return call.cloud.volumes.erase(call.caller, text(in.volume_id()));
}

Result<void> attach_volume(Call& call, model::AttachVolumeRequest in, model::VolumeAttachment out) {
    PILEUS_TRY(refuse_members(
        "AttachVolume",
        std::array{Member{"EbsCardIndex other than 0", in.ebs_card_index().value_or(0) != 0}}));
    PILEUS_ASSIGN(
        const auto volume,
        call.cloud.volumes.attach(
            call.caller, text(in.volume_id()), text(in.instance_id()), text(in.device())));
    write_attachment(volume, out);
    return {};
}

Result<void> detach_volume(Call& call, model::DetachVolumeRequest in, model::VolumeAttachment out) {
    const cloud::VolumeDetachment request{text(in.volume_id()),
                                          text(in.instance_id()),
                                          text(in.device()),
                                          in.force().value_or(false)};
    PILEUS_ASSIGN(const auto volume, call.cloud.volumes.detach(call.caller, request));
    write_attachment(volume, out);
    return {};
}

Result<void>
modify_volume(Call& call, model::ModifyVolumeRequest in, model::ModifyVolumeResult out) {
    PILEUS_TRY(refuse_members(
        "ModifyVolume",
        std::array{Member{"MultiAttachEnabled", in.multi_attach_enabled().value_or(false)}}));
    const cloud::VolumeChange change{number(in.size()),
                                     optional_text(in.volume_type()),
                                     number(in.iops()),
                                     number(in.throughput())};
    PILEUS_ASSIGN(const auto modification,
                  call.cloud.volumes.modify(call.caller, text(in.volume_id()), change));
    write_modification(modification, out.set_volume_modification());
    return {};
}

Result<void>
describe_volumes(Call& call, model::DescribeVolumesRequest in, model::DescribeVolumesResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.volumes.describe(
                      call.caller, texts(in.volume_ids()), filters_of(in), page_of(in)));
    out.touch_volumes();
    for (const auto& view : listing.items)
        write_volume(view, out.add_volumes());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> describe_volumes_modifications(Call& call,
                                            model::DescribeVolumesModificationsRequest in,
                                            model::DescribeVolumesModificationsResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.volumes.describe_modifications(
                      call.caller, texts(in.volume_ids()), filters_of(in), page_of(in)));
    out.touch_volumes_modifications();
    for (const auto& modification : listing.items)
        write_modification(modification, out.add_volumes_modifications());
    write_next_token(listing.next_token, out);
    return {};
}

// ---- the recycle bin ---------------------------------------------------------------------------
// It keeps what a retention rule of the service "rbin" says, and there is no such service here: it
// is empty.

Result<void> list_volumes_in_recycle_bin(Call& call,
                                         model::ListVolumesInRecycleBinRequest in,
                                         model::ListVolumesInRecycleBinResult out) {
    PILEUS_TRY(cloud::end_if_dry_run(call.caller));
    if (const auto ids = texts(in.volume_ids()); !ids.empty())
        return fail(cloud::missing_error(cloud::kinds::volume, ids));
    out.touch_volumes();
    return {};
}

Result<void> restore_volume_from_recycle_bin(Call& call,
                                             model::RestoreVolumeFromRecycleBinRequest in,
                                             model::RestoreVolumeFromRecycleBinResult) {
    PILEUS_TRY(cloud::end_if_dry_run(call.caller));
    return fail(cloud::missing_error(cloud::kinds::volume, text(in.volume_id())));
}

} // namespace

void register_volumes(Registry& registry) {
    registry.add<model::operations::AttachVolume>(attach_volume);
    registry.add<model::operations::CreateVolume>(create_volume);
    registry.add<model::operations::DeleteVolume>(delete_volume);
    registry.add<model::operations::DescribeVolumes>(describe_volumes);
    registry.add<model::operations::DescribeVolumesModifications>(describe_volumes_modifications);
    registry.add<model::operations::DetachVolume>(detach_volume);
    registry.add<model::operations::ListVolumesInRecycleBin>(list_volumes_in_recycle_bin);
    registry.add<model::operations::ModifyVolume>(modify_volume);
    registry.add<model::operations::RestoreVolumeFromRecycleBin>(restore_volume_from_recycle_bin);
    registry.refuse<model::operations::CopyVolumes>(
        "Take a snapshot of the volume (CreateSnapshot) and make a volume of it (CreateVolume with "
        "SnapshotId): both answer at once.");
}

} // namespace pileus::api::ec2
