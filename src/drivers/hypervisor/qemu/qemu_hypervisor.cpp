// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/qemu_hypervisor.h"

#include "base/file.h"
#include "base/log.h"
#include "domain/ids.h"
#include "drivers/hypervisor/qemu/console_log.h"
#include "drivers/hypervisor/qemu/disk_layers.h"
#include "drivers/hypervisor/qemu/disk_plug.h"
#include "drivers/hypervisor/qemu/interface_plug.h"
#include "drivers/hypervisor/qemu/launch_fds.h"
#include "drivers/hypervisor/qemu/screen.h"

#include <fmt/core.h>
#include <thread>

namespace pileus::drivers {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds tick{200};
constexpr seconds start_deadline{30};
constexpr seconds command_deadline{5};
constexpr seconds disk_deadline{20};  // many layers, some of them encrypted, on a busy machine
constexpr seconds let_go_deadline{2}; // of a guest that is asked for a device; most take 0.1 s
constexpr seconds quit_deadline{3};
constexpr seconds kill_deadline{10};
constexpr milliseconds reset_retry{5};
constexpr seconds picture_deadline{10};
constexpr milliseconds time_to_wake_up{500}; // of a guest that paints its screen again

QmpSession::Deadline in(seconds time) {
    return std::chrono::steady_clock::now() + time;
}

Result<void> check_id(const std::string& instance_id) {
    if (domain::is_well_formed_id(domain::prefix::instance, instance_id) ||
        domain::is_well_formed_id(domain::prefix::warm_template, instance_id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not an instance id", instance_id));
}

tl::unexpected<Error> no_such_guest(const std::string& instance_id) {
    return fail(errors::not_found, fmt::format("no guest is running for {}", instance_id));
}

MachineRecord record_of(const MachineSpec& spec, uint32_t uid, const std::string& acceleration) {
    MachineRecord record{spec.instance_id,
                         uid,
                         std::nullopt,
                         spec.instance_type,
                         spec.vcpus,
                         spec.memory_mib,
                         acceleration,
                         {}};
    for (const auto& disk : spec.disks)
        record.volume_ids.push_back(disk.chain.volume_id);
    return record;
}

// The launcher shows its program /usr only; an emulator of another place must be shown too.
std::vector<std::string> exposed_folders(const std::string& emulator) {
    std::error_code ignored;
    const auto path = std::filesystem::weakly_canonical(emulator, ignored);
    if (path.string().starts_with("/usr/"))
        return {};
    return {"--expose", path.parent_path().string()};
}

} // namespace

QemuHypervisor::QemuHypervisor(QemuHypervisorOptions options, ProcessRunner& runner)
    : options_(std::move(options)), runner_(runner),
      templates_(options_.templates_folder.empty()
                     ? options_.instances_folder.parent_path() / "templates"
                     : options_.templates_folder),
      next_uid_(options_.first_uid),
      watcher_(std::make_unique<Watcher>(tick, [this] { on_tick(); })) {}

QemuHypervisor::~QemuHypervisor() {
    std::map<std::string, std::shared_ptr<Machine>> machines;
    {
        const std::lock_guard lock(mutex_);
        machines.swap(machines_);
    }
    machines.clear(); // they let go of the watcher first
    watcher_.reset();
}

void QemuHypervisor::on_change(std::function<void(const std::string&)> callback) {
    const std::lock_guard lock(mutex_);
    on_change_ = std::move(callback);
}

MachineFolder QemuHypervisor::folder_of(const std::string& instance_id) const {
    return MachineFolder(options_.instances_folder / instance_id);
}

std::string QemuHypervisor::mark_of(const std::string& instance_id) const {
    return folder_of(instance_id).path().string();
}

std::shared_ptr<Machine> QemuHypervisor::find(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    const auto found = machines_.find(instance_id);
    return found == machines_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<Machine>> QemuHypervisor::find_alive(const std::string& instance_id) {
    auto machine = find(instance_id);
    if (!machine || machine->has_ended())
        return no_such_guest(instance_id);
    return machine;
}

Acceleration QemuHypervisor::probe() {
    const std::lock_guard lock(acceleration_mutex_);
    if (!acceleration_) {
        AccelerationOptions options;
        options.choice = options_.acceleration;
        options.emulator = options_.emulator;
        options.kernel = options_.probe_kernel;
        options.cache = options_.instances_folder / "acceleration.json";
        if (const auto made = make_directories(options_.instances_folder); !made)
            log_warning("no folder for instances", {{"reason", made.error().message}});
        acceleration_ = find_acceleration(options, runner_);
        log_info("acceleration",
                 {{"name", acceleration_->name}, {"reason", acceleration_->reason}});
    }
    return *acceleration_;
}

Result<std::vector<std::string>> QemuHypervisor::recover() {
    PILEUS_TRY(make_directories(options_.instances_folder));
    PILEUS_TRY(templates_.recover());
    std::vector<std::string> adopted;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(options_.instances_folder, error)) {
        const auto id = entry.path().filename().string();
        if (!check_id(id) || !std::filesystem::exists(folder_of(id).record()))
            continue;
        const bool is_there = adopt(id).has_value();
        if (is_to_be_ended(id)) {
            log_info("a guest that was not finished is ended", {{"instance", id}});
            PILEUS_TRY(destroy(id));
        } else if (is_there) {
            adopted.push_back(id);
        }
    }
    if (error)
        return fail(
            errors::unavailable,
            fmt::format("cannot read {}: {}", options_.instances_folder.string(), error.message()));
    return adopted;
}

// Nobody goes on with the making of a guest that another daemon began.
bool QemuHypervisor::is_to_be_ended(const std::string& instance_id) {
    const auto text = read_file(folder_of(instance_id).record());
    const auto record = text ? parse_machine_record(*text) : fail(text.error());
    const bool awaits = domain::is_well_formed_id(domain::prefix::warm_template, instance_id);
    return awaits || (record && record->is_half_made);
}

Result<std::shared_ptr<Machine>> QemuHypervisor::adopt(const std::string& instance_id) {
    if (auto machine = find(instance_id); machine && !machine->has_ended())
        return machine;
    const auto ended = [&](const std::string& why) {
        const std::lock_guard lock(mutex_);
        ended_[instance_id] = why;
        return no_such_guest(instance_id);
    };
    const auto text = read_file(folder_of(instance_id).record());
    auto record = text ? parse_machine_record(*text) : fail(text.error());
    if (!record) {
        log_error("the record of a guest cannot be read",
                  {{"instance", instance_id}, {"reason", record.error().message}});
        return ended("the record of its process cannot be read");
    }
    if (!record->process) {
        // The last daemon died between starting it and noting what it had started.
        const auto pid = find_process(mark_of(instance_id), record->uid);
        if (const auto identity = pid ? identify_process(*pid) : no_such_guest(instance_id)) {
            record->process = *identity;
            PILEUS_TRY(write_file_durably(folder_of(instance_id).record(),
                                          format_machine_record(*record)));
        }
    }
    if (!record->process || !is_alive(*record->process))
        return ended("its QEMU ended while Pileus was not running");
    return attach(instance_id, record->uid, *record->process);
}

Result<std::shared_ptr<Machine>> QemuHypervisor::attach(const std::string& instance_id,
                                                        uint32_t uid,
                                                        const ProcessIdentity& process) {
    MachineOptions options{instance_id,
                           folder_of(instance_id),
                           uid,
                           process,
                           options_.console_limit_bytes,
                           [this](const std::string& id) {
                               std::function<void(const std::string&)> callback;
                               {
                                   const std::lock_guard lock(mutex_);
                                   callback = on_change_;
                               }
                               if (callback)
                                   callback(id);
                           }};
    PILEUS_ASSIGN(auto machine, Machine::attach(std::move(options), *watcher_));
    const std::lock_guard lock(mutex_);
    machines_[instance_id] = machine;
    uids_[instance_id] = uid;
    ended_.erase(instance_id);
    return machine;
}

Result<uint32_t> QemuHypervisor::take_uid(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    std::set<uint32_t> taken;
    for (const auto& [id, uid] : uids_)
        taken.insert(uid);
    // In turn, so that a uid rests before it comes again.
    for (uint32_t i = 0; i < options_.uids; ++i) {
        const uint32_t uid = next_uid_;
        if (++next_uid_ == options_.first_uid + options_.uids)
            next_uid_ = options_.first_uid;
        if (!taken.contains(uid)) {
            uids_[instance_id] = uid;
            return uid;
        }
    }
    return fail(errors::unavailable,
                fmt::format("all {} user ids for guests are in use", options_.uids));
}

Result<void> QemuHypervisor::start(const MachineSpec& spec) {
    PILEUS_TRY(check_id(spec.instance_id));
    if (find_alive(spec.instance_id))
        return {};
    PILEUS_TRY(destroy(spec.instance_id)); // what is left of one that ended
    PILEUS_ASSIGN(const uint32_t uid, take_uid(spec.instance_id));
    auto started = spec.awaits_identity ? start_awaiting(spec, uid) : boot(spec, uid);
    if (!started)
        (void)destroy(spec.instance_id);
    return started;
}

Result<void> QemuHypervisor::boot(const MachineSpec& spec, uint32_t uid) {
    PILEUS_TRY(forget_memory(spec.instance_id)); // it is of no disk that this guest writes to
    LaunchOptions options;
    options.files.uefi_variables = options_.uefi_variables;
    PILEUS_ASSIGN(const auto machine, launch(spec, uid, options));
    return settle_disks(*machine, spec.disks, in(disk_deadline));
}

Result<std::shared_ptr<Machine>>
QemuHypervisor::launch(const MachineSpec& spec, uint32_t uid, const LaunchOptions& options) {
    const auto folder = folder_of(spec.instance_id);
    PILEUS_TRY(make_directories(folder.path()));
    auto record = record_of(spec, uid, probe().name);
    record.is_half_made = options.is_half_made;
    PILEUS_TRY(replace_file(folder.record(), format_machine_record(record)));
    PILEUS_TRY(remove_tree(folder.emulator_log()));
    PILEUS_ASSIGN(record.process, spawn(spec, uid, options));
    PILEUS_ASSIGN(auto machine, attach(spec.instance_id, uid, *record.process));
    // Written while QEMU gets ready.
    PILEUS_TRY(replace_file(folder.record(), format_machine_record(record)));
    PILEUS_TRY(note_memory_lock(spec));
    auto known = machine->wait_until_known(in(start_deadline));
    if (!known)
        return fail(errors::unavailable,
                    fmt::format("the guest of {} did not start: {}",
                                spec.instance_id,
                                known.error().message));
    if (!options.is_half_made)
        PILEUS_TRY(open_screen(*machine, folder, in(command_deadline)));
    return machine;
}

Result<void>
QemuHypervisor::write_record(const MachineSpec& spec, uint32_t uid, const Machine& machine) {
    auto record = record_of(spec, uid, probe().name);
    record.process = machine.process();
    return replace_file(folder_of(spec.instance_id).record(), format_machine_record(record));
}

Result<ProcessIdentity>
QemuHypervisor::spawn(const MachineSpec& spec, uint32_t uid, const LaunchOptions& options) {
    const auto acceleration = probe();
    const auto folder = folder_of(spec.instance_id);
    PILEUS_ASSIGN(const CommandLine line,
                  build_command_line(spec,
                                     acceleration,
                                     {options_.emulator,
                                      options_.uefi_code,
                                      options.memory,
                                      options.is_incoming,
                                      options.places}));
    PILEUS_ASSIGN(const LaunchFds fds, LaunchFds::open(spec, line, folder, options.files));
    ProcessSpec process;
    process.argv = {options_.launcher, "--uid", std::to_string(uid)};
    if (acceleration.name == "kvm")
        process.argv.insert(process.argv.end(), {"--device", "/dev/kvm"});
    for (const auto& passed : line.fds)
        if (passed.what == Passed::disk_secret)
            process.argv.insert(process.argv.end(), {"--secret", std::to_string(passed.child_fd)});
    if (options.memory != GuestMemory::own)
        process.argv.insert(process.argv.end(), {"--show-descriptors", "yes"});
    const auto exposed = exposed_folders(options_.emulator);
    process.argv.insert(process.argv.end(), exposed.begin(), exposed.end());
    process.argv.push_back("--");
    process.argv.insert(process.argv.end(), line.argv.begin(), line.argv.end());
    process.fds = fds.inherited();
    process.set_env[machine_mark_variable] = mark_of(spec.instance_id);
    process.output_path = folder.emulator_log().string();
    PILEUS_ASSIGN(const pid_t pid, runner_.spawn(process));
    return identify_process(pid); // its zombie at least: it is our child
}

Result<void> QemuHypervisor::power_button(const std::string& instance_id) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    if (machine->observe().state == MachineState::shut_down)
        return {};
    PILEUS_TRY(machine->execute("system_powerdown", {}, in(command_deadline)));
    return {};
}

Result<void> QemuHypervisor::reset(const std::string& instance_id) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    const auto deadline = in(command_deadline);
    PILEUS_TRY(machine->execute("system_reset", {}, deadline));
    // QEMU does it a little later; until then a machine that was switched off refuses to go on.
    while (true) {
        const auto continued = machine->execute("cont", {}, deadline);
        if (continued)
            return machine->refresh(deadline);
        if (machine->has_ended() || std::chrono::steady_clock::now() + reset_retry > deadline)
            return fail(continued.error());
        std::this_thread::sleep_for(reset_retry);
    }
}

