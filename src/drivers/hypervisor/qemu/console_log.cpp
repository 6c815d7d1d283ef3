// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/console_log.h"

#include "base/unique_fd.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <system_error>

namespace pileus::drivers {

namespace {

constexpr int64_t block_bytes = 4096;

} // namespace

void bound_log(int fd, int64_t limit_bytes) {
    struct stat status {};
    // Acting at half of the limit leaves the other half for what comes until the next look.
    if (::fstat(fd, &status) != 0 || status.st_blocks * 512 <= limit_bytes / 2)
        return;
    const int64_t end = (status.st_size - limit_bytes / 4) / block_bytes * block_bytes;
    if (end <= 0)
        return;
    // A hole: nothing moves under QEMU's appending. Where the file system has none, all goes.
    if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, end) != 0)
        (void)!::ftruncate(fd, 0);
}

Result<std::string> read_log_end(const std::filesystem::path& path, size_t limit) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT)
        return std::string();
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0)
        return fail(errors::unavailable,
                    fmt::format("cannot read {}: {}",
                                path.string(),
                                std::generic_category().message(errno)));
    const auto size = static_cast<size_t>(status.st_size);
    std::string text(std::min(size, limit), '\0');
    const ssize_t n =
        ::pread(fd.get(), text.data(), text.size(), static_cast<off_t>(size - text.size()));
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    // What lay before was given back and reads as zeros.
    const size_t start = text.find_first_not_of('\0');
    return start == std::string::npos ? std::string() : text.substr(start);
}

} // namespace pileus::drivers
