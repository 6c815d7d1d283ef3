// SPDX-License-Identifier: Apache-2.0
#include "engine/machine_spec.h"

#include "base/text.h"
#include "engine/disk_limits.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <map>
#include <openssl/sha.h>

namespace pileus::engine {

std::string system_uuid(const std::string& instance_id) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(instance_id.data()),
           instance_id.size(),
           digest.data());
    const auto hex = hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
    // Version 4, variant 1: the form of a random UUID (RFC 9562).
    return fmt::format("ec2{}-{}-4{}-8{}-{}",
                       hex.substr(0, 5),
                       hex.substr(5, 4),
                       hex.substr(9, 3),
                       hex.substr(12, 3),
                       hex.substr(15, 12));
}

namespace {

// "vol-0123456789abcdef0" → "vol0123456789abcdef0": as EC2 shows it in the guest, and short enough
// for a serial number.
std::string disk_serial(std::string volume_id) {
    std::erase(volume_id, '-');
    return volume_id;
}

} // namespace

drivers::MachineDisk
make_machine_disk(const domain::Volume& row, drivers::DiskChain chain, bool boot) {
    return {.chain = std::move(chain),
            .serial = disk_serial(row.id),
            .boot = boot,
            .limits = disk_limits(row)};
}

drivers::MachineInterface
make_machine_interface(const domain::NetworkInterface& row, drivers::Network& network, int mtu) {
    return {.interface_id = row.id,
            .mac = row.mac,
            .mtu = mtu,
            .open_tap = [&network, vpc_id = row.vpc_id, id = row.id] {
                return network.open_tap(vpc_id, id);
            }};
}

namespace {

// The boot disk first, then by device name, so that the guest sees the same order at every start.
Result<std::vector<drivers::MachineDisk>>
make_machine_disks(const domain::Instance& instance,
                   const std::vector<domain::Volume>& volumes,
                   const OpenVolume& open_volume) {
    std::map<std::string, const domain::Volume*> by_place;
    for (const auto& volume : volumes)
        if (volume.attachment != domain::AttachmentState::detaching)
            by_place.emplace(volume.device == instance.root_device_name ? "" : volume.device,
                             &volume);
    if (by_place.empty() || !by_place.begin()->first.empty())
        return fail(errors::invalid,
                    fmt::format("the instance has no root volume: none is attached as {}",
                                instance.root_device_name));
    std::vector<drivers::MachineDisk> disks;
    for (const auto& [place, volume] : by_place) {
        PILEUS_ASSIGN(auto chain, open_volume(*volume));
        disks.push_back(make_machine_disk(*volume, std::move(chain), place.empty()));
    }
    return disks;
}

} // namespace

drivers::MachineSpec make_bare_machine_spec(const std::string& id,
                                            const domain::InstanceType& type,
                                            const std::optional<domain::Image>& image) {
    drivers::MachineSpec spec;
    spec.instance_id = id;
    spec.vcpus = type.vcpus;
    spec.memory_mib = type.memory_mib;
    spec.firmware = image && image->boot_mode == "uefi" ? "uefi" : "bios";
    spec.system_uuid = system_uuid(id);
    spec.instance_type = type.name;
    spec.interface_slots = std::max(type.maximum_interfaces - 1, 0);
    return spec;
}

Result<drivers::MachineSpec> make_machine_spec(const domain::Instance& instance,
                                               const domain::InstanceType& type,
                                               const MachineParts& parts,
                                               const OpenVolume& open_volume,
                                               drivers::Network& network,
                                               int mtu) {
    auto spec = make_bare_machine_spec(instance.id, type, parts.image);
    spec.zone = instance.zone;
    spec.hardware = instance.hardware;
    PILEUS_ASSIGN(spec.disks, make_machine_disks(instance, parts.volumes, open_volume));
    for (const auto& interface : parts.interfaces)
        if (!interface.detaching)
            spec.interfaces.push_back(make_machine_interface(interface, network, mtu));
    return spec;
}

} // namespace pileus::engine