Result<void> QemuHypervisor::attach_interface(const std::string& instance_id,
                                              const MachineInterface& interface) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    return plug_interface(*machine, interface, in(command_deadline));
}

Result<void> QemuHypervisor::detach_interface(const std::string& instance_id,
                                              const std::string& interface_id,
                                              bool force) {
    const auto machine = find_alive(instance_id);
    return machine ? pull_interface(**machine, interface_id, force, in(let_go_deadline))
                   : Result<void>{};
}

Result<std::vector<std::string>>
QemuHypervisor::plugged_interfaces(const std::string& instance_id) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    return list_plugged(*machine, in(command_deadline));
}

Result<void> QemuHypervisor::attach_disk(const std::string& instance_id, const MachineDisk& disk) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    return plug_disk(*machine, disk, in(disk_deadline));
}

Result<void> QemuHypervisor::detach_disk(const std::string& instance_id,
                                         const std::string& volume_id,
                                         bool force) {
    const auto machine = find_alive(instance_id);
    return machine ? pull_disk(**machine, volume_id, force, in(let_go_deadline)) : Result<void>{};
}

Result<std::vector<std::string>> QemuHypervisor::plugged_disks(const std::string& instance_id) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    return list_disks(*machine, in(command_deadline));
}

Result<void> QemuHypervisor::resize_disk(const std::string& instance_id,
                                         const std::string& volume_id,
                                         int64_t size_gib) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    return grow_disk(*machine, volume_id, size_gib, in(disk_deadline));
}

