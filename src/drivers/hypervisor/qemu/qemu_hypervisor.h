// SPDX-License-Identifier: Apache-2.0
#pragma once

// Guests as QEMU processes, one each, contained by pileus-launch and driven over QMP; see README.md
// for what lies where. Owned by the daemon, which is root. Any thread may call it; calls on the
// same id are serialised by the caller, and a hung guest delays nobody but its own callers. Guests
// outlive the object: another one on the same folder adopts them in recover().

#include "drivers/hypervisor/hypervisor.h"
#include "drivers/hypervisor/qemu/acceleration.h"
#include "drivers/hypervisor/qemu/agent_channel.h"
#include "drivers/hypervisor/qemu/command_line.h"
#include "drivers/hypervisor/qemu/launch_fds.h"
#include "drivers/hypervisor/qemu/machine.h"
#include "drivers/hypervisor/qemu/machine_record.h"
#include "drivers/hypervisor/qemu/saved_memory.h"
#include "drivers/hypervisor/qemu/template_store.h"
#include "drivers/hypervisor/qemu/watcher.h"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

namespace pileus::drivers {

struct QemuHypervisorOptions {
    std::filesystem::path instances_folder; // one folder an instance, made when missing
    std::filesystem::path templates_folder; // one folder a warm template; "" is one beside them
    std::string launcher;                   // the path of pileus-launch
    std::string emulator = "/usr/bin/qemu-system-x86_64";
    std::string uefi_code = "/usr/share/OVMF/OVMF_CODE_4M.fd";
    std::string uefi_variables = "/usr/share/OVMF/OVMF_VARS_4M.fd"; // what an instance begins with
    AccelerationChoice acceleration = AccelerationChoice::automatic;
    std::string probe_kernel; // see AccelerationOptions::kernel
    // Each guest runs under a uid of its own from this range, which nobody else on the machine
    // uses: by default it lies where systemd's conventions leave uids free.
    uint32_t first_uid = 1'900'000'000;
    uint32_t uids = 100'000;
    int64_t console_limit_bytes = 1024 * 1024; // what a guest's console takes on disk at most
};

class QemuHypervisor final : public Hypervisor {
  public:
    QemuHypervisor(QemuHypervisorOptions options, ProcessRunner& runner);
    ~QemuHypervisor() override;

    Acceleration probe() override;
    Result<std::vector<std::string>> recover() override;
    Result<void> start(const MachineSpec& spec) override;
    Result<void> power_button(const std::string& instance_id) override;
    Result<void> reset(const std::string& instance_id) override;
    Result<void> attach_interface(const std::string& instance_id,
                                  const MachineInterface& interface) override;
    Result<void> detach_interface(const std::string& instance_id,
                                  const std::string& interface_id,
                                  bool force) override;
    Result<std::vector<std::string>> plugged_interfaces(const std::string& instance_id) override;
    Result<void> attach_disk(const std::string& instance_id, const MachineDisk& disk) override;
    Result<void>
    detach_disk(const std::string& instance_id, const std::string& volume_id, bool force) override;
    Result<std::vector<std::string>> plugged_disks(const std::string& instance_id) override;
    Result<void> resize_disk(const std::string& instance_id,
                             const std::string& volume_id,
                             int64_t size_gib) override;
    Result<void> limit_disk(const std::string& instance_id,
                            const std::string& volume_id,
                            const DiskLimits& limits) override;
    Result<void> switch_layers(const std::string& instance_id,
                               const std::vector<LayerSwitch>& switches) override;
    Result<bool> writes_to(const std::string& instance_id,
                           const std::string& volume_id,
                           const std::string& path) override;
    Result<void> replace_backing(const std::string& instance_id, const DiskChain& chain) override;
    Result<void> resume(const std::string& instance_id) override;
    std::string template_fingerprint() override;
    Result<bool> is_ready_to_freeze(const std::string& instance_id) override;
    Result<FrozenGuest> freeze(const std::string& instance_id,
                               const std::string& template_id) override;
    Result<void> start_from(const std::string& template_id,
                            const MachineSpec& spec,
                            const GuestIdentity& identity) override;
    Result<std::vector<FrozenGuest>> templates() override;
    Result<void> remove_template(const std::string& template_id) override;
    Result<void> cool_template(const std::string& template_id) override;
    std::string current_hardware() override;
    Result<void> hibernate(const std::string& instance_id) override;
    Result<void> wake(const MachineSpec& spec) override;
    Result<void> forget_memory(const std::string& instance_id) override;
    Result<void> destroy(const std::string& instance_id) override;
    Result<void> forget(const std::string& instance_id) override;
    MachineObservation observe(const std::string& instance_id) override;
    Result<std::string> console_output(const std::string& instance_id, size_t limit) override;
    Result<std::string> screenshot(const std::string& instance_id, bool wake_up) override;
    void on_change(std::function<void(const std::string& instance_id)> callback) override;

