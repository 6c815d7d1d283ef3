// SPDX-License-Identifier: Apache-2.0
#include "cloud/volume_rules.h"

#include "domain/error_codes.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

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
    bool can_be_root;
};

constexpr std::array rules{
    TypeRule{"gp3", 1, 65536, 3000, 80000, 500, false, 2000, true},
    TypeRule{"gp2", 1, 16384, 0, 0, 0, false, 0, true},
    TypeRule{"io1", 4, 16384, 100, 64000, 50, true, 0, true},
    TypeRule{"io2", 4, 65536, 100, 256000, 1000, true, 0, true},
    TypeRule{"st1", 125, 16384, 0, 0, 0, false, 0, false},
    TypeRule{"sc1", 125, 16384, 0, 0, 0, false, 0, false},
    TypeRule{"standard", 1, 1024, 0, 0, 0, false, 0, true},
};
constexpr int64_t gp3_iops_included = 3000;
constexpr int64_t gp3_throughput_included = 125;
constexpr int64_t iops_after_type_change = 3000; // of gp3, io1, io2, when none are asked for

const TypeRule* find_rule(std::string_view type) {
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const auto& r) { return r.name == type; });
    return rule == rules.end() ? nullptr : &*rule;
}

tl::unexpected<Error> bad_value(std::string message) {
    return fail(codes::invalid_parameter_value, std::move(message));
}

Result<void> check_size(const TypeRule& rule, int64_t size_gib) {
    if (size_gib < rule.size_min_gib)
        return bad_value(fmt::format(
            "Volume of {}GiB is too small; minimum is {}GiB.", size_gib, rule.size_min_gib));
    if (size_gib > rule.size_max_gib)
        return bad_value(fmt::format(
            "Volume of {}GiB is too large; maximum is {}GiB.", size_gib, rule.size_max_gib));
    return {};
}

int64_t iops_given(const TypeRule& rule, int64_t size_gib) {
    if (rule.name == "gp3")
        return gp3_iops_included;
    return rule.name == "gp2" ? std::clamp<int64_t>(size_gib * 3, 100, 16000) : 0;
}

Result<int64_t> checked_iops(const TypeRule& rule, int64_t size_gib, std::optional<int64_t> iops) {
    if (!iops) {
        if (rule.iops_required)
            return fail(
                codes::missing_parameter,
                fmt::format("The parameter iops must be specified for {} volumes.", rule.name));
        return iops_given(rule, size_gib);
    }
    if (rule.iops_max == 0)
        return fail(codes::invalid_parameter_combination,
                    fmt::format("The parameter iops is not supported for {} volumes.", rule.name));
    if (*iops < rule.iops_min)
        return bad_value(
            fmt::format("Volume iops of {} is too low; minimum is {}.", *iops, rule.iops_min));
    if (*iops > rule.iops_max)
        return bad_value(
            fmt::format("Volume iops of {} is too high; maximum is {}.", *iops, rule.iops_max));
    const auto included = rule.name == "gp3" ? gp3_iops_included : 0;
    if (*iops > std::max(included, size_gib * rule.iops_per_gib_max))
        return bad_value(
            fmt::format("Iops to volume size ratio of {:.6f} is too high; maximum is {}",
                        static_cast<double>(*iops) / static_cast<double>(size_gib),
                        rule.iops_per_gib_max));
    return *iops;
}

Result<int64_t>
checked_throughput(const TypeRule& rule, int64_t iops, std::optional<int64_t> throughput) {
    if (!throughput)
        return rule.name == "gp3" ? gp3_throughput_included : 0;
    if (rule.throughput_max_mib_s == 0)
        return fail(
            codes::invalid_parameter_combination,
            fmt::format("The parameter throughput is not supported for {} volumes.", rule.name));
    if (*throughput < gp3_throughput_included)
        return bad_value(fmt::format("Throughput (MiBps) of {} is too low; minimum is {}.",
                                     *throughput,
                                     gp3_throughput_included));
    if (*throughput > rule.throughput_max_mib_s)
        return bad_value(fmt::format("Throughput (MiBps) of {} is too high; maximum is {}.",
                                     *throughput,
                                     rule.throughput_max_mib_s));
    if (*throughput * 4 > iops)
        return bad_value(fmt::format(
            "Throughput (MiBps) to iops ratio of {:.6f} is too high; maximum is 0.25 MiBps per "
            "iops.",
            static_cast<double>(*throughput) / static_cast<double>(iops)));
    return *throughput;
}

} // namespace

Result<VolumePerformance> volume_performance(const std::string& type,
                                             int64_t size_gib,
                                             std::optional<int64_t> iops,
                                             std::optional<int64_t> throughput_mib_s) {
    const auto* rule = find_rule(type);
    if (!rule)
        return fail(codes::unknown_volume_type,
                    fmt::format("Unsupported volume type '{}' for volume creation.", type));
    PILEUS_TRY(check_size(*rule, size_gib));
    PILEUS_ASSIGN(const auto iops_checked, checked_iops(*rule, size_gib, iops));
    PILEUS_ASSIGN(const auto throughput, checked_throughput(*rule, iops_checked, throughput_mib_s));
    return VolumePerformance{type, iops_checked, throughput};
}

bool takes_iops(std::string_view type) {
    const auto* rule = find_rule(type);
    return rule && rule->iops_max > 0;
}

bool takes_throughput(std::string_view type) {
    const auto* rule = find_rule(type);
    return rule && rule->throughput_max_mib_s > 0;
}

bool can_be_root(std::string_view type) {
    const auto* rule = find_rule(type);
    return rule && rule->can_be_root;
}

Result<domain::Volume> changed_volume(const domain::Volume& volume, const VolumeChange& change) {
    if (!change.size_gib && !change.type && !change.iops && !change.throughput_mib_s)
        return fail(codes::missing_parameter,
                    "The request must contain one of the parameters size, volumeType, iops and "
                    "throughput.");
    auto changed = volume;
    changed.size_gib = change.size_gib.value_or(volume.size_gib);
    changed.type = change.type.value_or(volume.type);
    if (changed.size_gib < volume.size_gib)
        return bad_value("New size cannot be smaller than existing size");
    const bool is_same_type = changed.type == volume.type;
    if (changed.type == "standard" && !is_same_type)
        return bad_value("A volume cannot be changed to the type 'standard'.");
    auto iops = change.iops;
    if (!iops && takes_iops(changed.type))
        iops = is_same_type ? volume.iops : iops_after_type_change;
    auto throughput = change.throughput_mib_s;
    if (!throughput && is_same_type && takes_throughput(changed.type))
        throughput = volume.throughput_mib_s;
    PILEUS_ASSIGN(const auto performance,
                  volume_performance(changed.type, changed.size_gib, iops, throughput));
    changed.iops = performance.iops;
    changed.throughput_mib_s = performance.throughput_mib_s;
    return changed;
}

bool is_device_name(std::string_view name, std::string_view root_device_name) {
    if (name == root_device_name || name == "/dev/sda1")
        return !name.empty();
    const auto is_letter = [](char c, char last) { return c >= 'a' && c <= last; };
    if (name.starts_with("/dev/"))
        name.remove_prefix(5);
    if (name.starts_with("sd"))
        return name.size() == 3 && is_letter(name[2], 'z');
    if (!name.starts_with("xvd"))
        return false;
    name.remove_prefix(3);
    return (name.size() == 1 && is_letter(name[0], 'z')) ||
           (name.size() == 2 && is_letter(name[0], 'd') && is_letter(name[1], 'z'));
}

} // namespace pileus::cloud
