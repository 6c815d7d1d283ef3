// SPDX-License-Identifier: Apache-2.0
#pragma once

// A hypervisor without guests, for emulation mode and the simulator; see README.md. Owned by the
// composition root or a test, outlived by its clock. Any thread may call it. With a state folder,
// which guests there are survives a restart.

#include "base/clock.h"
#include "drivers/hypervisor/hypervisor.h"

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>

namespace pileus::drivers {

struct EmulatedHypervisorOptions {
    Duration start_delay{};             // how long start() takes
    Duration power_off_delay{};         // from the power button to shut_down
    std::filesystem::path state_folder; // "" keeps everything in memory only
};

// A disk as its guest has it.
struct EmulatedDisk {
    std::string path; // of the layer that the guest writes to
    std::vector<std::string> backing;
    int64_t size_gib = 0;
    bool boot = false;
    DiskLimits limits;

    static EmulatedDisk of(const MachineDisk& disk);
};

class EmulatedHypervisor final : public Hypervisor {
  public:
    EmulatedHypervisor(EmulatedHypervisorOptions options, const Clock& clock);

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
    Result<void> forget_memory(const std::string& instance_id) override;
    Result<void> wake(const MachineSpec& spec) override;
    Result<FrozenGuest> copy_running(const std::string& instance_id,
                                     const std::string& template_id,
                                     const std::vector<LayerSwitch>& switches) override;
    Result<void> destroy(const std::string& instance_id) override;
    Result<void> forget(const std::string& instance_id) override;
    MachineObservation observe(const std::string& instance_id) override;
    Result<std::string> console_output(const std::string& instance_id, size_t limit) override;
    // A grey screen.
    Result<std::string> screenshot(const std::string& instance_id, bool wake_up) override;
    void on_change(std::function<void(const std::string& instance_id)> callback) override;

    // For tests. The next call of this verb ("start", "reset" …) fails so, once.
    void fail_next(const std::string& verb, Error error);
    // The guest's process dies; `detail` is what observe() says of it.
    void kill_guest(const std::string& instance_id, const std::string& detail);
    // The guest switches itself off.
    void shut_guest_down(const std::string& instance_id);
    // The guest no longer listens to its power button, lets no interface and no disk go, and is
    // never ready to be frozen.
    void make_deaf(const std::string& instance_id);
    // A write of the guest found the machine's disk full: it is paused until resume().
    void run_out_of_space(const std::string& instance_id);
    // From now on an emulator of another version: what was frozen is worthless.
    void set_fingerprint(const std::string& fingerprint);
    // Whom start_from() made of the guest; nothing for one that booted or is gone.
    std::optional<GuestIdentity> identity(const std::string& instance_id);
    bool is_hibernating(const std::string& instance_id);
    // Nothing when it is not plugged in.
    std::optional<EmulatedDisk> disk(const std::string& instance_id, const std::string& volume_id);

  private:
    // What precedes an id in the name of a file that tells what is kept beside the guests.
    static constexpr std::string_view kept_template = "frozen-";
    static constexpr std::string_view kept_memory = "hibernating-";

    struct Guest {
        MachineObservation observation;
        std::string console;
        std::vector<std::string> interfaces;       // the ids of those that are plugged in
        std::map<std::string, EmulatedDisk> disks; // by volume id
        std::optional<GuestIdentity> identity;     // of one that was started from a frozen guest
        bool awaits_identity = false;
        bool deaf = false;
        std::optional<MonotonicTime> off_at;
    };

    Result<void> take_failure(const std::string& verb);
    // start(), wake() and start_from() from where they are the same.
    Result<void> run(const MachineSpec& spec, Guest guest);
    // These with mutex_ held.
    bool is_alive(const std::string& instance_id);
    void end(const std::string& instance_id);
    Result<void> move_layers(const std::string& instance_id,
                             const std::vector<LayerSwitch>& switches);
    FrozenGuest keep(const std::string& template_id);
    void note_kept(std::string_view kind, const std::string& id, bool is_there) const;
    Result<Guest*> find_alive(const std::string& instance_id);
    Result<EmulatedDisk*> find_disk(const std::string& instance_id, const std::string& volume_id);
    Result<void> check_unused(const std::string& instance_id, const MachineDisk& disk) const;
    void advance(Guest& guest) const;
    void note(const std::string& instance_id, const Guest& guest) const;
    static Guest parse_guest(const std::string& instance_id, std::string_view text);
    void call_back(const std::string& instance_id);

    const EmulatedHypervisorOptions options_;
    const Clock& clock_;
    std::mutex mutex_;
    std::function<void(const std::string&)> on_change_;
    std::map<std::string, Guest> guests_;
    std::set<std::string> templates_;
    std::set<std::string> hibernating_;
    std::string fingerprint_ = "emulated";
    std::map<std::string, Error> failures_;
};

} // namespace pileus::drivers
