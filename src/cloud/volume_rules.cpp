// SPDX-License-Identifier: Apache-2.0
#include "cloud/volume_rules.h"

#include "domain/error_codes.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <string_view>

namespace pileus::cloud {

namespace {

// What a type allows; 0 where a figure does not exist for it.
struct TypeRule {
    std::string_view name;
    int64_t size_min_gib;
    int64_t size_max_gib;
    int64_t iops_min; // may be asked for from here …
    int64_t iops_max; // … to here; 0: may not be asked for
    int64_t iops_per_gib_max;
    bool iops_required;
    int64_t throughput_max_mib_s; // 0: may not be asked for
};

constexpr std::array rules{
    TypeRule{"gp3", 1, 16384, 3000, 16000, 500, false, 1000},
    TypeRule{"gp2", 1, 16384, 0, 0, 0, false, 0},
    TypeRule{"io1", 4, 16384, 100, 64000, 50, true, 0},
    TypeRule{"io2", 4, 65536, 100, 256000, 1000, true, 0},
    TypeRule{"st1", 125, 16384, 0, 0, 0, false, 0},
    TypeRule{"sc1", 125, 16384, 0, 0, 0, false, 0},
    TypeRule{"standard", 1, 1024, 0, 0, 0, false, 0},
};
constexpr int64_t gp3_iops_included = 3000;
constexpr int64_t gp3_throughput_included = 125;

const TypeRule* find_rule(std::string_view type) {
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const auto& r) { return r.name == type; });
    return rule == rules.end() ? nullptr : &*rule;
}

Result<int64_t> checked_iops(const TypeRule& rule, int64_t size_gib, std::optional<int64_t> iops) {
    namespace codes = domain::codes;
    if (!iops) {
        if (rule.iops_required)
            return fail(
                codes::missing_parameter,
                fmt::format("The parameter iops must be specified for {} volumes.", rule.name));
        if (rule.name == "gp3")
            return gp3_iops_included;
        return rule.name == "gp2" ? std::clamp<int64_t>(size_gib * 3, 100, 16000) : 0;
    }
    if (rule.iops_max == 0)
        return fail(codes::invalid_parameter_combination,
                    fmt::format("The parameter iops is not supported for {} volumes.", rule.name));
    if (*iops < rule.iops_min || *iops > rule.iops_max)
        return fail(
            codes::invalid_parameter_value,
            fmt::format(
                "Volume iops of {} is out of range for {} volumes: it must be between {} and {}.",
                *iops,
                rule.name,
                rule.iops_min,
                rule.iops_max));
    const auto included = rule.name == "gp3" ? gp3_iops_included : 0;
    if (*iops > std::max(included, size_gib * rule.iops_per_gib_max))
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Iops to volume size ratio of {}:{} is too high; maximum is {} per GiB.",
                        *iops,
                        size_gib,
                        rule.iops_per_gib_max));
    return *iops;
}

Result<int64_t>
checked_throughput(const TypeRule& rule, int64_t iops, std::optional<int64_t> throughput) {
    namespace codes = domain::codes;
    if (!throughput)
        return rule.name == "gp3" ? gp3_throughput_included : 0;
    if (rule.throughput_max_mib_s == 0)
        return fail(
            codes::invalid_parameter_combination,
            fmt::format("The parameter throughput is not supported for {} volumes.", rule.name));
    if (*throughput < gp3_throughput_included || *throughput > rule.throughput_max_mib_s)
        return fail(
            codes::invalid_parameter_value,
            fmt::format(
                "Volume throughput of {} MiB/s is out of range: it must be between {} and {}.",
                *throughput,
                gp3_throughput_included,
                rule.throughput_max_mib_s));
    if (*throughput * 4 > iops)
        return fail(codes::invalid_parameter_value,
                    "Throughput to iops ratio is too high; maximum is 0.25 MiB/s per iops.");
    return *throughput;
}

} // namespace

Result<VolumePerformance> volume_performance(const std::string& type,
                                             int64_t size_gib,
                                             std::optional<int64_t> iops,
                                             std::optional<int64_t> throughput_mib_s) {
    const auto* rule = find_rule(type);
    if (!rule)
        return fail(domain::codes::invalid_parameter_value,
                    fmt::format("Invalid value '{}' for VolumeType.", type));
    if (size_gib < rule->size_min_gib || size_gib > rule->size_max_gib)
        return fail(
            domain::codes::invalid_parameter_value,
            fmt::format(
                "Volume of {}GiB is out of range for {} volumes: it must be between {} and {} GiB.",
                size_gib,
                type,
                rule->size_min_gib,
                rule->size_max_gib));
    PILEUS_ASSIGN(const auto iops_given, checked_iops(*rule, size_gib, iops));
    PILEUS_ASSIGN(const auto throughput, checked_throughput(*rule, iops_given, throughput_mib_s));
    return VolumePerformance{type, iops_given, throughput};
}

} // namespace pileus::cloud
