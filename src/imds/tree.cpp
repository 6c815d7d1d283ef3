// SPDX-License-Identifier: Apache-2.0
#include "imds/tree.h"

#include "domain/private_dns.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

namespace pileus::imds {

namespace {

std::string join(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines)
        text += (text.empty() ? "" : "\n") + line;
    return text;
}

std::vector<std::string> group_names(const InstanceFacts& facts,
                                     const domain::NetworkInterface& interface) {
    std::vector<std::string> names;
    for (const auto& id : interface.security_group_ids)
        if (const auto name = facts.group_names.find(id); name != facts.group_names.end())
            names.push_back(name->second);
    return names;
}

// "" unless it has a public address and its VPC gives names to such (enableDnsHostnames).
std::string public_name(const InstanceFacts& facts, const domain::NetworkInterface& interface) {
    const auto vpc = facts.vpcs.find(interface.vpc_id);
    if (interface.public_ip.empty() || vpc == facts.vpcs.end() || !vpc->second.enable_dns_hostnames)
        return "";
    return domain::public_dns_name(interface.public_ip, interface.region);
}

// "/dev/xvda" → "xvda": the metadata has device names without their folder, but for the root.
std::string short_device(const std::string& device) {
    return device.substr(device.rfind('/') + 1);
}

} // namespace

Tree::Tree(const InstanceFacts& facts) : key_name_(facts.instance.key_name) {
    add_instance(facts);
    add_block_devices(facts);
    for (const auto& interface : facts.interfaces)
        add_interface(facts, interface);
    add_identity_document(facts);
    if (facts.instance.metadata.tags_enabled)
        for (const auto& tag : facts.tags)
            add("meta-data/tags/instance/" + tag.key, tag.value);
    if (!facts.instance.user_data.empty())
        user_data_ = facts.instance.user_data;
}

void Tree::add(std::string path, std::string text) {
    leaves_.insert_or_assign(std::move(path), std::move(text));
}

void Tree::add_instance(const InstanceFacts& facts) {
    const auto& i = facts.instance;
    add("meta-data/ami-id", i.image_id);
    add("meta-data/ami-launch-index", std::to_string(i.launch_index));
    add("meta-data/ami-manifest-path", "(unknown)");
    add("meta-data/instance-action", "none");
    add("meta-data/instance-id", i.id);
    add("meta-data/instance-life-cycle", "on-demand");
    add("meta-data/instance-type", i.type);
    add("meta-data/profile", "default-hvm");
    add("meta-data/reservation-id", i.reservation_id);
    add("meta-data/placement/availability-zone", i.zone);
    if (!facts.zone_id.empty())
        add("meta-data/placement/availability-zone-id", facts.zone_id);
    add("meta-data/placement/region", i.region);
    add("meta-data/services/domain", "amazonaws.com");
    add("meta-data/services/partition", "aws");
    add("meta-data/events/maintenance/history", "[]");
    add("meta-data/events/maintenance/scheduled", "[]");
    if (!i.public_key.empty())
        add("meta-data/public-keys/0/openssh-key", i.public_key);
    if (facts.interfaces.empty())
        return;
    const auto& primary = facts.interfaces.front();
    const auto dns_name = domain::private_dns_name(primary.private_ip, i.region);
    add("meta-data/hostname", dns_name);
    add("meta-data/local-hostname", dns_name);
    add("meta-data/local-ipv4", primary.private_ip);
    add("meta-data/mac", primary.mac);
    add("meta-data/security-groups", join(group_names(facts, primary)));
    if (!primary.public_ip.empty())
        add("meta-data/public-ipv4", primary.public_ip);
    if (!primary.ipv6_addresses.empty())
        add("meta-data/ipv6", primary.ipv6_addresses.front());
    if (const auto name = public_name(facts, primary); !name.empty())
        add("meta-data/public-hostname", name);
}

void Tree::add_interface(const InstanceFacts& facts, const domain::NetworkInterface& interface) {
    const auto base = "meta-data/network/interfaces/macs/" + interface.mac + "/";
    add(base + "device-number", std::to_string(interface.device_index));
    add(base + "interface-id", interface.id);
    add(base + "local-hostname", domain::private_dns_name(interface.private_ip, interface.region));
    add(base + "mac", interface.mac);
    add(base + "network-card-index", "0"); // no type here has more than one
    add(base + "owner-id", interface.account_id);
    add(base + "security-group-ids", join(interface.security_group_ids));
    add(base + "security-groups", join(group_names(facts, interface)));
    add(base + "subnet-id", interface.subnet_id);
    add(base + "vpc-id", interface.vpc_id);
    if (const auto name = public_name(facts, interface); !name.empty())
        add(base + "public-hostname", name);
    add_addresses(base, interface);
    add_blocks(base, facts, interface);
}

