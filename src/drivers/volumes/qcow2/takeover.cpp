// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/takeover.h"

#include "domain/ids.h"
#include "drivers/volumes/qcow2/disk_file.h"
#include "drivers/volumes/qcow2/state_folder.h"

namespace pileus::drivers {

namespace {

constexpr int64_t bytes_per_gib = int64_t{1} << 30;

class Takeover {
  public:
    Takeover(const std::filesystem::path& state_folder, const LayerStore& layers)
        : layers_folder_(state_folder / "layers"), snapshots_folder_(state_folder / "snapshots"),
          volumes_folder_(state_folder / "volumes"), layers_(layers) {}

    Result<void> snapshots() {
        PILEUS_ASSIGN(const auto ids, list_names(snapshots_folder_, ".qcow2"));
        for (const auto& id : ids)
            if (domain::is_well_formed_id(domain::prefix::snapshot, id))
                PILEUS_TRY(snapshot(id));
        PILEUS_ASSIGN(const auto marks, list_names(snapshots_folder_, ".removed"));
        for (const auto& id : marks)
            PILEUS_TRY(remove_tree(snapshots_folder_ / (id + ".removed")));
        return {};
    }

    Result<void> volumes() {
        PILEUS_ASSIGN(const auto ids, list_names(volumes_folder_, ".json"));
        for (const auto& id : ids)
            if (domain::is_well_formed_id(domain::prefix::volume, id))
                PILEUS_TRY(volume(id));
        return {};
    }

  private:
    bool is_layer(const std::string& name) const {
        return std::filesystem::exists(layers_folder_ / (name + ".json"));
    }

    Result<void> snapshot(const std::string& id) {
        if (is_layer(id))
            return {};
        const auto header = read_image_header(snapshots_folder_ / (id + ".qcow2"));
        if (!header) {
            log_warning("a snapshot file is left alone, it cannot be used",
                        {{"snapshot", id}, {"reason", header.error().message}});
            return {};
        }
        // The record of the layer comes last: it says that all is done, also to a later start,
        // when the snapshot may have been removed.
        if (!std::filesystem::exists(snapshots_folder_ / (id + ".removed")))
            PILEUS_TRY(write_file_durably(snapshots_folder_ / (id + ".json"),
                                          to_text(SnapshotRecord{id})));
        return layers_.take_over(
            id, "snapshots/" + id + ".qcow2", LayerRecord{"", header->virtual_bytes, "", ""});
    }

    Result<void> volume(const std::string& id) {
        const auto record_path = volumes_folder_ / (id + ".json");
        PILEUS_ASSIGN(const auto text, read_file(record_path, record_limit_bytes));
        const auto old = parse_old_volume_record(text);
        if (!old)
            return {}; // of today, or for the one who reads those to complain about
        // It wrote the record first and removed it last: without the disk, the volume is half made
        // or half gone.
        if (!std::filesystem::exists(volumes_folder_ / (id + ".qcow2")))
            return remove_tree(record_path);
        PILEUS_TRY(layers_.take_over(
            id,
            "volumes/" + id + ".qcow2",
            LayerRecord{old->snapshot_id, old->size_gib * bytes_per_gib, "", ""}));
        return write_file_durably(record_path, to_text(VolumeRecord{id, "", ""}));
    }

    const std::filesystem::path layers_folder_;
    const std::filesystem::path snapshots_folder_;
    const std::filesystem::path volumes_folder_;
    const LayerStore& layers_;
};

} // namespace

Result<void> take_over_old_folder(const std::filesystem::path& state_folder,
                                  const LayerStore& layers) {
    Takeover takeover(state_folder, layers);
    PILEUS_TRY(takeover.snapshots());
    return takeover.volumes();
}

} // namespace pileus::drivers
