// SPDX-License-Identifier: Apache-2.0
#pragma once

// The layers: a qcow2 file and a record each, and who stands on whom. A layer lives as long as it
// is held: by the layers that stand on it (which the records say) and by those who called hold().
// The counts exist in memory only and are taken anew at each start, so they cannot drift. Owned by
// Qcow2Volumes; any thread may call it.

#include "base/random.h"
#include "drivers/volumes/qcow2/disk_records.h"
#include "drivers/volumes/qcow2/secret_sealer.h"
#include "drivers/volumes/volumes.h"

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace pileus::drivers {

struct LayerView {
    LayerRecord record;
    int holders = 0;
};

class LayerStore {
  public:
    LayerStore(std::filesystem::path state_folder, Random& random);

    // Reads every record. Nobody holds anything but the layers each other, until the caller has
    // said what else there is; then drop_unheld(). False if a record could not be read: then
    // nothing must be dropped, since it may be held by what we do not know.
    Result<bool> load();
    Result<void> drop_unheld();

    // The following make layers that are on disk before they return, held once for the caller.
    Result<std::string> make(const std::string& below, int64_t virtual_bytes, bool encrypted);
    Result<std::string> make_copy_of(const std::string& qcow2_path);
    // A file that is there already, as the layer of that name.
    Result<void>
    take_over(const std::string& name, const std::string& file, LayerRecord record) const;

    void hold(const std::string& name);
    // What nobody holds any more goes, and what only that held.
    Result<void> release(const std::string& name);

    bool contains(const std::string& name) const;
    int64_t virtual_bytes(const std::string& name) const; // 0 for one that is not there
    bool is_encrypted(const std::string& name) const;
    int holders(const std::string& name) const;
    std::filesystem::path path(const std::string& name) const;
    // Whether its size can change by its header alone; not so in what the first release made.
    bool has_room_to_grow(const std::string& name) const;
    // From the layer down to the bottom; `writable` says what may be done to the first one.
    Result<std::vector<DiskLayer>> chain(const std::string& name, bool writable) const;
    Result<DiskLayer> layer(const std::string& name, bool writable) const;
    std::vector<std::string> names_below(const std::string& name) const; // itself first

    // Its new size, in the record; the caller sees to the file.
    Result<void> set_virtual_bytes(const std::string& name, int64_t virtual_bytes);
    // What stands on `old_below` stands on `new_below` from now on, which holds the same. Can be
    // broken off anywhere.
    Result<void> move_standing_on(const std::string& old_below, const std::string& new_below);

    std::map<std::string, LayerView> view() const;
    // Lines for a person: files that belong to no layer, layers without a file, secrets that do not
    // open.
    std::vector<std::string> check() const;

  private:
    std::filesystem::path record_path(const std::string& name) const;
    std::filesystem::path file_path(const LayerRecord& record) const;
    Result<void> write_record(const std::string& name, const LayerRecord& record) const;
    Result<std::string> add(const std::string& name, LayerRecord record);
    std::optional<LayerRecord> find(const std::string& name) const;
    Result<void> remove_files(const std::string& name, const LayerRecord& record) const;
    Result<void> remove_strays() const;
    Result<DiskLayer>
    describe(const std::string& name, const LayerRecord& record, bool writable) const;
    // Expects mutex_ to be held; returns what has to go from the disk.
    std::vector<std::pair<std::string, LayerRecord>> let_go(std::string name);

    const std::filesystem::path state_folder_;
    const std::filesystem::path layers_folder_;
    Random& random_;
    std::optional<SecretSealer> sealer_; // from load() on
    mutable std::mutex mutex_;
    std::map<std::string, LayerView> layers_;
};

} // namespace pileus::drivers
