// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::domain {

enum class SnapshotState { pending, completed, error, deleting };

// A point-in-time copy of a volume. The moment is when the engine took it (taken_at), after which
// the volume may change.
struct Snapshot {
    std::string id;
    std::string account_id;
    std::string region;
    std::string host_id;   // where its layers lie
    std::string volume_id; // "vol-ffffffff" for what was imported or copied, as EC2 has it
    int64_t size_gib = 0;  // of the volume
    std::string description;
    SnapshotState state = SnapshotState::completed;
    std::string state_message; // why it is in error
    int progress_percent = 100;
    bool encrypted = false;
    std::string kms_key_id;
    std::string source_snapshot_id; // of a copy
    std::string
        source_path; // of an import: the file that the engine takes over (of an import task)
    std::string
        set_id; // CreateSnapshots: those of one set are taken at one moment; "" for one alone
    Time started_at{};
    std::optional<Time> taken_at;
    std::optional<Time> completed_at;
    int64_t full_bytes = 0;
};

// Who beside the owner may make volumes of it: an account, or "all".
struct SnapshotPermission {
    std::string snapshot_id;
    std::string grantee;
};

std::string_view to_string(SnapshotState state);
std::optional<SnapshotState> parse_snapshot_state(std::string_view text);

} // namespace pileus::domain
