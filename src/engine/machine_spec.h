// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "domain/image.h"
#include "domain/instance.h"
#include "domain/instance_type.h"
#include "domain/network_interface.h"
#include "domain/volume.h"
#include "drivers/hypervisor/hypervisor.h"
#include "drivers/network/network.h"
#include "drivers/volumes/volumes.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pileus::engine {

// What is attached to an instance, and the image that it was launched from (which may be gone
// since).
struct MachineParts {
    std::vector<domain::Volume> volumes;
    std::vector<domain::NetworkInterface> interfaces;
    std::optional<domain::Image> image;
};

drivers::MachineDisk
make_machine_disk(const domain::Volume& row, drivers::DiskChain chain, bool boot);

drivers::MachineInterface
make_machine_interface(const domain::NetworkInterface& row, drivers::Network& network, int mtu);

// Without disks and interfaces: what the type and the image say.
drivers::MachineSpec make_bare_machine_spec(const std::string& id,
                                            const domain::InstanceType& type,
                                            const std::optional<domain::Image>& image);

using OpenVolume = std::function<Result<drivers::DiskChain>(const domain::Volume& row)>;

// Everything that a guest is started with, from its rows: what is being detached is not among it.
// Opens the volumes; the taps are opened when the hypervisor asks.
Result<drivers::MachineSpec> make_machine_spec(const domain::Instance& instance,
                                               const domain::InstanceType& type,
                                               const MachineParts& parts,
                                               const OpenVolume& open_volume,
                                               drivers::Network& network,
                                               int mtu);

// The DMI UUID of an instance: the same at every start, and beginning with "ec2", by which
// cloud-init knows where it is.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html
std::string system_uuid(const std::string& instance_id);

} // namespace pileus::engine
