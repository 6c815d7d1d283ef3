// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/disk_plug.h"

#include "drivers/hypervisor/qemu/device_list.h"
#include "drivers/hypervisor/qemu/disk_layers.h"
#include "drivers/hypervisor/qemu/disk_nodes.h"

#include <boost/json.hpp>
#include <fmt/core.h>
#include <thread>

namespace pileus::drivers {

namespace {

constexpr int64_t bytes_per_gib = int64_t{1} << 30;
constexpr std::chrono::milliseconds look_again{5};

Result<std::string>
ask_for_top(Machine& machine, const std::string& volume_id, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto graph, DiskGraph::ask(machine, deadline));
    return find_top(graph, volume_id);
}

Result<void> add_disk(Machine& machine, const MachineDisk& disk, Machine::Deadline deadline) {
    const auto& chain = disk.chain;
    PILEUS_TRY(add_layers(machine, chain, deadline));
    if (!chain.layers.front().read_only)
        PILEUS_TRY(grow_node(machine,
                             layer_node(chain.volume_id, chain.layers.front().path),
                             chain.size_gib * bytes_per_gib,
                             deadline));
    auto device = disk_device(disk);
    device["bus"] = disk_bus; // QEMU takes the first place that is free there
    device["disable-legacy"] = "on";
    PILEUS_TRY(machine.execute("device_add", std::move(device), deadline));
    return {};
}

// What is left in the guest goes on answering, but only with errors.
Result<void>
cut_disk_off(Machine& machine, const std::string& volume_id, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto graph, DiskGraph::ask(machine, deadline));
    PILEUS_ASSIGN(const int64_t size, size_of_node(machine, graph.top_of(volume_id), deadline));
    if (!graph.has(dead_node(volume_id)))
        PILEUS_TRY(machine.execute("blockdev-add", dead_node_options(volume_id, size), deadline));
    PILEUS_TRY(machine.execute("qom-set",
                               {{"path", device_path(disk_id(volume_id))},
                                {"property", "drive"},
                                {"value", dead_node(volume_id)}},
                               deadline));
    return {};
}

// Whether the volume is the guest's, and not only a dead disk of its name.
Result<bool> has_disk(Machine& machine, const std::string& volume_id, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto graph, DiskGraph::ask(machine, deadline));
    const auto top = graph.top_of(volume_id);
    return !top.empty() && top != dead_node(volume_id);
}

// The device is gone for the guest a little before QEMU has taken it apart.
Result<void>
let_go_of_layers(Machine& machine, const std::string& volume_id, Machine::Deadline deadline) {
    while (true) {
        PILEUS_ASSIGN(const bool is_there, has_disk(machine, volume_id, deadline));
        auto dropped =
            is_there ? Result<void>(fail(errors::timeout, "QEMU does not let go of " + volume_id))
                     : drop_unused_layers(machine, volume_id, deadline);
        if (dropped || std::chrono::steady_clock::now() + look_again > deadline)
            return dropped;
        std::this_thread::sleep_for(look_again);
    }
}

// Until the guest has let go of it, or it is cut off.
Result<void>
take_disk(Machine& machine, const std::string& volume_id, bool force, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto bus, bus_of_device(machine, disk_id(volume_id), deadline));
    if (bus != disk_bus)
        return fail(errors::invalid,
                    fmt::format("{} cannot be pulled while the guest runs", volume_id));
    PILEUS_ASSIGN(const bool is_gone, ask_for_device(machine, disk_id(volume_id), deadline));
    if (is_gone)
        return {};
    if (!force)
        return fail(errors::timeout, "the guest does not let go of " + volume_id);
    return cut_disk_off(machine, volume_id, clean_up_deadline());
}

} // namespace

Result<void> plug_disk(Machine& machine, const MachineDisk& disk, Machine::Deadline deadline) {
    PILEUS_TRY(check_disk(disk));
    const auto& volume_id = disk.chain.volume_id;
    PILEUS_ASSIGN(const bool is_there, has_disk(machine, volume_id, deadline));
    if (is_there)
        return throttle_disk(machine, volume_id, disk.limits, deadline);
    PILEUS_ASSIGN(const bool is_dead, has_device(machine, disk_id(volume_id), deadline));
    if (is_dead) {
        PILEUS_ASSIGN(const bool is_gone,
                      ask_for_device(machine, disk_id(volume_id), clean_up_deadline()));
        if (!is_gone)
            return fail(errors::timeout,
                        "the guest has not let go of " + volume_id + " since it was cut off");
    }
    PILEUS_TRY(let_go_of_layers(machine, volume_id, deadline)); // of an attempt before this
    auto added = add_disk(machine, disk, deadline);
    if (!added) {
        (void)drop_unused_layers(machine, volume_id, clean_up_deadline());
        return added;
    }
    return throttle_disk(machine, volume_id, disk.limits, deadline);
}

Result<void>
pull_disk(Machine& machine, const std::string& volume_id, bool force, Machine::Deadline deadline) {
    PILEUS_TRY(check_volume_id(volume_id));
    PILEUS_ASSIGN(const bool is_there, has_disk(machine, volume_id, deadline));
    if (is_there)
        PILEUS_TRY(take_disk(machine, volume_id, force, deadline));
    return let_go_of_layers(machine, volume_id, clean_up_deadline());
}

Result<std::vector<std::string>> list_disks(Machine& machine, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto ids, list_devices(machine, deadline));
    PILEUS_ASSIGN(const auto graph, DiskGraph::ask(machine, deadline));
    std::vector<std::string> volumes;
    for (const auto& id : ids) {
        if (!id.starts_with(disk_prefix))
            continue;
        auto volume_id = volume_of(std::string_view(id).substr(disk_prefix.size()));
        const auto top = graph.top_of(volume_id);
        if (!top.empty() && top != dead_node(volume_id))
            volumes.push_back(std::move(volume_id));
    }
    return volumes;
}

Result<void> grow_disk(Machine& machine,
                       const std::string& volume_id,
                       int64_t size_gib,
                       Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto top, ask_for_top(machine, volume_id, deadline));
    return grow_node(machine, top, size_gib * bytes_per_gib, deadline);
}

Result<void> throttle_disk(Machine& machine,
                           const std::string& volume_id,
                           const DiskLimits& limits,
                           Machine::Deadline deadline) {
    PILEUS_TRY(ask_for_top(machine, volume_id, deadline));
    PILEUS_TRY(
        machine.execute("block_set_io_throttle", throttle_options(volume_id, limits), deadline));
    return {};
}

Result<void>
settle_disks(Machine& machine, const std::vector<MachineDisk>& disks, Machine::Deadline deadline) {
    for (const auto& disk : disks) {
        const auto& chain = disk.chain;
        if (chain.size_gib > 0 && !chain.layers.front().read_only)
            PILEUS_TRY(grow_disk(machine, chain.volume_id, chain.size_gib, deadline));
        if (disk.limits.iops > 0 || disk.limits.bytes_per_second > 0)
            PILEUS_TRY(throttle_disk(machine, chain.volume_id, disk.limits, deadline));
    }
    return {};
}

} // namespace pileus::drivers
