// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/hypervisor/guest_identity.h"
#include "drivers/volumes/volumes.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace pileus::drivers {

// What a volume's type promises, which is also all that the guest gets; 0 is without a limit.
struct DiskLimits {
    int64_t iops = 0;
    int64_t bytes_per_second = 0;
    int64_t burst_iops = 0; // for burst_seconds, then it has to save up again
    int64_t burst_bytes_per_second = 0;
    int64_t burst_seconds = 0;
};

struct MachineDisk {
    DiskChain chain;
    std::string serial; // what the guest reads: the volume id without its dash, as on EC2
    bool boot = false;  // the boot disk has a fixed place and is never pulled
    DiskLimits limits;
};

struct MachineInterface {
    std::string interface_id;
    std::string mac;
    int mtu = 1500;
    // Opens the tap that the network driver made; called once, while the interface is being plugged
    // in.
    std::function<Result<UniqueFd>()> open_tap;
};

// Everything that a guest is started with. The instance id names it everywhere.
struct MachineSpec {
    std::string instance_id;
    int vcpus = 1;
    int64_t memory_mib = 512;
    std::string firmware = "bios"; // or "uefi"
    std::string
        system_uuid; // begins with "ec2"; the serial number too, so that cloud-init knows EC2
    std::string instance_type; // shown in the guest's DMI table as the product name, as on EC2
    std::string zone;
    std::vector<MachineDisk> disks;
    std::vector<MachineInterface> interfaces; // the first is the primary one, which is never pulled
    // current_hardware() of its first start, which it keeps: a saved memory fits no other. "" for
    // the current one.
    std::string hardware;
    int interface_slots = 0; // how many interfaces beside the primary one the guest may have in all
    // A guest that is to be frozen: it starts with a primary interface that is connected to
    // nothing, is told by its DMI tables that it is nobody, and has memory that can be shared.
    bool awaits_identity = false;
};

// What a frozen guest costs to keep.
struct FrozenGuest {
    std::string template_id;
    int64_t memory_bytes = 0; // of the guest's memory that holds anything
    int64_t disk_bytes = 0;   // of files here; its disk is the volume driver's
};

enum class MachineState {
    absent, // there is no such guest, or its process is gone
    running,
    paused,    // by us, or because a write found no space (detail says which)
    shut_down, // the guest switched itself off (or obeyed the power button); its process waits to
               // be destroyed or reset
};

struct MachineObservation {
    MachineState state = MachineState::absent;
    std::string detail; // why it is absent or paused, for a person: "killed by signal 9", "no space
                        // left on device"
};

struct Acceleration {
    std::string name; // "kvm", "tcg" or "emulated"
    bool proven = false;
    std::string reason; // why not kvm, for `pileus doctor`
};

// Runs guests, one process each. The process and its sockets live in the instance's folder and
// outlive the daemon; recover() adopts them again. Any thread may call it; calls on the same id are
// serialised by the caller.
class Hypervisor {
  public:
    virtual ~Hypervisor() = default;

    // How guests run on this machine. Slow the first time (it boots one), remembered afterwards.
    virtual Acceleration probe() = 0;
    // Adopts the guests that outlived the last daemon; returns their instance ids. Those that were
    // to be frozen and those that start_from() had not finished are ended instead.
    virtual Result<std::vector<std::string>> recover() = 0;

    // Starts the guest. A guest that is there already is success.
    virtual Result<void> start(const MachineSpec& spec) = 0;
    // Presses the power button; whether the guest obeys shows in observe().
    virtual Result<void> power_button(const std::string& instance_id) = 0;
    // Resets the machine and lets it run on, from `running` or `shut_down`: the second half of a
    // reboot.
    virtual Result<void> reset(const std::string& instance_id) = 0;
    // Plugs an interface into a running guest, which sees it appear. One that is there already is
    // success.
    virtual Result<void> attach_interface(const std::string& instance_id,
                                          const MachineInterface& interface) = 0;
    // Asks the guest to let an interface go, and pulls it. A guest that does not let go is
    // errors::timeout; with `force` the interface is cut off then, and what is left in the guest is
    // dead. Absent is success.
    virtual Result<void> detach_interface(const std::string& instance_id,
                                          const std::string& interface_id,
                                          bool force) = 0;
    // The ids of the interfaces that are plugged into a guest, those of its start among them.
    virtual Result<std::vector<std::string>> plugged_interfaces(const std::string& instance_id) = 0;
    // The same for disks, named by their volume ids.
    virtual Result<void> attach_disk(const std::string& instance_id, const MachineDisk& disk) = 0;
    // The boot disk is never pulled: errors::invalid. A disk that was cut off with `force` answers
    // the guest with errors from then on.
    virtual Result<void>
    detach_disk(const std::string& instance_id, const std::string& volume_id, bool force) = 0;
    virtual Result<std::vector<std::string>> plugged_disks(const std::string& instance_id) = 0;
    // The guest sees the new size at once. Never smaller. (Of this and what follows: a disk that is
    // not plugged in is errors::not_found.)
    virtual Result<void>
    resize_disk(const std::string& instance_id, const std::string& volume_id, int64_t size_gib) = 0;
    virtual Result<void> limit_disk(const std::string& instance_id,
                                    const std::string& volume_id,
                                    const DiskLimits& limits) = 0;
    // Writes of the guest go to the new layers from one moment on, the same for all of them, or an
    // error and to none. A disk that writes to its new layer already is left so.
    virtual Result<void> switch_layers(const std::string& instance_id,
                                       const std::vector<LayerSwitch>& switches) = 0;
    // Whether the guest writes to this layer: how a switch ended that a crash interrupted. What the
    // crash left open of it is let go of.
    virtual Result<bool> writes_to(const std::string& instance_id,
                                   const std::string& volume_id,
                                   const std::string& path) = 0;
    // What lies below the writable layer is read from other files from now on, which hold the same.
    virtual Result<void> replace_backing(const std::string& instance_id,
                                         const DiskChain& chain) = 0;
    // Lets a paused guest run on: one that was paused because the machine's disk was full tries its
    // writes again. A guest that is not paused is left so.
    virtual Result<void> resume(const std::string& instance_id) = 0;

