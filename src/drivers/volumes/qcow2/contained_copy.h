// SPDX-License-Identifier: Apache-2.0
#pragma once

// Copies disks by QEMU's block layer, which knows every format, in a process that has nothing but
// the open files: pileus-launch gives it a uid of its own, an empty root, no network and limits of
// memory, time and file size, as it does a guest. It is the only one that ever reads the tables of
// a foreign disk or of one that a guest wrote. Formats are stated, nothing is probed, and secrets
// go over its socket, never into an argument. One object for many copies; any thread.

#include "base/process.h"
#include "base/result.h"
#include "drivers/volumes/volumes.h"

#include <atomic>
#include <vector>

namespace pileus::drivers {

struct ContainedCopyOptions {
    std::string launcher; // the path of pileus-launch
    std::string emulator = "/usr/bin/qemu-system-x86_64";
    // Each copy runs under a uid of its own from this range, which nobody else uses; beside that of
    // the guests.
    uint32_t first_uid = 1'900'100'000;
    uint32_t uids = 1'000;
    int64_t memory_bytes = int64_t{2} << 30; // of address space
    Duration time = std::chrono::hours{12};
    int64_t free_bytes = int64_t{512} << 20; // what is left on the target's file system
};

// One file of a disk, open.
struct CopyFile {
    int fd = -1;
    std::string driver; // "qcow2", "raw", "vmdk"
    std::string secret; // of LUKS in qcow2; "" for none
    uint64_t offset = 0;
    uint64_t bytes = 0; // the part of the file that counts; 0 is all of it
};

struct CopySource {
    std::vector<CopyFile> chain;  // the top first
    bool only_top = false;        // what the top itself holds, not what it stands on
    int64_t resize_target_to = 0; // before it is copied; 0 leaves it as it is
};

struct CopyPlan {
    std::vector<CopySource> sources; // one after the other, each over what was there
    std::vector<CopyFile> target;    // the top is written
    int64_t create_bytes = 0;        // the target is made first, of this size; 0: it is there
    int64_t file_limit_bytes = 0;    // no file grows beyond
};

class ContainedCopy {
  public:
    ContainedCopy(ContainedCopyOptions options, ProcessRunner& runner);

    // The target's file is not synced. errors::invalid: the source cannot be read;
    // errors::unavailable: everything else, also that it was asked to stop.
    Result<void> run(const CopyPlan& plan, const Progress& progress);

  private:
    ProcessSpec describe(const CopyPlan& plan, int monitor_fd);

    const ContainedCopyOptions options_;
    ProcessRunner& runner_;
    std::atomic<uint32_t> started_ = 0;
};

} // namespace pileus::drivers
