// SPDX-License-Identifier: Apache-2.0
// Each kind of rule: everything passes, the rule comes and what it denies does not pass, it goes
// and everything passes again. What is expected stands here in full, and explain() must say the
// same.
#include "matrix_fixture.h"

#include <functional>

namespace pileus::drivers {
namespace {

constexpr int tcp = protocols::tcp, udp = protocols::udp, icmp = protocols::icmp;
constexpr int ping = 8, timestamp = 13;

struct Expected {
    Packet packet;
    bool arrives;
    bool is_answered;
};

struct RuleCase {
    const char* name;
    std::function<void(Fleet&, VpcSpec&)> change;
    std::vector<Expected> expected;
};

Expected passes(Packet packet) {
    return {std::move(packet), true, true};
}
Expected is_stopped(Packet packet) {
    return {std::move(packet), false, false};
}
Expected is_lost_on_the_way_back(Packet packet) {
    return {std::move(packet), true, false};
}

Packet a_to_b(int protocol, int port) {
    return between("eni-a", "eni-b", protocol, port);
}
Packet a_to_c(int protocol, int port) {
    return between("eni-a", "eni-c", protocol, port);
}
Packet c_to_a(int protocol, int port) {
    return between("eni-c", "eni-a", protocol, port);
}

// The interface gets these rules in place of its own.
void set_rules(Fleet& fleet, const std::string& id, std::vector<TrafficRule> rules) {
    fleet.apply_groups({{"sg-new", "vpc-m", std::move(rules)}});
    auto interface = fleet.interface(id);
    interface.security_group_ids = {"sg-new"};
    fleet.ensure_interface(interface);
}

void add_entry(Fleet& fleet, VpcSpec vpc, size_t acl, AclEntrySpec entry) {
    auto& entries = vpc.network_acls[acl].entries;
    entries.push_back(entry);
    std::sort(entries.begin(), entries.end(), [](const auto& x, const auto& y) {
        return std::pair(x.egress, x.number) < std::pair(y.egress, y.number);
    });
    fleet.ensure_vpc(vpc);
}

void set_routes(Fleet& fleet, VpcSpec vpc, size_t table, std::vector<RouteSpec> routes) {
    vpc.route_tables[table].routes = std::move(routes);
    fleet.ensure_vpc(vpc);
}

const TrafficRule all_out = rule_of(true, -1, -1, -1, "0.0.0.0/0");

const std::vector<RuleCase> group_cases{
    {"one port from one block",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-c", {rule_of(false, tcp, 443, 443, "10.1.1.0/24"), all_out});
     },
     {passes(a_to_c(tcp, 443)),
      is_stopped(a_to_c(tcp, 444)),
      is_stopped(a_to_c(udp, 443)),
      is_stopped(a_to_c(icmp, ping)),
      passes(c_to_a(tcp, 444)),
      passes(c_to_a(icmp, ping))}},
    {"one port from one address",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-c", {rule_of(false, udp, 53, 53, "10.1.1.10/32"), all_out});
     },
     {passes(a_to_c(udp, 53)),
      is_stopped(between("eni-b", "eni-c", udp, 53)),
      is_stopped(a_to_c(tcp, 53))}},
    {"a range of ports",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-b", {rule_of(false, tcp, 1000, 2000, "0.0.0.0/0"), all_out});
     },
     {is_stopped(a_to_b(tcp, 999)),
      passes(a_to_b(tcp, 1000)),
      passes(a_to_b(tcp, 1500)),
      passes(a_to_b(tcp, 2000)),
      is_stopped(a_to_b(tcp, 2001)),
      is_stopped(a_to_b(udp, 1500))}},
    {"every port",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-b", {rule_of(false, udp, 0, 65535, "0.0.0.0/0"), all_out});
     },
     {passes(a_to_b(udp, 1)), passes(a_to_b(udp, 65535)), is_stopped(a_to_b(tcp, 1))}},
    {"port nought alone",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-b", {rule_of(false, tcp, 0, 0, "0.0.0.0/0"), all_out});
     },
     {is_stopped(a_to_b(tcp, 1)), is_stopped(a_to_b(tcp, 443))}},
    {"a type of ICMP",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-b", {rule_of(false, icmp, ping, -1, "0.0.0.0/0"), all_out});
     },
     {passes(a_to_b(icmp, ping)), is_stopped(a_to_b(icmp, timestamp)), is_stopped(a_to_b(tcp, 8))}},
    {"every type of ICMP",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-b", {rule_of(false, icmp, -1, -1, "0.0.0.0/0"), all_out});
     },
     {passes(a_to_b(icmp, ping)), passes(a_to_b(icmp, timestamp)), is_stopped(a_to_b(udp, 8))}},
    {"another protocol by its number",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-b", {rule_of(false, 47, -1, -1, "0.0.0.0/0"), all_out});
     },
     {is_stopped(a_to_b(tcp, 443)), is_stopped(a_to_b(udp, 47))}},
    {"everything from the members of a group",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-c", {all_out});
         f.apply_groups(
             {{"sg-members", "vpc-m", {all_out}},
              {"sg-new", "vpc-m", {rule_of(false, -1, -1, -1, "", "sg-members"), all_out}}});
         auto a = f.interface("eni-a");
         a.security_group_ids.push_back("sg-members");
         f.ensure_interface(a);
     },
     {passes(a_to_c(tcp, 443)),
      passes(a_to_c(icmp, ping)),
      is_stopped(between("eni-b", "eni-c", tcp, 443))}},
    {"a group that names itself",
     [](Fleet& f, VpcSpec&) {
         set_rules(f, "eni-a", {rule_of(false, tcp, 80, 80, "", "sg-new"), all_out});
         set_rules(f, "eni-b", {rule_of(false, tcp, 80, 80, "", "sg-new"), all_out});
     },
     {passes(a_to_b(tcp, 80)), is_stopped(a_to_b(tcp, 81)), is_stopped(c_to_a(tcp, 80))}},
    {"egress to one block and port",
     [](Fleet& f, VpcSpec&) {
         set_rules(f,
                   "eni-a",
                   {rule_of(true, tcp, 443, 443, "10.1.2.0/24"),
                    rule_of(false, -1, -1, -1, "0.0.0.0/0")});
     },
     {passes(a_to_c(tcp, 443)),
      is_stopped(a_to_c(tcp, 80)),
      is_stopped(a_to_b(tcp, 443)),
      passes(c_to_a(tcp, 80))}},
    {"egress to a group",
     [](Fleet& f, VpcSpec&) {
         f.apply_groups({{"sg-members", "vpc-m", {rule_of(false, -1, -1, -1, "0.0.0.0/0")}}});
         auto c = f.interface("eni-c");
         c.security_group_ids.push_back("sg-members");
         f.ensure_interface(c);
         set_rules(f, "eni-a", {rule_of(true, -1, -1, -1, "", "sg-members")});
     },
     {passes(a_to_c(udp, 1)), is_stopped(a_to_b(udp, 1))}},
    {"a prefix list, spelt out",
     [](Fleet& f, VpcSpec&) {
         set_rules(f,
                   "eni-c",
                   {rule_of(false, tcp, 22, 22, "10.1.1.11/32"),
                    rule_of(false, tcp, 22, 22, "10.1.1.12/30"),
                    rule_of(false, tcp, 22, 22, "192.168.0.0/16"),
                    all_out});
     },
     {passes(between("eni-b", "eni-c", tcp, 22)), is_stopped(a_to_c(tcp, 22))}},
    {"no rule at all",
     [](Fleet& f, VpcSpec&) { set_rules(f, "eni-b", {}); },
     {is_stopped(a_to_b(tcp, 1)),
      is_stopped(a_to_b(icmp, ping)),
      is_stopped(between("eni-b", "eni-a", tcp, 1))}},
    {"two groups: what either allows",
     [](Fleet& f, VpcSpec&) {
         f.apply_groups({{"sg-x", "vpc-m", {rule_of(false, tcp, 1, 1, "0.0.0.0/0")}},
                         {"sg-y", "vpc-m", {rule_of(false, tcp, 2, 2, "0.0.0.0/0")}}});
         auto b = f.interface("eni-b");
         b.security_group_ids = {"sg-x", "sg-y"};
         f.ensure_interface(b);
     },
     {passes(a_to_b(tcp, 1)), passes(a_to_b(tcp, 2)), is_stopped(a_to_b(tcp, 3))}},
};

