// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which files of a copy are done: a file of the user's that lasts as long as the copy is not whole,
// so that the same command goes on where it was broken off. One thread; one copy at a time.

#include "base/result.h"
#include "base/unique_fd.h"
#include "cli/files/file_system.h"

#include <filesystem>
#include <string>
#include <unordered_set>

namespace pileus::cli::files {

class Journal {
  public:
    // Reads what an earlier run left. Without a file system for it, it remembers nothing.
    static Journal open(const std::filesystem::path& path);

    // Whether the file came to that place as it is now.
    bool has(const std::string& target, const Attributes& source) const;
    void add(const std::string& target, const Attributes& source);
    bool is_continued() const { return !done_.empty(); }
    // The copy is whole: a second one copies everything again.
    void remove();

  private:
    Journal() = default;

    std::filesystem::path path_;
    UniqueFd fd_;
    std::unordered_set<std::string> done_;
};

// A name for what these words say: the same for the same, and for nothing else.
std::string digest_of(const std::vector<std::string>& words);

} // namespace pileus::cli::files
