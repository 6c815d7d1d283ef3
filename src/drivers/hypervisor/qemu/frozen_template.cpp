// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/frozen_template.h"

#include "drivers/qmp/json_fields.h"

#include <boost/json.hpp>

namespace pileus::drivers {

namespace {

namespace json = boost::json;

json::array format_places(const std::vector<MarkPlace>& places) {
    json::array list;
    for (const auto& place : places)
        list.push_back({place.offset, static_cast<int>(place.form)});
    return list;
}

Result<std::vector<MarkPlace>> parse_places(const json::object& object, std::string_view key) {
    const auto* list = object.if_contains(key);
    std::vector<MarkPlace> places;
    if (!list || !list->is_array())
        return fail(errors::invalid, "the record of a frozen guest lacks its marks");
    for (const auto& each : list->as_array()) {
        const auto* pair = each.if_array();
        if (!pair || pair->size() != 2 || !(*pair)[0].is_int64() || !(*pair)[1].is_int64() ||
            (*pair)[0].as_int64() < 0 || (*pair)[1].as_int64() < 0 ||
            (*pair)[1].as_int64() >= static_cast<int64_t>(mark_forms))
            return fail(errors::invalid, "the record of a frozen guest has a mark that is none");
        places.push_back({static_cast<uint64_t>((*pair)[0].as_int64()),
                          static_cast<MarkForm>((*pair)[1].as_int64())});
    }
    return places;
}

} // namespace

FrozenShape FrozenShape::of(const MachineSpec& spec) {
    return {spec.instance_type, spec.firmware, spec.vcpus, spec.memory_mib, spec.interface_slots};
}

std::string format_frozen_template(const FrozenTemplate& frozen) {
    const json::object object{{"id", frozen.id},
                              {"fingerprint", frozen.fingerprint},
                              {"instance_type", frozen.shape.instance_type},
                              {"firmware", frozen.shape.firmware},
                              {"vcpus", frozen.shape.vcpus},
                              {"memory_mib", frozen.shape.memory_mib},
                              {"interface_slots", frozen.shape.interface_slots},
                              {"has_memory_file", frozen.has_memory_file},
                              {"memory_bytes", frozen.memory_bytes},
                              {"disk_bytes", frozen.disk_bytes},
                              {"mac", frozen.marks.mac},
                              {"system_uuid", frozen.marks.system_uuid},
                              {"asset_tag", frozen.marks.asset_tag},
                              {"boot_id", frozen.marks.boot_id},
                              {"machine_id", frozen.marks.machine_id},
                              {"in_memory", format_places(frozen.in_memory)},
                              {"in_state", format_places(frozen.in_state)},
                              {"in_console", format_places(frozen.in_console)}};
    return json::serialize(object) + "\n";
}

Result<FrozenTemplate> parse_frozen_template(std::string_view text) {
    boost::system::error_code error;
    const auto value = json::parse(text, error);
    const auto* object = error ? nullptr : value.if_object();
    if (!object)
        return fail(errors::invalid, "the record of a frozen guest is not a JSON object");
    FrozenTemplate frozen;
    frozen.id = text_at(value, "id");
    frozen.fingerprint = text_at(value, "fingerprint");
    frozen.shape.instance_type = text_at(value, "instance_type");
    frozen.shape.firmware = text_at(value, "firmware");
    frozen.shape.vcpus = static_cast<int>(number_at(value, "vcpus"));
    frozen.shape.memory_mib = number_at(value, "memory_mib");
    frozen.shape.interface_slots = static_cast<int>(number_at(value, "interface_slots"));
    frozen.has_memory_file = flag_at(value, "has_memory_file");
    frozen.memory_bytes = number_at(value, "memory_bytes");
    frozen.disk_bytes = number_at(value, "disk_bytes");
    frozen.marks = {text_at(value, "mac"),
                    text_at(value, "system_uuid"),
                    text_at(value, "asset_tag"),
                    text_at(value, "boot_id"),
                    text_at(value, "machine_id")};
    PILEUS_ASSIGN(frozen.in_memory, parse_places(*object, "in_memory"));
    PILEUS_ASSIGN(frozen.in_state, parse_places(*object, "in_state"));
    PILEUS_ASSIGN(frozen.in_console, parse_places(*object, "in_console"));
    if (frozen.id.empty() || frozen.shape.memory_mib <= 0)
        return fail(errors::invalid, "the record of a frozen guest lacks its id or size");
    return frozen;
}

} // namespace pileus::drivers