Result<void> QemuHypervisor::limit_disk(const std::string& instance_id,
                                        const std::string& volume_id,
                                        const DiskLimits& limits) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    return throttle_disk(*machine, volume_id, limits, in(command_deadline));
}

Result<void> QemuHypervisor::switch_layers(const std::string& instance_id,
                                           const std::vector<LayerSwitch>& switches) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    PILEUS_TRY(switch_disk_layers(*machine, switches, in(disk_deadline)));
    return renew_memory_lock(instance_id, switches);
}

Result<bool> QemuHypervisor::writes_to(const std::string& instance_id,
                                       const std::string& volume_id,
                                       const std::string& path) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    return disk_writes_to(*machine, volume_id, path, in(command_deadline));
}

Result<void> QemuHypervisor::replace_backing(const std::string& instance_id,
                                             const DiskChain& chain) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    return replace_disk_backing(*machine, chain, in(disk_deadline));
}

Result<void> QemuHypervisor::resume(const std::string& instance_id) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    const auto deadline = in(command_deadline);
    PILEUS_TRY(machine->refresh(deadline));
    if (machine->observe().state != MachineState::paused)
        return {};
    PILEUS_TRY(machine->execute("cont", {}, deadline));
    return machine->refresh(deadline);
}

Result<void> QemuHypervisor::end(Machine& machine) {
    if (machine.has_ended())
        return {};
    // QEMU's answer may be lost in its end; what counts is the end.
    const auto deadline = in(quit_deadline);
    (void)machine.execute("quit", {}, deadline);
    if (machine.wait_until_ended(deadline))
        return {};
    machine.kill();
    if (machine.wait_until_ended(in(kill_deadline)))
        return {};
    return fail(errors::timeout, "QEMU does not end, though it was killed: is a disk hanging?");
}