const std::vector<RuleCase> acl_cases{
    {"an ACL that denies what comes in",
     [](Fleet& f, VpcSpec& v) {
         add_entry(f, v, 1, {50, false, false, tcp, *parse_cidr("10.1.1.0/24"), 443, 443});
     },
     {is_stopped(a_to_c(tcp, 443)),
      passes(a_to_c(tcp, 444)),
      passes(a_to_c(udp, 443)),
      passes(c_to_a(tcp, 443)),
      passes(a_to_b(tcp, 443))}},
    {"an ACL that denies what goes out",
     [](Fleet& f, VpcSpec& v) {
         add_entry(f, v, 0, {50, true, false, udp, *parse_cidr("10.1.2.10/32"), 53, 53});
     },
     {is_stopped(a_to_c(udp, 53)),
      passes(a_to_c(udp, 54)),
      passes(a_to_c(tcp, 53)),
      passes(a_to_b(udp, 53))}},
    {"an ACL knows no state: the answer is denied where it goes out",
     [](Fleet& f, VpcSpec& v) {
         add_entry(f, v, 1, {50, true, false, tcp, *parse_cidr("0.0.0.0/0"), 1024, 65535});
     },
     {is_lost_on_the_way_back(a_to_c(tcp, 443)),
      passes(a_to_c(udp, 443)),
      passes(c_to_a(tcp, 443))}},
    {"an ACL knows no state: the answer is denied where it comes in",
     [](Fleet& f, VpcSpec& v) {
         add_entry(f, v, 0, {50, false, false, icmp, *parse_cidr("0.0.0.0/0"), 0, -1});
     },
     {is_lost_on_the_way_back(a_to_c(icmp, ping)),
      passes(c_to_a(icmp, ping)),
      passes(a_to_b(icmp, ping))}},
    {"the lower number decides",
     [](Fleet& f, VpcSpec& v) {
         auto changed = v;
         changed.network_acls[1].entries.insert(
             changed.network_acls[1].entries.begin(),
             {{10, false, true, tcp, *parse_cidr("10.1.1.10/32"), 22, 22},
              {20, false, false, tcp, *parse_cidr("10.1.1.0/24"), 22, 22}});
         f.ensure_vpc(changed);
     },
     {passes(a_to_c(tcp, 22)),
      is_stopped(between("eni-b", "eni-c", tcp, 22)),
      passes(a_to_c(tcp, 23))}},
    {"an ACL without entries",
     [](Fleet& f, VpcSpec& v) {
         auto changed = v;
         changed.network_acls[0].entries.clear();
         f.ensure_vpc(changed);
     },
     {is_stopped(a_to_c(tcp, 22)),
      is_stopped(c_to_a(tcp, 22)),
      passes(a_to_b(tcp, 22)),
      is_stopped(to_world("eni-a", tcp, 80)),
      passes(to_world("eni-c", tcp, 80))}},
    {"an ACL for one protocol by its number",
     [](Fleet& f, VpcSpec& v) {
         add_entry(f, v, 1, {50, false, false, icmp, *parse_cidr("0.0.0.0/0"), -1, -1});
     },
     {is_stopped(a_to_c(icmp, ping)),
      passes(a_to_c(tcp, 1)),
      is_lost_on_the_way_back(c_to_a(icmp, ping))}},
};

