// SPDX-License-Identifier: Apache-2.0
#include "daemon/machine.h"

#include "base/file.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <thread>
#include <unistd.h>

namespace pileus::daemon {

namespace {

// What the host keeps for itself: its own programs, the daemon, QEMU's translation caches.
constexpr int64_t reserve_mib_min = 512;
constexpr int64_t reserve_mib_max = 4096;

} // namespace

int cpus_of_machine() {
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

int64_t memory_mib_of_machine() {
    const auto pages = ::sysconf(_SC_PHYS_PAGES);
    const auto page_bytes = ::sysconf(_SC_PAGE_SIZE);
    return static_cast<int64_t>(pages) * page_bytes / (1024 * 1024);
}

int64_t free_bytes_of(const std::filesystem::path& folder) {
    std::error_code error;
    const auto space = std::filesystem::space(folder, error);
    return error ? 0 : static_cast<int64_t>(space.available);
}

int64_t available_memory_bytes() {
    static constexpr std::string_view name = "MemAvailable:";
    const auto text = read_file("/proc/meminfo");
    if (!text)
        return 0;
    for (const auto line : split(*text, '\n'))
        if (line.starts_with(name)) {
            auto value = trim(line.substr(name.size()));
            value = value.substr(0, value.find(' '));
            return parse_int(value).value_or(0) * 1024;
        }
    return 0;
}

// The first line of /proc/stat: "cpu  user nice system idle iowait …", in ticks of all CPUs.
double IdleCpus::look() {
    static constexpr size_t idle_column = 3, iowait_column = 4;
    const auto text = read_file("/proc/stat");
    const std::lock_guard lock(mutex_);
    if (!text)
        return idle_;
    int64_t idle = 0, all = 0;
    size_t column = 0;
    for (const auto field : split(split(*text, '\n').front(), ' ')) {
        const auto ticks = parse_int(field);
        if (!ticks)
            continue; // the name, and the blank after it
        all += *ticks;
        if (column == idle_column || column == iowait_column)
            idle += *ticks;
        ++column;
    }
    if (last_ && all > last_->second)
        idle_ = static_cast<double>(idle - last_->first) /
                static_cast<double>(all - last_->second) * cpus_of_machine();
    last_ = {idle, all};
    return idle_;
}

std::string boot_id() {
    const auto text = read_file("/proc/sys/kernel/random/boot_id");
    return text ? std::string(trim(*text)) : std::string();
}

void complete_capacity(cloud::HostCapacity& host) {
    if (host.cpus == 0)
        host.cpus = cpus_of_machine();
    if (host.memory_mib == 0) {
        const auto total = memory_mib_of_machine();
        host.memory_mib = total - std::clamp(total / 8, reserve_mib_min, reserve_mib_max);
    }
}

std::filesystem::path sibling_program(const std::string& name) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return self.parent_path() / name;
}

Result<std::filesystem::path> find_share_dir(const Config& config) {
    const std::array candidates{config.share_dir,
                                sibling_program("..") / "share" / "pileus",
                                std::filesystem::path(PILEUS_SOURCE_DIR)};
    for (const auto& candidate : candidates)
        if (!candidate.empty() &&
            std::filesystem::exists(candidate / "data" / "instance_types.toml"))
            return candidate;
    return fail(
        errors::not_found,
        fmt::format(
            "data/instance_types.toml is in none of: {}. Set share_dir in the configuration.",
            fmt::format("{}, {}, {}",
                        candidates[0].string(),
                        candidates[1].string(),
                        candidates[2].string())));
}

} // namespace pileus::daemon