  private:
    // A guest that is to be frozen.
    struct Awaiting {
        FrozenShape shape;
        IdentityMarks marks;
        UniqueFd memory;
        std::optional<AgentChannel> agent;
    };
    struct LaunchOptions {
        GuestMemory memory = GuestMemory::own;
        bool is_incoming = false;
        bool is_half_made = false; // nobody is to see it as it is
        DevicePlaces places;
        LaunchFiles files;
    };

    MachineFolder folder_of(const std::string& instance_id) const;
    std::string mark_of(const std::string& instance_id) const;
    std::shared_ptr<Machine> find(const std::string& instance_id);
    Result<std::shared_ptr<Machine>> find_alive(const std::string& instance_id);

    Result<std::shared_ptr<Machine>> adopt(const std::string& instance_id);
    Result<std::shared_ptr<Machine>>
    attach(const std::string& instance_id, uint32_t uid, const ProcessIdentity& process);
    // Until QEMU answers.
    Result<std::shared_ptr<Machine>>
    launch(const MachineSpec& spec, uint32_t uid, const LaunchOptions& options);
    Result<ProcessIdentity>
    spawn(const MachineSpec& spec, uint32_t uid, const LaunchOptions& options);
    // Of a guest that is all made.
    Result<void> write_record(const MachineSpec& spec, uint32_t uid, const Machine& machine);
    Result<void> boot(const MachineSpec& spec, uint32_t uid);
    Result<void> start_awaiting(const MachineSpec& spec, uint32_t uid);
    std::shared_ptr<Awaiting> find_awaiting(const std::string& instance_id);
    Result<FrozenGuest>
    keep_frozen(Machine& machine, Awaiting& awaiting, const std::string& template_id);
    Result<void> clone(const FrozenTemplate& frozen,
                       const MachineSpec& spec,
                       const GuestIdentity& identity,
                       uint32_t uid);
    Result<void> note_memory_lock(const MachineSpec& spec);
    // Its boot disk may have another secret from now on.
    Result<void> renew_memory_lock(const std::string& instance_id,
                                   const std::vector<LayerSwitch>& switches);
    Result<void> save_memory(Machine& machine);
    Result<void> restore(const MachineSpec& spec, uint32_t uid);
    // Never from the same memory twice.
    Result<void> go_on(Machine& machine);
    bool is_to_be_ended(const std::string& instance_id);
    Result<uint32_t> take_uid(const std::string& instance_id);
    Result<void> end(Machine& machine);
    void on_tick();

    const QemuHypervisorOptions options_;
    ProcessRunner& runner_;
    TemplateStore templates_;
    std::mutex acceleration_mutex_;
    std::optional<Acceleration> acceleration_;

    std::mutex mutex_;
    std::function<void(const std::string&)> on_change_;
    std::map<std::string, std::shared_ptr<Machine>> machines_;
    std::map<std::string, std::string> ended_; // why those ended that no Machine stands for
    std::map<std::string, std::shared_ptr<Awaiting>> awaiting_;
    std::map<std::string, uint32_t> uids_; // of every instance that has or gets a process
    uint32_t next_uid_ = 0;
    std::unique_ptr<Watcher> watcher_; // the last: its thread uses the others
};

} // namespace pileus::drivers
