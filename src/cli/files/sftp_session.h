// SPDX-License-Identifier: Apache-2.0
#pragma once

// A conversation with one SFTP server, through the pipes of a child process (ssh, or the server
// itself in tests). Requests go out without waiting; an answer is waited for by its request's
// number. Ends the child when it goes. One thread. The process ignores SIGPIPE (src/cli/main does),
// so that a child that died shows as an error.

#include "base/process.h"
#include "base/result.h"
#include "cli/files/sftp_wire.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pileus::cli::files {

class SftpSession {
  public:
    // `name` is the guest's, for messages. Waits for the server's greeting.
    static Result<std::unique_ptr<SftpSession>> start(const std::vector<std::string>& argv,
                                                      std::string name);
    ~SftpSession();
    SftpSession(const SftpSession&) = delete;
    SftpSession& operator=(const SftpSession&) = delete;

    uint32_t send(sftp::Type type, const sftp::Request& request);
    // Waits for the answer of that request. The code is `connection_broken` when there will be
    // none.
    Result<sftp::Packet> receive(uint32_t id);
    // The answer is of no interest.
    void forget(uint32_t id);
    Result<sftp::Packet> ask(sftp::Type type, const sftp::Request& request) {
        return receive(send(type, request));
    }
    // Gives to the child what its pipe takes now.
    void flush() { pump(0); }

    bool has_extension(const std::string& extension) const {
        return extensions_.contains(extension);
    }
    const std::string& name() const { return name_; }

  private:
    explicit SftpSession(std::string name) : name_(std::move(name)) {}
    Result<void> greet();
    // Writes and reads what can be, and waits for something at most that long (-1: for ever).
    void pump(int timeout_milliseconds);
    void write_some();
    void read_answers();
    void read_errors();
    void take_packets();
    Error broken() const;

    const std::string name_;
    std::map<std::string, std::string> extensions_;
    pid_t pid_ = 0;
    UniqueFd pidfd_, in_, out_, err_;
    std::string outgoing_;
    size_t sent_ = 0;    // of outgoing_
    std::string errors_; // the end of what the child said on stderr
    sftp::PacketReader reader_;
    std::map<uint32_t, sftp::Packet> answers_;
    std::set<uint32_t> awaited_;
    uint32_t last_id_ = 0;
    bool is_broken_ = false;
    std::string protocol_fault_;
};

} // namespace pileus::cli::files
