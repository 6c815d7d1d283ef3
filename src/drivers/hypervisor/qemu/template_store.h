// SPDX-License-Identifier: Apache-2.0
#pragma once

// The frozen guests that there are: a folder each, and the memory of those in use. A folder without
// its template.json is one that was not finished, and goes in recover(). Owned by QemuHypervisor;
// any thread.
//
//   template.json  what it is: frozen_template.h
//   state          its devices, and its memory when that has no file of its own
//   memory         its memory, with holes
//   console        what it had written to its serial port
//   uefi-variables its firmware's settings, if it has such firmware

#include "base/unique_fd.h"
#include "drivers/hypervisor/qemu/frozen_template.h"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

namespace pileus::drivers {

class TemplateStore {
  public:
    explicit TemplateStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    Result<void> recover();
    // An empty folder for what is to be one.
    Result<void> begin(const std::string& id);
    // All its files are there but `memory` (which is written of the descriptor, if it is one) and
    // template.json. The descriptor is sealed and stays in use.
    Result<FrozenGuest> finish(FrozenTemplate frozen, UniqueFd memory);

    Result<std::shared_ptr<const FrozenTemplate>> find(const std::string& id);
    // Read from its file when it is not in use.
    Result<std::shared_ptr<const UniqueFd>> memory_of(const FrozenTemplate& frozen);
    std::vector<FrozenGuest> list();
    Result<void> remove(const std::string& id);
    void cool(const std::string& id);

    std::filesystem::path state_of(const std::string& id) const { return folder_ / id / "state"; }
    std::filesystem::path console_of(const std::string& id) const {
        return folder_ / id / "console";
    }
    std::filesystem::path uefi_variables_of(const std::string& id) const {
        return folder_ / id / "uefi-variables";
    }

  private:
    struct Entry {
        std::shared_ptr<const FrozenTemplate> frozen;
        std::shared_ptr<const UniqueFd> memory;
    };
    std::filesystem::path record_of(const std::string& id) const;
    std::filesystem::path memory_file_of(const std::string& id) const;

    const std::filesystem::path folder_;
    std::mutex loading_; // taken before mutex_
    std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

} // namespace pileus::drivers
