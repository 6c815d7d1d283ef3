// SPDX-License-Identifier: Apache-2.0
// The verbs of QemuHypervisor that save a guest's memory and go on from it.
#include "base/file.h"
#include "base/log.h"
#include "domain/ids.h"
#include "drivers/hypervisor/qemu/disk_plug.h"
#include "drivers/hypervisor/qemu/hardware.h"
#include "drivers/hypervisor/qemu/migration.h"
#include "drivers/hypervisor/qemu/qemu_hypervisor.h"
#include "drivers/hypervisor/qemu/screen.h"
#include "drivers/hypervisor/qemu/sealed_stream.h"
#include "drivers/hypervisor/qemu/step_times.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace pileus::drivers {

namespace {

using std::chrono::seconds;

constexpr seconds quick_deadline{20};
constexpr int64_t slowest_mib_per_second = 16; // of memory that is saved or read

Machine::Deadline in(seconds time) {
    return std::chrono::steady_clock::now() + time;
}

Machine::Deadline time_for(int64_t memory_mib) {
    return in(quick_deadline + seconds(memory_mib / slowest_mib_per_second));
}

struct Channel {
    UniqueFd ours;
    UniqueFd of_qemu;
};

Result<Channel> make_channel() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail(errors::unavailable, "there is no channel for the memory of a guest");
    return Channel{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Does half of a transfer while the caller does the other.
template <class Work> class Beside {
  public:
    explicit Beside(Work work) : thread_([this, work] { result_ = work(); }) {}
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;
    ~Beside() {
        if (thread_.joinable())
            thread_.join();
    }
    Result<void> wait() {
        thread_.join();
        return std::move(result_);
    }

  private:
    Result<void> result_;
    std::thread thread_; // the last: it uses the other
};

// The guest is paused when this returns, also on an error.
Result<void> save_sealed(Machine& machine,
                         const UniqueFd& file,
                         const std::string& lock,
                         const MemoryLabel& label) {
    PILEUS_ASSIGN(Channel channel, make_channel());
    Beside sealing([from = channel.ours.get(), to = file.get(), &lock, &label] {
        return seal_stream(from, to, lock, format_memory_label(label));
    });
    const auto saved = save_state(
        machine, channel.of_qemu.get(), MemoryIn::stream, time_for(label.shape.memory_mib));
    channel.of_qemu.reset(); // QEMU has let go of its own: the stream ends here
    if (!saved)
        ::shutdown(channel.ours.get(), SHUT_RDWR);
    const auto sealed = sealing.wait();
    PILEUS_TRY(saved);
    return sealed;
}

Result<void>
load_sealed(Machine& machine, const UniqueFd& file, const std::string& secret, int64_t memory_mib) {
    PILEUS_ASSIGN(Channel channel, make_channel());
    if (::lseek(file.get(), 0, SEEK_SET) != 0)
        return fail(errors::unavailable, "the saved memory cannot be read");
    Beside opening([from = file.get(), &to = channel.ours, &secret] {
        auto opened = unseal_stream(from, to.get(), secret);
        ::shutdown(to.get(), SHUT_RDWR); // nothing more comes: QEMU waits for no one
        return opened;
    });
    const auto loaded =
        load_state(machine, channel.of_qemu.get(), MemoryIn::stream, time_for(memory_mib));
    channel.of_qemu.reset();
    if (!loaded)
        ::shutdown(channel.ours.get(), SHUT_RDWR);
    PILEUS_TRY(opening.wait()); // the better reason, if it is one
    return loaded;
}

} // namespace

std::string QemuHypervisor::current_hardware() {
    return current_hardware_of(probe());
}

Result<void> QemuHypervisor::note_memory_lock(const MachineSpec& spec) {
    PILEUS_ASSIGN(const auto label, label_of(spec, probe().name));
    return replace_file(folder_of(spec.instance_id).memory_lock(), format_memory_label(label));
}

Result<void> QemuHypervisor::renew_memory_lock(const std::string& instance_id,
                                               const std::vector<LayerSwitch>& switches) {
    const auto path = folder_of(instance_id).memory_lock();
    const auto text = read_file(path);
    if (!text)
        return {}; // a guest of an earlier Pileus, which cannot hibernate
    PILEUS_ASSIGN(auto label, parse_memory_label(*text));
    for (const auto& each : switches) {
        if (each.volume_id != label.boot_volume_id || each.next.secret.empty())
            continue;
        PILEUS_ASSIGN(label.lock, lock_of(each.next.secret));
        return replace_file(path, format_memory_label(label));
    }
    return {};
}

Result<void> QemuHypervisor::hibernate(const std::string& instance_id) {
    if (!domain::is_well_formed_id(domain::prefix::instance, instance_id))
        return fail(errors::invalid, fmt::format("'{}' is not an instance id", instance_id));
    const auto folder = folder_of(instance_id);
    const auto machine = find_alive(instance_id);
    if (!machine) {
        if (std::filesystem::exists(folder.memory()))
            return {};
        return fail(machine.error());
    }
    if ((*machine)->observe().state == MachineState::shut_down)
        return fail(errors::unavailable, "the guest has switched itself off");
    StepTimes times;
    const auto saved = save_memory(**machine);
    if (!saved) {
        (void)(*machine)->execute("migrate_cancel", {}, in(quick_deadline));
        (void)remove_tree(folder.new_memory());
        PILEUS_TRY((*machine)->execute("cont", {}, in(quick_deadline)));
        PILEUS_TRY((*machine)->refresh(in(quick_deadline)));
        return saved;
    }
    times.note("saved");
    PILEUS_TRY(destroy(instance_id));
    times.note("ended");
    log_debug("guest hibernates", {{"instance", instance_id}, {"steps_ms", times.text()}});
    return {};
}

Result<void> QemuHypervisor::save_memory(Machine& machine) {
    const auto folder = folder_of(machine.instance_id());
    PILEUS_ASSIGN(const auto text, read_file(folder.memory_lock()));
    PILEUS_ASSIGN(auto label, parse_memory_label(text));
    if (label.lock.empty())
        return fail(errors::invalid,
                    "the guest's boot disk is not encrypted: its memory would be "
                    "on disk for everybody to read");
    PILEUS_ASSIGN(label.places, ask_for_places(machine, in(quick_deadline)));
    {
        PILEUS_ASSIGN(const UniqueFd file,
                      open_path(folder.new_memory(), O_WRONLY | O_CREAT | O_TRUNC));
        PILEUS_TRY(save_sealed(machine, file, label.lock, label));
        if (::fsync(file.get()) != 0)
            return fail(errors::unavailable, "the guest's memory cannot be written to its disk");
    }
    return rename_durably(folder.new_memory(), folder.memory());
}

Result<void> QemuHypervisor::wake(const MachineSpec& spec) {
    const auto folder = folder_of(spec.instance_id);
    if (!domain::is_well_formed_id(domain::prefix::instance, spec.instance_id))
        return fail(errors::invalid, fmt::format("'{}' is not an instance id", spec.instance_id));
    if (const auto machine = find_alive(spec.instance_id))
        return go_on(**machine);
    if (!std::filesystem::exists(folder.memory()))
        return fail(errors::not_found, spec.instance_id + " does not hibernate");
    PILEUS_TRY(destroy(spec.instance_id)); // what is left of one that ended
    PILEUS_ASSIGN(const uint32_t uid, take_uid(spec.instance_id));
    auto woken = restore(spec, uid);
    if (!woken) {
        (void)destroy(spec.instance_id);
        PILEUS_TRY(forget_memory(spec.instance_id));
    }
    return woken;
}

Result<void> QemuHypervisor::restore(const MachineSpec& spec, uint32_t uid) {
    const auto folder = folder_of(spec.instance_id);
    StepTimes times;
    PILEUS_ASSIGN(const UniqueFd file, open_path(folder.memory(), O_RDONLY));
    PILEUS_ASSIGN(const auto head, read_sealed_head(file.get()));
    PILEUS_ASSIGN(const auto label, parse_memory_label(head.label));
    PILEUS_TRY(check_fits(label, spec, probe().name));
    PILEUS_ASSIGN(const auto secret, find_secret(label, spec));
    LaunchOptions options;
    options.is_incoming = true;
    options.is_half_made = true;
    options.places = label.places;
    options.files.uefi_variables = options_.uefi_variables;
    PILEUS_ASSIGN(
        options.files.console,
        console_output(spec.instance_id, static_cast<size_t>(options_.console_limit_bytes)));
    PILEUS_ASSIGN(const auto machine, launch(spec, uid, options));
    PILEUS_TRY(open_screen(*machine, folder, in(quick_deadline)));
    times.note("launched");
    PILEUS_TRY(load_sealed(*machine, file, secret, spec.memory_mib));
    times.note("loaded");
    PILEUS_TRY(settle_disks(*machine, spec.disks, in(quick_deadline)));
    // From here on it is all there, and paused: a daemon that finds it so lets it go on.
    PILEUS_TRY(write_record(spec, uid, *machine));
    PILEUS_TRY(go_on(*machine));
    times.note("running");
    log_debug("guest goes on", {{"instance", spec.instance_id}, {"steps_ms", times.text()}});
    return {};
}

Result<void> QemuHypervisor::go_on(Machine& machine) {
    PILEUS_TRY(forget_memory(machine.instance_id()));
    return resume(machine.instance_id());
}

Result<void> QemuHypervisor::forget_memory(const std::string& instance_id) {
    const auto folder = folder_of(instance_id);
    PILEUS_TRY(remove_durably(folder.new_memory()));
    return remove_durably(folder.memory());
}

} // namespace pileus::drivers
