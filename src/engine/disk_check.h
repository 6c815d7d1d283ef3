// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/volumes/volumes.h"
#include "engine/controller.h"
#include "store/store.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pileus::engine {

struct DiskCheckOptions {
    std::string host_id;
    std::filesystem::path instances_folder; // of the hypervisor: a folder an instance
    std::filesystem::path downloads;        // of imports: a file a task
    std::filesystem::path templates_folder; // of the hypervisor: a folder a frozen guest; "" where
                                            // it keeps none
    bool is_emulated = false;               // nothing is on the disk, and nothing is missing
};

// Compares what the store says of this host's disks with what lies there: a line for a person of
// each volume, snapshot, layer or folder that belongs to nothing, is missing or cannot be read.
// What is being made or removed right now is no finding. Any thread; changes nothing.
Result<std::vector<std::string>>
check_disks(store::Store& store, drivers::Volumes& volumes, const DiskCheckOptions& options);

// The same, once after every start, in the background: findings go to the log, and rows that were
// on their way somewhere are looked at again. Nothing is removed that no row knows: a store that
// was restored from a backup must not cost anybody a disk.
class DiskCheckController final : public Controller {
  public:
    static constexpr std::string_view work_kind = "disk-check";
    static constexpr const char* work_id = "disks";

    DiskCheckController(store::Store& store,
                        const Clock& clock,
                        drivers::Volumes& volumes,
                        DiskCheckOptions options)
        : store_(store), clock_(clock), volumes_(volumes), options_(std::move(options)) {}
    std::string_view kind() const override { return work_kind; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    void look_at_moving_rows();

    store::Store& store_;
    const Clock& clock_;
    drivers::Volumes& volumes_;
    const DiskCheckOptions options_;
};

} // namespace pileus::engine
