// SPDX-License-Identifier: Apache-2.0
// Random topologies, the same ones each time: whatever a VPC is made of, what the kernel does is
// what explain() says.
#include "matrix_fixture.h"

#include <random>

namespace pileus::drivers {
namespace {

constexpr int tcp = protocols::tcp, udp = protocols::udp, icmp = protocols::icmp,
              icmpv6 = protocols::icmpv6;
constexpr int topologies = 3, variants = 8, probes_each = 60;

class Dice {
  public:
    explicit Dice(uint32_t seed) : engine_(seed) {}
    int below(int limit) { return static_cast<int>(engine_() % static_cast<uint32_t>(limit)); }
    bool one_in(int many) { return below(many) == 0; }
    template <class List> const auto& pick(const List& list) {
        return list[static_cast<size_t>(below(static_cast<int>(std::size(list))))];
    }

  private:
    std::mt19937 engine_;
};

constexpr int known_ports[] = {22, 53, 80, 443, 8080};

class Topologies : public PacketTest, public testing::WithParamInterface<int> {
  protected:
    IpCidr random_block() {
        const auto& vpc = dice_.pick(vpcs_);
        switch (dice_.below(9)) {
        case 0:
            return Ipv4Cidr{};
        case 1:
            return vpc.cidrs[0];
        case 2:
            return dice_.pick(vpc.subnets).cidr;
        case 3:
            return *parse_cidr("192.0.2.0/24");
        case 4: // of any length around somebody
            return *parse_cidr(fmt::format(
                "{}/{}", dice_.pick(interfaces_).private_ip().str(), 18 + dice_.below(14)));
        case 5:
            return Ipv6Cidr{};
        case 6:
            return *dice_.pick(vpc.subnets).ipv6_cidr;
        case 7:
            return *parse_cidr(fmt::format(
                "{}/{}", dice_.pick(interfaces_).ipv6_addresses[0].str(), 40 + dice_.below(89)));
        default:
            return Ipv4Cidr{dice_.pick(interfaces_).private_ip(), 32};
        }
    }
    int random_protocol(const IpCidr& peer) {
        static constexpr int all[] = {-1, tcp, tcp, udp, icmp};
        const int protocol = dice_.pick(all);
        return protocol == icmp && is_ipv6(peer) ? icmpv6 : protocol;
    }
    TrafficRule random_rule(bool egress, const std::string& vpc) {
        const auto peer = random_block();
        TrafficRule rule{egress, random_protocol(peer), -1, -1, peer, ""};
        if (rule.protocol == tcp || rule.protocol == udp) {
            rule.from_port = dice_.pick(known_ports);
            rule.to_port = rule.from_port + (dice_.one_in(2) ? 0 : 400);
        }
        if (dice_.one_in(3)) {
            rule.peer_cidr.reset();
            rule.peer_security_group_id = fmt::format("sg-{}{}", vpc, dice_.below(3));
        }
        return rule;
    }
    std::vector<SecurityGroupSpec> random_groups(const VpcSpec& vpc) {
        std::vector<SecurityGroupSpec> groups;
        const auto name = vpc.id.substr(4);
        for (int i = 0; i < 3; ++i) {
            SecurityGroupSpec group{fmt::format("sg-{}{}", name, i), vpc.id, {}};
            for (const bool egress : {false, true}) {
                if (dice_.one_in(2))
                    group.rules.push_back(rule_of(egress, -1, -1, -1, "0.0.0.0/0"));
                if (dice_.one_in(2))
                    group.rules.push_back(rule_of(egress, -1, -1, -1, "::/0"));
                for (int k = dice_.below(6); k > 0; --k)
                    group.rules.push_back(random_rule(egress, name));
            }
            groups.push_back(group);
        }
        return groups;
    }
    NetworkAclSpec random_acl(const std::string& id) {
        auto acl = open_acl(id);
        int number = 1;
        for (int i = dice_.below(4); i > 0; --i) {
            const auto peer = random_block();
            AclEntrySpec entry{
                number++, dice_.one_in(2), dice_.one_in(3), random_protocol(peer), peer, -1, -1};
            if (entry.protocol == tcp || entry.protocol == udp) {
                const bool is_answers = dice_.one_in(3);
                entry.from_port = is_answers ? 1024 : dice_.pick(known_ports);
                entry.to_port = is_answers ? 65535 : entry.from_port;
            }
            acl.entries.push_back(entry);
        }
        if (dice_.one_in(8))
            std::erase_if(acl.entries,
                          [](const auto& entry) { return entry.number == 100 && entry.egress; });
        return acl;
    }
    // Once, before anything is told; later only what may change changes.
    void make_topology() {
        const bool is_overlapping = dice_.one_in(3);
        vpcs_ = {packet_vpc("m", "10.1"), packet_vpc("n", is_overlapping ? "10.1" : "10.2")};
        is_peered_ = !is_overlapping;
        int block = 1;
        for (auto& vpc : vpcs_) { // nobody else's, as EC2 gives them
            vpc.ipv6_cidrs = {*Ipv6Cidr::parse(fmt::format("fd70:696c:65{:02x}::/56", block++))};
            for (size_t i = 0; i < vpc.subnets.size(); ++i)
                vpc.subnets[i].ipv6_cidr = vpc.ipv6_cidrs[0].block(64, i);
        }
        int number = 10;
        for (const auto& vpc : vpcs_)
            for (const size_t subnet : {size_t{0}, size_t{1}})
                for (int i = 0; i < 2; ++i) {
                    auto interface = packet_interface(
                        vpc, fmt::format("{}{}", vpc.id.substr(4), number), subnet, number);
                    ++number;
                    interface.ipv6_addresses = {
                        vpc.subnets[subnet].ipv6_cidr->at(static_cast<uint64_t>(number))};
                    if (dice_.one_in(2))
                        interface.addresses[0].public_ip =
                            Ipv4{0x7f62'0000u + static_cast<uint32_t>(number)};
                    interfaces_.push_back(interface);
                }
        auto nat = packet_interface(vpcs_[0], "nat", 0, 200);
        nat.kind = InterfaceKind::nat_gateway;
        nat.security_group_ids.clear();
        nat.addresses[0].public_ip = *Ipv4::parse("127.98.0.200");
        nat_ = nat;
    }
    const VpcSpec& other_than(const VpcSpec& vpc) const {
        return vpc.id == "vpc-m" ? vpcs_[1] : vpcs_[0];
    }
    RouteTableSpec random_table(const VpcSpec& vpc, const std::string& id, bool may_use_nat) {
        RouteTableSpec table{id, {}};
        if (!dice_.one_in(4))
            table.routes.push_back({*parse_cidr("0.0.0.0/0"), RouteTarget::internet_gateway, ""});
        if (may_use_nat && dice_.one_in(2))
            table.routes = {{*parse_cidr("0.0.0.0/0"), RouteTarget::interface, "eni-nat"}};
        if (dice_.one_in(5))
            table.routes.push_back({*parse_cidr("192.0.2.0/25"), RouteTarget::blackhole, ""});
        if (is_peered_ && !dice_.one_in(4))
            table.routes.push_back({other_than(vpc).cidrs[0], RouteTarget::peering, "pcx-1"});
        if (is_peered_ && !dice_.one_in(4))
            table.routes.push_back({other_than(vpc).ipv6_cidrs[0], RouteTarget::peering, "pcx-1"});
        return table;
    }
    void vary() {
        for (auto& vpc : vpcs_) {
            const auto& other = other_than(vpc);
            vpc.peerings.clear();
            if (is_peered_)
                vpc.peerings = {{"pcx-1", other.id, {other.cidrs[0], other.ipv6_cidrs[0]}}};
            for (auto& acl : vpc.network_acls)
                acl = random_acl(acl.id);
            for (size_t i = 0; i < vpc.route_tables.size(); ++i)
                vpc.route_tables[i] =
                    random_table(vpc, vpc.route_tables[i].id, vpc.id == "vpc-m" && i == 1);
            vpc.internet_gateway = !dice_.one_in(6);
            if (!vpc.internet_gateway)
                for (auto& table : vpc.route_tables)
                    for (auto& route : table.routes)
                        if (route.target == RouteTarget::internet_gateway)
                            route.target = RouteTarget::blackhole;
        }
        for (const auto& vpc : vpcs_)
            fleet_->ensure_vpc(vpc);
        for (const auto& vpc : vpcs_)
            fleet_->apply_groups(random_groups(vpc));
        for (auto& interface : interfaces_) {
            const auto name = interface.vpc_id.substr(4);
            interface.security_group_ids = {fmt::format("sg-{}{}", name, dice_.below(3))};
            if (const auto second = fmt::format("sg-{}{}", name, dice_.below(3));
                dice_.one_in(2) && second != interface.security_group_ids[0])
                interface.security_group_ids.push_back(second);
            fleet_->ensure_interface(interface);
        }
        fleet_->ensure_interface(nat_);
    }
    Packet random_packet() {
        static constexpr int all[] = {tcp, tcp, udp, icmp};
        const auto& from = dice_.pick(interfaces_);
        const int protocol = dice_.pick(all);
        const int port = protocol == icmp ? 8 : dice_.pick(known_ports);
        const int kind = dice_.below(6);
        if (kind == 0)
            return to_world(from.id, protocol, port);
        if (kind == 1)
            for (const auto& to : interfaces_)
                if (to.addresses[0].public_ip && dice_.one_in(2))
                    return from_host(*fleet_, to.id, dice_.pick(known_ports));
        const auto* to = &dice_.pick(interfaces_);
        while (to->id == from.id)
            to = &dice_.pick(interfaces_);
        auto packet = between(from.id, to->id, protocol, port);
        if (dice_.one_in(3)) {
            packet.to.address = to->ipv6_addresses[0];
            if (protocol == icmp)
                packet.protocol = icmpv6, packet.port = 128;
        }
        return packet;
    }

    Dice dice_{static_cast<uint32_t>(GetParam())};
    std::vector<VpcSpec> vpcs_;
    std::vector<InterfaceSpec> interfaces_;
    InterfaceSpec nat_;
    bool is_peered_ = false;
};

TEST_P(Topologies, TheKernelDoesWhatExplainSays) {
    make_topology();
    auto first = vpcs_;
    first[0].route_tables[1].routes = {{*parse_cidr("0.0.0.0/0"), RouteTarget::interface, nat_.id}};
    for (const auto& vpc : first) {
        fleet_->ensure_vpc(vpc);
        fleet_->apply_groups({open_packet_group(vpc)});
    }
    for (const auto& interface : interfaces_)
        fleet_->ensure_interface(interface);
    fleet_->ensure_interface(nat_);
    for (size_t i = 0; i + 1 < interfaces_.size(); i += 2)
        wait_until_ready(interfaces_[i].id, interfaces_[i + 1].id);
    wait_until_answered(to_world(interfaces_[2].id, udp, 53));
    int sent = 0, passed = 0;
    for (int variant = 0; variant < variants; ++variant) {
        vary();
        std::vector<Probe> probes;
        for (int i = 0; i < probes_each; ++i)
            probes.push_back({random_packet()});
        for (const auto& probe : probes)
            passed += explain(fleet_->view(), probe.packet).is_answered ? 1 : 0;
        sent += probes_each;
        if (expect_as_explained(
                *fleet_, probes, fmt::format("seed {} variant {}", GetParam(), variant)) != 0)
            break; // one is enough to look at
    }
    EXPECT_GT(passed, sent / 20) << "a matrix in which nothing passes proves nothing";
    EXPECT_LT(passed, sent * 3 / 4);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Topologies, testing::Range(1, topologies + 1));

} // namespace
} // namespace pileus::drivers
