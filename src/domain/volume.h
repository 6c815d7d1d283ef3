// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>

namespace pileus::domain {

enum class VolumeState { creating, available, in_use, deleting, deleted, error };
enum class AttachmentState { attaching, attached, detaching, detached };

// A block device. A volume is attached to at most one instance; what the attachment says lives in the same row, so that the
// two can never disagree.
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
    VolumeState state = VolumeState::creating;
    Time created_at{};

    // The attachment; instance_id is "" when there is none.
    std::string instance_id;
    std::string device; // "/dev/xvda"
    bool delete_on_termination = false;
    AttachmentState attachment = AttachmentState::detached;
    std::optional<Time> attached_at;
};

// A point-in-time copy. In this issue only images have them: the root disk of an AMI.
struct Snapshot {
    std::string id;
    std::string account_id;
    std::string region;
    std::string volume_id; // "vol-ffffffff" for what was imported, as EC2 has it
    int64_t size_gib = 0;
    std::string description;
    Time started_at{};
};

std::string_view to_string(VolumeState state); // "creating", "in-use" …
std::optional<VolumeState> parse_volume_state(std::string_view text);
std::string_view to_string(AttachmentState state);
std::optional<AttachmentState> parse_attachment_state(std::string_view text);

} // namespace pileus::domain
