// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pileus::drivers {

// One file of a disk's layer tree. The format is always stated, never probed: a guest can write
// what it likes into its disk.
struct DiskLayer {
    std::string path;
    std::string format; // "qcow2" or "raw"
    bool read_only = false;
    std::string secret; // opens a layer that is encrypted (LUKS); "" for one that is not. Never in
                        // an argument, a log or a message
};

// What a hypervisor opens: the writable top first, then what backs it, down to the bottom.
struct DiskChain {
    std::string volume_id;
    std::vector<DiskLayer> layers;
    int64_t size_gib = 0; // what the guest sees; a layer below may be shorter
};

// What a new volume is to be.
struct VolumeSpec {
    int64_t size_gib = 0;
    std::string snapshot_id; // "" for a volume that reads zero everywhere
    bool encrypted = false;  // what is written from now on; always so on an encrypted snapshot
};

// A volume about to leave its writable layer to a snapshot: what writes to it has to go on in
// `next`.
struct LayerSwitch {
    std::string volume_id;
    std::string current_path;
    DiskLayer next;          // empty, on disk, stands on `current_path`
    std::string snapshot_id; // that `current_path` will be
};

struct VolumeObservation {
    std::string id;
    int64_t size_gib = 0;
    int64_t allocated_bytes = 0; // of its own layer
    int depth = 1;               // layers, its own among them
    bool encrypted = false;
};

struct SnapshotObservation {
    std::string id;
    int64_t size_gib = 0;        // of the volume that it was taken of, rounded up
    int64_t exclusive_bytes = 0; // what its deletion would free: nobody else stands on these
    int64_t full_bytes = 0;      // of all its layers together
    bool encrypted = false;
};

// Called now and then from the thread that runs the verb; 0 to 100. False asks it to stop.
using Progress = std::function<bool(int percent)>;

// A disk image from outside: hostile until it has been checked and converted in the sandbox.
struct DiskImport {
    std::string path;
    std::string format; // "qcow2", "raw", "vmdk", "ova"
};

// Block storage by volume id and snapshot id. Owned by the daemon's root; any thread may call it;
// calls on the same id are serialised by the caller (the engine leases work by resource).
// Everything it knows is on disk and survives a restart.
//
// A volume is a writable layer over read-only ones; a snapshot is the name of a read-only layer and
// of what lies below it. The layers form a tree; one lives as long as a volume, a snapshot or
// another layer stands on it.
class Volumes {
  public:
    virtual ~Volumes() = default;

    // Reads what is there and removes what a crash left half made. A snapshot that was being taken
    // of a volume stays as it was: the caller completes it.
    virtual Result<void> recover() = 0;
    // Takes a disk that was built here over as the snapshot `snapshot_id`: a qcow2 file that stands
    // alone (copied, or its blocks shared).
    virtual Result<void> import_snapshot(const std::string& snapshot_id,
                                         const std::string& path) = 0;
    // The same for a disk from outside: checked by our own reader of its header, then converted
    // under limits of size, time and memory, by a process that can reach nothing else.
    // errors::invalid says what is wrong with it.
    virtual Result<void> import_foreign(const std::string& snapshot_id,
                                        const DiskImport& source,
                                        bool encrypted,
                                        const Progress& progress) = 0;
    // Writes what the snapshot holds to a new file of the format ("qcow2", "raw", "vmdk", "vhd").
    virtual Result<void> export_snapshot(const std::string& snapshot_id,
                                         const std::string& path,
                                         const std::string& format,
                                         const Progress& progress) = 0;

    // Makes a volume; the time does not depend on its size, nor on its snapshot's. One that is
    // there is success.
    virtual Result<void> create(const std::string& volume_id, const VolumeSpec& spec) = 0;
    // Fails while a snapshot is being taken of it: what writes to it is not settled then.
    virtual Result<DiskChain> open(const std::string& volume_id) = 0;
    // Of a volume that is larger already it is success. A guest that has it open is told by the
    // hypervisor, before.
    virtual Result<void> grow(const std::string& volume_id, int64_t size_gib) = 0;
    // Gone already is success. A snapshot that was being taken of it is completed.
    virtual Result<void> remove(const std::string& volume_id) = 0;

    // A snapshot in two steps, either of which may be repeated. After begin_snapshot() whoever has
    // the volume open goes on writing in `next` (the hypervisor's switch_layers); then
    // complete_snapshot() names what it left. Of a volume that nobody has open the second follows
    // at once. cancel_snapshot() is for a switch that did not happen.
    virtual Result<LayerSwitch> begin_snapshot(const std::string& volume_id,
                                               const std::string& snapshot_id) = 0;
    virtual Result<void> complete_snapshot(const std::string& volume_id,
                                           const std::string& snapshot_id) = 0;
    virtual Result<void> cancel_snapshot(const std::string& volume_id,
                                         const std::string& snapshot_id) = 0;
    // The switch that begin_snapshot() left open on the volume, if any.
    virtual std::optional<LayerSwitch> pending_switch(const std::string& volume_id) = 0;
    // A snapshot with the content of another: in no time when it is to be encrypted as the other
    // is, else by copying.
    virtual Result<void> copy_snapshot(const std::string& snapshot_id,
                                       const std::string& from_snapshot_id,
                                       bool encrypted,
                                       const Progress& progress) = 0;
    virtual bool has_snapshot(const std::string& snapshot_id) = 0;
    // Its name goes; its layers go when nobody stands on them. Gone already is success.
    virtual Result<void> remove_snapshot(const std::string& snapshot_id) = 0;

    // Joins layers that nobody needs apart, where it is worth it (a chain that is long, or a layer
    // left without its snapshot): one such step, of layers that nobody writes to. Returns the
    // volumes whose chain is another now (a guest that runs on the old one reads the same from it,
    // and is told by the hypervisor's replace_backing); none: nothing is left to do.
    virtual Result<std::vector<std::string>> merge_layers() = 0;

    virtual Result<std::vector<VolumeObservation>> observe() = 0;
    virtual Result<std::vector<SnapshotObservation>> observe_snapshots() = 0;
    // One of them, at a cost that does not depend on how many there are; errors::not_found.
    virtual Result<SnapshotObservation> observe_snapshot(const std::string& snapshot_id) = 0;
    // What lies in its folders and belongs to no volume, snapshot or layer, or cannot be read; a
    // line each, for a person.
    virtual Result<std::vector<std::string>> check() = 0;
};

} // namespace pileus::drivers
