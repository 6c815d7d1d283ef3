// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is on disk about a guest's process: machine.json in the instance's folder. Written before
// the process exists (with its uid, without its identity) and again as soon as it does, so that a
// daemon that dies at any point leaves nothing unknown. Any thread, one an instance at a time.

#include "base/process.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pileus::drivers {

struct MachineRecord {
    std::string instance_id;
    uint32_t uid = 0;
    std::optional<ProcessIdentity> process;
    // For people who look into the folder.
    std::string instance_type;
    int vcpus = 0;
    int64_t memory_mib = 0;
    std::string acceleration;
    std::vector<std::string> volume_ids;
    bool is_half_made = false; // started from a frozen one, and not yet who it is to be
};

std::string format_machine_record(const MachineRecord& record);
Result<MachineRecord> parse_machine_record(std::string_view text);

// The process that was started with `mark` in its environment and runs under `uid`: a guest whose
// daemon died before it could note the identity.
std::optional<pid_t> find_process(std::string_view mark, uint32_t uid);
inline constexpr const char* machine_mark_variable = "PILEUS_MACHINE";

} // namespace pileus::drivers
