// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/explain/explain.h"
#include "drivers/network/explain/explain_fixture.h"

#include <functional>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

Party interface(const char* id) {
    return {id, std::nullopt};
}
Party address(const char* text) {
    return {"", parse_address(text)};
}
Packet tcp(Party from, Party to, int port) {
    return {.from = std::move(from), .to = std::move(to), .port = port};
}
InterfaceSpec& find(NetworkView& view, const std::string& id) {
    for (auto& each : view.interfaces)
        if (each.id == id)
            return each;
    throw std::out_of_range(id);
}

// One change of the open view, and what it does to one packet. The stop is "" where the packet and
// its answer pass; an answer's stop begins with "answer:".
struct Case {
    const char* name;
    std::function<void(NetworkView&)> change;
    Packet packet;
    const char* stop;
    const char* id;
    const char* command; // a part of it
};

std::string stop_of(const Explanation& found) {
    const auto* stop = found.stop();
    return stop == nullptr ? "" : (stop->is_answer ? "answer:" : "") + stop->kind;
}

const Packet a_to_b = tcp(interface("eni-a"), interface("eni-b"), 443);
const Packet a_to_c = tcp(interface("eni-a"), interface("eni-c"), 443);
const Packet a_to_world = tcp(interface("eni-a"), address("93.184.216.34"), 443);
const Packet c_to_world = tcp(interface("eni-c"), address("93.184.216.34"), 443);
const Packet world_to_a = tcp(address("93.184.216.34"), interface("eni-a"), 22);
const Packet a_to_d = tcp(interface("eni-a"), interface("eni-d"), 443);
const Packet ping = {
    .from = interface("eni-a"), .to = interface("eni-c"), .protocol = protocols::icmp, .port = 8};

void set_rules(NetworkView& view, const char* id, std::vector<TrafficRule> rules) {
    view.groups.push_back({"sg-new", "vpc-1", std::move(rules)});
    find(view, id).security_group_ids = {"sg-new"};
}
void give_public(NetworkView& view, const char* id, const char* ip) {
    find(view, id).addresses[0].public_ip = Ipv4::parse(ip);
}
TrafficRule group_rule(bool egress, const char* peer) {
    return {egress, protocols::tcp, 443, 443, std::nullopt, peer};
}

