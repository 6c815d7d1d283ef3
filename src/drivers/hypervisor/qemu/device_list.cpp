// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/device_list.h"

#include "drivers/qmp/json_fields.h"

#include <algorithm>
#include <boost/json.hpp>

namespace pileus::drivers {

namespace {

constexpr const char* devices_path = "/machine/peripheral"; // where QEMU keeps what has an id
constexpr std::chrono::seconds clean_up_time{2};
constexpr std::chrono::milliseconds look_again{200}; // should an event be lost

} // namespace

std::string device_path(const std::string& id) {
    return std::string(devices_path) + "/" + id;
}

Machine::Deadline clean_up_deadline() {
    return std::chrono::steady_clock::now() + clean_up_time;
}

Result<std::vector<std::string>> list_devices(Machine& machine, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto answer,
                  machine.execute("qom-list", {{"path", devices_path}}, deadline));
    std::vector<std::string> ids;
    if (const auto* entries = answer.if_array())
        for (const auto& entry : *entries)
            ids.push_back(text_at(entry, "name"));
    return ids;
}

Result<bool> has_device(Machine& machine, const std::string& id, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto ids, list_devices(machine, deadline));
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

Result<std::string>
bus_of_device(Machine& machine, const std::string& id, Machine::Deadline deadline) {
    PILEUS_ASSIGN(const auto bus,
                  machine.execute("qom-get",
                                  {{"path", device_path(id)}, {"property", "parent_bus"}},
                                  deadline));
    const auto* path = bus.if_string();
    return path ? std::string(std::string_view(*path).substr(path->rfind('/') + 1)) : std::string();
}

Result<bool> ask_for_device(Machine& machine, const std::string& id, Machine::Deadline deadline) {
    while (true) {
        const auto seen = machine.device_events();
        // Refused while it is being asked for already.
        (void)machine.execute("device_del", {{"id", id}}, deadline);
        PILEUS_ASSIGN(const bool is_there, has_device(machine, id, clean_up_deadline()));
        if (!is_there)
            return true;
        const auto now = std::chrono::steady_clock::now();
        if (now >= deadline)
            return false;
        machine.wait_for_device_event(seen, std::min(deadline, now + look_again));
    }
}

} // namespace pileus::drivers