    // What a new guest is made of here, for MachineSpec::hardware: machine type and CPU model, in
    // this driver's own words.
    virtual std::string current_hardware() { return ""; }

    // ---- Guests frozen before they are anybody, to be started many times from that moment.

    // Of what a frozen guest depends on here: emulator, machine type, CPU model, acceleration,
    // our own layout. One that was frozen under another is worthless.
    virtual std::string template_fingerprint() { return ""; }
    // Whether the agent in the guest has said that all is started and it waits to be told who it
    // is. False for ever in an image without our agent.
    virtual Result<bool> is_ready_to_freeze(const std::string& /*instance_id*/) {
        return not_built_yet();
    }
    // Stops the guest for good, keeps its memory and devices under the template's id, and ends it.
    // Its disk is the caller's to keep as it is now.
    virtual Result<FrozenGuest> freeze(const std::string& /*instance_id*/,
                                       const std::string& /*template_id*/) {
        return not_built_yet();
    }
    // Starts a guest from the frozen one: with its own disks (the boot disk stands on the frozen
    // one's), interfaces, DMI tables, addresses and random numbers. It is connected to its network
    // only after its agent has said that it is who it was told to be. An error: it is gone, and
    // nobody has seen it. One that is there already and has become who it is, is success.
    virtual Result<void> start_from(const std::string& /*template_id*/,
                                    const MachineSpec& /*spec*/,
                                    const GuestIdentity& /*identity*/) {
        return not_built_yet();
    }
    virtual Result<std::vector<FrozenGuest>> templates() { return not_built_yet(); }
    // Guests that were started from it run on. Absent is success.
    virtual Result<void> remove_template(const std::string& /*template_id*/) {
        return not_built_yet();
    }
    // Gives the memory back that a frozen guest has in use here for the next start_from(), which
    // reads it from disk again.
    virtual Result<void> cool_template(const std::string& /*template_id*/) {
        return not_built_yet();
    }

    // ---- Running guests kept and copied.

    // Stops the guest, saves its memory and devices encrypted by the secret of its boot disk, and
    // ends it. Until it is saved whole it runs on: an error, and it runs. One that is gone and was
    // saved is success; errors::not_found: it is gone, and was not.
    virtual Result<void> hibernate(const std::string& /*instance_id*/) { return not_built_yet(); }
    // start() of a guest that hibernated: it goes on where it was, with the same disks and
    // interfaces. What was saved is gone once it runs. errors::not_found: nothing was saved;
    // any other error: it cannot go on, what was saved is gone, and start() boots it. One that runs
    // already is success. What was saved outlives destroy(), but no start() that boots.
    virtual Result<void> wake(const MachineSpec& /*spec*/) { return not_built_yet(); }
    // What hibernate() saved is gone. Absent is success.
    virtual Result<void> forget_memory(const std::string& /*instance_id*/) {
        return not_built_yet();
    }
    // Keeps a copy of a running guest's memory and devices under the template's id, and lets it
    // run on; at the same moment its writes go to the new layers. start_from() makes others of it.
    // It is among templates() only when all of this is done.
    virtual Result<FrozenGuest> copy_running(const std::string& /*instance_id*/,
                                             const std::string& /*template_id*/,
                                             const std::vector<LayerSwitch>& /*switches*/) {
        return not_built_yet();
    }

    // Ends the guest's process and forgets it; its console output stays until forget(). Absent is
    // success.
    virtual Result<void> destroy(const std::string& instance_id) = 0;
    // Removes the instance's folder.
    virtual Result<void> forget(const std::string& instance_id) = 0;
    virtual MachineObservation observe(const std::string& instance_id) = 0;
    // The last `limit` bytes that the guest wrote to its serial port since its last start.
    virtual Result<std::string> console_output(const std::string& instance_id, size_t limit) = 0;
    // What the guest's screen shows, as a JPEG file. With `wake_up` a key is pressed before, that a
    // screen which the guest switched off is on again. errors::not_found: no guest is running.
    virtual Result<std::string> screenshot(const std::string& instance_id, bool wake_up) = 0;

    // Called from a thread of the driver when a guest's state may have changed; the callee only
    // makes a note of the id. Set once, before recover().
    virtual void on_change(std::function<void(const std::string& instance_id)> callback) = 0;

  private:
    // For the moment only: these verbs become pure when both drivers have them.
    static tl::unexpected<Error> not_built_yet() {
        return fail(errors::unavailable, "not built yet");
    }
};

} // namespace pileus::drivers
