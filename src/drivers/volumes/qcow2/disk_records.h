// SPDX-License-Identifier: Apache-2.0
#pragma once

// The records that say what the disk files are: one small JSON file for each layer, volume and
// snapshot. Each is replaced as a whole, so that after a crash there is the old one or the new one.
// Pure functions; any thread.

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace pileus::drivers {

inline constexpr size_t record_limit_bytes = 4096;

struct LayerRecord {
    std::string below; // the layer that it stands on; "" for none
    int64_t virtual_bytes = 0;
    std::string sealed_secret; // "" for a layer that is not encrypted
    std::string file;          // below the state folder
};

struct VolumeRecord {
    std::string layer; // what it writes to
    std::string next;  // what it is to write to when the snapshot that is being taken is there
    std::string next_snapshot;

    bool is_switching() const { return !next.empty(); }
};

struct SnapshotRecord {
    std::string layer;
};

std::string to_text(const LayerRecord& record);
std::string to_text(const VolumeRecord& record);
std::string to_text(const SnapshotRecord& record);

Result<LayerRecord> parse_layer_record(std::string_view text);
Result<VolumeRecord> parse_volume_record(std::string_view text);
Result<SnapshotRecord> parse_snapshot_record(std::string_view text);

// What the first release of Pileus wrote for a volume: its one layer is the file beside the record,
// and stands on the file of its snapshot.
struct OldVolumeRecord {
    int64_t size_gib = 0;
    std::string snapshot_id;
};
Result<OldVolumeRecord> parse_old_volume_record(std::string_view text);

// Whether it is a name that a layer can have: what becomes part of a path.
bool is_layer_name(std::string_view name);

} // namespace pileus::drivers
