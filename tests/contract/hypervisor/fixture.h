// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests with real guests share: a folder, a driver on it, guests that boot in half a
// second. Every guest that a test leaves behind is ended with the fixture.

#include "../volumes/folder.h"
#include "agent_guest.h"
#include "base/file.h"
#include "base/process.h"
#include "boot_sector.h"
#include "drivers/hypervisor/qemu/qemu_hypervisor.h"

#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <memory>
#include <sched.h>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace pileus::drivers {

inline const std::string instance_a = "i-0123456789abcdefa";
inline const std::string instance_b = "i-0123456789abcdefb";
inline const std::string instance_c = "i-0123456789abcdefc";
inline const std::string template_a = "wt-0f1e2d3c4b5a69788";

// Whether it becomes true within the time.
template <class Predicate>
bool eventually(Predicate predicate, std::chrono::milliseconds time = std::chrono::seconds{20}) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!predicate()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

class QemuGuests {
  public:
    QemuGuests() { disk_folder(); }
    QemuGuests(const QemuGuests&) = delete;
    QemuGuests& operator=(const QemuGuests&) = delete;
    ~QemuGuests() {
        const auto driver = make();
        EXPECT_TRUE(driver->recover());
        for (const auto& id : {instance_a, instance_b, instance_c, template_a})
            EXPECT_TRUE(driver->forget(id));
    }

    std::filesystem::path disk_folder() const {
        const auto path = folder_.path() / "disks";
        std::filesystem::create_directories(path);
        return path;
    }
    std::filesystem::path instances() const { return folder_.path() / "instances"; }
    std::filesystem::path templates() const { return folder_.path() / "templates"; }
    std::filesystem::path instance(const std::string& id) const { return instances() / id; }
    pid_t pid_of(const std::string& id) const {
        const auto text = read_file(instance(id) / "machine.json");
        const auto record = text ? parse_machine_record(*text) : fail(text.error());
        return record && record->process ? record->process->pid : 0;
    }

    QemuHypervisorOptions options() const {
        QemuHypervisorOptions options;
        options.instances_folder = instances();
        options.templates_folder = templates();
        options.launcher = PILEUS_LAUNCHER;
        options.acceleration = AccelerationChoice::tcg;
        // Apart from a Pileus that may be running on this machine.
        options.first_uid = 1'999'000'000;
        options.uids = 100;
        return options;
    }
    std::unique_ptr<QemuHypervisor> make() { return make(options()); }
    std::unique_ptr<QemuHypervisor> make(QemuHypervisorOptions options) {
        return std::make_unique<QemuHypervisor>(std::move(options), runner_);
    }

    MachineSpec spec(const std::string& id, BootMode mode = BootMode::obeys) {
        MachineSpec spec;
        spec.instance_id = id;
        spec.memory_mib = 32;
        spec.system_uuid = "ec2f0000-0000-4000-8000-000000000001";
        spec.instance_type = "t3.nano";
        spec.zone = "us-east-1a";
        const auto path = (disk_folder() / (id + ".raw")).string();
        std::ofstream(path, std::ios::binary) << boot_disk(mode);
        spec.disks.push_back(
            {{"vol-0123456789abcdef0", {{path, "raw", false}}}, "vol0123456789abcdef0", true});
        return spec;
    }

    // One that an agent runs in: agent_guest.c.
    MachineSpec agent_spec(const std::string& id) {
        auto made = spec(id);
        std::ofstream(made.disks[0].chain.layers[0].path, std::ios::binary) << agent_disk();
        return made;
    }
    MachineSpec template_spec() {
        auto made = agent_spec(template_a);
        made.system_uuid = "ec2fabcd-1234-4567-89ab-cdef01234567";
        made.awaits_identity = true;
        return made;
    }
    // One that is started from it.
    MachineSpec clone_spec(const std::string& id) {
        auto made = agent_spec(id);
        made.interfaces.push_back(interface(1));
        return made;
    }
    static GuestIdentity identity(const std::string& id) {
        GuestIdentity made;
        made.instance_id = id;
        made.host_name = "ip-10-0-0-5";
        made.host_key_seed = std::string(32, 's');
        made.machine_id = "fedcba9876543210fedcba987654321" + id.substr(id.size() - 1);
        made.boot_id = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeee" + id.substr(id.size() - 1);
        made.random_seed = std::string(64, 'r');
        made.address = "10.0.0.5";
        made.prefix_length = 24;
        made.gateway = "10.0.0.1";
        return made;
    }

    static std::string volume_id(int number) {
        return "vol-0123456789abcdef" + std::to_string(number);
    }
    // A new qcow2 file; what it stands on is in its header for tools only, QEMU does not look
    // there.
    DiskLayer layer(const std::string& name, const DiskLayer& below = {}, int size_mib = 64) {
        ProcessSpec create;
        create.argv = {"qemu-img", "create", "-q", "-f", "qcow2"};
        if (!below.path.empty())
            create.argv.insert(create.argv.end(), {"-F", below.format, "-b", below.path});
        const auto path = (disk_folder() / (name + ".qcow2")).string();
        create.argv.insert(create.argv.end(), {path, std::to_string(size_mib) + "M"});
        EXPECT_TRUE(run_checked(runner_, create));
        return {path, "qcow2"};
    }
    // A disk of one layer, empty.
    MachineDisk data_disk(int number, const std::string& name) {
        return {{volume_id(number), {layer(name)}}, "vol0123456789abcdef" + std::to_string(number)};
    }

    static std::string interface_id(int number) {
        return "eni-0123456789abcdef" + std::to_string(number);
    }
    // With a tap in a namespace of its own, which goes when the last one lets go of it.
    static MachineInterface interface(int number) {
        return {interface_id(number), "02:00:00:00:00:0" + std::to_string(number), 1500, open_tap};
    }

    SystemProcessRunner& runner() { return runner_; }

  private:
    static Result<UniqueFd> open_tap() {
        UniqueFd tap;
        std::thread([&] {
            if (::unshare(CLONE_NEWNET) != 0)
                return;
            tap.reset(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
            ifreq request{};
            request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
            if (::ioctl(tap.get(), TUNSETIFF, &request) != 0)
                tap.reset();
        }).join();
        return tap ? Result<UniqueFd>(std::move(tap)) : fail(errors::unavailable, "no tap");
    }

    Folder folder_;
    SystemProcessRunner runner_;
};

inline bool console_has(Hypervisor& driver, const std::string& id, const std::string& text) {
    const auto output = driver.console_output(id, 65536);
    return output && output->find(text) != std::string::npos;
}

inline bool can_contain() {
    return ::geteuid() == 0;
}

} // namespace pileus::drivers
