// SPDX-License-Identifier: Apache-2.0
// The rules of a security group as few lookups. They all allow, so that their order does not matter
// and they can be gathered: ports and peers of one protocol and prefix length are one set.
#include "drivers/network/linux/match.h"
#include "drivers/network/linux/rules.h"
#include "drivers/network/linux/script.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace pileus::drivers {

namespace {

using PortRange = std::pair<int, int>;

bool has_all_ports(const TrafficRule& rule) {
    return rule.from_port <= 0 && (rule.to_port == -1 || rule.to_port == 65535);
}

bool has_some_ports(const TrafficRule& rule) {
    return (rule.protocol == 6 || rule.protocol == 17) && !has_all_ports(rule);
}

// Ranges that overlap or touch become one.
std::vector<PortRange> merged(std::vector<PortRange> ranges) {
    std::sort(ranges.begin(), ranges.end());
    std::vector<PortRange> out;
    for (const auto& range : ranges)
        if (!out.empty() && range.first <= out.back().second + 1)
            out.back().second = std::max(out.back().second, range.second);
        else
            out.push_back(range);
    return out;
}

std::string range_text(const PortRange& range) {
    return range.first == range.second ? std::to_string(range.first)
                                       : fmt::format("{}-{}", range.first, range.second);
}

std::string ranges_text(const std::vector<PortRange>& ranges) {
    std::vector<std::string> texts;
    for (const auto& range : ranges)
        texts.push_back(range_text(range));
    return comma_list(texts);
}

// Blocks inside others say nothing more.
template <class Block> std::vector<Block> outermost(std::set<Block> blocks) {
    std::vector<Block> out;
    for (const auto& block : blocks) // by base, the larger ones first
        if (out.empty() || !out.back().contains(block))
            out.push_back(block);
    return out;
}

struct Blocks {
    std::set<Ipv4Cidr> ipv4;
    std::set<Ipv6Cidr> ipv6;
};

// One chain of a group: one direction.
class GroupChain {
  public:
    GroupChain(Script& script, const std::string& chain, bool egress)
        : script_(script), chain_(chain), field_(egress ? "daddr" : "saddr") {}

    void add(const TrafficRule& rule) {
        if (has_some_ports(rule))
            add_ports(rule);
        else if (rule.peer_cidr)
            add_block(blocks_[plain_match(rule)], *rule.peer_cidr);
        else
            groups_[rule.peer_security_group_id].insert(plain_match(rule));
    }

    void write() const {
        for (const auto& [match, blocks] : blocks_)
            write_blocks(match, blocks);
        for (const auto& [key, ports] : ports_)
            write_ports(key, ports);
        for (const auto& [group, matches] : groups_)
            for (const auto& match : matches)
                write_group(group, match);
        for (const auto& [key, ranges] : group_ports_)
            write_group(key.second,
                        fmt::format("{} dport {{ {} }} ",
                                    protocol_name(key.first),
                                    ranges_text(merged(ranges))));
    }

  private:
    // Of one protocol and one prefix length.
    struct Key {
        int protocol;
        bool ipv6;
        int prefix;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    using PortsByBase = std::map<std::string, std::vector<PortRange>>;

    static const char* protocol_name(int protocol) { return protocol == 6 ? "tcp" : "udp"; }

    static std::string plain_match(const TrafficRule& rule) {
        if (rule.protocol == 6 || rule.protocol == 17)
            return fmt::format("meta l4proto {} ", protocol_name(rule.protocol));
        return protocol_match(rule.protocol, rule.from_port, rule.to_port);
    }

    static void add_block(Blocks& blocks, const IpCidr& cidr) {
        if (const auto* v4 = std::get_if<Ipv4Cidr>(&cidr))
            blocks.ipv4.insert(*v4);
        else
            blocks.ipv6.insert(std::get<Ipv6Cidr>(cidr));
    }

    void add_ports(const TrafficRule& rule) {
        const PortRange range{rule.from_port, rule.to_port};
        if (!rule.peer_cidr) {
            group_ports_[{rule.protocol, rule.peer_security_group_id}].push_back(range);
            return;
        }
        std::visit(
            [&](const auto& block) {
                const Key key{rule.protocol, is_ipv6(*rule.peer_cidr), block.prefix};
                ports_[key][block.base.str()].push_back(range);
            },
            *rule.peer_cidr);
    }

