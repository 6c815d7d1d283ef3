// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/disk_file.h"

#include "base/file.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>

namespace pileus::drivers {

namespace {

constexpr size_t copy_step_bytes = 64 * 1024 * 1024;
constexpr mode_t snapshot_mode = 0400;

tl::unexpected<Error> fail_errno(const char* what, const std::filesystem::path& path) {
    const int number = errno;
    return fail(
        number == ENOENT ? errors::not_found : errors::unavailable,
        fmt::format(
            "cannot {} {}: {}", what, path.string(), std::generic_category().message(number)));
}

Result<Qcow2Header> read_header(const UniqueFd& fd) {
    PILEUS_ASSIGN(const DiskBytes bytes, bytes_of_file(fd));
    return read_standalone_qcow2(bytes.read(0, qcow2_limits::header_bytes), bytes.size);
}

Result<void> write_at(const UniqueFd& fd,
                      const std::filesystem::path& path,
                      const std::string& bytes,
                      uint64_t offset) {
    const ssize_t written =
        ::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written == static_cast<ssize_t>(bytes.size()))
        return {};
    if (written >= 0)
        errno = ENOSPC; // a short write to a file means just that
    return fail_errno("write", path);
}

Result<void> copy_bytes(const UniqueFd& from, const UniqueFd& to, const std::string& path) {
    if (::ioctl(to.get(), FICLONE, from.get()) == 0)
        return {};
    bool is_same_file_system = true;
    while (true) {
        const ssize_t n =
            is_same_file_system
                ? ::copy_file_range(from.get(), nullptr, to.get(), nullptr, copy_step_bytes, 0)
                : ::sendfile(to.get(), from.get(), nullptr, copy_step_bytes);
        if (n == 0)
            return {};
        if (n < 0 && errno == EXDEV && is_same_file_system) {
            is_same_file_system = false;
            continue;
        }
        if (n < 0 && errno != EINTR)
            return fail_errno("copy", path);
    }
}

} // namespace

NewDiskFile::NewDiskFile(std::filesystem::path path, UniqueFd fd)
    : path_(std::move(path)), fd_(std::move(fd)) {}

NewDiskFile::~NewDiskFile() {
    if (fd_)
        ::unlink(unfinished_path(path_).c_str());
}

Result<NewDiskFile> NewDiskFile::create(const std::filesystem::path& path, unsigned mode) {
    const auto unfinished = unfinished_path(path);
    ::unlink(unfinished.c_str());
    UniqueFd fd(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!fd)
        return fail_errno("create", path);
    return NewDiskFile(path, std::move(fd));
}

Result<void> NewDiskFile::finish() {
    PILEUS_TRY(sync_file(fd_, path_));
    if (::rename(unfinished_path(path_).c_str(), path_.c_str()) != 0)
        return fail_errno("name", path_);
    fd_.reset();
    return sync_folder(path_.parent_path());
}

std::filesystem::path unfinished_path(const std::filesystem::path& path) {
    return path.parent_path() / ("." + path.filename().string() + ".new");
}

bool is_unfinished(const std::filesystem::path& path) {
    return path.filename().string().starts_with('.');
}

Result<void> write_new_image(const std::filesystem::path& path, const NewQcow2& image) {
    PILEUS_ASSIGN(auto file, NewDiskFile::create(path));
    PILEUS_TRY(write_at(file.fd(), path, image.bytes, 0));
    PILEUS_TRY(write_at(file.fd(), path, image.luks, image.luks_offset));
    if (::ftruncate(file.fd().get(), static_cast<off_t>(image.file_bytes)) != 0)
        return fail_errno("write", path);
    return file.finish();
}

Result<Qcow2Header> copy_image(const std::string& from, const std::filesystem::path& to) {
    PILEUS_ASSIGN(const UniqueFd source, open_disk_file(from, O_RDONLY));
    PILEUS_TRY(read_header(source)); // spares the copy of what is plainly wrong
    PILEUS_ASSIGN(auto target, NewDiskFile::create(to, snapshot_mode));
    PILEUS_TRY(copy_bytes(source, target.fd(), from));
    // What counts is the copy: somebody may be changing the source.
    PILEUS_ASSIGN(Qcow2Header header, read_header(target.fd()));
    PILEUS_TRY(target.finish());
    return header;
}

Result<Qcow2Header> read_image_header(const std::filesystem::path& path) {
    PILEUS_ASSIGN(const UniqueFd fd, open_disk_file(path, O_RDONLY));
    return read_header(fd);
}

Result<UniqueFd> open_disk_file(const std::filesystem::path& path, int flags) {
    // Never waits for a fifo, never follows a link that the folder's owner did not see.
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK));
    if (!fd)
        return fail_errno("open", path);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0)
        return fail_errno("stat", path);
    if (!S_ISREG(status.st_mode))
        return fail(errors::invalid, fmt::format("{} is not a file", path.string()));
    return fd;
}

Result<DiskBytes> bytes_of_file(const UniqueFd& file) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0)
        return fail_errno("stat", "a disk");
    const auto read = [fd = file.get()](uint64_t offset, size_t count) {
        std::string bytes(count, '\0');
        size_t filled = 0;
        while (filled < count) {
            const ssize_t n = ::pread(
                fd, bytes.data() + filled, count - filled, static_cast<off_t>(offset + filled));
            if (n <= 0 && !(n < 0 && errno == EINTR))
                break;
            filled += n > 0 ? static_cast<size_t>(n) : 0;
        }
        bytes.resize(filled);
        return bytes;
    };
    return DiskBytes{static_cast<uint64_t>(status.st_size), read};
}

int64_t allocated_bytes(const std::filesystem::path& path) {
    constexpr int64_t block = 512; // of st_blocks, whatever the file system's own is
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_blocks * block : 0;
}

Result<void> sync_file(const UniqueFd& file, const std::filesystem::path& path) {
    return ::fsync(file.get()) == 0 ? Result<void>() : fail_errno("sync", path);
}

Result<void> make_read_only(const std::filesystem::path& path) {
    return ::chmod(path.c_str(), snapshot_mode) == 0 ? Result<void>() : fail_errno("protect", path);
}

Result<UniqueFd> lock_file(const std::filesystem::path& path) {
    PILEUS_ASSIGN(UniqueFd fd, open_disk_file(path, O_RDWR));
    if (!lock_exclusively(fd.get()))
        return fail(errors::unavailable,
                    fmt::format("{} is in use by a running instance", path.string()));
    return fd;
}

bool is_in_use(const std::filesystem::path& path) {
    const auto locked = lock_file(path);
    return !locked && locked.error().code == errors::unavailable;
}

Result<void> write_virtual_size(const UniqueFd& locked, int64_t virtual_bytes) {
    PILEUS_TRY(write_at(locked, "a disk", virtual_size_field(virtual_bytes), virtual_size_offset));
    return sync_file(locked, "a disk");
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0)
        return fail_errno("sync the folder", folder);
    return {};
}

} // namespace pileus::drivers
