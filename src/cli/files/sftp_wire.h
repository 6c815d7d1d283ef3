// SPDX-License-Identifier: Apache-2.0
#pragma once

// SFTP, version 3 (draft-ietf-secsh-filexfer-02): its packets as bytes. What comes in is a guest's
// word: it is read within limits, and a packet that is not well formed is an error. Pure.

#include "base/result.h"
#include "cli/files/file_system.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::cli::files::sftp {

enum class Type : uint8_t {
    init = 1,
    version = 2,
    open = 3,
    close = 4,
    read = 5,
    write = 6,
    lstat = 7,
    fsetstat = 10,
    setstat = 9,
    opendir = 11,
    readdir = 12,
    remove = 13,
    mkdir = 14,
    realpath = 16,
    stat = 17,
    rename = 18,
    readlink = 19,
    symlink = 20,
    status = 101,
    handle = 102,
    data = 103,
    name = 104,
    attrs = 105,
    extended = 200,
};

enum class Code : uint32_t {
    ok = 0,
    end_of_file = 1,
    no_such_file = 2,
    permission_denied = 3,
    failure = 4,
    unsupported = 8,
};

inline constexpr uint32_t version = 3;
inline constexpr uint32_t open_read = 1, open_write = 2, open_create = 8, open_truncate = 16;

// The fields of a request, in the order that the protocol has them.
class Request {
  public:
    Request& number(uint32_t value);
    Request& number64(uint64_t value);
    Request& text(std::string_view bytes);
    // Permissions, and the time of the last change when `with_time`.
    Request& attributes(const Attributes& attributes, bool with_time);
    Request& no_attributes() { return number(0); }

    const std::string& fields() const { return fields_; }

  private:
    std::string fields_;
};

// With its length in front, as it goes out. `init` carries no id but the version.
std::string encode(Type type, uint32_t id, const Request& request);

struct Packet {
    Type type{};
    uint32_t id = 0;    // of `version`: the version
    std::string fields; // what follows
};

// Cuts packets out of what arrives.
class PacketReader {
  public:
    void append(std::string_view bytes) { pending_ += bytes; }
    // nullopt: not a whole one yet.
    Result<std::optional<Packet>> next();

  private:
    std::string pending_;
    size_t taken_ = 0;
};

struct Status {
    Code code{};
    std::string message;
};
Result<Status> read_status(const Packet& packet);
Result<std::string> read_handle(const Packet& packet);
Result<std::string> read_data(const Packet& packet);
Result<Attributes> read_attributes(const Packet& packet);
// Names as they came: whether one may be used is the caller's question.
Result<std::vector<Entry>> read_names(const Packet& packet);
// Extensions and their versions.
Result<std::map<std::string, std::string>> read_extensions(const Packet& packet);

} // namespace pileus::cli::files::sftp
