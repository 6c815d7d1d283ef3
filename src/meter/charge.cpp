// SPDX-License-Identifier: Apache-2.0
#include "meter/charge.h"

#include <algorithm>
#include <chrono>

namespace pileus::meter {

namespace {
constexpr int64_t minimum_seconds = 60;
constexpr int64_t hour_seconds = 3600;
} // namespace

Unit unit_of(ChargeKind kind) {
    switch (kind) {
    case ChargeKind::volume:
    case ChargeKind::volume_iops:
    case ChargeKind::volume_throughput:
        return Unit::unit_month;
    case ChargeKind::snapshot:
        return Unit::byte_month;
    case ChargeKind::nat_gateway_bytes:
    case ChargeKind::data_out:
        return Unit::byte;
    case ChargeKind::cpu_credits:
        return Unit::vcpu_second;
    case ChargeKind::instance:
    case ChargeKind::address:
    case ChargeKind::nat_gateway:
        break;
    }
    return Unit::hour;
}

std::string_view unit_name(ChargeKind kind) {
    switch (kind) {
    case ChargeKind::volume:
    case ChargeKind::snapshot:
        return "GB-Mo";
    case ChargeKind::volume_iops:
        return "IOPS-Mo";
    case ChargeKind::volume_throughput:
        return "MiBps-Mo";
    case ChargeKind::nat_gateway_bytes:
    case ChargeKind::data_out:
        return "GB";
    case ChargeKind::cpu_credits:
        return "vCPU-Hours";
    case ChargeKind::instance:
    case ChargeKind::address:
    case ChargeKind::nat_gateway:
        break;
    }
    return "Hrs";
}

int64_t charged_until(ChargeKind kind, int64_t start, int64_t minimum_start, int64_t end) {
    if (kind == ChargeKind::instance || unit_of(kind) == Unit::unit_month)
        return std::max(end, minimum_start + minimum_seconds);
    if (kind != ChargeKind::nat_gateway)
        return end;
    // Hours are counted from `minimum_start` too, so that a clock that jumped begins no new one.
    const int64_t hours_begun =
        (std::max<int64_t>(end - minimum_start, 1) + hour_seconds - 1) / hour_seconds;
    return std::max(start, minimum_start + hours_begun * hour_seconds);
}

Month month_of(int64_t second) {
    using namespace std::chrono;
    const year_month_day date{floor<days>(sys_seconds{seconds{second}})};
    const sys_days first{date.year() / date.month() / 1};
    const sys_days next{(date.year() / date.month() + months{1}) / 1};
    return {sys_seconds{first}.time_since_epoch().count(),
            sys_seconds{next}.time_since_epoch().count(),
            static_cast<int>((next - first).count())};
}

} // namespace pileus::meter
