// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files of one machine, this one or a guest, as a copy needs them. Paths are bytes, as the machine
// has them; a relative one begins where one stands (here) or in the user's home (there). One
// thread. Errors name the path and what to do; the code `connection_broken` means that nothing more
// will work.

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::cli::files {

inline constexpr const char* connection_broken = "ConnectionBroken";

enum class Kind { file, folder, link, other };

struct Attributes {
    Kind kind = Kind::other;
    uint64_t size = 0;
    uint32_t mode = 0; // the permissions, 07777
    int64_t modified_seconds = 0;
    int64_t modified_nanoseconds = 0; // 0 where the machine does not say
};

struct Entry {
    std::string name;
    Attributes attributes;
};

// A file being read, from its start or further on.
class Reader {
  public:
    virtual ~Reader() = default;
    // The next bytes; "" at the end.
    virtual Result<std::string> next() = 0;
};

// A file being written. One that is dropped without finish() keeps what was written.
class Writer {
  public:
    virtual ~Writer() = default;
    virtual Result<void> write(std::string_view bytes) = 0;
    // Sets permissions and time, and gives the file its name, in place of what has it now.
    virtual Result<void> finish(const Attributes& attributes, const std::string& final_path) = 0;
};

class FileSystem {
  public:
    virtual ~FileSystem() = default;
    // For people: "i-1:/tmp/a b".
    virtual std::string show(const std::string& path) const = 0;

    // nullopt: there is nothing of that name.
    virtual Result<std::optional<Attributes>> status(const std::string& path,
                                                     bool follow_links) = 0;
    virtual Result<std::vector<Entry>> list(const std::string& folder) = 0;
    // `expected_bytes` is what a look at it said; what is there is read, be it more or less.
    virtual Result<std::unique_ptr<Reader>>
    read(const std::string& path, uint64_t offset, uint64_t expected_bytes) = 0;
    // From `offset` on; at 0 the file is made, or emptied.
    virtual Result<std::unique_ptr<Writer>> write(const std::string& path, uint64_t offset) = 0;
    virtual Result<void> make_folder(const std::string& path, uint32_t mode) = 0;
    virtual Result<void> set_mode(const std::string& path, uint32_t mode) = 0;
    virtual Result<void> remove_file(const std::string& path) = 0;
    virtual Result<std::string> read_link(const std::string& path) = 0;
    virtual Result<void> make_link(const std::string& path, const std::string& target) = 0;
    // Absolute, without links; the path exists.
    virtual Result<std::string> canonical(const std::string& path) = 0;
};

} // namespace pileus::cli::files