const std::vector<RuleCase> route_cases{
    {"no route out",
     [](Fleet& f, VpcSpec& v) { set_routes(f, v, 0, {}); },
     {is_stopped(to_world("eni-a", tcp, 80)),
      passes(to_world("eni-c", tcp, 80)),
      passes(a_to_c(tcp, 80))}},
    {"a black hole in front of the way out",
     [](Fleet& f, VpcSpec& v) {
         set_routes(f,
                    v,
                    0,
                    {v.route_tables[0].routes[0],
                     {*parse_cidr("192.0.2.0/24"), RouteTarget::blackhole, ""}});
     },
     {is_stopped(to_world("eni-a", udp, 80)), passes(to_world("eni-c", udp, 80))}},
    {"no internet gateway",
     [](Fleet& f, VpcSpec& v) {
         auto changed = v;
         changed.internet_gateway = false;
         for (auto& table : changed.route_tables)
             table.routes[0].target = RouteTarget::blackhole;
         f.ensure_vpc(changed);
     },
     {is_stopped(to_world("eni-a", tcp, 80)),
      is_stopped(to_world("eni-c", udp, 80)),
      passes(a_to_c(tcp, 80))}},
    {"no public address",
     [](Fleet& f, VpcSpec&) {
         auto a = f.interface("eni-a");
         a.addresses[0].public_ip.reset();
         f.ensure_interface(a);
     },
     {is_stopped(to_world("eni-a", tcp, 80)), passes(to_world("eni-c", tcp, 80))}},
    {"a subnet with another table",
     [](Fleet& f, VpcSpec& v) {
         auto changed = v;
         changed.route_tables.push_back({"rtb-closed", {}});
         changed.subnets[1].route_table_id = "rtb-closed";
         f.ensure_vpc(changed);
     },
     {passes(to_world("eni-a", tcp, 80)), is_stopped(to_world("eni-c", tcp, 80))}},
};

