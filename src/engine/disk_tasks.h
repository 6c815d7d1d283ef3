// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/disk_task.h"
#include "drivers/volumes/volumes.h"
#include "engine/controller.h"
#include "engine/import_sources.h"
#include "engine/long_work.h"
#include "store/store.h"

#include <filesystem>
#include <optional>
#include <string>

namespace pileus::engine {

// What a snapshot has for a volume that was not taken of one here, as EC2 has it.
inline constexpr const char* no_volume_id = "vol-ffffffff";

struct DiskTaskControllerOptions {
    std::string host_id;
    std::filesystem::path export_folder; // what ExportImage writes, by the task's destination
    int attempts = 3; // of what may be better the next time; a bad disk is bad at once
    Duration progress_interval = std::chrono::seconds{1}; // at most so often a row is written
};

// ImportImage, ImportSnapshot, ExportImage: minutes of work with progress, which can be cancelled.
// A task that was interrupted begins anew. Any thread of the engine, one at a time for a given
// task.
class DiskTaskController final : public Controller {
  public:
    DiskTaskController(store::Store& store,
                       const Clock& clock,
                       drivers::Volumes& volumes,
                       ImportSources& sources,
                       LongWork& long_work,
                       DiskTaskControllerOptions options);
    std::string_view kind() const override { return "disk-task"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    Result<void> work_on(const domain::DiskTask& task);
    Result<void> import_disk(const domain::DiskTask& task);
    Result<void> export_disk(const domain::DiskTask& task);
    Result<void> finish_import(const domain::DiskTask& task);
    Result<void> finish_export(const domain::DiskTask& task, int64_t bytes);
    Result<Outcome> give_up(const domain::DiskTask& task, const std::string& message);
    // False: it was cancelled.
    bool note(const domain::DiskTask& task, const std::string& status, int percent);
    drivers::Progress progress(const domain::DiskTask& task, std::string status, int from, int to);
    Result<std::filesystem::path> export_path(const domain::DiskTask& task) const;
    std::optional<domain::DiskTask> find(const std::string& id);

    store::Store& store_;
    const Clock& clock_;
    drivers::Volumes& volumes_;
    ImportSources& sources_;
    LongWork& long_work_;
    const DiskTaskControllerOptions options_;
};

} // namespace pileus::engine