const std::vector<Case> cases{
    {"the same subnet asks no ACL",
     [](auto& v) { v.vpcs[0].network_acls[0].entries.clear(); },
     a_to_b,
     "",
     "",
     ""},
    {"two subnets", [](auto&) {}, a_to_c, "", "", ""},
    {"an interface that is not there",
     [](auto&) {},
     tcp(interface("eni-x"), interface("eni-a"), 1),
     "interface",
     "eni-x",
     ""},
    {"a stopped instance",
     [](auto& v) { v.idle["eni-c"] = "i-1 is stopped"; },
     a_to_c,
     "interface",
     "eni-c",
     ""},

    // Security groups
    {"no egress rule",
     [](auto& v) { set_rules(v, "eni-a", {}); },
     a_to_c,
     "security-group-egress",
     "sg-new",
     "authorize-security-group-egress --group-id sg-new --ip-permissions "
     "'IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{CidrIp=10.0.2.10/32}]'"},
    {"no ingress rule",
     [](auto& v) { set_rules(v, "eni-c", {permit(true, -1, -1, "0.0.0.0/0")}); },
     a_to_c,
     "security-group-ingress",
     "sg-new",
     "IpRanges=[{CidrIp=10.0.1.10/32}]"},
    {"the port",
     [](auto& v) { set_rules(v, "eni-c", {permit(false, 6, 443, "10.0.1.0/24")}); },
     a_to_c,
     "",
     "",
     ""},
    {"another port",
     [](auto& v) { set_rules(v, "eni-c", {permit(false, 6, 444, "0.0.0.0/0")}); },
     a_to_c,
     "security-group-ingress",
     "sg-new",
     "FromPort=443"},
    {"another protocol",
     [](auto& v) { set_rules(v, "eni-c", {permit(false, 17, 443, "0.0.0.0/0")}); },
     a_to_c,
     "security-group-ingress",
     "sg-new",
     ""},
    {"another block",
     [](auto& v) { set_rules(v, "eni-c", {permit(false, 6, 443, "10.0.2.0/24")}); },
     a_to_c,
     "security-group-ingress",
     "sg-new",
     ""},
    {"an IPv6 block says nothing of IPv4",
     [](auto& v) { set_rules(v, "eni-c", {permit(false, -1, -1, "::/0")}); },
     a_to_c,
     "security-group-ingress",
     "sg-new",
     ""},
    {"a member of the named group",
     [](auto& v) { set_rules(v, "eni-c", {group_rule(false, "sg-open")}); },
     a_to_c,
     "",
     "",
     ""},
    {"no member",
     [](auto& v) { set_rules(v, "eni-c", {group_rule(false, "sg-new")}); },
     a_to_c,
     "security-group-ingress",
     "sg-new",
     ""},
    {"out to a member",
     [](auto& v) { set_rules(v, "eni-a", {group_rule(true, "sg-open")}); },
     a_to_c,
     "",
     "",
     ""},
    {"ping of another code",
     [](auto& v) { set_rules(v, "eni-c", {permit(false, 1, 8, "0.0.0.0/0")}); },
     ping,
     "security-group-ingress",
     "sg-new",
     ""},
    {"ping of any code",
     [](auto& v) {
         set_rules(v, "eni-c", {{false, 1, 8, -1, parse_cidr("0.0.0.0/0"), ""}});
     },
     ping,
     "",
     "",
     ""},
    {"no group at all",
     [](auto& v) { find(v, "eni-c").security_group_ids.clear(); },
     a_to_c,
     "security-group-ingress",
     "eni-c",
     ""},

    // ACLs
    {"the ACL of the sender's subnet",
     [](auto& v) {
         v.vpcs[0].network_acls[0].entries.push_back(
             acl_entry(50, true, false, 6, "10.0.2.0/24", 443, 443));
     },
     a_to_c,
     "network-acl-egress",
     "acl-1",
     "--egress --rule-number 49 --protocol 6 --port-range From=443,To=443 --cidr-block "
     "10.0.2.10/32"},
    {"the first entry decides",
     [](auto& v) {
         v.vpcs[0].network_acls[0].entries.push_back(
             acl_entry(50, true, false, 6, "10.0.2.0/24", 443, 443));
         v.vpcs[0].network_acls[0].entries.push_back(acl_entry(49, true, true, 6, "10.0.2.10/32"));
     },
     a_to_c,
     "",
     "",
     ""},
    {"the ACL of the receiver's subnet",
     [](auto& v) { v.vpcs[0].network_acls[1].entries.clear(); },
     a_to_c,
     "network-acl-ingress",
     "acl-2",
     "create-network-acl-entry --network-acl-id acl-2 --ingress --rule-number 100"},
    {"an answer that the receiver's ACL does not let out",
     [](auto& v) {
         v.vpcs[0].network_acls[1].entries.pop_back(),
             v.vpcs[0].network_acls[1].entries.erase(v.vpcs[0].network_acls[1].entries.begin() + 1);
     },
     a_to_c,
     "answer:network-acl-egress",
     "acl-2",
     "--port-range From=1024,To=65535 --cidr-block 10.0.1.10/32"},
    {"an answer that the sender's ACL does not let in",
     [](auto& v) {
         v.vpcs[0].network_acls[0].entries.push_back(
             acl_entry(1, false, false, 6, "0.0.0.0/0", 1024, 65535));
     },
     a_to_c,
     "answer:network-acl-ingress",
     "acl-1",
     "replace-network-acl-entry --network-acl-id acl-1 --ingress --rule-number 1 "},

    // Routes and gateways
    {"out without a public address",
     [](auto&) {},
     a_to_world,
     "internet-gateway",
     "eni-a",
     "associate-address"},
    {"out", [](auto& v) { give_public(v, "eni-a", "198.51.100.1"); }, a_to_world, "", "", ""},
    {"out of a closed installation",
     [](auto& v) { give_public(v, "eni-a", "198.51.100.1"), v.egress = false; },
     a_to_world,
     "destination",
     "",
     ""},
    {"no route out",
     [](auto&) {},
     c_to_world,
     "route",
     "rtb-2",
     "create-route --route-table-id rtb-2 --destination-cidr-block 0.0.0.0/0 --gateway-id igw-1"},
    {"a black hole",
     [](auto& v) {
         v.vpcs[0].route_tables[1].routes = {
             {*parse_cidr("0.0.0.0/0"), RouteTarget::blackhole, ""}};
     },
     c_to_world,
     "route",
     "rtb-2",
     "replace-route"},
    {"a longer prefix",
     [](auto& v) {
         give_public(v, "eni-a", "198.51.100.1");
         v.vpcs[0].route_tables[0].routes.push_back(
             {*parse_cidr("93.184.0.0/16"), RouteTarget::blackhole, ""});
     },
     a_to_world,
     "route",
     "rtb-1",
     "--destination-cidr-block 93.184.0.0/16"},
    {"no gateway",
     [](auto& v) { v.vpcs[0].internet_gateway = false; },
     a_to_world,
     "internet-gateway",
     "vpc-1",
     "attach-internet-gateway"},
    {"in without a public address",
     [](auto&) {},
     world_to_a,
     "interface",
     "eni-a",
     "associate-address"},
    {"in", [](auto& v) { give_public(v, "eni-a", "198.51.100.1"); }, world_to_a, "", "", ""},
    {"in by its public address",
     [](auto& v) { give_public(v, "eni-a", "198.51.100.1"); },
     tcp(address("8.8.8.8"), address("198.51.100.1"), 22),
     "",
     "",
     ""},
    {"in, and no gateway",
     [](auto& v) { give_public(v, "eni-a", "198.51.100.1"), v.vpcs[0].internet_gateway = false; },
     world_to_a,
     "internet-gateway",
     "vpc-1",
     "attach-internet-gateway"},
    {"in, and no route back",
     [](auto& v) { give_public(v, "eni-c", "198.51.100.1"); },
     tcp(address("8.8.8.8"), interface("eni-c"), 22),
     "answer:route",
     "rtb-2",
     "create-route --route-table-id rtb-2 "},
    {"to nobody",
     [](auto&) {},
     tcp(interface("eni-a"), address("10.0.2.99"), 1),
     "destination",
     "vpc-1",
     ""},
    {"loopback",
     [](auto&) {},
     tcp(interface("eni-a"), address("127.64.0.1"), 1),
     "destination",
     "",
     ""},
    {"multicast",
     [](auto&) {},
     tcp(interface("eni-a"), address("224.0.0.1"), 1),
     "destination",
     "",
     ""},
    {"the metadata service",
     [](auto& v) { set_rules(v, "eni-a", {}); },
     tcp(interface("eni-a"), address("169.254.169.254"), 80),
     "",
     "",
     ""},
    {"from one public address to another",
     [](auto& v) {
         give_public(v, "eni-a", "198.51.100.1"), give_public(v, "eni-b", "198.51.100.2");
     },
     tcp(interface("eni-a"), address("198.51.100.2"), 443),
     "",
     "",
     ""},

    // Source/destination check
    {"a false source",
     [](auto&) {},
     tcp({"eni-a", parse_address("10.0.1.77")}, interface("eni-c"), 1),
     "source-dest-check",
     "eni-a",
     "--no-source-dest-check"},
    {"an appliance that takes only its own",
     [](auto& v) {
         v.vpcs[0].route_tables[1].routes = {
             {*parse_cidr("0.0.0.0/0"), RouteTarget::interface, "eni-a"}};
     },
     c_to_world,
     "source-dest-check",
     "eni-a",
     "--no-source-dest-check"},
    {"an appliance",
     [](auto& v) {
         v.vpcs[0].route_tables[1].routes = {
             {*parse_cidr("0.0.0.0/0"), RouteTarget::interface, "eni-a"}};
         find(v, "eni-a").source_dest_check = false;
     },
     c_to_world,
     "",
     "",
     ""},

    // NAT gateways
    {"by a NAT gateway", add_nat_gateway, c_to_world, "", "", ""},
    {"a NAT gateway's own subnet needs a route",
     [](auto& v) { add_nat_gateway(v), v.vpcs[0].route_tables[0].routes.clear(); },
     c_to_world,
     "route",
     "rtb-1",
     "create-route"},
    {"a NAT gateway that leads to itself",
     [](auto& v) {
         add_nat_gateway(v), v.vpcs[0].route_tables[0].routes = v.vpcs[0].route_tables[1].routes;
     },
     c_to_world,
     "nat-gateway",
     "eni-nat",
     ""},
    {"the ACL sees the NAT gateway's address",
     [](auto& v) {
         add_nat_gateway(v);
         v.vpcs[0].network_acls[0].entries.push_back(
             acl_entry(1, false, false, 6, "93.184.216.34/32", 1024, 65535));
     },
     c_to_world,
     "answer:network-acl-ingress",
     "acl-1",
     ""},
    {"nobody calls a NAT gateway",
     add_nat_gateway,
     tcp(interface("eni-a"), address("10.0.1.200"), 80),
     "nat-gateway",
     "eni-nat",
     ""},

    // Peerings
    {"a peering", add_peer, a_to_d, "", "", ""},
    {"no route to the peer",
     [](auto& v) { add_peer(v), v.vpcs[0].route_tables[0].routes.clear(); },
     a_to_d,
     "route",
     "rtb-1",
     "--destination-cidr-block 10.9.0.0/16 --vpc-peering-connection-id pcx-1"},
    {"no route back",
     [](auto& v) { add_peer(v), v.vpcs[1].route_tables[0].routes.clear(); },
     a_to_d,
     "answer:route",
     "rtb-3",
     "--vpc-peering-connection-id pcx-1"},
    {"one side alone",
     [](auto& v) { add_peer(v), v.vpcs[1].peerings.clear(); },
     a_to_d,
     "peering",
     "pcx-1",
     ""},
    {"no peering",
     [](auto& v) {
         add_peer(v), v.vpcs[0].peerings.clear(), v.vpcs[0].route_tables[0].routes.clear();
     },
     a_to_d,
     "route",
     "rtb-1",
     "create-vpc-peering-connection --vpc-id vpc-1 --peer-vpc-id vpc-2"},
    {"a group of the peer",
     [](auto& v) { add_peer(v), set_rules(v, "eni-a", {group_rule(true, "sg-peer")}); },
     a_to_d,
     "",
     "",
     ""},
};

