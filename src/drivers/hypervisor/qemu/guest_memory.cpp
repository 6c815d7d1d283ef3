// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/guest_memory.h"

#include "base/file.h"
#include "base/text.h"
#include "drivers/hypervisor/qemu/machine_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <system_error>

namespace pileus::drivers {

namespace {

constexpr size_t page_bytes = 4096;
constexpr size_t maps_limit_bytes = 4 * 1024 * 1024;

tl::unexpected<Error> fail_errno(std::string_view what) {
    return fail(errors::unavailable,
                fmt::format("cannot {} the memory of a guest: {}",
                            what,
                            std::generic_category().message(errno)));
}

Result<int64_t> size_of(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0)
        return fail_errno("measure");
    return status.st_size;
}

class Mapping {
  public:
    static Result<Mapping> of(int fd, int64_t size, int protection) {
        void* const at = ::mmap(nullptr, static_cast<size_t>(size), protection, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED)
            return fail_errno("map");
        return Mapping(static_cast<char*>(at), static_cast<size_t>(size));
    }
    Mapping(Mapping&& other) noexcept
        : at_(std::exchange(other.at_, nullptr)), size_(other.size_) {}
    Mapping& operator=(Mapping&&) = delete;
    ~Mapping() {
        if (at_)
            ::munmap(at_, size_);
    }
    char* at(int64_t offset) const { return at_ + offset; }

  private:
    Mapping(char* at, size_t size) : at_(at), size_(size) {}
    char* at_;
    size_t size_;
};

struct Extent {
    int64_t begin = 0;
    int64_t end = 0;
};

// What holds data from `from` on; empty at the end.
Result<Extent> next_extent(int fd, int64_t from) {
    const off_t begin = ::lseek(fd, from, SEEK_DATA);
    if (begin < 0 && errno == ENXIO)
        return Extent{};
    const off_t end = begin < 0 ? -1 : ::lseek(fd, begin, SEEK_HOLE);
    if (end < 0)
        return fail_errno("read");
    return Extent{begin, end};
}

bool is_zero(const char* page) {
    return page[0] == 0 && std::memcmp(page, page + 1, page_bytes - 1) == 0;
}

void find_in(const MarkFinder& finder,
             const Mapping& memory,
             const Extent& extent,
             std::vector<MarkPlace>& places) {
    finder.find({memory.at(extent.begin), static_cast<size_t>(extent.end - extent.begin)},
                static_cast<uint64_t>(extent.begin),
                places);
}

Result<void> comb_extent(int fd,
                         const Extent& extent,
                         const Mapping& memory,
                         const MarkFinder& finder,
                         std::vector<MarkPlace>& places) {
    constexpr auto page = static_cast<int64_t>(page_bytes);
    int64_t at = extent.begin;
    while (at < extent.end) {
        int64_t end = at;
        const bool zeros = is_zero(memory.at(at));
        while (end < extent.end && is_zero(memory.at(end)) == zeros)
            end += page;
        end = std::min(end, extent.end);
        if (zeros && ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, end - at) != 0)
            return fail_errno("give back");
        if (!zeros)
            find_in(finder, memory, {at, end}, places);
        at = end;
    }
    return {};
}

