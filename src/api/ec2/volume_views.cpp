// SPDX-License-Identifier: Apache-2.0
#include "api/ec2/volume_views.h"

#include "api/ec2/convert.h"

namespace pileus::api::ec2 {

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
    if (volume.encrypted)
        out.set_kms_key_id(volume.kms_key_id);
    // A type without the figure has no such member in the answer.
    if (volume.iops > 0)
        out.set_iops(static_cast<int32_t>(volume.iops));
    if (volume.throughput_mib_s > 0)
        out.set_throughput(static_cast<int32_t>(volume.throughput_mib_s));
    if (!volume.instance_id.empty())
        write_attachment(volume, out.add_attachments());
    write_tags(view.tags, out);
}

void write_attachment(const domain::Volume& volume, model::VolumeAttachment out) {
    out.set_volume_id(volume.id)
        .set_instance_id(volume.instance_id)
        .set_device(volume.device)
        .set_state(to_string(volume.attachment))
        .set_attach_time(volume.attached_at)
        .set_delete_on_termination(volume.delete_on_termination);
}

void write_modification(const domain::VolumeModification& modification,
                        model::VolumeModification out) {
    out.set_volume_id(modification.volume_id)
        .set_modification_state(modification.state)
        .set_target_size(static_cast<int32_t>(modification.target_size_gib))
        .set_target_volume_type(modification.target_type)
        .set_target_multi_attach_enabled(false)
        .set_original_size(static_cast<int32_t>(modification.original_size_gib))
        .set_original_volume_type(modification.original_type)
        .set_original_multi_attach_enabled(false)
        .set_progress(modification.progress_percent)
        .set_start_time(modification.started_at);
    if (!modification.message.empty())
        out.set_status_message(modification.message);
    if (modification.target_iops > 0)
        out.set_target_iops(static_cast<int32_t>(modification.target_iops));
    if (modification.original_iops > 0)
        out.set_original_iops(static_cast<int32_t>(modification.original_iops));
    if (modification.target_throughput_mib_s > 0)
        out.set_target_throughput(static_cast<int32_t>(modification.target_throughput_mib_s));
    if (modification.original_throughput_mib_s > 0)
        out.set_original_throughput(static_cast<int32_t>(modification.original_throughput_mib_s));
    if (modification.ended_at)
        out.set_end_time(*modification.ended_at);
}

} // namespace pileus::api::ec2
