// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of a guest, through an SFTP session, which must outlive it and what it opened. One
// thread.

#include "cli/files/file_system.h"
#include "cli/files/sftp_session.h"

namespace pileus::cli::files {

class RemoteFiles final : public FileSystem {
  public:
    explicit RemoteFiles(SftpSession& session) : session_(session) {}

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
    Result<void> ask_ok(sftp::Type type, const sftp::Request& request, const std::string& path);
    Result<std::string> one_name(sftp::Type type, const std::string& path);
    Result<std::string> open(const std::string& path, uint32_t flags);

    SftpSession& session_;
};

} // namespace pileus::cli::files
