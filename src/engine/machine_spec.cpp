// SPDX-License-Identifier: Apache-2.0
#include "engine/machine_spec.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
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

drivers::MachineInterface
make_machine_interface(const domain::NetworkInterface& row, drivers::Network& network, int mtu) {
    return {.interface_id = row.id,
            .mac = row.mac,
            .mtu = mtu,
            .open_tap = [&network, vpc_id = row.vpc_id, id = row.id] {
                return network.open_tap(vpc_id, id);
            }};
}

Result<drivers::MachineSpec> make_machine_spec(const domain::Instance& instance,
                                               const domain::InstanceType& type,
                                               const MachineParts& parts,
                                               drivers::Volumes& volumes,
                                               drivers::Network& network,
                                               int mtu) {
    drivers::MachineSpec spec;
    spec.instance_id = instance.id;
    spec.vcpus = type.vcpus;
    spec.memory_mib = type.memory_mib;
    spec.firmware = parts.image && parts.image->boot_mode == "uefi" ? "uefi" : "bios";
    spec.system_uuid = system_uuid(instance.id);
    spec.instance_type = instance.type;
    spec.zone = instance.zone;
    for (const auto& volume : parts.volumes) {
        PILEUS_ASSIGN(auto chain, volumes.open(volume.id));
        spec.disks.push_back({.chain = std::move(chain),
                              .serial = disk_serial(volume.id),
                              .boot = volume.device == instance.root_device_name});
    }
    // The boot disk first, then by device name, so that the guest sees the same order at every
    // start.
    std::vector<std::pair<std::string, size_t>> order;
    for (size_t i = 0; i < parts.volumes.size(); ++i)
        order.emplace_back(spec.disks[i].boot ? "" : parts.volumes[i].device, i);
    std::sort(order.begin(), order.end());
    std::vector<drivers::MachineDisk> disks;
    for (const auto& [device, index] : order)
        disks.push_back(std::move(spec.disks[index]));
    spec.disks = std::move(disks);

    for (const auto& interface : parts.interfaces)
        if (!interface.detaching)
            spec.interfaces.push_back(make_machine_interface(interface, network, mtu));
    spec.interface_slots = std::max(type.maximum_interfaces - 1, 0);
    return spec;
}

} // namespace pileus::engine
