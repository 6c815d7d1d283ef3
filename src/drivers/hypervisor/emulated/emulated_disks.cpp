// SPDX-License-Identifier: Apache-2.0
// The verbs on disks of the emulated hypervisor.
#include "drivers/hypervisor/emulated/emulated_hypervisor.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

void set_chain(EmulatedDisk& disk, const DiskChain& chain) {
    disk.backing.clear();
    for (size_t i = 1; i < chain.layers.size(); ++i)
        disk.backing.push_back(chain.layers[i].path);
    disk.path = chain.layers.empty() ? "" : chain.layers.front().path;
}

} // namespace

EmulatedDisk EmulatedDisk::of(const MachineDisk& disk) {
    EmulatedDisk made;
    set_chain(made, disk.chain);
    made.size_gib = disk.chain.size_gib;
    made.boot = disk.boot;
    made.limits = disk.limits;
    return made;
}

Result<void> EmulatedHypervisor::attach_disk(const std::string& instance_id,
                                             const MachineDisk& disk) {
    PILEUS_TRY(take_failure("attach_disk"));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(Guest* const guest, find_alive(instance_id));
    if (guest->disks.contains(disk.chain.volume_id))
        return {};
    PILEUS_TRY(check_unused(instance_id, disk));
    guest->disks[disk.chain.volume_id] = EmulatedDisk::of(disk);
    note(instance_id, *guest);
    return {};
}

Result<void> EmulatedHypervisor::detach_disk(const std::string& instance_id,
                                             const std::string& volume_id,
                                             bool force) {
    PILEUS_TRY(take_failure("detach_disk"));
    const std::lock_guard lock(mutex_);
    const auto guest = find_alive(instance_id);
    if (!guest || !(*guest)->disks.contains(volume_id))
        return {};
    if ((*guest)->disks[volume_id].boot)
        return fail(errors::invalid, "the boot disk of a running guest is not pulled");
    if ((*guest)->deaf && !force)
        return fail(errors::timeout, "the guest does not let go of " + volume_id);
    (*guest)->disks.erase(volume_id);
    note(instance_id, **guest);
    return {};
}

Result<std::vector<std::string>> EmulatedHypervisor::plugged_disks(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const Guest* const guest, find_alive(instance_id));
    std::vector<std::string> ids;
    for (const auto& [id, disk] : guest->disks)
        ids.push_back(id);
    return ids;
}

Result<void> EmulatedHypervisor::resize_disk(const std::string& instance_id,
                                             const std::string& volume_id,
                                             int64_t size_gib) {
    PILEUS_TRY(take_failure("resize_disk"));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(EmulatedDisk* const disk, find_disk(instance_id, volume_id));
    disk->size_gib = std::max(disk->size_gib, size_gib);
    note(instance_id, guests_[instance_id]);
    return {};
}

Result<void> EmulatedHypervisor::limit_disk(const std::string& instance_id,
                                            const std::string& volume_id,
                                            const DiskLimits& limits) {
    PILEUS_TRY(take_failure("limit_disk"));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(EmulatedDisk* const disk, find_disk(instance_id, volume_id));
    disk->limits = limits;
    return {};
}

Result<void> EmulatedHypervisor::switch_layers(const std::string& instance_id,
                                               const std::vector<LayerSwitch>& switches) {
    PILEUS_TRY(take_failure("switch_layers"));
    const std::lock_guard lock(mutex_);
    return move_layers(instance_id, switches);
}

Result<void> EmulatedHypervisor::move_layers(const std::string& instance_id,
                                             const std::vector<LayerSwitch>& switches) {
    for (const auto& each : switches) { // all of them or none
        PILEUS_ASSIGN(const EmulatedDisk* const disk, find_disk(instance_id, each.volume_id));
        if (disk->path != each.current_path && disk->path != each.next.path)
            return fail(errors::invalid,
                        fmt::format("{} writes to neither layer of its switch", each.volume_id));
    }
    for (const auto& each : switches) {
        auto& disk = guests_[instance_id].disks[each.volume_id];
        if (disk.path == each.next.path)
            continue;
        disk.backing.insert(disk.backing.begin(), disk.path);
        disk.path = each.next.path;
    }
    note(instance_id, guests_[instance_id]);
    return {};
}

Result<bool> EmulatedHypervisor::writes_to(const std::string& instance_id,
                                           const std::string& volume_id,
                                           const std::string& path) {
    PILEUS_TRY(take_failure("writes_to"));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const EmulatedDisk* const disk, find_disk(instance_id, volume_id));
    return disk->path == path;
}

Result<void> EmulatedHypervisor::replace_backing(const std::string& instance_id,
                                                 const DiskChain& chain) {
    PILEUS_TRY(take_failure("replace_backing"));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(EmulatedDisk* const disk, find_disk(instance_id, chain.volume_id));
    if (chain.layers.empty() || chain.layers.front().path != disk->path)
        return fail(errors::invalid,
                    fmt::format("{} does not write to the top of its new chain", chain.volume_id));
    set_chain(*disk, chain);
    note(instance_id, guests_[instance_id]);
    return {};
}

std::optional<EmulatedDisk> EmulatedHypervisor::disk(const std::string& instance_id,
                                                     const std::string& volume_id) {
    const std::lock_guard lock(mutex_);
    const auto found = find_disk(instance_id, volume_id);
    return found ? std::optional(**found) : std::nullopt;
}

Result<EmulatedDisk*> EmulatedHypervisor::find_disk(const std::string& instance_id,
                                                    const std::string& volume_id) {
    PILEUS_ASSIGN(Guest* const guest, find_alive(instance_id));
    const auto disk = guest->disks.find(volume_id);
    if (disk == guest->disks.end())
        return fail(errors::not_found,
                    fmt::format("{} is not plugged into {}", volume_id, instance_id));
    return &disk->second;
}

// As the lock on a layer's file does: nobody writes where another guest does.
Result<void> EmulatedHypervisor::check_unused(const std::string& instance_id,
                                              const MachineDisk& disk) const {
    const auto path = EmulatedDisk::of(disk).path;
    for (const auto& [id, guest] : guests_)
        for (const auto& [volume_id, other] : guest.disks)
            if (id != instance_id && !path.empty() && other.path == path)
                return fail(errors::unavailable,
                            fmt::format("the volume in {} is in use by another instance", path));
    return {};
}

} // namespace pileus::drivers
