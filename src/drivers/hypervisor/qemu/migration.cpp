// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/migration.h"

#include "drivers/qmp/json_fields.h"

#include <boost/json.hpp>
#include <fmt/core.h>
#include <thread>

namespace pileus::drivers {

namespace {

constexpr const char* state_name = "state";
constexpr std::chrono::microseconds first_pause{500};
constexpr std::chrono::microseconds longest_pause{8000};
constexpr std::chrono::milliseconds time_for_last_words{500};
// QEMU holds itself back for the sake of a network that is not there.
constexpr int64_t unbounded_bytes_per_second = int64_t{1} << 40;

Result<void> prepare(Machine& machine, int fd, MemoryIn memory, Machine::Deadline deadline) {
    PILEUS_TRY(machine.execute(
        "migrate-set-capabilities",
        {{"capabilities",
          {{{"capability", "x-ignore-shared"}, {"state", memory == MemoryIn::file_of_its_own}}}}},
        deadline));
    return machine.pass_fd(fd, state_name, deadline);
}

Result<void> begin_to_load(Machine& machine, int fd, MemoryIn memory, Machine::Deadline deadline) {
    PILEUS_TRY(prepare(machine, fd, memory, deadline));
    PILEUS_TRY(
        machine.execute("migrate-incoming", {{"uri", fmt::format("fd:{}", state_name)}}, deadline));
    return {};
}

Result<void> wait_until_completed(Machine& machine, Machine::Deadline deadline) {
    auto pause = first_pause;
    while (true) {
        PILEUS_ASSIGN(const auto progress, machine.execute("query-migrate", {}, deadline));
        const auto status = text_at(progress, "status");
        if (status == "completed")
            return {};
        if (status == "failed" || status == "cancelled")
            return fail(errors::unavailable,
                        fmt::format("QEMU cannot do it: {}", text_at(progress, "error-desc")));
        if (std::chrono::steady_clock::now() > deadline)
            return fail(errors::timeout, "QEMU did not finish in time");
        std::this_thread::sleep_for(pause);
        pause = std::min(2 * pause, longest_pause);
    }
}

} // namespace

Result<void> save_state(Machine& machine, int fd, MemoryIn memory, Machine::Deadline deadline) {
    PILEUS_TRY(machine.execute("stop", {}, deadline));
    PILEUS_TRY(machine.execute(
        "migrate-set-parameters", {{"max-bandwidth", unbounded_bytes_per_second}}, deadline));
    PILEUS_TRY(prepare(machine, fd, memory, deadline));
    PILEUS_TRY(machine.execute("migrate", {{"uri", fmt::format("fd:{}", state_name)}}, deadline));
    return wait_until_completed(machine, deadline);
}

Result<void> load_state(Machine& machine, int fd, MemoryIn memory, Machine::Deadline deadline) {
    auto loaded = begin_to_load(machine, fd, memory, deadline);
    if (loaded)
        loaded = wait_until_completed(machine, deadline);
    // What does not fit ends QEMU, whose last words say why.
    if (!loaded && machine.wait_until_ended(std::chrono::steady_clock::now() + time_for_last_words))
        return fail(errors::unavailable, machine.observe().detail);
    return loaded;
}

} // namespace pileus::drivers