class Rules : public PacketTest {
  protected:
    void check(const RuleCase& each, const char* when, bool is_changed) {
        std::vector<Probe> probes;
        for (const auto& expected : each.expected)
            probes.push_back({expected.packet});
        fleet_->send_all(probes);
        for (size_t i = 0; i < probes.size(); ++i) {
            const auto& wanted = each.expected[i];
            const auto explained = explain(fleet_->view(), probes[i].packet);
            const bool has_reply = has_answer(explained.header);
            const bool arrives = !is_changed || wanted.arrives,
                       answered = !is_changed || wanted.is_answered;
            const auto what = fmt::format("{}, {}: protocol {} port {} from {} to {}\n{}",
                                          each.name,
                                          when,
                                          wanted.packet.protocol,
                                          wanted.packet.port,
                                          wanted.packet.from.interface_id,
                                          wanted.packet.to.interface_id,
                                          told(explained));
            EXPECT_EQ(!probes[i].arrived.empty(), arrives) << what;
            EXPECT_EQ(explained.arrives, arrives) << what;
            if (has_reply) {
                EXPECT_EQ(probes[i].is_answered, answered) << what;
                EXPECT_EQ(explained.is_answered, answered) << what;
            }
        }
    }
    void restore(const NetworkView& before) {
        for (const auto& interface : before.interfaces)
            fleet_->ensure_interface(interface);
        fleet_->ensure_vpc(vpc_);
    }
    void run(const std::vector<RuleCase>& cases) {
        make_sample();
        const auto before = fleet_->view();
        for (const auto& each : cases) {
            check(each, "before", false);
            each.change(*fleet_, vpc_);
            check(each, "changed", true);
            restore(before);
            check(each, "after", false);
        }
    }
};

TEST_F(Rules, SecurityGroups) {
    run(group_cases);
}

TEST_F(Rules, NetworkAcls) {
    run(acl_cases);
}

TEST_F(Rules, RoutesAndGateways) {
    run(route_cases);
}

TEST_F(Rules, CallersFromOutside) {
    make_sample();
    const auto both = [&](const char* when, bool passes) {
        std::vector<Probe> probes{{from_host(*fleet_, "eni-a", 53)},
                                  {from_host(*fleet_, "eni-c", 53)}};
        fleet_->send_all(probes);
        EXPECT_EQ(probes[0].arrived.size(), passes ? 1u : 0u) << when;
        EXPECT_EQ(probes[0].is_answered, passes) << when;
        EXPECT_TRUE(probes[1].is_answered) << when << ", to the other one";
        EXPECT_EQ(explain(fleet_->view(), probes[0].packet).is_answered, passes) << when;
    };
    both("open", true);
    set_rules(*fleet_, "eni-a", {rule_of(false, udp, 54, 54, "0.0.0.0/0"), all_out});
    both("another port", false);
    set_rules(*fleet_,
              "eni-a",
              {rule_of(false, udp, 53, 53, (host_caller().str() + "/32").c_str()), all_out});
    both("from the caller's own address", true);
    add_entry(*fleet_, vpc_, 0, {50, false, false, udp, *parse_cidr("0.0.0.0/0"), 53, 53});
    both("the ACL denies", false);
    fleet_->ensure_vpc(vpc_);
    both("it allows again", true);
}

TEST_F(Rules, NatGateway) {
    make_sample();
    auto nat = packet_interface(vpc_, "nat", 0, 200);
    nat.kind = InterfaceKind::nat_gateway;
    nat.security_group_ids.clear();
    nat.addresses[0].public_ip = *Ipv4::parse("127.98.0.200");
    fleet_->ensure_interface(nat);
    auto d = packet_interface(vpc_, "d", 1, 20); // no public address
    fleet_->ensure_interface(d);
    wait_until_ready("eni-d", "eni-b");
    set_routes(*fleet_, vpc_, 1, {{*parse_cidr("0.0.0.0/0"), RouteTarget::interface, "eni-nat"}});
    wait_until_answered(to_world("eni-d", udp, 53));
    set_routes(*fleet_, vpc_, 1, {});
    const std::vector<Probe> probes{{to_world("eni-d", tcp, 80)},
                                    {to_world("eni-d", udp, 53)},
                                    {to_world("eni-d", icmp, ping)},
                                    {to_world("eni-a", tcp, 80)},
                                    {between("eni-d", "eni-a", tcp, 80)}};
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "no route to it"), 0);
    set_routes(*fleet_, vpc_, 1, {{*parse_cidr("0.0.0.0/0"), RouteTarget::interface, "eni-nat"}});
    EXPECT_TRUE(explain(fleet_->view(), probes[0].packet).is_answered);
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "by the gateway"), 0);
    auto open = vpc_;
    open.route_tables[1].routes = {{*parse_cidr("0.0.0.0/0"), RouteTarget::interface, "eni-nat"}};
    add_entry(*fleet_, open, 0, {50, false, false, tcp, *parse_cidr("192.0.2.0/24"), 1024, 65535});
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "the gateway's ACL denies the answer"), 0);
    fleet_->ensure_vpc(open);
    std::vector<Probe> to_it{{between("eni-a", "", tcp, 80)}};
    to_it[0].packet.to.address = nat.private_ip();
    EXPECT_EQ(expect_as_explained(*fleet_, to_it, "nobody calls it"), 0);
}

