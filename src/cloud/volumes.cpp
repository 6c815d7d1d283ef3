// SPDX-License-Identifier: Apache-2.0
#include "cloud/volumes.h"

#include "cloud/listing.h"
#include "cloud/snapshots.h"
#include "cloud/volume_rows.h"
#include "domain/ids.h"
#include "store/charges.h"
#include "store/tags.h"
#include "store/volumes.h"

#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::VolumeState;

namespace {

constexpr std::string_view operation = "CreateVolume";
constexpr std::string_view default_type = "gp2"; // EC2's own

Result<Zone>
find_zone(const Context& context, const domain::Caller& caller, const VolumeCreation& request) {
    const auto& [name, id] = std::tie(request.zone, request.zone_id);
    if (name.empty() && id.empty())
        return fail(codes::missing_parameter,
                    "The request must contain one of the parameters availabilityZone and "
                    "availabilityZoneId");
    if (!name.empty() && !id.empty())
        return fail(codes::invalid_parameter_combination,
                    "Only one of AvailabilityZone and AvailabilityZoneId can be specified.");
    if (const auto* region = find_region(context.settings, caller.region))
        for (const auto& zone : region->zones)
            if (zone.name == name || zone.id == id)
                return zone;
    return fail(codes::zone_not_found,
                fmt::format("The zone '{}' does not exist.", name.empty() ? id : name));
}

// Size and snapshot of the volume, and its figures.
Result<domain::Volume> make_volume(store::Transaction& tx,
                                   const Context& context,
                                   const domain::Caller& caller,
                                   const VolumeCreation& request) {
    domain::Volume volume;
    volume.account_id = caller.account_id;
    volume.region = caller.region;
    volume.host_id = context.settings.host.host_id;
    PILEUS_ASSIGN(const auto zone, find_zone(context, caller, request));
    volume.zone = zone.name;
    bool source_is_encrypted = false;
    if (!request.snapshot_id.empty()) {
        PILEUS_ASSIGN(const auto snapshot,
                      find_usable_snapshot(tx, scope_of(caller), request.snapshot_id));
        volume.snapshot_id = snapshot.id;
        volume.size_gib = request.size_gib.value_or(snapshot.size_gib);
        source_is_encrypted = snapshot.encrypted;
        if (volume.size_gib < snapshot.size_gib)
            return fail(codes::invalid_parameter_value,
                        fmt::format("Volume of size {}GiB is smaller than snapshot '{}', expect "
                                    "size >= {}GiB",
                                    volume.size_gib,
                                    snapshot.id,
                                    snapshot.size_gib));
    } else if (request.size_gib) {
        volume.size_gib = *request.size_gib;
    } else {
        return fail(codes::missing_parameter,
                    "The request must contain the parameter size or snapshotId");
    }
    PILEUS_ASSIGN(const auto performance,
                  volume_performance(request.type.value_or(std::string(default_type)),
                                     volume.size_gib,
                                     request.iops,
                                     request.throughput_mib_s));
    volume.type = performance.type;
    volume.iops = performance.iops;
    volume.throughput_mib_s = performance.throughput_mib_s;
    PILEUS_ASSIGN(const auto encryption,
                  choose_encryption(tx, scope_of(caller), request.encryption, source_is_encrypted));
    volume.encrypted = encryption.encrypted;
    volume.kms_key_id = encryption.kms_key_id;
    volume.created_at = context.clock.now();
    return volume;
}

} // namespace

Result<VolumeView> Volumes::create(const domain::Caller& caller, const VolumeCreation& request) {
    PILEUS_TRY(check_tag_specifications(context_, request.tag_specifications, {"volume"}));
    return context_.store.write([&](store::Transaction& tx) -> Result<VolumeView> {
        PILEUS_ASSIGN(const auto earlier,
                      find_earlier(tx, caller, operation, request.client_token));
        if (earlier) {
            PILEUS_ASSIGN(auto row, find_own_volume(tx, caller, *earlier));
            PILEUS_TRY(end_if_dry_run(caller));
            return view_volume(tx, context_, std::move(row));
        }
        PILEUS_ASSIGN(auto volume, make_volume(tx, context_, caller, request));
        PILEUS_TRY(check_storage_quota(tx,
                                       context_,
                                       caller,
                                       {{volume.type, volume.size_gib, volume.iops}},
                                       codes::volume_limit_exceeded));
        PILEUS_TRY(end_if_dry_run(caller));
        volume.id = domain::new_id(context_.random, domain::prefix::volume);
        store::volumes::insert(tx, volume);
        write_tags(tx, caller, request.tag_specifications, "volume", volume.id);
        store::charges::volume_created(tx, volume, volume.created_at);
        remember(tx, context_, caller, operation, request.client_token, volume.id);
        enqueue_volume(tx, context_, volume);
        return view_volume(tx, context_, std::move(volume));
    });
}

Result<void> Volumes::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto volume, find_own_volume(tx, caller, id));
        if (!volume.instance_id.empty())
            return fail(
                codes::volume_in_use,
                fmt::format("Volume {} is currently attached to {}", id, volume.instance_id));
        if (volume.state == VolumeState::creating)
            return fail(codes::incorrect_state,
                        fmt::format("Volume '{}' is in the 'creating' state.", id));
        PILEUS_TRY(end_if_dry_run(caller));
        if (volume.state == VolumeState::deleting)
            return {};
        // Charged until now, whenever the engine frees its space; one that could not be made, not
        // at all.
        if (volume.state != VolumeState::error)
            store::charges::volume_deleted(tx, volume, context_.clock.now());
        volume.state = VolumeState::deleting;
        store::volumes::update(tx, volume);
        enqueue_volume(tx, context_, volume);
        return {};
    });
}

Result<domain::Volume> Volumes::describe_one(const domain::Caller& caller, const std::string& id) {
    return context_.store.read([&](store::Transaction& tx) -> Result<domain::Volume> {
        PILEUS_ASSIGN(auto volume, find_own_volume(tx, caller, id));
        PILEUS_TRY(end_if_dry_run(caller));
        return volume;
    });
}

Result<void>
Volumes::set_auto_enable_io(const domain::Caller& caller, const std::string& id, bool enabled) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto volume, find_own_volume(tx, caller, id));
        PILEUS_TRY(end_if_dry_run(caller));
        volume.auto_enable_io = enabled;
        store::volumes::update(tx, volume);
        return {};
    });
}

} // namespace pileus::cloud
