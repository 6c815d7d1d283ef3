// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of a layer and of those below it, open for a copy. One thread.

#include "drivers/volumes/qcow2/contained_copy.h"
#include "drivers/volumes/qcow2/disk_file.h"
#include "drivers/volumes/qcow2/layer_store.h"

namespace pileus::drivers {

class OpenChain {
  public:
    static Result<OpenChain> open(const LayerStore& layers, const std::string& name);
    // The first layer can be written.
    static Result<OpenChain> open_writable(const LayerStore& layers, const std::string& name);

    // Of use as long as this lives.
    const std::vector<CopyFile>& files() const { return files_; }
    // Makes the first layer durable.
    Result<void> sync() const;

  private:
    static Result<OpenChain> open(const LayerStore& layers, const std::string& name, bool writable);

    std::vector<UniqueFd> fds_;
    std::vector<CopyFile> files_;
    std::filesystem::path top_;
};

// What no file of a disk of that size has to be larger than, tables included.
int64_t file_limit_of(int64_t virtual_bytes);

} // namespace pileus::drivers
