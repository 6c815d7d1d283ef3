// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/owner_lock.h"

#include "base/file.h"
#include "base/text.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <system_error>

namespace pileus::store {

namespace {

std::string holder(const std::string& path) {
    const auto content = read_file(path, 64);
    const auto pid = content ? std::string(trim(*content)) : "";
    return pid.empty() ? "another process" : fmt::format("process {}", pid);
}

} // namespace

Result<OwnerLock> OwnerLock::take(const std::string& path) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file)
        return fail(
            errors::unavailable,
            fmt::format("cannot open {}: {}", path, std::generic_category().message(errno)));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return fail(errors::unavailable,
                    fmt::format("{} already uses this store ({}): stop it, or give this one a "
                                "state folder of its own",
                                holder(path),
                                path));

    const auto pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(file.get(), 0) != 0 ||
        ::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
        return fail(
            errors::unavailable,
            fmt::format("cannot write {}: {}", path, std::generic_category().message(errno)));
    return OwnerLock(std::move(file));
}

} // namespace pileus::store
