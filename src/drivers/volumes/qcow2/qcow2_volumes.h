// SPDX-License-Identifier: Apache-2.0
#pragma once

// Volumes and snapshots as a tree of qcow2 layers; see README.md for what lies where. Owned by the
// daemon's root. Any thread may call it (calls on the same id are serialised by the caller);
// everything it knows is on disk, and recover() reads it. One object for a state folder.

#include "drivers/volumes/qcow2/contained_copy.h"
#include "drivers/volumes/qcow2/layer_merge.h"
#include "drivers/volumes/qcow2/layer_store.h"
#include "drivers/volumes/volumes.h"

#include <filesystem>
#include <map>
#include <mutex>

namespace pileus::drivers {

struct Qcow2VolumesOptions {
    std::filesystem::path state_folder; // made if missing
    ContainedCopyOptions copy;
    // A longer chain is shortened in the background: each layer costs the guest a look into one
    // more table where nothing was written above.
    int max_depth = 8;
};

class Qcow2Volumes final : public Volumes {
  public:
    Qcow2Volumes(Qcow2VolumesOptions options, ProcessRunner& runner, Random& random);

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

  private:
    std::filesystem::path volume_path(const std::string& id) const;
    std::filesystem::path snapshot_path(const std::string& id) const;

    Result<bool> load_volumes();
    Result<bool> load_snapshots();
    Result<void> finish_completed_switches();

    std::optional<VolumeRecord> find_volume(const std::string& id);
    std::optional<SnapshotRecord> find_snapshot(const std::string& id);
    // `bytes` remembers what the files of layers take.
    SnapshotObservation observe_one(const std::string& id,
                                    const SnapshotRecord& snapshot,
                                    std::map<std::string, int64_t>& bytes) const;
    // The layer of a snapshot, held until the caller releases it.
    Result<std::string> hold_snapshot(const std::string& id);
    // Makes a record durable, then known. The first is what decides after a crash.
    Result<void> commit_volume(const std::string& id, const VolumeRecord& record);
    Result<void> commit_snapshot(const std::string& id, const SnapshotRecord& record);
    // Gives a layer that was made for it to a new snapshot, or drops the layer.
    Result<void> name_new_layer(const std::string& snapshot_id,
                                const std::string& layer,
                                const Result<void>& filled);

    Result<void> grow_file(const std::string& volume_id, VolumeRecord record, int64_t bytes);
    Result<LayerSwitch> describe_switch(const std::string& volume_id, const VolumeRecord& record);
    // Copies what the snapshot's layer and those below it hold into a layer of its own.
    Result<void> copy_chain(const std::string& from_layer,
                            const std::string& to_layer,
                            const Progress& progress);
    std::map<std::string, MergeLayer> describe_layers();
    Result<std::string> merge(const std::vector<std::string>& window);
    Result<void> fill_merged(const std::vector<std::string>& window, const std::string& merged);
    Result<void> use_merged(const std::string& old_layer, const std::string& merged);
    Result<void> rename_snapshot_layer(const std::string& snapshot_id,
                                       const std::string& old_layer,
                                       const std::string& new_layer);
    std::vector<std::string> volumes_on(const std::string& layer);

    const Qcow2VolumesOptions options_;
    const std::filesystem::path volumes_folder_;
    const std::filesystem::path snapshots_folder_;
    LayerStore layers_;
    ContainedCopy copy_;
    std::mutex mutex_; // of the two maps
    std::map<std::string, VolumeRecord> volumes_;
    std::map<std::string, SnapshotRecord> snapshots_;
};

} // namespace pileus::drivers
