// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kinds of charges. What each is measured in, and for how long a thing is charged that lasted
// from one second to another. Pure; times are seconds since 1970.

#include <cstdint>
#include <string_view>

namespace pileus::meter {

enum class ChargeKind {
    instance,
    volume,
    volume_iops,       // provisioned beyond what the type includes
    volume_throughput, // the same, in MiB/s
    snapshot,
    address,
    nat_gateway,
    nat_gateway_bytes,
    data_out,
    cpu_credits, // surplus credits of burstable types in unlimited mode
};

// What one unit of the price buys.
enum class Unit {
    hour,
    unit_month,  // of a GiB, an IOPS, a MiB/s
    byte_month,  // the quantity is in bytes, the price is of a GiB-month
    byte,        // the quantity is in bytes, the price is of a GiB
    vcpu_second, // the quantity is in vCPU-seconds, the price is of a vCPU-hour
};
Unit unit_of(ChargeKind kind);
// "Hrs", "GB-Mo" …, as AWS's bills have it.
std::string_view unit_name(ChargeKind kind);

// Does not last: it happens at an instant.
inline bool is_at_once(ChargeKind kind) {
    const auto unit = unit_of(kind);
    return unit == Unit::byte || unit == Unit::vcpu_second;
}

// Until when a thing is charged that began at `start` and has lasted until `end`. The minimum is
// counted from `minimum_start`: neither a resize nor a reboot begins another.
int64_t charged_until(ChargeKind kind, int64_t start, int64_t minimum_start, int64_t end);

// The second at which the next month begins (UTC), and the days of the month that `second` is in.
struct Month {
    int64_t start = 0;
    int64_t end = 0;
    int days = 0;
};
Month month_of(int64_t second);

} // namespace pileus::meter