TEST_F(Rules, Peering) {
    make_sample();
    auto other = packet_vpc("n", "10.2");
    fleet_->ensure_vpc(other);
    fleet_->apply_groups({open_packet_group(other)});
    fleet_->ensure_interface(packet_interface(other, "n", 0, 10));
    fleet_->ensure_interface(packet_interface(other, "o", 1, 10));
    wait_until_ready("eni-n", "eni-o");
    const std::vector<Probe> probes{{between("eni-a", "eni-n", tcp, 80)},
                                    {between("eni-n", "eni-a", udp, 80)},
                                    {between("eni-a", "eni-o", icmp, ping)},
                                    {between("eni-c", "eni-o", tcp, 80)},
                                    {between("eni-a", "eni-c", tcp, 80)}};
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "no peering"), 0);
    const auto plain = vpc_;
    auto one = vpc_, two = other;
    one.peerings = {{"pcx-1", two.id, {two.cidrs[0]}}};
    two.peerings = {{"pcx-1", one.id, {one.cidrs[0]}}};
    fleet_->ensure_vpc(one);
    fleet_->ensure_vpc(two);
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "no routes"), 0);
    one.route_tables[0].routes.push_back({two.cidrs[0], RouteTarget::peering, "pcx-1"});
    fleet_->ensure_vpc(one);
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "a route of one side"), 0);
    two.route_tables[0].routes.push_back({one.cidrs[0], RouteTarget::peering, "pcx-1"});
    fleet_->ensure_vpc(two);
    EXPECT_TRUE(explain(fleet_->view(), probes[0].packet).is_answered);
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "both routes"), 0);
    fleet_->apply_groups(
        {{"sg-peer", two.id, {rule_of(false, tcp, 80, 80, "", "sg-openm"), all_out}}});
    auto n = fleet_->interface("eni-n");
    n.security_group_ids = {"sg-peer"};
    fleet_->ensure_interface(n);
    EXPECT_TRUE(explain(fleet_->view(), probes[0].packet).is_answered);
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "a group of the peer"), 0);
    two.peerings.clear();
    fleet_->ensure_vpc(two);
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "one side is gone"), 0);
    fleet_->ensure_vpc(plain);
    EXPECT_EQ(expect_as_explained(*fleet_, probes, "both are gone"), 0);
}

TEST_F(Rules, VpcsOfTheSameAddressesNeverMeet) {
    make_sample();
    auto twin = packet_vpc("t", "10.1");
    fleet_->ensure_vpc(twin);
    fleet_->apply_groups({open_packet_group(twin)});
    auto t = packet_interface(twin, "t", 0, 10), u = packet_interface(twin, "u", 1, 77);
    t.addresses[0].public_ip = *Ipv4::parse("127.98.1.10");
    fleet_->ensure_interface(t);
    fleet_->ensure_interface(u);
    wait_until_ready("eni-t", "eni-u");
    std::vector<Probe> probes;
    for (const auto& from : fleet_->view().interfaces)
        for (const auto& to : fleet_->view().interfaces)
            if (from.id != to.id)
                for (const int protocol : {tcp, udp})
                    probes.push_back({between(from.id, to.id, protocol, 80)});
    fleet_->send_all(probes);
    for (const auto& probe : probes) {
        const auto& from = fleet_->interface(probe.packet.from.interface_id);
        for (const auto& place : probe.arrived)
            EXPECT_EQ(fleet_->interface(place).vpc_id, from.vpc_id);
        if (from.vpc_id == fleet_->interface(probe.packet.to.interface_id).vpc_id)
            EXPECT_TRUE(probe.is_answered) << from.id << " → " << probe.packet.to.interface_id;
    }
    EXPECT_EQ(
        expect_as_explained(*fleet_,
                            {{from_host(*fleet_, "eni-a", 1)}, {from_host(*fleet_, "eni-t", 1)}},
                            "from outside"),
        0);
}

} // namespace
} // namespace pileus::drivers
