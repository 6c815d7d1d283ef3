// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/network/network.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::drivers {

struct VpcRecord {
    VpcSpec spec;
    uint32_t slot = 0;
    uint32_t next_number = 1; // numbers of interfaces are never used twice: a mark says who, for ever
    uint32_t next_subnet_slot = 1;
    std::map<std::string, uint32_t> subnet_slots;
};

struct PortRecord {
    uint32_t number = 0;
    uint32_t subnet_slot = 0;
    InterfaceSpec spec;
};

// What the daemon must know of one VPC's kernel objects when it comes back: one small JSON file each for the VPC, its groups and
// its ports, written before the kernel is touched and removed after. The files are replaced whole, but not synced to the disk:
// what they tell of is lost with the machine's power as well. Not thread-safe; the VPC that owns them locks.
class Records {
  public:
    explicit Records(std::filesystem::path folder) : folder_(std::move(folder)) {}

    const std::filesystem::path& folder() const { return folder_; }
    std::filesystem::path leases_folder() const { return folder_ / "leases"; } // dnsmasq reads
    std::filesystem::path names_folder() const { return folder_ / "names"; }   // both

    Result<void> prepare() const; // makes the folders
    Result<void> save(const VpcRecord& vpc) const;
    Result<void> save(const SecurityGroupSpec& group) const;
    Result<void> save(const PortRecord& port) const;
    void forget_group(const std::string& id) const;
    void forget_port(const std::string& id) const;

    // Files that cannot be read are left out, with a warning in the log.
    Result<VpcRecord> load_vpc() const;
    std::vector<SecurityGroupSpec> load_groups() const;
    std::vector<PortRecord> load_ports() const;

  private:
    std::filesystem::path folder_;
};

// Replaces a file whole, without syncing it. Readable by others: dnsmasq runs as nobody.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content);

std::string to_json(const VpcRecord& vpc);
std::string to_json(const SecurityGroupSpec& group);
std::string to_json(const PortRecord& port);
Result<VpcRecord> vpc_from_json(std::string_view text);
Result<SecurityGroupSpec> group_from_json(std::string_view text);
Result<PortRecord> port_from_json(std::string_view text);

} // namespace pileus::drivers