class Explain : public testing::TestWithParam<Case> {};

TEST_P(Explain, FindsWhereItStops) {
    const auto& sample = GetParam();
    auto view = sample_view();
    sample.change(view);
    const auto found = explain(view, sample.packet);
    std::string told;
    for (const auto& hop : found.hops)
        told += fmt::format("{} {} {}: {}\n", hop.passes ? "+" : "-", hop.kind, hop.id, hop.text);
    EXPECT_EQ(stop_of(found), sample.stop) << told;
    const auto* stop = found.stop();
    EXPECT_EQ(found.is_answered, stop == nullptr);
    EXPECT_EQ(found.arrives, stop == nullptr || stop->is_answer);
    if (stop != nullptr) {
        EXPECT_EQ(stop->id, sample.id) << told;
        EXPECT_NE(stop->command.find(sample.command), std::string::npos) << stop->command;
    }
    EXPECT_FALSE(found.hops.empty());
}

INSTANTIATE_TEST_SUITE_P(Cases, Explain, testing::ValuesIn(cases), [](const auto& each) {
    std::string name = each.param.name;
    for (auto& c : name)
        c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return name;
});

TEST(ExplainOverlap, AnAddressOfAnotherVpcIsNotThisOne) {
    auto view = sample_view();
    auto twin = view.vpcs[0];
    twin.id = "vpc-2";
    view.vpcs.push_back(twin);
    auto other = port_of("z", "vpc-2", 2, "10.0.2.10");
    view.interfaces.push_back(other);
    const auto found = explain(view, tcp(interface("eni-a"), interface("eni-z"), 443));
    ASSERT_NE(found.stop(), nullptr);
    EXPECT_EQ(found.stop()->text, "10.0.2.10 is eni-c in vpc-1, not eni-z in vpc-2");
}