    template <class Block>
    std::string block_match(const char* family, const std::set<Block>& blocks) const {
        const auto outer = outermost(blocks);
        if (outer.front().prefix == 0)
            return fmt::format("meta nfproto {} ", std::string(family) == "ip" ? "ipv4" : "ipv6");
        return fmt::format("{} {} {{ {} }} ", family, field_, addresses_list(outer));
    }

    void write_blocks(const std::string& match, const Blocks& blocks) const {
        if (!blocks.ipv4.empty())
            script_.rule(chain_, "{}{}accept", block_match("ip", blocks.ipv4), match);
        if (!blocks.ipv6.empty())
            script_.rule(chain_, "{}{}accept", block_match("ip6", blocks.ipv6), match);
    }

    // Single ports are a plain set, whose lookup costs the same whatever its size; ranges are
    // apart.
    void write_ports(const Key& key, const PortsByBase& by_base) const {
        const char* const protocol = protocol_name(key.protocol);
        if (key.prefix == 0) {
            script_.rule(chain_,
                         "meta nfproto {} {} dport {{ {} }} accept",
                         key.ipv6 ? "ipv6" : "ipv4",
                         protocol,
                         ranges_text(merged(by_base.begin()->second)));
            return;
        }
        std::vector<std::string> singles, ranges;
        for (const auto& [base, given] : by_base)
            for (const auto& range : merged(given))
                (range.first == range.second ? singles : ranges)
                    .push_back(base + " . " + range_text(range));
        for (const auto* elements : {&singles, &ranges})
            if (!elements->empty())
                script_.rule(chain_,
                             "{} . {} dport {{ {} }} accept",
                             masked(key),
                             protocol,
                             comma_list(*elements));
    }

    std::string masked(const Key& key) const {
        const std::string address = std::string(key.ipv6 ? "ip6 " : "ip ") + field_;
        if (key.prefix == (key.ipv6 ? 128 : 32))
            return address;
        return address + " & " + mask_text(key.ipv6, key.prefix);
    }

    void write_group(const std::string& group, const std::string& match) const {
        script_.rule(chain_, "ip {} @{} {}accept", field_, members_set(group), match);
        script_.rule(chain_, "ip6 {} @{} {}accept", field_, ipv6_members_set(group), match);
    }

    Script& script_;
    const std::string chain_;
    const char* const field_;
    std::map<std::string, Blocks> blocks_; // by what else is matched
    std::map<Key, PortsByBase> ports_;
    std::map<std::string, std::set<std::string>> groups_; // matches, by the peer
    std::map<std::pair<int, std::string>, std::vector<PortRange>> group_ports_;
};

void add_members_sets(Script& script, const std::string& group_id) {
    script.add("add set {} {} {{ type ipv4_addr; }}", vpc_table, members_set(group_id));
    script.add("add set {} {} {{ type ipv6_addr; }}", vpc_table, ipv6_members_set(group_id));
}

} // namespace

std::string group_rules(const SecurityGroupSpec& group) {
    Script script;
    add_members_sets(script, group.id);
    std::set<std::string> peers;
    for (const auto& rule : group.rules)
        if (!rule.peer_cidr && rule.peer_security_group_id != group.id &&
            peers.insert(rule.peer_security_group_id).second)
            add_members_sets(script, rule.peer_security_group_id);
    for (const bool egress : {false, true}) {
        const auto name = egress ? out_chain(group.id) : in_chain(group.id);
        script.fresh_chain(name);
        GroupChain chain(script, name, egress);
        for (const auto& rule : group.rules)
            if (rule.egress == egress)
                chain.add(rule);
        chain.write();
    }
    return script.take();
}

std::string empty_group_members(const std::string& group_id) {
    Script script;
    add_members_sets(script, group_id);
    script.add("flush set {} {}", vpc_table, members_set(group_id));
    script.add("flush set {} {}", vpc_table, ipv6_members_set(group_id));
    return script.take();
}

// Its sets of members stay, empty: another group's rules may still name it.
std::string group_removal(const std::string& group_id) {
    Script script;
    script.no_chain(in_chain(group_id));
    script.no_chain(out_chain(group_id));
    return script.take() + empty_group_members(group_id);
}

std::string foreign_group_members(const std::string& group_id, const GroupMembers& members) {
    Script script;
    if (!members.ipv4.empty())
        script.element("add", members_set(group_id), addresses_list(members.ipv4));
    if (!members.ipv6.empty())
        script.element("add", ipv6_members_set(group_id), addresses_list(members.ipv6));
    return empty_group_members(group_id) + script.take();
}

} // namespace pileus::drivers
