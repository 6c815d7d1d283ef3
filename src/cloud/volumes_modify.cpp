// SPDX-License-Identifier: Apache-2.0
//
// ModifyVolume, DescribeVolumesModifications. The volume's row has the target at once; the engine
// makes it so and completes the modification.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolume.html: "You can modify a
// volume up to four times within a rolling 24-hour period, as long as … all previous modifications
// for that volume are complete."

#include "cloud/listing.h"
#include "cloud/volume_rows.h"
#include "cloud/volumes.h"
#include "store/charges.h"
#include "store/instances.h"
#include "store/volumes.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::Volume;
using domain::VolumeModification;
using domain::VolumeState;

namespace {

constexpr int modifications_max = 4;
constexpr Duration modifications_period = std::chrono::hours{24};

std::string upper_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

Result<void> check_modifiable(store::Transaction& tx, const Volume& volume, Time now) {
    if (volume.state != VolumeState::available && volume.state != VolumeState::in_use)
        return fail(
            codes::incorrect_state,
            fmt::format("Volume '{}' is in the '{}' state.", volume.id, to_string(volume.state)));
    const auto last = store::volume_modifications::find(tx, volume.id);
    if (last && last->state != "completed" && last->state != "failed")
        return fail(codes::incorrect_modification_state,
                    fmt::format("Volume {} cannot be modified in modification state {}",
                                volume.id,
                                upper_case(last->state)));
    const auto begun =
        store::volume_modifications::count_begun_since(tx, volume.id, now - modifications_period);
    if (begun >= modifications_max)
        return fail(codes::volume_modification_rate_exceeded,
                    fmt::format("You've reached the maximum modification rate per volume limit. A "
                                "volume can be modified up to {} times within 24 hours.",
                                modifications_max));
    return {};
}

Result<void>
check_type_of_root(store::Transaction& tx, const Volume& volume, const std::string& type) {
    if (volume.instance_id.empty() || can_be_root(type))
        return {};
    const auto instance = store::instances::find(tx, volume.instance_id);
    if (instance && is_root_volume(*instance, volume))
        return fail(codes::invalid_parameter_combination,
                    fmt::format("The root volume of an instance cannot be of the type {}.", type));
    return {};
}

// What it has of its own type already does not count twice.
StorageDemand demand_of(const Volume& before, const Volume& after) {
    if (before.type != after.type)
        return {after.type, after.size_gib, after.iops};
    return {after.type, after.size_gib - before.size_gib, after.iops - before.iops};
}

VolumeModification make_modification(const Volume& before, const Volume& after, Time now) {
    return {.volume_id = after.id,
            .account_id = after.account_id,
            .region = after.region,
            .state = "modifying",
            .message = "",
            .original_size_gib = before.size_gib,
            .original_type = before.type,
            .original_iops = before.iops,
            .original_throughput_mib_s = before.throughput_mib_s,
            .target_size_gib = after.size_gib,
            .target_type = after.type,
            .target_iops = after.iops,
            .target_throughput_mib_s = after.throughput_mib_s,
            .progress_percent = 0,
            .started_at = now,
            .ended_at = {}};
}

template <int64_t VolumeModification::*member>
void emit_number(const VolumeModification& m, const Emit& emit) {
    emit(std::to_string(m.*member));
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumesModifications.html
constexpr FilterField<VolumeModification> modification_filters[]{
    {"modification-state", [](const VolumeModification& m, const Emit& emit) { emit(m.state); }},
    {"operator.managed", emit_false<VolumeModification>},
    {"operator.principal", emit_nothing<VolumeModification>},
    {"original-iops", emit_number<&VolumeModification::original_iops>},
    {"original-size", emit_number<&VolumeModification::original_size_gib>},
    {"original-volume-type",
     [](const VolumeModification& m, const Emit& emit) { emit(m.original_type); }},
    {"originalMultiAttachEnabled", emit_false<VolumeModification>},
    {"start-time",
     [](const VolumeModification& m, const Emit& emit) { emit(format_iso8601(m.started_at)); }},
    {"target-iops", emit_number<&VolumeModification::target_iops>},
    {"target-size", emit_number<&VolumeModification::target_size_gib>},
    {"target-volume-type",
     [](const VolumeModification& m, const Emit& emit) { emit(m.target_type); }},
    {"targetMultiAttachEnabled", emit_false<VolumeModification>},
    {"volume-id", [](const VolumeModification& m, const Emit& emit) { emit(m.volume_id); }},
};

constexpr ListingKind<VolumeModification> modification_listing{
    "DescribeVolumesModifications",
    modification_filters,
    [](const VolumeModification& m) { return m.volume_id; },
    {1, 500}};

// The volume must be there, and must have been modified.
constexpr ResourceKind modification_kind{"volume",
                                         "vol-",
                                         codes::volume_malformed,
                                         "Value ({}) for parameter volumes is invalid. Expected: "
                                         "'vol-...'.",
                                         codes::volume_modification_not_found,
                                         "Modification for volume '{}' does not exist.",
                                         "Modifications for volumes '{}' do not exist."};

} // namespace

Result<VolumeModification>
Volumes::modify(const domain::Caller& caller, const std::string& id, const VolumeChange& change) {
    return context_.store.write([&](store::Transaction& tx) -> Result<VolumeModification> {
        const auto now = context_.clock.now();
        PILEUS_ASSIGN(const auto before, find_own_volume(tx, caller, id));
        PILEUS_ASSIGN(const auto after, changed_volume(before, change));
        PILEUS_TRY(check_modifiable(tx, before, now));
        PILEUS_TRY(check_type_of_root(tx, before, after.type));
        PILEUS_TRY(check_storage_quota(tx,
                                       context_,
                                       caller,
                                       {demand_of(before, after)},
                                       codes::volume_modification_size_limit_exceeded));
        PILEUS_TRY(end_if_dry_run(caller));
        store::volumes::update(tx, after);
        auto modification = make_modification(before, after, now);
        store::volume_modifications::begin(tx, modification);
        store::charges::volume_changed(tx, before, after, now);
        enqueue_volume(tx, context_, after);
        return modification;
    });
}

Result<Listing<VolumeModification>>
Volumes::describe_modifications(const domain::Caller& caller,
                                const std::vector<std::string>& ids,
                                const Filters& filters,
                                const PageRequest& page) {
    const auto scope = scope_of(caller);
    if (ids.empty())
        return list_matching(context_,
                             caller,
                             modification_listing,
                             filters,
                             page,
                             [&](store::Transaction& tx, const store::Page& rows) {
                                 return store::volume_modifications::list(tx, scope, rows);
                             });
    const auto all_there = [&](store::Transaction& tx) -> Result<void> {
        for (const auto& id : ids)
            PILEUS_TRY(find_own_volume(tx, caller, id));
        return {};
    };
    PILEUS_TRY(context_.store.read(all_there));
    return list_named(context_,
                      caller,
                      modification_listing,
                      modification_kind,
                      ids,
                      filters,
                      page,
                      [&](store::Transaction& tx, const std::string& id) {
                          return own(store::volume_modifications::find(tx, id), scope);
                      });
}

} // namespace pileus::cloud
