// SPDX-License-Identifier: Apache-2.0
#include "engine/hibernation.h"

#include "base/log.h"
#include "store/charges.h"
#include "store/instances.h"
#include "store/work.h"

namespace pileus::engine {

using domain::Hibernation;
using domain::Instance;
using domain::InstanceState;

namespace {

std::string milliseconds_since(const Clock& clock, MonotonicTime begun) {
    return std::to_string(
        std::chrono::duration_cast<std::chrono::milliseconds>(clock.monotonic() - begun).count());
}

} // namespace

Result<bool> Hibernations::save(const Instance& instance) {
    const auto begun = clock_.monotonic();
    if (const auto saved = hypervisor_.hibernate(instance.id); !saved) {
        PILEUS_TRY(note_failure(instance, saved.error()));
        return false;
    }
    log_info("instance hibernates",
             {{"instance", instance.id}, {"took_ms", milliseconds_since(clock_, begun)}});
    return true;
}

// As on EC2 the instance shuts down then; its charge ends here, because nothing is kept.
Result<void> Hibernations::note_failure(const Instance& seen, const Error& error) {
    log_warning("an instance could not hibernate, and shuts down",
                {{"instance", seen.id}, {"error", error.message}});
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::instances::find(tx, seen.id);
        if (!row || row->state != InstanceState::stopping ||
            row->hibernation != Hibernation::saving)
            return {};
        row->hibernation = Hibernation::none;
        row->stop_deadline = clock_.now() + stop_timeout_;
        row->state_reason_code = "Server.InternalError";
        row->state_reason_message =
            "Server.InternalError: The instance could not hibernate, and was shut down: " +
            error.message;
        store::instances::update(tx, *row);
        store::charges::instance_changed(tx, /*was_charged=*/true, *row, clock_.now());
        store::work::enqueue(tx, "instance", row->id, row->host_id, clock_.now());
        return {};
    });
}

Result<bool> Hibernations::start(const Instance& instance, const drivers::MachineSpec& spec) {
    if (instance.hibernation == Hibernation::saved) {
        const auto begun = clock_.monotonic();
        const auto woken = hypervisor_.wake(spec);
        if (woken) {
            log_info("instance goes on from its memory",
                     {{"instance", instance.id}, {"took_ms", milliseconds_since(clock_, begun)}});
            return true;
        }
        log_warning("an instance that hibernated cannot go on, and boots",
                    {{"instance", instance.id}, {"error", woken.error().message}});
    }
    PILEUS_TRY(hypervisor_.start(spec));
    return false;
}

} // namespace pileus::engine
