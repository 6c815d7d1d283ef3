// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of this machine. One thread.

#include "cli/files/file_system.h"

namespace pileus::cli::files {

class LocalFiles final : public FileSystem {
  public:
    // New files and folders lack what `umask` takes away.
    explicit LocalFiles(uint32_t umask) : umask_(umask) {}

    std::string show(const std::string& path) const override;
    Result<std::optional<Attributes>> status(const std::string& path, bool follow_links) override;
    Result<std::vector<Entry>> list(const std::string& folder) override;
    Result<std::unique_ptr<Reader>>
    read(const std::string& path, uint64_t offset, uint64_t expected_bytes) override;
    Result<std::unique_ptr<Writer>> write(const std::string& path, uint64_t offset) override;
    Result<void> make_folder(const std::string& path, uint32_t mode) override;
    Result<void> set_mode(const std::string& path, uint32_t mode) override;
    Result<void> remove_file(const std::string& path) override;
    Result<std::string> read_link(const std::string& path) override;
    Result<void> make_link(const std::string& path, const std::string& target) override;
    Result<std::string> canonical(const std::string& path) override;

  private:
    const uint32_t umask_;
};

} // namespace pileus::cli::files
