// SPDX-License-Identifier: Apache-2.0
#pragma once

// Volumes without a disk, for emulation mode and the simulator. Owned by the composition root or a
// test; any thread may call it. Nothing survives a restart.

#include "drivers/volumes/volumes.h"

#include <map>
#include <mutex>

namespace pileus::drivers {

struct EmulatedVolumesOptions {
    // Whether volumes and snapshots must have been made in this object. Not in emulation mode,
    // where the store knows of volumes and snapshots that a former daemon made.
    bool strict = true;
};

class EmulatedVolumes final : public Volumes {
  public:
    explicit EmulatedVolumes(EmulatedVolumesOptions options = {});

    Result<void> recover() override;
    Result<void> import_snapshot(const std::string& snapshot_id, const std::string& path) override;
    Result<void> import_foreign(const std::string& snapshot_id,
                                const DiskImport& source,
                                bool encrypted,
                                const Progress& progress) override;
    Result<void> export_snapshot(const std::string& snapshot_id,
                                 const std::string& path,
                                 const std::string& format,
                                 const Progress& progress) override;
    Result<void> create(const std::string& volume_id, const VolumeSpec& spec) override;
    Result<DiskChain> open(const std::string& volume_id) override;
    Result<void> grow(const std::string& volume_id, int64_t size_gib) override;
    Result<void> remove(const std::string& volume_id) override;
    Result<LayerSwitch> begin_snapshot(const std::string& volume_id,
                                       const std::string& snapshot_id) override;
    Result<void> complete_snapshot(const std::string& volume_id,
                                   const std::string& snapshot_id) override;
    Result<void> cancel_snapshot(const std::string& volume_id,
                                 const std::string& snapshot_id) override;
    std::optional<LayerSwitch> pending_switch(const std::string& volume_id) override;
    Result<void> copy_snapshot(const std::string& snapshot_id,
                               const std::string& from_snapshot_id,
                               bool encrypted,
                               const Progress& progress) override;
    bool has_snapshot(const std::string& snapshot_id) override;
    Result<void> remove_snapshot(const std::string& snapshot_id) override;
    Result<std::vector<std::string>> merge_layers() override;
    Result<std::vector<VolumeObservation>> observe() override;
    Result<std::vector<SnapshotObservation>> observe_snapshots() override;
    Result<SnapshotObservation> observe_snapshot(const std::string& snapshot_id) override;
    Result<std::vector<std::string>> check() override;

    // As if a guest had written so many bytes where nothing was written before: what observe() and
    // observe_snapshots() count.
    void write(const std::string& volume_id, int64_t bytes);

  private:
    struct Layer {
        std::string below; // its path; "" for none
        int64_t allocated_bytes = 0;
        bool encrypted = false;
    };
    struct Volume {
        int64_t size_gib = 0;
        bool encrypted = false;
        std::string layer;         // what it writes to
        std::string next;          // what it is to write to while a snapshot is taken; or ""
        std::string next_snapshot; // the snapshot that is being taken
    };
    struct Snapshot {
        int64_t size_gib = 0;
        bool encrypted = false;
        std::string layer;
    };

    // All of these expect mutex_ to be held.
    Result<Volume*> find_volume(const std::string& id);
    Result<Snapshot*> find_snapshot(const std::string& id);
    std::string add_layer(const std::string& name, Layer layer);
    LayerSwitch describe_switch(const std::string& volume_id, const Volume& volume) const;
    Result<void> name_layer(const std::string& volume_id, Volume& volume);
    // How many volumes, snapshots and layers stand on each layer.
    std::map<std::string, int> count_users() const;
    SnapshotObservation observe_one(const std::string& id,
                                    const Snapshot& snapshot,
                                    const std::map<std::string, int>& users) const;
    void drop_unused_layers();

    const EmulatedVolumesOptions options_;
    std::mutex mutex_;
    std::map<std::string, Volume> volumes_;
    std::map<std::string, Snapshot> snapshots_;
    std::map<std::string, Layer> layers_; // by path
    int64_t layers_made_ = 0;
};

} // namespace pileus::drivers
