// SPDX-License-Identifier: Apache-2.0
#include "cloud/context.h"

namespace pileus::cloud {

const Region* find_region(const Settings& settings, const std::string& name) {
    for (const auto& region : settings.regions)
        if (region.name == name)
            return &region;
    return nullptr;
}

std::string zone_id(const Settings& settings, const std::string& zone) {
    for (const auto& region : settings.regions)
        for (const auto& candidate : region.zones)
            if (candidate.name == zone)
                return candidate.id;
    return "";
}

Result<void> end_if_dry_run(const domain::Caller& caller) {
    if (caller.dry_run)
        return fail(domain::codes::dry_run_operation,
                    "Request would have succeeded, but DryRun flag is set.");
    return {};
}

} // namespace pileus::cloud
