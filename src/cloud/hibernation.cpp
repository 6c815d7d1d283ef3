// SPDX-License-Identifier: Apache-2.0
#include "cloud/hibernation.h"

#include "cloud/instance_types.h"
#include "domain/error_codes.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {
constexpr int64_t mib_per_gib = 1024;
constexpr std::array<std::string_view, 4> root_types{"gp2", "gp3", "io1", "io2"};
} // namespace

Result<void> check_can_hibernate(const domain::InstanceType& type, const PlannedVolume& root) {
    const auto refuse = [](std::string message) {
        return fail(codes::unsupported_hibernation_configuration, std::move(message));
    };
    if (!instance_type_facts::supports_hibernation(type))
        return refuse(fmt::format("The instance type {} does not support hibernation.", type.name));
    if (!root.encryption.encrypted)
        return refuse("For hibernation, the root device volume must be encrypted.");
    if (std::find(root_types.begin(), root_types.end(), root.type) == root_types.end())
        return refuse(fmt::format("For hibernation, the root device volume must be of type gp2, "
                                  "gp3, io1 or io2, and not {}.",
                                  root.type));
    if (root.size_gib * mib_per_gib < type.memory_mib)
        return refuse(fmt::format("For hibernation, the root device volume must be large enough "
                                  "for the memory: {} has {} MiB, and the volume {} GiB.",
                                  type.name,
                                  type.memory_mib,
                                  root.size_gib));
    return {};
}

Result<void> check_is_configured(const domain::Instance& instance) {
    if (instance.hibernation_configured)
        return {};
    return fail(codes::unsupported_hibernation_configuration,
                fmt::format("The instance can't be hibernated because it was not configured at "
                            "launch for hibernation: {}",
                            instance.id));
}

Result<void> check_does_not_hibernate(const domain::Instance& instance) {
    if (instance.hibernation == domain::Hibernation::none)
        return {};
    return fail(codes::incorrect_instance_state,
                fmt::format("The instance '{}' hibernates: its memory is kept for the disks, "
                            "interfaces and type that it has. Start it first, or start it and stop "
                            "it without hibernation.",
                            instance.id));
}

} // namespace pileus::cloud
