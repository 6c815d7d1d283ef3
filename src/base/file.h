// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small files and folders. Nothing here follows a caller's text into a path: callers join only ids
// that were checked.

#include "base/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace pileus {

// Whole file, refused above `limit` bytes.
Result<std::string> read_file(const std::filesystem::path& path, size_t limit = 16 * 1024 * 1024);
// Writes beside it, fsyncs, renames, fsyncs the folder: after a crash there is the old file or the
// new one.
Result<void> write_file_durably(const std::filesystem::path& path,
                                std::string_view content,
                                unsigned mode = 0600);
// The same without waiting for the disk: the old file or the new one for everybody who looks, but
// after a power cut perhaps neither. For what means nothing any more then.
Result<void>
replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0600);
// Of a file whose content is on disk: after a crash it has the one name or the other.
Result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);
// Of a file that may not come back after a crash. One that is not there is no error.
Result<void> remove_durably(const std::filesystem::path& path);
// Takes flock(LOCK_EX) on an open file. Tries for a second: a child that another thread has just
// started holds copies of our descriptors, and so of their locks, until its exec.
bool lock_exclusively(int fd);
Result<void> make_directories(const std::filesystem::path& path, unsigned mode = 0700);
// Fails, and names the folder in the way, when a process without privileges cannot reach `path`.
Result<void> check_reachable_by_others(const std::filesystem::path& path);
// A folder and all in it, without following links; what is not there is no error. (Not called
// remove_all: argument-dependent lookup would find std::filesystem's beside it.)
Result<void> remove_tree(const std::filesystem::path& path);

} // namespace pileus