TEST(ExplainIpv6, FollowsItsOwnRulesAndRoutes) {
    auto view = sample_view();
    find(view, "eni-a").ipv6_addresses = {*Ipv6::parse("fd00:0:0:1::10")};
    find(view, "eni-c").ipv6_addresses = {*Ipv6::parse("fd00:0:0:2::10")};
    const auto inside = tcp(interface("eni-a"), {"eni-c", parse_address("fd00:0:0:2::10")}, 443);
    EXPECT_TRUE(explain(view, inside).is_answered);
    view.vpcs[0].route_tables[1].routes = {
        {*parse_cidr("::/0"), RouteTarget::egress_only_internet_gateway, ""}};
    const auto out = tcp(interface("eni-c"), address("2001:db8::1"), 443);
    EXPECT_TRUE(explain(view, out).is_answered);
    view.vpcs[0].internet_gateway = false;
    EXPECT_TRUE(explain(view, out).is_answered) << "it needs no other gateway";
    EXPECT_EQ(stop_of(explain(view, tcp(address("2001:db8::1"), interface("eni-c"), 22))),
              "internet-gateway");
    find(view, "eni-c").security_group_ids = {"sg-none"};
    EXPECT_NE(
        explain(view, inside).stop()->command.find("Ipv6Ranges=[{CidrIpv6=fd00:0:0:1::10/128}]"),
        std::string::npos);
}

} // namespace
} // namespace pileus::drivers
