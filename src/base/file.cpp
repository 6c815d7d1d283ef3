// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include "base/unique_fd.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>

namespace pileus {

namespace {

tl::unexpected<Error> fail_errno(const char* what, const std::filesystem::path& path) {
    const int number = errno;
    return fail(
        number == ENOENT ? errors::not_found : errors::unavailable,
        fmt::format(
            "cannot {} {}: {}", what, path.string(), std::generic_category().message(number)));
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        content.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0)
        return fail_errno("sync the folder", folder);
    return {};
}

} // namespace

Result<std::string> read_file(const std::filesystem::path& path, size_t limit) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        return fail_errno("open", path);
    // Files of /proc say that they are empty: the size is not asked, the file is read to its end.
    std::string content;
    std::array<char, 16384> buffer;
    while (true) {
        const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno("read", path);
        if (n == 0)
            return content;
        if (content.size() + static_cast<size_t>(n) > limit)
            return fail(errors::invalid,
                        fmt::format("{} is larger than {} bytes", path.string(), limit));
        content.append(buffer.data(), static_cast<size_t>(n));
    }
}

namespace {

enum class WaitsForDisk { yes, no };

Result<void> write_beside_and_rename(const std::filesystem::path& path,
                                     const std::filesystem::path& folder,
                                     std::string_view content,
                                     unsigned mode,
                                     WaitsForDisk waits) {
    std::string temporary = (folder / ("." + path.filename().string() + ".XXXXXX")).string();
    UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd)
        return fail_errno("create a file beside", path);
    if (!write_all(fd.get(), content) || ::fchmod(fd.get(), mode) != 0 ||
        (waits == WaitsForDisk::yes && ::fsync(fd.get()) != 0) ||
        ::rename(temporary.c_str(), path.c_str()) != 0) {
        auto error = fail_errno("write", path);
        ::unlink(temporary.c_str());
        return error;
    }
    return {};
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

} // namespace

Result<void>
write_file_durably(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    const auto folder = folder_of(path);
    PILEUS_TRY(write_beside_and_rename(path, folder, content, mode, WaitsForDisk::yes));
    return sync_folder(folder);
}

Result<void> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0)
        return fail_errno("rename", from);
    return sync_folder(folder_of(to));
}

Result<void> remove_durably(const std::filesystem::path& path) {
    if (::unlink(path.c_str()) == 0)
        return sync_folder(folder_of(path));
    if (errno == ENOENT)
        return {};
    return fail_errno("remove", path);
}

Result<void>
replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    return write_beside_and_rename(path, folder_of(path), content, mode, WaitsForDisk::no);
}

bool lock_exclusively(int fd) {
    constexpr int attempts = 40;
    constexpr std::chrono::milliseconds pause{25};
    for (int i = 0; i < attempts; ++i) {
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        std::this_thread::sleep_for(pause);
    }
    return false;
}

Result<void> make_directories(const std::filesystem::path& path, unsigned mode) {
    std::filesystem::path folder;
    for (const auto& part : path) {
        folder /= part;
        if (::mkdir(folder.c_str(), mode) == 0 || errno == EEXIST)
            continue;
        return fail_errno("create the folder", folder);
    }
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored))
        return fail(errors::unavailable,
                    fmt::format("{} exists and is not a folder", path.string()));
    return {};
}

Result<void> check_reachable_by_others(const std::filesystem::path& path) {
    std::filesystem::path folder;
    for (const auto& part : path) {
        folder /= part;
        struct stat status {};
        if (::stat(folder.c_str(), &status) != 0)
            return fail_errno("look at", folder);
        if ((status.st_mode & S_IXOTH) == 0)
            return fail(errors::invalid,
                        fmt::format("{} must be reachable by every user, and {} is not: chmod o+x "
                                    "it, or choose another folder",
                                    path.string(),
                                    folder.string()));
    }
    return {};
}

Result<void> remove_tree(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error)
        return fail(errors::unavailable,
                    fmt::format("cannot remove {}: {}", path.string(), error.message()));
    return {};
}

} // namespace pileus
