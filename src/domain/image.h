// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::domain {

// A disk of an image beside its root, or the figures of the root's own volume.
struct ImageDevice {
    std::string device;       // "/dev/sdf"
    std::string virtual_name; // "ephemeral0": an instance store, which no type has here
    bool no_device = false;
    std::string snapshot_id; // "" for an empty one
    int64_t size_gib = 0;
    std::string type; // "" for the default
    int64_t iops = 0; // 0: what the type gives
    int64_t throughput_mib_s = 0;
    bool delete_on_termination = true;
    bool encrypted = false;
};

// An AMI. Its root disk is a snapshot; who may launch it is the owner, or everybody when it is
// public.
struct Image {
    std::string id;
    std::string account_id; // the owner
    std::string region;
    std::string name;
    std::string description;
    std::string owner_alias; // "amazon" for the images that this installation ships, else ""
    std::string architecture = "x86_64";
    std::string state = "available"; // "pending", "available", "failed", "deregistered"
    bool is_public = false;
    std::string platform_details = "Linux/UNIX";
    std::string boot_mode; // "legacy-bios", "uefi", "uefi-preferred"
    std::string root_device_name;
    std::string snapshot_id;
    int64_t size_gib = 0;     // of the root volume by default
    std::string default_user; // who logs in: "admin", "ec2-user"
    int64_t minimum_memory_mib = 0;
    std::string guest_agent; // version of the protocol of our agent in it; "" for none, which
                             // always boots
    std::string recipe;         // "debian-12", "tiny"; "" when it was registered by a user
    std::string content_sha256; // of the disk as it was built
    Time created_at{};

    // Of images that users make.
    std::vector<ImageDevice> devices; // the root among them; empty in a shipped image: snapshot_id
                                      // and size_gib say it all
    std::string source_instance_id;
    std::string source_image_id;
    std::string source_image_region;
    std::string state_reason; // why it failed
    bool is_disabled = false;
    std::optional<Time> deprecated_at; // from when on only its owner sees it in lists
    std::optional<Time> last_launched_at;
    std::string
        deregistration_protection;       // "", "enabled-without-cooldown", "enabled-with-cooldown"
    std::optional<Time> protected_until; // the cooldown after protection was taken away
    bool imds_v2_required = false;
};

// Who beside the owner may launch it: an account ("all" is is_public).
struct LaunchPermission {
    std::string image_id;
    std::string account_id;
};

} // namespace pileus::domain
