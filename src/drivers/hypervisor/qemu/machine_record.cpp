// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/machine_record.h"

#include "base/file.h"
#include "base/text.h"
#include "drivers/qmp/json_fields.h"

#include <boost/json.hpp>
#include <fmt/core.h>
#include <sys/stat.h>

namespace pileus::drivers {

namespace {

constexpr size_t environment_limit_bytes = 256 * 1024;

bool has_mark(pid_t pid, std::string_view mark) {
    const auto text = read_file(fmt::format("/proc/{}/environ", pid), environment_limit_bytes);
    if (!text)
        return false; // it has ended meanwhile
    const std::string wanted = fmt::format("{}={}", machine_mark_variable, mark);
    for (const auto entry : split(*text, '\0'))
        if (entry == wanted)
            return true;
    return false;
}

} // namespace

std::string format_machine_record(const MachineRecord& record) {
    boost::json::object object{{"instance_id", record.instance_id},
                               {"uid", record.uid},
                               {"half_made", record.is_half_made},
                               {"instance_type", record.instance_type},
                               {"vcpus", record.vcpus},
                               {"memory_mib", record.memory_mib},
                               {"acceleration", record.acceleration},
                               {"volume_ids", boost::json::value_from(record.volume_ids)}};
    if (record.process)
        object["process"] = {{"pid", record.process->pid},
                             {"start_ticks", static_cast<int64_t>(record.process->start_ticks)},
                             {"boot_id", record.process->boot_id}};
    return boost::json::serialize(object) + "\n";
}

Result<MachineRecord> parse_machine_record(std::string_view text) {
    boost::system::error_code error;
    const auto value = boost::json::parse(text, error);
    const auto* object = error ? nullptr : value.if_object();
    if (!object)
        return fail(errors::invalid, "the record of a guest is not a JSON object");
    MachineRecord record;
    record.instance_id = text_at(value, "instance_id");
    record.uid = static_cast<uint32_t>(number_at(value, "uid"));
    record.is_half_made = flag_at(value, "half_made");
    record.instance_type = text_at(value, "instance_type");
    record.vcpus = static_cast<int>(number_at(value, "vcpus"));
    record.memory_mib = number_at(value, "memory_mib");
    record.acceleration = text_at(value, "acceleration");
    if (const auto* ids = object->if_contains("volume_ids"); ids && ids->is_array())
        for (const auto& id : ids->as_array())
            if (id.is_string())
                record.volume_ids.emplace_back(id.as_string());
    if (record.instance_id.empty() || record.uid == 0)
        return fail(errors::invalid, "the record of a guest lacks its id or uid");
    if (const auto* process = object->if_contains("process"); process && process->is_object()) {
        record.process = ProcessIdentity{static_cast<pid_t>(number_at(*process, "pid")),
                                         static_cast<uint64_t>(number_at(*process, "start_ticks")),
                                         text_at(*process, "boot_id")};
    }
    return record;
}

std::optional<pid_t> find_process(std::string_view mark, uint32_t uid) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const auto pid = parse_int(entry.path().filename().string());
        struct stat status {};
        if (!pid || ::stat(entry.path().c_str(), &status) != 0)
            continue;
        // The uid is what a guest cannot forge; its environment it could. Root is the launcher,
        // when it has only just begun.
        if ((status.st_uid == uid || status.st_uid == 0) &&
            has_mark(static_cast<pid_t>(*pid), mark))
            return static_cast<pid_t>(*pid);
    }
    return std::nullopt;
}

} // namespace pileus::drivers
