// SPDX-License-Identifier: Apache-2.0
// The verbs of QemuHypervisor on guests that are frozen before they are anybody (docs/adr/0008).
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "domain/ids.h"
#include "drivers/hypervisor/qemu/device_list.h"
#include "drivers/hypervisor/qemu/disk_layers.h"
#include "drivers/hypervisor/qemu/disk_nodes.h"
#include "drivers/hypervisor/qemu/disk_plug.h"
#include "drivers/hypervisor/qemu/guest_memory.h"
#include "drivers/hypervisor/qemu/interface_plug.h"
#include "drivers/hypervisor/qemu/layer_file.h"
#include "drivers/hypervisor/qemu/lonely_tap.h"
#include "drivers/hypervisor/qemu/migration.h"
#include "drivers/hypervisor/qemu/qemu_hypervisor.h"
#include "drivers/hypervisor/qemu/screen.h"
#include "drivers/hypervisor/qemu/step_times.h"

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pileus::drivers {

namespace {

using std::chrono::seconds;

constexpr seconds freeze_deadline{30};
constexpr seconds become_deadline{10}; // from the call of start_from() to the agent's word
constexpr int64_t bytes_per_mib = int64_t{1} << 20;
constexpr int64_t bytes_per_gib = int64_t{1} << 30;
constexpr size_t state_limit_bytes = size_t{64} << 20; // devices only; half a MiB is usual
constexpr size_t console_limit_bytes = size_t{256} << 10;
// The most that any network here has: a guest may be told less later, not more.
constexpr int largest_mtu = 9001;
constexpr size_t id_digits = 17;

Machine::Deadline in(seconds time) {
    return std::chrono::steady_clock::now() + time;
}

std::string digits_of(const std::string& template_id) {
    return template_id.substr(domain::prefix::warm_template.size());
}

// Random as the id is: no other six bytes in a guest's memory are these by chance.
std::string mac_of(const std::string& template_id) {
    const auto digits = digits_of(template_id);
    std::string mac = "02";
    for (size_t i = 0; i + 1 < 10; i += 2)
        mac += ":" + digits.substr(i, 2);
    return mac;
}

MachineInterface lonely_interface(const std::string& template_id) {
    return {std::string(domain::prefix::network_interface) + digits_of(template_id),
            mac_of(template_id),
            largest_mtu,
            open_lonely_tap};
}

Result<void> set_link(Machine& machine,
                      const MachineInterface& interface,
                      bool is_up,
                      Machine::Deadline deadline) {
    PILEUS_TRY(machine.execute(
        "set_link", {{"name", netdev_id(interface.interface_id)}, {"up", is_up}}, deadline));
    return {};
}

uint64_t hash(std::string_view text) { // FNV-1a: the same in every build
    uint64_t value = 0xcbf29ce484222325;
    for (const char c : text)
        value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return value;
}

// A guest that has everything, so that whatever is changed in how guests are made shows.
MachineSpec typical_spec() {
    MachineSpec spec;
    spec.instance_id = std::string(domain::prefix::instance) + std::string(id_digits, '0');
    spec.system_uuid = "ec200000-0000-4000-8000-000000000000";
    spec.instance_type = "typical";
    spec.interface_slots = 1;
    const std::string volume_id = std::string(domain::prefix::volume) + std::string(id_digits, '0');
    spec.disks.push_back({{volume_id, {{"/disk", "qcow2"}}}, serial_of(volume_id), true});
    spec.interfaces.push_back(
        {std::string(domain::prefix::network_interface) + std::string(id_digits, '0'),
         "02:00:00:00:00:01",
         largest_mtu,
         nullptr});
    return spec;
}

std::string processor_of_host() {
    const auto text = read_file("/proc/cpuinfo").value_or("");
    return text.substr(0, text.find("\n\n"));
}

std::string stamp_of(const std::string& program) {
    struct stat status {};
    if (::stat(program.c_str(), &status) != 0)
        return "none";
    return fmt::format("{} {}.{}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

Result<UniqueFd> file_in_memory(std::string_view content) {
    UniqueFd fd(::memfd_create("state", MFD_CLOEXEC));
    if (!fd ||
        ::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
        ::lseek(fd.get(), 0, SEEK_SET) != 0)
        return fail(errors::unavailable, "the state of a frozen guest cannot be handed over");
    return fd;
}

// A file of a template with the marks of another guest in place of its own.
Result<std::string> read_for(const IdentityMarks& marks,
                             const std::filesystem::path& path,
                             const std::vector<MarkPlace>& places,
                             size_t limit) {
    PILEUS_ASSIGN(std::string content, read_file(path, limit));
    replace_marks(content, places, marks);
    return content;
}

IdentityMarks marks_of(const MachineSpec& spec, const GuestIdentity& identity) {
    return {spec.interfaces.empty() ? "" : spec.interfaces[0].mac,
            spec.system_uuid,
            asset_tag_of(spec.instance_id),
            identity.boot_id,
            identity.machine_id};
}

// With what a guest starts that is made from a frozen one: what that one had. The rest is plugged
// in before it runs.
MachineSpec as_it_was_frozen(const MachineSpec& spec) {
    auto begun = spec;
    std::erase_if(begun.disks, [](const MachineDisk& disk) { return !disk.boot; });
    begun.interfaces.resize(std::min<size_t>(begun.interfaces.size(), 1));
    return begun;
}

// The guest remembers the frozen one's size until it is told of another: also when QEMU found the
// new one at its start.
Result<void> tell_disk_size(Machine& machine, const MachineDisk& disk, Machine::Deadline deadline) {
    if (disk.chain.size_gib > 0)
        PILEUS_TRY(machine.execute(
            "block_resize",
            {{"node-name", layer_node(disk.chain.volume_id, disk.chain.layers.front().path)},
             {"size", disk.chain.size_gib * bytes_per_gib}},
            deadline));
    if (disk.limits.iops > 0 || disk.limits.bytes_per_second > 0)
        return throttle_disk(machine, disk.chain.volume_id, disk.limits, deadline);
    return {};
}

Result<void> plug_the_rest(Machine& machine, const MachineSpec& spec, Machine::Deadline deadline) {
    for (const auto& disk : spec.disks)
        PILEUS_TRY(disk.boot ? tell_disk_size(machine, disk, deadline)
                             : plug_disk(machine, disk, deadline));
    for (size_t i = 1; i < spec.interfaces.size(); ++i)
        PILEUS_TRY(plug_interface(machine, spec.interfaces[i], deadline));
    return {};
}

Result<void> check_fits(const FrozenTemplate& frozen,
                        const MachineSpec& spec,
                        const IdentityMarks& marks,
                        const std::string& fingerprint) {
    if (frozen.fingerprint != fingerprint)
        return fail(errors::unavailable, frozen.id + " was frozen under another emulator");
    if (frozen.shape != FrozenShape::of(spec))
        return fail(errors::invalid, frozen.id + " is a guest of another shape");
    if (spec.interfaces.empty())
        return fail(errors::invalid, "a guest without an interface is started by booting it");
    if (!can_replace(frozen.marks, marks))
        return fail(errors::invalid, "the new identity does not fit in the place of the old one");
    return {};
}

} // namespace

std::string QemuHypervisor::template_fingerprint() {
    const auto acceleration = probe();
    std::string text = fmt::format("{} {}", acceleration.name, stamp_of(options_.emulator));
    if (acceleration.name == "kvm")
        text += processor_of_host();
    const auto line =
        build_command_line(typical_spec(),
                           acceleration,
                           {options_.emulator, options_.uefi_code, GuestMemory::private_, true});
    if (line)
        for (const auto& argument : line->argv)
            text += argument + '\n';
    return fmt::format("qemu-{}-{:016x}", acceleration.name, hash(text));
}

Result<void> QemuHypervisor::start_awaiting(const MachineSpec& spec, uint32_t uid) {
    auto lonely = spec;
    lonely.interfaces = {lonely_interface(spec.instance_id)};
    auto awaiting = std::make_shared<Awaiting>();
    awaiting->shape = FrozenShape::of(spec);
    awaiting->marks.mac = lonely.interfaces[0].mac;
    awaiting->marks.system_uuid = spec.system_uuid;
    awaiting->marks.asset_tag = asset_tag_of(spec.instance_id);
    PILEUS_ASSIGN(awaiting->memory, make_guest_memory(spec.memory_mib * bytes_per_mib));
    LaunchOptions options;
    options.memory = GuestMemory::shared;
    options.files.uefi_variables = options_.uefi_variables;
    options.files.guest_memory = awaiting->memory.get();
    PILEUS_ASSIGN(const auto machine, launch(lonely, uid, options));
    const auto deadline = in(become_deadline);
    PILEUS_TRY(set_link(*machine, lonely.interfaces[0], false, deadline));
    PILEUS_ASSIGN(auto agent, AgentChannel::connect(folder_of(spec.instance_id)));
    awaiting->agent.emplace(std::move(agent));
    PILEUS_TRY(settle_disks(*machine, spec.disks, deadline));
    const std::lock_guard lock(mutex_);
    awaiting_[spec.instance_id] = std::move(awaiting);
    return {};
}

std::shared_ptr<QemuHypervisor::Awaiting>
QemuHypervisor::find_awaiting(const std::string& instance_id) {
    const std::lock_guard lock(mutex_);
    const auto found = awaiting_.find(instance_id);
    return found == awaiting_.end() ? nullptr : found->second;
}

Result<bool> QemuHypervisor::is_ready_to_freeze(const std::string& instance_id) {
    PILEUS_TRY(find_alive(instance_id));
    const auto awaiting = find_awaiting(instance_id);
    return awaiting && awaiting->agent->ready();
}

Result<FrozenGuest> QemuHypervisor::freeze(const std::string& instance_id,
                                           const std::string& template_id) {
    PILEUS_ASSIGN(const auto machine, find_alive(instance_id));
    const auto awaiting = find_awaiting(instance_id);
    if (!awaiting)
        return fail(errors::invalid, instance_id + " is somebody already");
    const auto ready = awaiting->agent->ready();
    if (!ready)
        return fail(errors::unavailable, "the agent in the guest is not ready");
    awaiting->marks.boot_id = ready->boot_id;
    awaiting->marks.machine_id = ready->machine_id;
    PILEUS_TRY(templates_.begin(template_id));
    auto frozen = keep_frozen(*machine, *awaiting, template_id);
    if (!frozen) {
        (void)templates_.remove(template_id);
        (void)destroy(instance_id);
    }
    return frozen;
}

Result<FrozenGuest>
QemuHypervisor::keep_frozen(Machine& machine, Awaiting& awaiting, const std::string& template_id) {
    const auto instance_id = machine.instance_id();
    const auto folder = folder_of(instance_id);
    StepTimes times;
    {
        PILEUS_ASSIGN(const UniqueFd state,
                      open_path(templates_.state_of(template_id), O_WRONLY | O_CREAT | O_TRUNC));
        PILEUS_TRY(
            save_state(machine, state.get(), MemoryIn::file_of_its_own, in(freeze_deadline)));
    }
    times.note("saved");
    FrozenTemplate frozen;
    frozen.id = template_id;
    frozen.fingerprint = template_fingerprint();
    frozen.shape = awaiting.shape;
    frozen.marks = awaiting.marks;
    PILEUS_ASSIGN(const auto console, console_output(instance_id, console_limit_bytes));
    PILEUS_TRY(write_file_durably(templates_.console_of(template_id), console));
    MarkFinder(frozen.marks).find(console, 0, frozen.in_console);
    PILEUS_ASSIGN(const auto state, read_file(templates_.state_of(template_id), state_limit_bytes));
    MarkFinder(frozen.marks).find(state, 0, frozen.in_state);
    PILEUS_TRY(sync_layer(templates_.state_of(template_id)));
    if (frozen.shape.firmware == "uefi") {
        PILEUS_ASSIGN(const auto variables, read_file(folder.uefi_variables()));
        PILEUS_TRY(write_file_durably(templates_.uefi_variables_of(template_id), variables));
    }
    PILEUS_TRY(destroy(instance_id)); // from here on nobody writes to its memory
    times.note("ended");
    PILEUS_ASSIGN(const auto kept,
                  templates_.finish(std::move(frozen), std::move(awaiting.memory)));
    times.note("kept");
    log_debug("guest frozen", {{"template", template_id}, {"steps_ms", times.text()}});
    return kept;
}

Result<void> QemuHypervisor::start_from(const std::string& template_id,
                                        const MachineSpec& spec,
                                        const GuestIdentity& identity) {
    if (!domain::is_well_formed_id(domain::prefix::instance, spec.instance_id))
        return fail(errors::invalid, fmt::format("'{}' is not an instance id", spec.instance_id));
    if (find_alive(spec.instance_id))
        return {}; // one that is not yet who it is to be does not outlive its call
    PILEUS_ASSIGN(const auto frozen, templates_.find(template_id));
    PILEUS_TRY(destroy(spec.instance_id)); // what is left of one that ended
    PILEUS_ASSIGN(const uint32_t uid, take_uid(spec.instance_id));
    auto started = clone(*frozen, spec, identity, uid);
    if (!started)
        (void)destroy(spec.instance_id);
    return started;
}

Result<void> QemuHypervisor::clone(const FrozenTemplate& frozen,
                                   const MachineSpec& spec,
                                   const GuestIdentity& identity,
                                   uint32_t uid) {
    const auto deadline = in(become_deadline);
    StepTimes times;
    const auto marks = marks_of(spec, identity);
    PILEUS_TRY(check_fits(frozen, spec, marks, template_fingerprint()));
    PILEUS_ASSIGN(const auto memory, templates_.memory_of(frozen));
    PILEUS_ASSIGN(
        const auto state,
        read_for(marks, templates_.state_of(frozen.id), frozen.in_state, state_limit_bytes));
    PILEUS_ASSIGN(const UniqueFd state_fd, file_in_memory(state));
    LaunchOptions options;
    options.memory = GuestMemory::private_;
    options.is_incoming = true;
    options.is_half_made = true;
    PILEUS_ASSIGN(
        options.files.console,
        read_for(marks, templates_.console_of(frozen.id), frozen.in_console, console_limit_bytes));
    options.files.uefi_variables = templates_.uefi_variables_of(frozen.id);
    options.files.guest_memory = memory->get();
    times.note("prepared");

    PILEUS_ASSIGN(const auto machine, launch(as_it_was_frozen(spec), uid, options));
    times.note("launched");
    PILEUS_ASSIGN(auto agent, AgentChannel::connect(folder_of(spec.instance_id)));
    PILEUS_TRY(load_state(*machine, state_fd.get(), MemoryIn::file_of_its_own, deadline));
    times.note("restored");
    PILEUS_TRY(replace_marks_of(machine->pid(), memory->get(), frozen.in_memory, marks));
    times.note("marked");
    PILEUS_TRY(set_link(*machine, spec.interfaces[0], false, deadline));
    PILEUS_TRY(plug_the_rest(*machine, spec, deadline));
    times.note("plugged");
    PILEUS_TRY(machine->execute("cont", {}, deadline));
    times.note("running");

    const auto now = SystemClock().now().time_since_epoch();
    PILEUS_ASSIGN(
        const auto text,
        format_identity(identity,
                        spec.interfaces[0].mac,
                        std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()));
    PILEUS_TRY(agent.tell(text, deadline));
    // While the guest is at it.
    PILEUS_TRY(open_screen(*machine, folder_of(spec.instance_id), deadline));
    times.note("told");
    PILEUS_TRY(agent.wait_until_applied(deadline));
    times.note("applied");
    PILEUS_TRY(set_link(*machine, spec.interfaces[0], true, deadline));
    PILEUS_TRY(write_record(spec, uid, *machine));
    times.note("connected");
    log_debug("guest started from a frozen one",
              {{"instance", spec.instance_id},
               {"template", frozen.id},
               {"ms", times.total_ms()},
               {"steps_ms", times.text()}});
    return machine->refresh(deadline);
}

Result<std::vector<FrozenGuest>> QemuHypervisor::templates() {
    return templates_.list();
}

Result<void> QemuHypervisor::remove_template(const std::string& template_id) {
    return templates_.remove(template_id);
}

Result<void> QemuHypervisor::cool_template(const std::string& template_id) {
    templates_.cool(template_id);
    return {};
}

} // namespace pileus::drivers
