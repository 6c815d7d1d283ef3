// SPDX-License-Identifier: Apache-2.0
#include "engine/disk_limits.h"

#include <algorithm>

namespace pileus::engine {

namespace {

using drivers::DiskLimits;

constexpr int64_t kib = 1024;
constexpr int64_t mib = 1024 * kib;
constexpr int64_t gib_per_tib = 1024;

// A small gp2 volume lives on 3 I/O a second for each GiB, and has a purse of 5.4 million for
// bursts of 3000.
DiskLimits gp2(int64_t size_gib) {
    constexpr int64_t burst = 3000;
    constexpr int64_t purse = 5'400'000;
    constexpr int64_t small_gib = 170; // up to here it has 128 MiB/s, above 250
    DiskLimits limits;
    limits.iops = std::clamp<int64_t>(size_gib * 3, 100, 16000);
    limits.bytes_per_second = (size_gib <= small_gib ? 128 : 250) * mib;
    if (limits.iops < burst) {
        limits.burst_iops = burst;
        limits.burst_seconds = purse / (burst - limits.iops);
    }
    return limits;
}

DiskLimits io1(int64_t iops) {
    // Up to 32000 I/O of 256 KiB make at most 500 MiB/s, more of them at most 1000.
    constexpr int64_t many = 32000;
    DiskLimits limits{.iops = iops};
    limits.bytes_per_second = iops <= many ? std::min(iops * 256 * kib, 500 * mib)
                                           : std::min(iops * 16 * kib, 1000 * mib);
    return limits;
}

// The magnetic ones: so much for each TiB, with a purse of one TiB's worth for bursts.
DiskLimits magnetic(int64_t size_gib, int64_t base_mib, int64_t burst_mib, int64_t most_mib) {
    const auto share = [&](int64_t per_tib) {
        return std::min(size_gib * per_tib * mib / gib_per_tib, most_mib * mib);
    };
    DiskLimits limits;
    limits.bytes_per_second = share(base_mib);
    const auto burst = share(burst_mib);
    if (burst > limits.bytes_per_second) {
        const auto purse = size_gib * 1024 * mib;
        limits.burst_bytes_per_second = burst;
        limits.burst_seconds = purse / (burst - limits.bytes_per_second);
    }
    return limits;
}

} // namespace

DiskLimits disk_limits(const domain::Volume& volume) {
    if (volume.type == "gp3")
        return {.iops = volume.iops, .bytes_per_second = volume.throughput_mib_s * mib};
    if (volume.type == "gp2")
        return gp2(volume.size_gib);
    if (volume.type == "io1")
        return io1(volume.iops);
    if (volume.type == "io2")
        return {.iops = volume.iops,
                .bytes_per_second = std::min(volume.iops * 256 * kib, 4000 * mib)};
    if (volume.type == "st1")
        return magnetic(volume.size_gib, 40, 250, 500);
    if (volume.type == "sc1")
        return magnetic(volume.size_gib, 12, 80, 250);
    if (volume.type == "standard") // "about 100 on average, bursts of hundreds"
        return {.iops = 100, .bytes_per_second = 90 * mib, .burst_iops = 300, .burst_seconds = 60};
    return {};
}

} // namespace pileus::engine
