// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files of disks: made under a hidden name, complete and on disk before they get their own. Whoever
// uses a writable layer holds flock(LOCK_EX) on its file. Any thread.

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/volumes/formats/disk_bytes.h"
#include "drivers/volumes/formats/qcow2_header.h"

#include <filesystem>

namespace pileus::drivers {

// ".layer-….new" beside `path`: what recover() removes.
std::filesystem::path unfinished_path(const std::filesystem::path& path);
bool is_unfinished(const std::filesystem::path& path);

// A file under its hidden name, removed again unless it was finished.
class NewDiskFile {
  public:
    static Result<NewDiskFile> create(const std::filesystem::path& path, unsigned mode = 0600);
    NewDiskFile(NewDiskFile&& other) = default;
    NewDiskFile& operator=(NewDiskFile&&) = delete;
    ~NewDiskFile();

    const UniqueFd& fd() const { return fd_; }
    // Durable, then visible, then durably visible. The descriptor is closed.
    Result<void> finish();

  private:
    NewDiskFile(std::filesystem::path path, UniqueFd fd);

    std::filesystem::path path_;
    UniqueFd fd_;
};

Result<void> write_new_image(const std::filesystem::path& path, const NewQcow2& image);
// Copies an image that read_standalone_qcow2() accepts; shares blocks where the file system can.
Result<Qcow2Header> copy_image(const std::string& from, const std::filesystem::path& to);
Result<Qcow2Header> read_image_header(const std::filesystem::path& path);

// A regular file; anything else is errors::invalid.
Result<UniqueFd> open_disk_file(const std::filesystem::path& path, int flags);
Result<DiskBytes> bytes_of_file(const UniqueFd& file);
// What it takes on disk; 0 for one that is not there.
int64_t allocated_bytes(const std::filesystem::path& path);
Result<void> sync_file(const UniqueFd& file, const std::filesystem::path& path);
Result<void> make_read_only(const std::filesystem::path& path);

// Open, and locked as long as the descriptor lives. One that somebody else has locked is
// errors::unavailable; a missing one is errors::not_found.
Result<UniqueFd> lock_file(const std::filesystem::path& path);
bool is_in_use(const std::filesystem::path& path);
// Writes the size into the header of an image of ours that is not in use, and nothing else: what a
// guest may have written there is never read.
Result<void> write_virtual_size(const UniqueFd& locked, int64_t virtual_bytes);
Result<void> sync_folder(const std::filesystem::path& folder);

} // namespace pileus::drivers
