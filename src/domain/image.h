// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>

namespace pileus::domain {

// An AMI. Its root disk is a snapshot; who may launch it is the owner, or everybody when it is public.
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
    std::string boot_mode;  // "legacy-bios", "uefi", "uefi-preferred"
    std::string root_device_name;
    std::string snapshot_id;
    int64_t size_gib = 0;         // of the root volume by default
    std::string default_user;     // who logs in: "admin", "ec2-user"
    int64_t minimum_memory_mib = 0;
    std::string recipe;           // "debian-12", "tiny"; "" when it was registered by a user
    std::string content_sha256;   // of the disk as it was built
    Time created_at{};
};

} // namespace pileus::domain
