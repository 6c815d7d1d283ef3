// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/disk_file.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>

namespace pileus::drivers {

namespace {

constexpr size_t copy_step_bytes = 64 * 1024 * 1024;
constexpr mode_t volume_mode = 0600;
constexpr mode_t snapshot_mode = 0400;

tl::unexpected<Error> fail_errno(const char* what, const std::filesystem::path& path) {
    const int number = errno;
    return fail(
        number == ENOENT ? errors::not_found : errors::unavailable,
        fmt::format(
            "cannot {} {}: {}", what, path.string(), std::generic_category().message(number)));
}

// A file under its hidden name, removed again unless it was finished.
class NewFile {
  public:
    NewFile(std::filesystem::path path, mode_t mode)
        : path_(std::move(path)), unfinished_(unfinished_path(path_)) {
        ::unlink(unfinished_.c_str());
        fd_.reset(::open(unfinished_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;
    ~NewFile() {
        if (fd_ && !finished_)
            ::unlink(unfinished_.c_str());
    }

    const UniqueFd& fd() const { return fd_; }

    // Durable, then visible, then durably visible.
    Result<void> finish() {
        if (::fsync(fd_.get()) != 0)
            return fail_errno("sync", path_);
        if (::rename(unfinished_.c_str(), path_.c_str()) != 0)
            return fail_errno("name", path_);
        finished_ = true;
        return sync_folder(path_.parent_path());
    }

  private:
    const std::filesystem::path path_;
    const std::filesystem::path unfinished_;
    UniqueFd fd_;
    bool finished_ = false;
};

Result<UniqueFd> open_for_reading(const std::filesystem::path& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)); // never wait for a fifo
    if (!fd)
        return fail_errno("open", path);
    return fd;
}

Result<Qcow2Header> read_header(const UniqueFd& fd, const std::filesystem::path& path) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0)
        return fail_errno("stat", path);
    if (!S_ISREG(status.st_mode))
        return fail(errors::invalid, fmt::format("{} is not a file", path.string()));
    std::string start(qcow2_limits::header_bytes, '\0');
    const ssize_t n = ::pread(fd.get(), start.data(), start.size(), 0);
    if (n < 0)
        return fail_errno("read", path);
    start.resize(static_cast<size_t>(n));
    return read_standalone_qcow2(start, static_cast<uint64_t>(status.st_size));
}

Result<void> copy_bytes(const UniqueFd& from, const UniqueFd& to, const std::string& path) {
    if (::ioctl(to.get(), FICLONE, from.get()) == 0)
        return {};
    while (true) {
        const ssize_t n =
            ::copy_file_range(from.get(), nullptr, to.get(), nullptr, copy_step_bytes, 0);
        if (n == 0)
            return {};
        if (n < 0 && errno != EINTR)
            return fail_errno("copy", path);
    }
}

// Tries for a second: a child that another thread has just started holds copies of our descriptors,
// and so of their locks, until its exec.
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

} // namespace

std::filesystem::path unfinished_path(const std::filesystem::path& path) {
    return path.parent_path() / ("." + path.filename().string() + ".new");
}

bool is_unfinished(const std::filesystem::path& path) {
    return path.filename().string().starts_with('.');
}

Result<void> write_new_image(const std::filesystem::path& path, const NewQcow2& image) {
    NewFile file(path, volume_mode);
    if (!file.fd())
        return fail_errno("create", path);
    const ssize_t written = ::pwrite(file.fd().get(), image.bytes.data(), image.bytes.size(), 0);
    if (written != static_cast<ssize_t>(image.bytes.size())) {
        if (written >= 0)
            errno = ENOSPC; // a short write to a file means just that
        return fail_errno("write", path);
    }
    if (::ftruncate(file.fd().get(), static_cast<off_t>(image.file_bytes)) != 0)
        return fail_errno("write", path);
    return file.finish();
}

Result<Qcow2Header> copy_image(const std::string& from, const std::filesystem::path& to) {
    PILEUS_ASSIGN(const UniqueFd source, open_for_reading(from));
    PILEUS_TRY(read_header(source, from)); // spares the copy of what is plainly wrong
    NewFile target(to, snapshot_mode);
    if (!target.fd())
        return fail_errno("create", to);
    PILEUS_TRY(copy_bytes(source, target.fd(), from));
    // What counts is the copy: somebody may be changing the source.
    PILEUS_ASSIGN(Qcow2Header header, read_header(target.fd(), to));
    PILEUS_TRY(target.finish());
    return header;
}

Result<Qcow2Header> read_image_header(const std::filesystem::path& path) {
    PILEUS_ASSIGN(const UniqueFd fd, open_for_reading(path));
    return read_header(fd, path);
}

Result<void> remove_unlocked_file(const std::filesystem::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        return errno == ENOENT ? Result<void>() : fail_errno("open", path);
    if (!lock_exclusively(fd.get()))
        return fail(errors::unavailable,
                    fmt::format("{} is in use by a running instance", path.string()));
    if (::unlink(path.c_str()) != 0)
        return fail_errno("remove", path);
    return sync_folder(path.parent_path());
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0)
        return fail_errno("sync the folder", folder);
    return {};
}

} // namespace pileus::drivers
