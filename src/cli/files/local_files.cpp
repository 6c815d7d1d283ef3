// SPDX-License-Identifier: Apache-2.0
#include "cli/files/local_files.h"

#include "base/unique_fd.h"
#include "cli/files/limits.h"
#include "cli/files/places.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <system_error>

namespace pileus::cli::files {

namespace {

constexpr size_t read_bytes = 128 * 1024;
constexpr uint32_t private_mode = 0600;

Error error_of(const std::string& path, int number) {
    const auto name = printable(path);
    if (number == ENOENT)
        return {errors::not_found, fmt::format("{} is not there", name)};
    if (number == EACCES || number == EPERM)
        return {errors::invalid, fmt::format("{}: permission denied", name)};
    return {errors::unavailable,
            fmt::format("{}: {}", name, std::generic_category().message(number))};
}

Result<void> outcome(int returned, const std::string& path) {
    if (returned == 0)
        return {};
    return fail(error_of(path, errno));
}

Attributes attributes_of(const struct stat& status) {
    Attributes attributes;
    attributes.kind = S_ISREG(status.st_mode)   ? Kind::file
                      : S_ISDIR(status.st_mode) ? Kind::folder
                      : S_ISLNK(status.st_mode) ? Kind::link
                                                : Kind::other;
    attributes.size = static_cast<uint64_t>(status.st_size);
    attributes.mode = status.st_mode & 07777;
    attributes.modified_seconds = status.st_mtim.tv_sec;
    attributes.modified_nanoseconds = status.st_mtim.tv_nsec;
    return attributes;
}

class LocalReader final : public Reader {
  public:
    LocalReader(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Result<std::string> next() override {
        std::string bytes(read_bytes, '\0');
        for (;;) {
            const ssize_t n = ::read(fd_.get(), bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return fail(error_of(path_, errno));
            bytes.resize(static_cast<size_t>(n));
            return bytes;
        }
    }

  private:
    const UniqueFd fd_;
    const std::string path_;
};

class LocalWriter final : public Writer {
  public:
    LocalWriter(UniqueFd fd, std::string path, uint32_t umask)
        : fd_(std::move(fd)), path_(std::move(path)), umask_(umask) {}

    Result<void> write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                return fail(error_of(path_, errno));
            bytes.remove_prefix(static_cast<size_t>(n));
        }
        return {};
    }

    Result<void> finish(const Attributes& attributes, const std::string& final_path) override {
        // Not every file system keeps permissions and times: without them it is a copy, too.
        (void)::fchmod(fd_.get(), attributes.mode & ~umask_);
        const std::array<timespec, 2> times{
            timespec{0, UTIME_OMIT},
            timespec{attributes.modified_seconds, attributes.modified_nanoseconds}};
        (void)::futimens(fd_.get(), times.data());
        PILEUS_TRY(outcome(::close(fd_.release()), path_));
        return outcome(::rename(path_.c_str(), final_path.c_str()), final_path);
    }

  private:
    UniqueFd fd_;
    const std::string path_;
    const uint32_t umask_;
};

} // namespace

std::string LocalFiles::show(const std::string& path) const {
    return printable(path);
}

Result<std::optional<Attributes>> LocalFiles::status(const std::string& path, bool follow_links) {
    struct stat status {};
    const int flags = follow_links ? 0 : AT_SYMLINK_NOFOLLOW;
    if (::fstatat(AT_FDCWD, path.c_str(), &status, flags) == 0)
        return attributes_of(status);
    if (errno == ENOENT)
        return std::nullopt;
    return fail(error_of(path, errno));
}

Result<std::vector<Entry>> LocalFiles::list(const std::string& folder) {
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
    if (!open)
        return fail(error_of(folder, errno));
    std::vector<Entry> entries;
    for (;;) {
        errno = 0;
        const dirent* found = ::readdir(open.get());
        if (!found && errno != 0)
            return fail(error_of(folder, errno));
        if (!found)
            return entries;
        std::string name(found->d_name);
        if (name == "." || name == "..")
            continue;
        struct stat status {};
        if (::fstatat(::dirfd(open.get()), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT)
                continue; // it went meanwhile
            return fail(error_of(join(folder, name), errno));
        }
        entries.push_back({std::move(name), attributes_of(status)});
        if (entries.size() > folder_entries_max)
            return fail(errors::invalid,
                        fmt::format("{} holds more than {} files: copy it as an archive",
                                    show(folder),
                                    folder_entries_max));
    }
}

Result<std::unique_ptr<Reader>>
LocalFiles::read(const std::string& path, uint64_t offset, uint64_t) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::lseek(fd.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
        return fail(error_of(path, errno));
    return std::make_unique<LocalReader>(std::move(fd), path);
}

Result<std::unique_ptr<Writer>> LocalFiles::write(const std::string& path, uint64_t offset) {
    const int anew = offset == 0 ? O_CREAT | O_TRUNC : 0;
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | anew, private_mode));
    if (!fd || ::lseek(fd.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
        return fail(error_of(path, errno));
    return std::make_unique<LocalWriter>(std::move(fd), path, umask_);
}

Result<void> LocalFiles::make_folder(const std::string& path, uint32_t mode) {
    return outcome(::mkdir(path.c_str(), mode & ~umask_), path);
}

Result<void> LocalFiles::set_mode(const std::string& path, uint32_t mode) {
    return outcome(::fchmodat(AT_FDCWD, path.c_str(), mode & ~umask_, 0), path);
}

Result<void> LocalFiles::remove_file(const std::string& path) {
    return outcome(::unlink(path.c_str()), path);
}

Result<std::string> LocalFiles::read_link(const std::string& path) {
    std::string target(PATH_MAX, '\0');
    const ssize_t n = ::readlink(path.c_str(), target.data(), target.size());
    if (n < 0)
        return fail(error_of(path, errno));
    target.resize(static_cast<size_t>(n));
    return target;
}

Result<void> LocalFiles::make_link(const std::string& path, const std::string& target) {
    return outcome(::symlink(target.c_str(), path.c_str()), path);
}

Result<std::string> LocalFiles::canonical(const std::string& path) {
    const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr),
                                                          std::free);
    if (!resolved)
        return fail(error_of(path, errno));
    return std::string(resolved.get());
}

} // namespace pileus::cli::files
