// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>

namespace pileus::domain {

enum class DiskTaskKind { import_image, import_snapshot, export_image };

// A long job on disks that shows its progress: ImportImage, ImportSnapshot, ExportImage. The engine
// works on it (work of kind "disk-task"); a cancelled one stops at its next step.
struct DiskTask {
    std::string id; // "import-ami-…", "import-snap-…", "export-ami-…"
    DiskTaskKind kind = DiskTaskKind::import_snapshot;
    std::string account_id;
    std::string region;
    std::string host_id;
    std::string description;
    std::string state = "active"; // "active", "completed", "deleting", "deleted"
    std::string status; // what it is at: "pending", "downloading", "converting", "preparing ami" …
    std::string status_message;
    int progress_percent = 0;
    std::string source; // a file of the import folder, or a URL that the operator allowed
    std::string format; // "qcow2", "raw", "vmdk", "ova"; of an export: what is written
    bool encrypted = false;
    std::string kms_key_id;
    std::string snapshot_id; // what it makes, or what it exports; known from the start
    std::string image_id;    // what it makes, or what it exports
    std::string destination; // of an export: the file
    std::string boot_mode;
    std::string architecture;
    std::string platform;
    int64_t size_bytes = 0; // of the disk as imported or exported
    bool cancel_requested = false;
    Time created_at{};
    std::optional<Time> ended_at;
};

} // namespace pileus::domain