Result<void> QemuHypervisor::destroy(const std::string& instance_id) {
    PILEUS_TRY(check_id(instance_id));
    if (const auto machine = find(instance_id))
        PILEUS_TRY(end(*machine));
    // The process is gone; from here on nothing may be taken for it.
    const auto folder = folder_of(instance_id);
    if (std::filesystem::exists(folder.record())) {
        PILEUS_TRY(remove_tree(folder.record()));
        PILEUS_TRY(remove_tree(folder.path() / MachineFolder::monitor_socket));
        PILEUS_TRY(remove_tree(folder.path() / MachineFolder::serial_socket));
        PILEUS_TRY(remove_tree(folder.path() / MachineFolder::agent_socket));
        PILEUS_TRY(remove_tree(folder.path() / MachineFolder::screen_socket));
    }
    std::shared_ptr<Machine> gone; // let go of without the lock
    const std::lock_guard lock(mutex_);
    if (const auto found = machines_.find(instance_id); found != machines_.end()) {
        gone = std::move(found->second);
        machines_.erase(found);
    }
    ended_.erase(instance_id);
    awaiting_.erase(instance_id);
    uids_.erase(instance_id);
    return {};
}

Result<void> QemuHypervisor::forget(const std::string& instance_id) {
    PILEUS_TRY(destroy(instance_id));
    return remove_tree(folder_of(instance_id).path());
}

MachineObservation QemuHypervisor::observe(const std::string& instance_id) {
    if (const auto machine = find(instance_id))
        return machine->observe();
    const std::lock_guard lock(mutex_);
    const auto why = ended_.find(instance_id);
    return {MachineState::absent, why == ended_.end() ? "" : why->second};
}

Result<std::string> QemuHypervisor::console_output(const std::string& instance_id, size_t limit) {
    PILEUS_TRY(check_id(instance_id));
    return read_log_end(folder_of(instance_id).console_log(), limit);
}

Result<std::string> QemuHypervisor::screenshot(const std::string& instance_id, bool wake_up) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    const auto deadline = in(picture_deadline);
    if (wake_up) {
        PILEUS_TRY(press_shift(*machine, deadline));
        std::this_thread::sleep_for(time_to_wake_up);
    }
    PILEUS_ASSIGN(const auto picture, take_picture(*machine, deadline));
    return encode_jpeg(picture);
}

void QemuHypervisor::on_tick() {
    std::vector<std::shared_ptr<Machine>> machines;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, machine] : machines_)
            machines.push_back(machine);
    }
    for (const auto& machine : machines)
        machine->on_tick();
}

} // namespace pileus::drivers
