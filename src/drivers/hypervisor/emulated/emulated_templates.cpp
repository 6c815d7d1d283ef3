// SPDX-License-Identifier: Apache-2.0
// The verbs on frozen, hibernating and copied guests of the emulated hypervisor.
#include "domain/ids.h"
#include "drivers/hypervisor/emulated/emulated_hypervisor.h"

#include <fmt/core.h>
#include <fstream>

namespace pileus::drivers {

namespace {

constexpr int64_t frozen_memory_bytes = int64_t{64} << 20; // as if

Result<void> check_template_id(const std::string& template_id) {
    if (domain::is_well_formed_id(domain::prefix::warm_template, template_id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not the id of a warm template", template_id));
}

} // namespace

std::string EmulatedHypervisor::template_fingerprint() {
    const std::lock_guard lock(mutex_);
    return fingerprint_;
}

std::string EmulatedHypervisor::current_hardware() {
    return "emulated";
}

Result<bool> EmulatedHypervisor::is_ready_to_freeze(const std::string& instance_id) {
    PILEUS_TRY(take_failure("is_ready_to_freeze"));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const Guest* const guest, find_alive(instance_id));
    return guest->awaits_identity && !guest->deaf;
}

Result<FrozenGuest> EmulatedHypervisor::freeze(const std::string& instance_id,
                                               const std::string& template_id) {
    PILEUS_TRY(check_template_id(template_id));
    PILEUS_TRY(take_failure("freeze"));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const Guest* const guest, find_alive(instance_id));
    if (!guest->awaits_identity)
        return fail(errors::invalid, instance_id + " is somebody already");
    end(instance_id);
    return keep(template_id);
}

Result<void> EmulatedHypervisor::start_from(const std::string& template_id,
                                            const MachineSpec& spec,
                                            const GuestIdentity& identity) {
    if (!domain::is_well_formed_id(domain::prefix::instance, spec.instance_id))
        return fail(errors::invalid, fmt::format("'{}' is not an instance id", spec.instance_id));
    PILEUS_TRY(take_failure("start_from"));
    {
        const std::lock_guard lock(mutex_);
        if (is_alive(spec.instance_id))
            return {};
        if (!templates_.contains(template_id))
            return fail(errors::not_found, "there is no frozen guest " + template_id);
    }
    Guest guest{{MachineState::running, ""},
                fmt::format("Instance {} is emulated: no guest runs here.\r\n", spec.instance_id)};
    guest.identity = identity;
    return run(spec, std::move(guest));
}

Result<std::vector<FrozenGuest>> EmulatedHypervisor::templates() {
    PILEUS_TRY(take_failure("templates"));
    const std::lock_guard lock(mutex_);
    std::vector<FrozenGuest> found;
    for (const auto& id : templates_)
        found.push_back({id, frozen_memory_bytes, frozen_memory_bytes});
    return found;
}

Result<void> EmulatedHypervisor::remove_template(const std::string& template_id) {
    PILEUS_TRY(check_template_id(template_id));
    PILEUS_TRY(take_failure("remove_template"));
    const std::lock_guard lock(mutex_);
    templates_.erase(template_id);
    note_kept(kept_template, template_id, false);
    return {};
}

Result<void> EmulatedHypervisor::cool_template(const std::string& template_id) {
    PILEUS_TRY(check_template_id(template_id));
    return take_failure("cool_template");
}

Result<void> EmulatedHypervisor::hibernate(const std::string& instance_id) {
    PILEUS_TRY(take_failure("hibernate"));
    const std::lock_guard lock(mutex_);
    if (!is_alive(instance_id) && hibernating_.contains(instance_id))
        return {};
    PILEUS_TRY(find_alive(instance_id));
    hibernating_.insert(instance_id);
    note_kept(kept_memory, instance_id, true);
    end(instance_id);
    return {};
}

Result<void> EmulatedHypervisor::wake(const MachineSpec& spec) {
    const auto failure = take_failure("wake");
    std::string console; // goes on
    {
        const std::lock_guard lock(mutex_);
        if (is_alive(spec.instance_id))
            return {};
        if (!failure && failure.error().code != errors::not_found) {
            hibernating_.erase(spec.instance_id);
            note_kept(kept_memory, spec.instance_id, false);
        }
        PILEUS_TRY(failure);
        if (!hibernating_.contains(spec.instance_id))
            return fail(errors::not_found, spec.instance_id + " does not hibernate");
        console = guests_[spec.instance_id].console;
    }
    return run(spec, Guest{{MachineState::running, ""}, std::move(console)});
}

Result<void> EmulatedHypervisor::forget_memory(const std::string& instance_id) {
    PILEUS_TRY(take_failure("forget_memory"));
    const std::lock_guard lock(mutex_);
    hibernating_.erase(instance_id);
    note_kept(kept_memory, instance_id, false);
    return {};
}

Result<FrozenGuest> EmulatedHypervisor::copy_running(const std::string& instance_id,
                                                     const std::string& template_id,
                                                     const std::vector<LayerSwitch>& switches) {
    PILEUS_TRY(check_template_id(template_id));
    PILEUS_TRY(take_failure("copy_running"));
    const std::lock_guard lock(mutex_);
    PILEUS_TRY(find_alive(instance_id));
    PILEUS_TRY(move_layers(instance_id, switches));
    return keep(template_id);
}

void EmulatedHypervisor::set_fingerprint(const std::string& fingerprint) {
    const std::lock_guard lock(mutex_);
    fingerprint_ = fingerprint;
}

std::optional<GuestIdentity> EmulatedHypervisor::identity(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    const auto guest = guests_.find(instance_id);
    return guest == guests_.end() ? std::nullopt : guest->second.identity;
}

bool EmulatedHypervisor::is_hibernating(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    return hibernating_.contains(instance_id);
}

FrozenGuest EmulatedHypervisor::keep(const std::string& template_id) {
    templates_.insert(template_id);
    note_kept(kept_template, template_id, true);
    return {template_id, frozen_memory_bytes, frozen_memory_bytes};
}

void EmulatedHypervisor::note_kept(std::string_view kind,
                                   const std::string& id,
                                   bool is_there) const {
    if (options_.state_folder.empty())
        return;
    const auto path = options_.state_folder / fmt::format("{}{}", kind, id);
    std::error_code ignored;
    if (is_there)
        std::ofstream(path, std::ios::app).close();
    else
        std::filesystem::remove(path, ignored);
}

} // namespace pileus::drivers
