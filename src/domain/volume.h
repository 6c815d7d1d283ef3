// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>

namespace pileus::domain {

enum class VolumeState { creating, available, in_use, deleting, deleted, error };
enum class AttachmentState { attaching, attached, detaching, detached };

// A block device. A volume is attached to at most one instance; what the attachment says lives in
// the same row, so that the two can never disagree.
struct Volume {
    std::string id;
    std::string account_id;
    std::string region;
    std::string zone;
    std::string host_id;
    std::string snapshot_id; // "" for an empty volume
    int64_t size_gib = 0;
    std::string type = "gp3";
    int64_t iops = 3000;
    int64_t throughput_mib_s = 125;
    bool encrypted = false;
    std::string kms_key_id; // the ARN; "" when it is not encrypted
    bool auto_enable_io = false;
    VolumeState state = VolumeState::creating;
    Time created_at{};

    // The attachment; instance_id is "" when there is none.
    std::string instance_id;
    std::string device; // "/dev/xvda"
    bool delete_on_termination = false;
    AttachmentState attachment = AttachmentState::detached;
    bool force_detach = false; // asked for with Force: the guest is not waited for
    std::optional<Time> attached_at;
};

// The last change of a volume that ModifyVolume asked for; the volume's own row has the target
// already. https://docs.aws.amazon.com/ebs/latest/userguide/monitoring-volume-modifications.html
struct VolumeModification {
    std::string volume_id;
    std::string account_id;
    std::string region;
    std::string state; // "modifying", "optimizing", "completed", "failed"
    std::string message;
    int64_t original_size_gib = 0;
    std::string original_type;
    int64_t original_iops = 0;
    int64_t original_throughput_mib_s = 0;
    int64_t target_size_gib = 0;
    std::string target_type;
    int64_t target_iops = 0;
    int64_t target_throughput_mib_s = 0;
    int progress_percent = 0;
    Time started_at{};
    std::optional<Time> ended_at;
};

std::string_view to_string(VolumeState state); // "creating", "in-use" …
std::optional<VolumeState> parse_volume_state(std::string_view text);
std::string_view to_string(AttachmentState state);
std::optional<AttachmentState> parse_attachment_state(std::string_view text);

} // namespace pileus::domain
