// SPDX-License-Identifier: Apache-2.0
#include "daemon/drivers.h"

#include "base/file.h"
#include "daemon/machine.h"
#include "drivers/hypervisor/emulated/emulated_hypervisor.h"
#include "drivers/hypervisor/qemu/qemu_hypervisor.h"
#include "drivers/network/emulated/emulated_network.h"
#include "drivers/network/linux/linux_network.h"
#include "drivers/volumes/emulated/emulated_volumes.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"

namespace pileus::daemon {

namespace {

Drivers make_emulated(const Config& config, const Clock& clock) {
    drivers::EmulatedHypervisorOptions options;
    options.start_delay = config.emulation_delay;
    options.power_off_delay = config.emulation_delay;
    options.state_folder = config.data_dir / "emulated";
    return {nullptr,
            std::make_unique<drivers::EmulatedVolumes>(
                drivers::EmulatedVolumesOptions{.strict = false}),
            std::make_unique<drivers::EmulatedNetwork>(),
            std::make_unique<drivers::EmulatedHypervisor>(std::move(options), clock)};
}

drivers::AccelerationChoice acceleration_of(const Config& config) {
    if (config.hypervisor == "kvm")
        return drivers::AccelerationChoice::kvm;
    if (config.hypervisor == "tcg")
        return drivers::AccelerationChoice::tcg;
    return drivers::AccelerationChoice::automatic;
}

drivers::LinuxNetworkOptions network_options(const Config& config) {
    drivers::LinuxNetworkOptions options;
    options.installation = config.installation;
    options.run_dir = config.run_dir / "network";
    options.public_pool = config.cloud.public_pool;
    options.public_link = config.public_link;
    options.transit = config.transit;
    options.ipv6_pool = config.cloud.ipv6_pool;
    options.egress = config.egress;
    if (config.egress)
        options.upstream_resolvers = drivers::resolvers_of_host();
    options.mtu = config.mtu;
    return options;
}

// Installations beside each other on a machine must not share the uids of their guests, or one
// guest's QEMU could signal another's. Where an installation's lie follows from its name (FNV-1a);
// all are among those that systemd's conventions leave free.
constexpr uint32_t first_free_uid = 1'880'000'000;
constexpr uint32_t uids_of_guests = 100'000;
constexpr uint32_t uids_of_copies = 1'000;
constexpr uint32_t uid_ranges = 2'600;

uint32_t first_uid(const std::string& installation) {
    uint32_t hash = 0x811c9dc5;
    for (const char c : installation)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193;
    return first_free_uid + hash % uid_ranges * (uids_of_guests + uids_of_copies);
}

drivers::Qcow2VolumesOptions volumes_options(const Config& config) {
    drivers::Qcow2VolumesOptions options;
    options.copy.first_uid = first_uid(config.installation) + uids_of_guests;
    options.copy.uids = uids_of_copies;
    options.state_folder = config.data_dir / "volumes";
    options.copy.launcher = sibling_program("pileus-launch").string();
    return options;
}

drivers::QemuHypervisorOptions hypervisor_options(const Config& config) {
    drivers::QemuHypervisorOptions options;
    options.instances_folder = config.data_dir / "instances";
    options.first_uid = first_uid(config.installation);
    options.uids = uids_of_guests;
    options.launcher = sibling_program("pileus-launch").string();
    options.acceleration = acceleration_of(config);
    return options;
}

} // namespace

Result<Drivers> make_drivers(const Config& config, const Clock& clock, ProcessRunner& runner) {
    if (config.is_emulated())
        return make_emulated(config, clock);
    // The guests' DHCP server has no privileges any more when it reads its files there.
    PILEUS_TRY(check_reachable_by_others(config.run_dir));
    Drivers made;
    made.random = std::make_unique<SystemRandom>();
    made.volumes =
        std::make_unique<drivers::Qcow2Volumes>(volumes_options(config), runner, *made.random);
    PILEUS_TRY(check_options(network_options(config)));
    made.network = std::make_unique<drivers::LinuxNetwork>(network_options(config), runner);
    made.hypervisor = std::make_unique<drivers::QemuHypervisor>(hypervisor_options(config), runner);
    return made;
}

} // namespace pileus::daemon
