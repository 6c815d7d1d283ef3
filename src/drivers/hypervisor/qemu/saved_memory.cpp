// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/saved_memory.h"

#include "base/text.h"
#include "drivers/hypervisor/qemu/command_line.h"
#include "drivers/hypervisor/qemu/device_list.h"
#include "drivers/hypervisor/qemu/disk_nodes.h"
#include "drivers/hypervisor/qemu/sealed_stream.h"
#include "drivers/qmp/json_fields.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/core.h>
#include <set>

namespace pileus::drivers {

namespace {

// To be raised whenever command_line.cpp gives a guest another device, or puts one elsewhere.
constexpr int current_layout = 1;
constexpr std::string_view port_prefix = "interface-port";

const MachineDisk* boot_disk_of(const MachineSpec& spec) {
    const auto found =
        std::find_if(spec.disks.begin(), spec.disks.end(), [](const auto& d) { return d.boot; });
    return found == spec.disks.end() ? nullptr : &*found;
}

std::set<std::string> movable_devices_of(const MachineSpec& spec) {
    std::set<std::string> ids;
    for (const auto& disk : spec.disks)
        if (!disk.boot)
            ids.insert(disk_id(disk.chain.volume_id));
    for (size_t i = 1; i < spec.interfaces.size(); ++i)
        ids.insert(nic_id(spec.interfaces[i].interface_id));
    return ids;
}

Result<int> ask_for_slot(Machine& machine, const std::string& id, Machine::Deadline deadline) {
    constexpr int functions = 8; // of a slot
    PILEUS_ASSIGN(
        const auto answer,
        machine.execute("qom-get", {{"path", device_path(id)}, {"property", "addr"}}, deadline));
    const auto* number = answer.if_int64();
    if (!number)
        return fail(errors::unavailable, "QEMU does not tell where " + id + " is");
    return static_cast<int>(*number) / functions;
}

tl::unexpected<Error> does_not_fit(std::string_view what) {
    return fail(errors::unavailable,
                fmt::format("the saved memory is of a guest with another {}", what));
}

} // namespace

MachineShape MachineShape::of(const MachineSpec& spec, const std::string& acceleration) {
    return {current_layout,
            acceleration,
            spec.hardware,
            spec.firmware,
            spec.vcpus,
            spec.memory_mib,
            spec.interface_slots};
}

Result<MemoryLabel> label_of(const MachineSpec& spec, const std::string& acceleration) {
    MemoryLabel label{MachineShape::of(spec, acceleration), "", "", {}};
    const auto* disk = boot_disk_of(spec);
    if (!disk || disk->chain.layers.empty())
        return label;
    label.boot_volume_id = disk->chain.volume_id;
    if (const auto& secret = disk->chain.layers.front().secret; !secret.empty()) {
        PILEUS_ASSIGN(label.lock, lock_of(secret));
    }
    return label;
}

std::string format_memory_label(const MemoryLabel& label) {
    boost::json::object places;
    for (const auto& [id, place] : label.places)
        places[id] = place;
    const boost::json::object object{{"layout", label.shape.layout},
                                     {"acceleration", label.shape.acceleration},
                                     {"hardware", label.shape.hardware},
                                     {"firmware", label.shape.firmware},
                                     {"vcpus", label.shape.vcpus},
                                     {"memory_mib", label.shape.memory_mib},
                                     {"interface_slots", label.shape.interface_slots},
                                     {"boot_volume_id", label.boot_volume_id},
                                     {"lock", hex_encode(label.lock)},
                                     {"places", std::move(places)}};
    return boost::json::serialize(object) + "\n";
}

Result<MemoryLabel> parse_memory_label(std::string_view text) {
    boost::system::error_code error;
    const auto value = boost::json::parse(text, error);
    const auto* object = error ? nullptr : value.if_object();
    const auto* places = object ? object->if_contains("places") : nullptr;
    const auto lock = hex_decode(text_at(value, "lock"));
    if (!places || !places->is_object() || !lock)
        return fail(errors::unavailable, "what is known of the guest's memory cannot be read");
    MemoryLabel label;
    label.shape.layout = static_cast<int>(number_at(value, "layout"));
    label.shape.acceleration = text_at(value, "acceleration");
    label.shape.hardware = text_at(value, "hardware");
    label.shape.firmware = text_at(value, "firmware");
    label.shape.vcpus = static_cast<int>(number_at(value, "vcpus"));
    label.shape.memory_mib = number_at(value, "memory_mib");
    label.shape.interface_slots = static_cast<int>(number_at(value, "interface_slots"));
    label.boot_volume_id = text_at(value, "boot_volume_id");
    label.lock = *lock;
    for (const auto& [id, place] : places->get_object())
        label.places[id] = static_cast<int>(number_at(*places, id));
    return label;
}

Result<void>
check_fits(const MemoryLabel& label, const MachineSpec& spec, const std::string& acceleration) {
    if (label.shape != MachineShape::of(spec, acceleration))
        return does_not_fit("machine");
    std::set<std::string> there;
    for (const auto& [id, place] : label.places)
        there.insert(id);
    if (there != movable_devices_of(spec))
        return does_not_fit("set of volumes or interfaces");
    return {};
}

Result<std::string> find_secret(const MemoryLabel& label, const MachineSpec& spec) {
    const auto* disk = boot_disk_of(spec);
    if (!disk || disk->chain.volume_id != label.boot_volume_id)
        return does_not_fit("boot disk");
    for (const auto& layer : disk->chain.layers) {
        if (layer.secret.empty())
            continue;
        PILEUS_ASSIGN(const auto lock, lock_of(layer.secret));
        if (lock == label.lock)
            return layer.secret;
    }
    return does_not_fit("key of its boot disk");
}

Result<DevicePlaces> ask_for_places(Machine& machine, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto ids, list_devices(machine, deadline));
    DevicePlaces places;
    for (const auto& id : ids) {
        const bool is_disk = id.starts_with(disk_prefix);
        if (!is_disk && !id.starts_with(nic_prefix))
            continue;
        PILEUS_ASSIGN(const auto bus, bus_of_device(machine, id, deadline));
        if (is_disk && bus == disk_bus) {
            PILEUS_ASSIGN(places[id], ask_for_slot(machine, id, deadline));
        } else if (bus.starts_with(port_prefix)) {
            const auto port = parse_int(std::string_view(bus).substr(port_prefix.size()));
            places[id] = static_cast<int>(port.value_or(0));
        }
    }
    return places;
}

} // namespace pileus::drivers
