// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/emulated/emulated_hypervisor.h"

#include "base/file.h"
#include "base/text.h"
#include "domain/ids.h"
#include "drivers/picture/picture.h"

#include <algorithm>
#include <fmt/core.h>
#include <fstream>

namespace pileus::drivers {

namespace {

constexpr size_t console_limit_bytes = 64 * 1024;
constexpr size_t state_limit_bytes = 256 * 1024;
constexpr std::string_view out_of_space = "no space left on the disk that holds its volumes";

Result<void> check_id(const std::string& instance_id) {
    if (domain::is_well_formed_id(domain::prefix::instance, instance_id) ||
        domain::is_well_formed_id(domain::prefix::warm_template, instance_id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not an instance id", instance_id));
}

std::string_view name_of(MachineState state) {
    switch (state) {
    case MachineState::running:
        return "running";
    case MachineState::paused:
        return "paused";
    default:
        return "shut_down";
    }
}

std::string greeting(const std::string& instance_id) {
    return fmt::format("Instance {} is emulated: no guest runs here.\r\n", instance_id);
}

} // namespace

EmulatedHypervisor::EmulatedHypervisor(EmulatedHypervisorOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

Acceleration EmulatedHypervisor::probe() {
    return {"emulated", true, "emulation mode: no guest runs"};
}

void EmulatedHypervisor::on_change(std::function<void(const std::string&)> callback) {
    const std::lock_guard lock(mutex_);
    on_change_ = std::move(callback);
}

Result<std::vector<std::string>> EmulatedHypervisor::recover() {
    const std::lock_guard lock(mutex_);
    if (!options_.state_folder.empty()) {
        PILEUS_TRY(make_directories(options_.state_folder));
        for (const auto& entry : std::filesystem::directory_iterator(options_.state_folder)) {
            const auto id = entry.path().filename().string();
            if (id.starts_with(kept_template))
                templates_.insert(id.substr(kept_template.size()));
            if (id.starts_with(kept_memory))
                hibernating_.insert(id.substr(kept_memory.size()));
            const auto state = read_file(entry.path(), state_limit_bytes);
            if (!check_id(id) || !state || guests_.contains(id))
                continue;
            guests_[id] = parse_guest(id, *state);
        }
    }
    for (auto& [id, guest] : guests_)
        if (domain::is_well_formed_id(domain::prefix::warm_template, id))
            end(id); // its freezing is not gone on with
    std::vector<std::string> ids;
    for (const auto& [id, guest] : guests_)
        if (guest.observation.state != MachineState::absent)
            ids.push_back(id);
    return ids;
}

Result<void> EmulatedHypervisor::start(const MachineSpec& spec) {
    PILEUS_TRY(check_id(spec.instance_id));
    PILEUS_TRY(take_failure("start"));
    {
        const std::lock_guard lock(mutex_);
        if (is_alive(spec.instance_id))
            return {};
    }
    if (options_.start_delay > Duration::zero())
        clock_.sleep(options_.start_delay);
    Guest guest{{MachineState::running, ""}, greeting(spec.instance_id)};
    guest.awaits_identity = spec.awaits_identity;
    return run(spec, std::move(guest));
}

Result<void> EmulatedHypervisor::run(const MachineSpec& spec, Guest guest) {
    {
        const std::lock_guard lock(mutex_);
        for (const auto& disk : spec.disks)
            PILEUS_TRY(check_unused(spec.instance_id, disk));
        for (const auto& interface : spec.interfaces)
            guest.interfaces.push_back(interface.interface_id);
        for (const auto& disk : spec.disks)
            guest.disks[disk.chain.volume_id] = EmulatedDisk::of(disk);
        note(spec.instance_id, guest);
        guests_[spec.instance_id] = std::move(guest);
        hibernating_.erase(spec.instance_id);
        note_kept(kept_memory, spec.instance_id, false);
    }
    call_back(spec.instance_id);
    return {};
}

Result<void> EmulatedHypervisor::power_button(const std::string& instance_id) {
    PILEUS_TRY(take_failure("power_button"));
    {
        const std::lock_guard lock(mutex_);
        PILEUS_ASSIGN(Guest* const guest, find_alive(instance_id));
        if (guest->deaf || guest->observation.state == MachineState::shut_down || guest->off_at)
            return {};
        guest->off_at = clock_.monotonic() + options_.power_off_delay;
        advance(*guest);
        note(instance_id, *guest);
    }
    call_back(instance_id);
    return {};
}

Result<void> EmulatedHypervisor::reset(const std::string& instance_id) {
    PILEUS_TRY(take_failure("reset"));
    {
        const std::lock_guard lock(mutex_);
        PILEUS_ASSIGN(Guest* const guest, find_alive(instance_id));
        guest->observation = {MachineState::running, ""};
        guest->off_at.reset();
        guest->console += greeting(instance_id);
        if (guest->console.size() > console_limit_bytes)
            guest->console.erase(0, guest->console.size() - console_limit_bytes);
        note(instance_id, *guest);
    }
    call_back(instance_id);
    return {};
}

Result<void> EmulatedHypervisor::attach_interface(const std::string& instance_id,
                                                  const MachineInterface& interface) {
    PILEUS_TRY(take_failure("attach_interface"));
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(Guest* const guest, find_alive(instance_id));
    auto& plugged = guest->interfaces;
    if (std::find(plugged.begin(), plugged.end(), interface.interface_id) == plugged.end())
        plugged.push_back(interface.interface_id);
    note(instance_id, *guest);
    return {};
}

Result<void> EmulatedHypervisor::detach_interface(const std::string& instance_id,
                                                  const std::string& interface_id,
                                                  bool force) {
    PILEUS_TRY(take_failure("detach_interface"));
    const std::lock_guard lock(mutex_);
    const auto guest = find_alive(instance_id);
    if (!guest)
        return {};
    if ((*guest)->deaf && !force)
        return fail(errors::timeout, "the guest does not let the interface go");
    std::erase((*guest)->interfaces, interface_id);
    note(instance_id, **guest);
    return {};
}

Result<std::vector<std::string>>
EmulatedHypervisor::plugged_interfaces(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    PILEUS_ASSIGN(const Guest* const guest, find_alive(instance_id));
    return guest->interfaces;
}

Result<void> EmulatedHypervisor::resume(const std::string& instance_id) {
    PILEUS_TRY(take_failure("resume"));
    {
        const std::lock_guard lock(mutex_);
        PILEUS_ASSIGN(Guest* const guest, find_alive(instance_id));
        if (guest->observation.state != MachineState::paused)
            return {};
        guest->observation = {MachineState::running, ""};
        note(instance_id, *guest);
    }
    call_back(instance_id);
    return {};
}

Result<void> EmulatedHypervisor::destroy(const std::string& instance_id) {
    PILEUS_TRY(check_id(instance_id));
    PILEUS_TRY(take_failure("destroy"));
    const std::lock_guard lock(mutex_);
    end(instance_id);
    return {};
}

Result<void> EmulatedHypervisor::forget(const std::string& instance_id) {
    PILEUS_TRY(destroy(instance_id));
    PILEUS_TRY(take_failure("forget"));
    const std::lock_guard lock(mutex_);
    guests_.erase(instance_id);
    hibernating_.erase(instance_id);
    note_kept(kept_memory, instance_id, false);
    return {};
}

MachineObservation EmulatedHypervisor::observe(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    const auto guest = guests_.find(instance_id);
    if (guest == guests_.end())
        return {};
    advance(guest->second);
    return guest->second.observation;
}

Result<std::string> EmulatedHypervisor::console_output(const std::string& instance_id,
                                                       size_t limit) {
    PILEUS_TRY(check_id(instance_id));
    const std::lock_guard lock(mutex_);
    const auto guest = guests_.find(instance_id);
    if (guest == guests_.end())
        return std::string();
    const auto& text = guest->second.console;
    return text.substr(text.size() - std::min(limit, text.size()));
}

Result<std::string> EmulatedHypervisor::screenshot(const std::string& instance_id, bool) {
    static constexpr int width = 720; // of a PC's text screen
    static constexpr int height = 400;
    const std::lock_guard lock(mutex_);
    if (!guests_.contains(instance_id))
        return fail(errors::not_found, fmt::format("no guest is running for {}", instance_id));
    return encode_jpeg({width, height, std::string(size_t{3} * width * height, '\x80')});
}

void EmulatedHypervisor::fail_next(const std::string& verb, Error error) {
    const std::lock_guard lock(mutex_);
    failures_[verb] = std::move(error);
}

void EmulatedHypervisor::kill_guest(const std::string& instance_id, const std::string& detail) {
    {
        const std::lock_guard lock(mutex_);
        auto& guest = guests_[instance_id];
        guest.observation = {MachineState::absent, detail};
        guest.interfaces.clear();
        guest.disks.clear();
        note(instance_id, guest);
    }
    call_back(instance_id);
}

void EmulatedHypervisor::shut_guest_down(const std::string& instance_id) {
    {
        const std::lock_guard lock(mutex_);
        auto& guest = guests_[instance_id];
        guest.observation = {MachineState::shut_down, ""};
        note(instance_id, guest);
    }
    call_back(instance_id);
}

void EmulatedHypervisor::make_deaf(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    guests_[instance_id].deaf = true;
}

void EmulatedHypervisor::run_out_of_space(const std::string& instance_id) {
    {
        const std::lock_guard lock(mutex_);
        auto& guest = guests_[instance_id];
        guest.observation = {MachineState::paused, std::string(out_of_space)};
        note(instance_id, guest);
    }
    call_back(instance_id);
}

Result<void> EmulatedHypervisor::take_failure(const std::string& verb) {
    const std::lock_guard lock(mutex_);
    const auto failure = failures_.find(verb);
    if (failure == failures_.end())
        return {};
    auto error = std::move(failure->second);
    failures_.erase(failure);
    return fail(std::move(error));
}

bool EmulatedHypervisor::is_alive(const std::string& instance_id) {
    return find_alive(instance_id).has_value();
}

void EmulatedHypervisor::end(const std::string& instance_id) {
    const auto guest = guests_.find(instance_id);
    if (guest == guests_.end())
        return;
    Guest ended;
    ended.console = std::move(guest->second.console);
    guest->second = std::move(ended);
    note(instance_id, guest->second);
}

Result<EmulatedHypervisor::Guest*> EmulatedHypervisor::find_alive(const std::string& instance_id) {
    const auto guest = guests_.find(instance_id);
    if (guest == guests_.end() || guest->second.observation.state == MachineState::absent)
        return fail(errors::not_found, fmt::format("no guest is running for {}", instance_id));
    advance(guest->second);
    return &guest->second;
}

void EmulatedHypervisor::advance(Guest& guest) const {
    if (guest.off_at && clock_.monotonic() >= *guest.off_at) {
        guest.observation = {MachineState::shut_down, ""};
        guest.off_at.reset();
    }
}

void EmulatedHypervisor::note(const std::string& instance_id, const Guest& guest) const {
    if (options_.state_folder.empty())
        return;
    // Not synced: it shall survive the daemon, and no guest survives the machine anyway.
    const auto path = options_.state_folder / instance_id;
    if (guest.observation.state == MachineState::absent) {
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
        return;
    }
    std::ofstream file(path);
    file << name_of(guest.observation.state);
    for (const auto& interface : guest.interfaces)
        file << ' ' << interface;
    for (const auto& [id, disk] : guest.disks) {
        file << '\n' << id << '\t' << disk.boot << '\t' << disk.size_gib << '\t' << disk.path;
        for (const auto& below : disk.backing)
            file << '\t' << below;
    }
}

// What note() wrote: the state and the interfaces, then a line for each disk.
EmulatedHypervisor::Guest EmulatedHypervisor::parse_guest(const std::string& instance_id,
                                                          std::string_view text) {
    Guest guest{{MachineState::shut_down, ""}, greeting(instance_id)};
    const auto lines = split(text, '\n');
    const auto words = split(lines.empty() ? text : lines.front(), ' ');
    if (!words.empty() && words.front() == name_of(MachineState::running))
        guest.observation.state = MachineState::running;
    if (!words.empty() && words.front() == name_of(MachineState::paused))
        guest.observation = {MachineState::paused, std::string(out_of_space)};
    for (size_t i = 1; i < words.size(); ++i)
        guest.interfaces.emplace_back(words[i]);
    for (size_t i = 1; i < lines.size(); ++i) {
        const auto fields = split(lines[i], '\t');
        if (fields.size() < 4)
            continue;
        EmulatedDisk disk;
        disk.boot = fields[1] == "1";
        disk.size_gib = parse_int(fields[2]).value_or(0);
        disk.path = fields[3];
        disk.backing.assign(fields.begin() + 4, fields.end());
        guest.disks.emplace(fields[0], std::move(disk));
    }
    return guest;
}

void EmulatedHypervisor::call_back(const std::string& instance_id) {
    std::function<void(const std::string&)> callback;
    {
        const std::lock_guard lock(mutex_);
        callback = on_change_;
    }
    if (callback)
        callback(instance_id);
}

} // namespace pileus::drivers
