// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the verbs check before they do anything. Pure functions.

#include "base/result.h"
#include "domain/ids.h"
#include "drivers/volumes/formats/qcow2_header.h"

#include <fmt/core.h>
#include <string>

namespace pileus::drivers {

inline constexpr int64_t bytes_per_gib = int64_t{1} << 30;

inline int64_t gib_of(int64_t bytes) {
    return (bytes + bytes_per_gib - 1) / bytes_per_gib;
}

inline Result<void> check_volume_id(const std::string& id) {
    if (domain::is_well_formed_id(domain::prefix::volume, id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not a volume id", id));
}

inline Result<void> check_snapshot_id(const std::string& id) {
    if (domain::is_well_formed_id(domain::prefix::snapshot, id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not a snapshot id", id));
}

inline Result<void> check_size(int64_t size_gib) {
    constexpr int64_t limit_gib = qcow2_limits::virtual_bytes / bytes_per_gib;
    if (size_gib >= 1 && size_gib <= limit_gib)
        return {};
    return fail(errors::invalid,
                fmt::format("a volume of {} GiB cannot be made: 1 to {} can", size_gib, limit_gib));
}

inline tl::unexpected<Error> no_such_volume(const std::string& id) {
    return fail(errors::not_found, fmt::format("there is no volume {}", id));
}

inline tl::unexpected<Error> no_such_snapshot(const std::string& id) {
    return fail(errors::not_found, fmt::format("there is no snapshot {}", id));
}

inline tl::unexpected<Error> busy_with_snapshot(const std::string& id, const std::string& other) {
    return fail(errors::unavailable,
                fmt::format("the snapshot {} is being taken of the volume {}", other, id));
}

} // namespace pileus::drivers
