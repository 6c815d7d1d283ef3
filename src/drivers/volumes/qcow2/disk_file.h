// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files of disks: made under a hidden name, complete and on disk before they get their own. Any
// thread.

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/volumes/formats/qcow2_header.h"

#include <filesystem>

namespace pileus::drivers {

// ".vol-….new" beside `path`: what recover() removes.
std::filesystem::path unfinished_path(const std::filesystem::path& path);
bool is_unfinished(const std::filesystem::path& path);

Result<void> write_new_image(const std::filesystem::path& path, const NewQcow2& image);
// Copies an image that read_standalone_qcow2() accepts; shares blocks where the file system can.
Result<Qcow2Header> copy_image(const std::string& from, const std::filesystem::path& to);
Result<Qcow2Header> read_image_header(const std::filesystem::path& path);
// Removes a file, unless somebody holds its lock. Missing is success.
Result<void> remove_unlocked_file(const std::filesystem::path& path);
Result<void> sync_folder(const std::filesystem::path& folder);

} // namespace pileus::drivers
