// SPDX-License-Identifier: Apache-2.0
//
// DescribeVolumes: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_volumes.h"

namespace pileus::api::ec2 {

namespace {

void write_volume(const cloud::VolumeView& view, model::Volume out) {
    const auto& volume = view.volume;
    out.set_volume_id(volume.id)
        .set_size(static_cast<int32_t>(volume.size_gib))
        .set_snapshot_id(volume.snapshot_id)
        .set_availability_zone(volume.zone)
        .set_availability_zone_id(view.zone_id)
        .set_state(to_string(volume.state))
        .set_create_time(volume.created_at)
        .set_volume_type(volume.type)
        .set_encrypted(volume.encrypted)
        .set_multi_attach_enabled(false)
        .touch_attachments();
    // A type without the figure has no such member in the answer.
    if (volume.iops > 0)
        out.set_iops(static_cast<int32_t>(volume.iops));
    if (volume.throughput_mib_s > 0)
        out.set_throughput(static_cast<int32_t>(volume.throughput_mib_s));
    if (!volume.instance_id.empty())
        out.add_attachments()
            .set_volume_id(volume.id)
            .set_instance_id(volume.instance_id)
            .set_device(volume.device)
            .set_state(to_string(volume.attachment))
            .set_attach_time(volume.attached_at)
            .set_delete_on_termination(volume.delete_on_termination);
    write_tags(view.tags, out);
}

Result<void>
describe_volumes(Call& call, model::DescribeVolumesRequest in, model::DescribeVolumesResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.volumes.describe(
                      call.caller, texts(in.volume_ids()), filters_of(in), page_of(in)));
    for (const auto& view : listing.items)
        write_volume(view, out.add_volumes());
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_volumes(Registry& registry) {
    registry.add<model::operations::DescribeVolumes>(describe_volumes);
}

} // namespace pileus::api::ec2