void Tree::add_addresses(const std::string& base, const domain::NetworkInterface& interface) {
    std::vector<std::string> local{interface.private_ip};
    std::vector<std::string> outside;
    const auto add_association = [&](const std::string& public_ip, const std::string& private_ip) {
        if (public_ip.empty())
            return;
        outside.push_back(public_ip);
        add(base + "ipv4-associations/" + public_ip, private_ip);
    };
    add_association(interface.public_ip, interface.private_ip);
    for (const auto& address : interface.secondary_addresses) {
        local.push_back(address.private_ip);
        add_association(address.public_ip, address.private_ip);
    }
    add(base + "local-ipv4s", join(local));
    if (!outside.empty())
        add(base + "public-ipv4s", join(outside));
    if (!interface.ipv6_addresses.empty())
        add(base + "ipv6s", join(interface.ipv6_addresses));
}

void Tree::add_blocks(const std::string& base,
                      const InstanceFacts& facts,
                      const domain::NetworkInterface& interface) {
    if (const auto subnet = facts.subnets.find(interface.subnet_id);
        subnet != facts.subnets.end()) {
        add(base + "subnet-ipv4-cidr-block", subnet->second.cidr_block);
        if (!subnet->second.ipv6_cidr_block.empty())
            add(base + "subnet-ipv6-cidr-blocks", subnet->second.ipv6_cidr_block);
    }
    const auto vpc = facts.vpcs.find(interface.vpc_id);
    if (vpc == facts.vpcs.end())
        return;
    std::vector<std::string> blocks{vpc->second.cidr_block};
    std::vector<std::string> ipv6_blocks;
    for (const auto& block : facts.vpc_blocks)
        if (block.vpc_id == interface.vpc_id)
            (block.is_ipv6 ? ipv6_blocks : blocks).push_back(block.cidr_block);
    add(base + "vpc-ipv4-cidr-block", vpc->second.cidr_block);
    add(base + "vpc-ipv4-cidr-blocks", join(blocks));
    if (!ipv6_blocks.empty())
        add(base + "vpc-ipv6-cidr-blocks", join(ipv6_blocks));
}

void Tree::add_block_devices(const InstanceFacts& facts) {
    const auto& root = facts.instance.root_device_name;
    add("meta-data/block-device-mapping/ami", short_device(root));
    add("meta-data/block-device-mapping/root", root);
    // In the order of their names, without what is being taken away.
    std::set<std::string> devices;
    for (const auto& volume : facts.volumes)
        if (volume.device != root && volume.attachment != domain::AttachmentState::detaching)
            devices.insert(short_device(volume.device));
    int number = 1;
    for (const auto& device : devices)
        add("meta-data/block-device-mapping/ebs" + std::to_string(number++), device);
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html. It is not
// signed: nobody could check our key.
void Tree::add_identity_document(const InstanceFacts& facts) {
    const auto& i = facts.instance;
    const boost::json::object document{
        {"accountId", i.account_id},
        {"architecture", i.architecture},
        {"availabilityZone", i.zone},
        {"billingProducts", nullptr},
        {"devpayProductCodes", nullptr},
        {"marketplaceProductCodes", nullptr},
        {"imageId", i.image_id},
        {"instanceId", i.id},
        {"instanceType", i.type},
        {"kernelId", nullptr},
        {"pendingTime", format_iso8601(i.launch_time).substr(0, 19) + "Z"},
        {"privateIp", facts.interfaces.empty() ? "" : facts.interfaces.front().private_ip},
        {"ramdiskId", nullptr},
        {"region", i.region},
        {"version", "2017-09-30"},
    };
    add("dynamic/instance-identity/document", boost::json::serialize(document));
}

// The names right below a folder; folders among them end in '/'. "" when there is no such folder.
std::string Tree::list(std::string_view folder) const {
    const std::string prefix = folder.empty() ? "" : std::string(folder) + "/";
    std::set<std::string> names;
    for (auto leaf = leaves_.lower_bound(prefix);
         leaf != leaves_.end() && leaf->first.starts_with(prefix);
         ++leaf) {
        const auto rest = std::string_view(leaf->first).substr(prefix.size());
        const auto slash = rest.find('/');
        names.emplace(slash == std::string_view::npos ? rest : rest.substr(0, slash + 1));
    }
    if (folder.empty()) {
        // The top level names its folders without a slash.
        return user_data_ ? "dynamic\nmeta-data\nuser-data" : "dynamic\nmeta-data";
    }
    return join({names.begin(), names.end()});
}

std::optional<Tree::Node> Tree::find(std::string_view path) const {
    if (path == "user-data") {
        if (!user_data_)
            return std::nullopt;
        return Node{*user_data_, true};
    }
    if (const auto leaf = leaves_.find(path); leaf != leaves_.end())
        return Node{leaf->second, false};
    if (path == "meta-data/public-keys" &&
        leaves_.count("meta-data/public-keys/0/openssh-key") != 0)
        return Node{"0=" + key_name_, false};
    auto names = list(path);
    if (names.empty())
        return std::nullopt;
    return Node{std::move(names), false};
}

} // namespace pileus::imds