Result<void> copy_extent(int from, int to, const Extent& extent) {
    off_t at = extent.begin;
    if (::lseek(to, at, SEEK_SET) < 0)
        return fail_errno("copy");
    while (at < extent.end) {
        const ssize_t n = ::sendfile(to, from, &at, static_cast<size_t>(extent.end - at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail_errno("copy");
    }
    return {};
}

Result<void> copy_sparsely(int from, int to) {
    PILEUS_ASSIGN(const int64_t size, size_of(from));
    if (::ftruncate(to, size) != 0)
        return fail_errno("copy");
    for (int64_t at = 0; at < size;) {
        PILEUS_ASSIGN(const Extent extent, next_extent(from, at));
        if (extent.end == 0)
            break;
        PILEUS_TRY(copy_extent(from, to, extent));
        at = extent.end;
    }
    return {};
}

// A piece of a process's address space that shows the file.
struct Window {
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t offset = 0; // in the file
};

// "7f0000000000-7f0020000000 rw-p 00000000 00:01 1234    /memfd:…"
std::optional<Window> parse_window(std::string_view line, const struct stat& file) {
    Window window;
    unsigned major = 0;
    unsigned minor = 0;
    unsigned long inode = 0;
    char mode[5] = {};
    const std::string text(line);
    if (std::sscanf(text.c_str(),
                    "%lx-%lx %4s %lx %x:%x %lu",
                    &window.begin,
                    &window.end,
                    mode,
                    &window.offset,
                    &major,
                    &minor,
                    &inode) != 7)
        return std::nullopt;
    if (inode != file.st_ino || ::makedev(major, minor) != file.st_dev ||
        std::strcmp(mode, "rw-p") != 0)
        return std::nullopt;
    return window;
}

Result<std::vector<Window>> windows_on(pid_t process, int memory) {
    struct stat file {};
    if (::fstat(memory, &file) != 0)
        return fail_errno("measure");
    PILEUS_ASSIGN(const auto text,
                  read_file(fmt::format("/proc/{}/maps", process), maps_limit_bytes));
    std::vector<Window> windows;
    for (const auto line : split(text, '\n'))
        if (const auto window = parse_window(line, file))
            windows.push_back(*window);
    return windows;
}

Result<void> write_at(int fd, std::string_view bytes, uint64_t address) {
    if (::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(address)) !=
        static_cast<ssize_t>(bytes.size()))
        return fail_errno("change");
    return {};
}

} // namespace

Result<UniqueFd> make_guest_memory(int64_t size_bytes) {
    UniqueFd fd(::memfd_create("guest-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd || ::ftruncate(fd.get(), size_bytes) != 0 ||
        ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
        return fail_errno("make");
    return fd;
}

Result<void> seal_guest_memory(int memory) {
    if (::fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return fail_errno("seal");
    return {};
}

int64_t used_bytes_of(int memory) {
    struct stat status {};
    return ::fstat(memory, &status) == 0 ? int64_t{status.st_blocks} * 512 : 0;
}

Result<std::vector<MarkPlace>> comb_guest_memory(int memory, const IdentityMarks& marks) {
    PILEUS_ASSIGN(const int64_t size, size_of(memory));
    PILEUS_ASSIGN(const Mapping mapping, Mapping::of(memory, size, PROT_READ));
    const MarkFinder finder(marks);
    std::vector<MarkPlace> places;
    for (int64_t at = 0; at < size;) {
        PILEUS_ASSIGN(const Extent extent, next_extent(memory, at));
        if (extent.end == 0)
            break;
        PILEUS_TRY(comb_extent(memory, extent, mapping, finder, places));
        at = extent.end;
    }
    return places;
}

Result<void> save_guest_memory(int memory, const std::filesystem::path& path) {
    PILEUS_ASSIGN(const UniqueFd file, open_path(path, O_WRONLY | O_CREAT | O_TRUNC));
    PILEUS_TRY(copy_sparsely(memory, file.get()));
    if (::fdatasync(file.get()) != 0)
        return fail_errno("keep");
    return {};
}

Result<UniqueFd> load_guest_memory(const std::filesystem::path& path) {
    PILEUS_ASSIGN(const UniqueFd file, open_path(path, O_RDONLY));
    PILEUS_ASSIGN(const int64_t size, size_of(file.get()));
    PILEUS_ASSIGN(UniqueFd memory, make_guest_memory(size));
    PILEUS_TRY(copy_sparsely(file.get(), memory.get()));
    PILEUS_TRY(seal_guest_memory(memory.get()));
    return memory;
}

Result<void> replace_marks_of(pid_t process,
                              int memory,
                              const std::vector<MarkPlace>& places,
                              const IdentityMarks& marks) {
    PILEUS_ASSIGN(const auto windows, windows_on(process, memory));
    PILEUS_ASSIGN(const UniqueFd space, open_path(fmt::format("/proc/{}/mem", process), O_WRONLY));
    for (const auto& place : places) {
        const auto mark = bytes_of(place.form, marks);
        if (!mark)
            continue;
        const auto window = std::find_if(windows.begin(), windows.end(), [&](const Window& each) {
            return place.offset >= each.offset &&
                   place.offset + mark->size() <= each.offset + (each.end - each.begin);
        });
        if (window == windows.end())
            return fail(errors::unavailable, "a guest does not have its memory where it should");
        PILEUS_TRY(write_at(space.get(), *mark, window->begin + (place.offset - window->offset)));
    }
    return {};
}

} // namespace pileus::drivers
