// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/instance.h"
#include "domain/network_interface.h"
#include "domain/tag.h"
#include "domain/volume.h"
#include "domain/vpc.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::imds {

// All that the metadata of one instance is made of.
struct InstanceFacts {
    domain::Instance instance;
    std::string zone_id;
    std::vector<domain::NetworkInterface> interfaces; // by device index
    std::map<std::string, std::string> group_names;   // id → name
    std::map<std::string, domain::Subnet> subnets;
    std::map<std::string, domain::Vpc> vpcs;
    std::vector<domain::VpcCidrBlock> vpc_blocks; // of these VPCs, beside their primary ones
    std::vector<domain::Volume> volumes;
    domain::Tags tags;
};

// The tree below /latest, as
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html#instancedata-data-categories
// has it: the text of a leaf, or the list of a folder. A value; made for one request.
class Tree {
  public:
    explicit Tree(const InstanceFacts& facts);

    struct Node {
        std::string text;
        bool is_binary = false; // user data
    };
    // `path` without the version and without slashes at its ends: "meta-data/placement/region".
    // nullopt: there is nothing.
    std::optional<Node> find(std::string_view path) const;

  private:
    void add(std::string path, std::string text);
    void add_instance(const InstanceFacts& facts);
    void add_interface(const InstanceFacts& facts, const domain::NetworkInterface& interface);
    void add_addresses(const std::string& base, const domain::NetworkInterface& interface);
    void add_blocks(const std::string& base,
                    const InstanceFacts& facts,
                    const domain::NetworkInterface& interface);
    void add_block_devices(const InstanceFacts& facts);
    void add_identity_document(const InstanceFacts& facts);
    std::string list(std::string_view folder) const;

    std::map<std::string, std::string, std::less<>> leaves_;
    std::string key_name_;
    std::optional<std::string> user_data_;
};

} // namespace pileus::imds
