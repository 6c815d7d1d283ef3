// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/interface_plug.h"

#include "drivers/hypervisor/qemu/command_line.h"
#include "drivers/hypervisor/qemu/device_list.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/core.h>
#include <set>

namespace pileus::drivers {

namespace {

bool contains(const std::vector<std::string>& ids, const std::string& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// The port that nothing is in, with the lowest number: guests name interfaces in this order.
Result<std::string> find_free_port(Machine& machine, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto ids, list_devices(machine, deadline));
    std::set<std::string> taken;
    for (const auto& id : ids) {
        if (!id.starts_with(nic_prefix))
            continue;
        PILEUS_ASSIGN(auto bus, bus_of_device(machine, id, deadline));
        taken.insert(std::move(bus));
    }
    for (size_t i = 0; i < max_interface_ports; ++i)
        if (contains(ids, interface_port(i)) && !taken.contains(interface_port(i)))
            return interface_port(i);
    return fail(errors::unavailable, "the guest has no free slot for another interface");
}

// Whether the device has its wire: it has none after it was cut off by force. The link of an
// interface is always up here, so that to set it changes nothing.
Result<bool>
has_wire(Machine& machine, const std::string& interface_id, Machine::Deadline deadline) {
    const auto answer =
        machine.execute("set_link", {{"name", netdev_id(interface_id)}, {"up", true}}, deadline);
    if (!answer && answer.error().code == errors::not_found)
        return false;
    if (!answer)
        return fail(answer.error());
    return true;
}

Result<void>
cut_wire(Machine& machine, const std::string& interface_id, Machine::Deadline deadline) {
    const auto cut = machine.execute("netdev_del", {{"id", netdev_id(interface_id)}}, deadline);
    if (!cut && cut.error().code != errors::not_found)
        return fail(cut.error());
    return {};
}

Result<void>
lay_wire(Machine& machine, const MachineInterface& interface, Machine::Deadline deadline) {
    if (!interface.open_tap)
        return fail(errors::internal, "an interface came without a tap");
    PILEUS_ASSIGN(const UniqueFd tap, interface.open_tap());
    const auto name = netdev_id(interface.interface_id);
    PILEUS_TRY(machine.pass_fd(tap.get(), name, deadline));
    const auto made = machine.execute(
        "netdev_add", {{"type", "tap"}, {"id", name}, {"fd", name}, {"vhost", false}}, deadline);
    if (!made) {
        (void)machine.execute("closefd", {{"fdname", name}}, clean_up_deadline());
        return fail(made.error());
    }
    return {};
}

Result<void> add_device(Machine& machine,
                        const MachineInterface& interface,
                        const std::string& port,
                        Machine::Deadline deadline) {
    const auto added = machine.execute("device_add",
                                       {{"driver", "virtio-net-pci"},
                                        {"id", nic_id(interface.interface_id)},
                                        {"netdev", netdev_id(interface.interface_id)},
                                        {"mac", interface.mac},
                                        {"host_mtu", interface.mtu},
                                        {"bus", port},
                                        {"romfile", ""}},
                                       deadline);
    if (added)
        return {};
    (void)cut_wire(machine, interface.interface_id, clean_up_deadline());
    return fail(added.error());
}

} // namespace

Result<void>
plug_interface(Machine& machine, const MachineInterface& interface, Machine::Deadline deadline) {
    PILEUS_TRY(check_interface(interface));
    const auto id = nic_id(interface.interface_id);
    PILEUS_ASSIGN(const bool has_nic, has_device(machine, id, deadline));
    PILEUS_ASSIGN(const bool is_wired, has_wire(machine, interface.interface_id, deadline));
    if (has_nic && is_wired)
        return {};
    if (has_nic) {
        PILEUS_ASSIGN(const bool is_gone, ask_for_device(machine, id, deadline));
        if (!is_gone)
            return fail(errors::timeout,
                        "the guest has not let go of " + interface.interface_id +
                            " since it was cut off");
    }
    PILEUS_ASSIGN(const auto port, find_free_port(machine, deadline));
    PILEUS_TRY(cut_wire(machine, interface.interface_id, deadline)); // of an attempt before this
    PILEUS_TRY(lay_wire(machine, interface, deadline));
    return add_device(machine, interface, port, deadline);
}

Result<void> pull_interface(Machine& machine,
                            const std::string& interface_id,
                            bool force,
                            Machine::Deadline deadline) {
    PILEUS_ASSIGN(const bool has_nic, has_device(machine, nic_id(interface_id), deadline));
    if (has_nic) {
        PILEUS_ASSIGN(const bool is_gone, ask_for_device(machine, nic_id(interface_id), deadline));
        if (!is_gone && !force)
            return fail(errors::timeout, "the guest does not let go of " + interface_id);
    }
    return cut_wire(machine, interface_id, clean_up_deadline());
}

Result<std::vector<std::string>> list_plugged(Machine& machine, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto ids, list_devices(machine, deadline));
    std::vector<std::string> plugged;
    for (const auto& id : ids) {
        if (!id.starts_with(nic_prefix))
            continue;
        const auto interface_id = id.substr(nic_prefix.size());
        PILEUS_ASSIGN(const bool is_wired, has_wire(machine, interface_id, deadline));
        if (is_wired)
            plugged.push_back(interface_id);
    }
    return plugged;
}

} // namespace pileus::drivers
