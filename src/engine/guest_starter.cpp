// SPDX-License-Identifier: Apache-2.0
#include "engine/guest_starter.h"

#include "engine/machine_spec.h"
#include "store/images.h"
#include "store/network_interfaces.h"
#include "store/volumes.h"

#include <algorithm>

namespace pileus::engine {

using domain::Instance;

std::string GuestStarter::name_of(Started how) {
    switch (how) {
    case Started::booted:
        return "booted";
    case Started::warm:
        return "warm";
    case Started::copied:
        return "copied";
    case Started::woken:
        return "woken";
    }
    return "";
}

Result<bool> GuestStarter::is_ready(const Instance& instance) {
    if (!Forks::starts_from_copy(instance))
        return true;
    return forks_.is_ready(instance);
}

Result<GuestStarter::Started> GuestStarter::start(const Instance& instance) {
    const auto held = locks_.hold_all(Disks::lock_keys_of_volumes(volumes_of(instance.id)));
    PILEUS_TRY(ensure_interfaces(instance));
    if (Forks::starts_from_copy(instance)) {
        PILEUS_TRY(start_copy(instance));
        return Started::copied;
    }
    PILEUS_ASSIGN(const bool is_warm, start_warm(instance));
    if (is_warm)
        return Started::warm;
    PILEUS_TRY(make_volumes(volumes_of(instance.id)));
    PILEUS_ASSIGN(const auto spec, machine_spec(instance));
    PILEUS_ASSIGN(const bool woken, hibernations_.start(instance, spec));
    return woken ? Started::woken : Started::booted;
}

Result<void> GuestStarter::clear(const Instance& instance) {
    if (!warm_launches_.is_under_way(instance.id))
        return {};
    const auto held = locks_.hold_all(Disks::lock_keys_of_volumes(volumes_of(instance.id)));
    return warm_launches_.abandon(instance);
}

std::vector<domain::Volume> GuestStarter::volumes_of(const std::string& instance_id) {
    return store_.read(
        [&](store::Transaction& tx) { return store::volumes::list_of_instance(tx, instance_id); });
}

Result<void> GuestStarter::ensure_interfaces(const Instance& instance) {
    const auto interfaces = store_.read([&](store::Transaction& tx) {
        return store::network_interfaces::list_of_instance(tx, instance.id);
    });
    for (const auto& interface : interfaces)
        if (!interface.detaching)
            PILEUS_TRY(vpc_network_.ensure_interface(interface.id));
    return {};
}

Result<bool> GuestStarter::start_warm(const Instance& instance) {
    PILEUS_ASSIGN(const auto attempt, warm_launches_.begin(instance));
    if (!attempt)
        return false;
    auto others = volumes_of(instance.id);
    std::erase_if(others, [&](const auto& volume) { return volume.id == attempt->root.id; });
    PILEUS_TRY(make_volumes(others));
    return warm_launches_.finish(*attempt, instance, machine_spec(instance));
}

Result<void> GuestStarter::start_copy(const Instance& instance) {
    auto volumes = volumes_of(instance.id);
    for (auto& volume : volumes) {
        PILEUS_ASSIGN(volume.snapshot_id, forks_.snapshot_of(volume));
    }
    PILEUS_TRY(make_volumes(volumes));
    PILEUS_ASSIGN(const auto spec, machine_spec(instance));
    return forks_.start(instance, spec);
}

Result<void> GuestStarter::make_volumes(const std::vector<domain::Volume>& rows) {
    for (const auto& volume : rows) {
        if (volume.state != domain::VolumeState::creating)
            continue;
        PILEUS_TRY(disks_.make(volume));
        PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
            auto row = store::volumes::find(tx, volume.id);
            if (!row)
                return {};
            row->state = domain::VolumeState::in_use;
            store::volumes::update(tx, *row);
            return {};
        }));
    }
    return {};
}

Result<drivers::MachineSpec> GuestStarter::machine_spec(const Instance& instance) {
    const auto* type = catalog_.find(instance.type);
    if (!type)
        return fail(errors::invalid,
                    "the instance type " + instance.type + " is not in the catalog any more");
    auto parts = store_.read([&](store::Transaction& tx) {
        return MachineParts{store::volumes::list_of_instance(tx, instance.id),
                            store::network_interfaces::list_of_instance(tx, instance.id),
                            store::images::find(tx, instance.image_id)};
    });
    const auto open = [this](const domain::Volume& volume) { return disks_.open(volume); };
    return make_machine_spec(instance, *type, parts, open, network_, mtu_);
}

} // namespace pileus::engine
