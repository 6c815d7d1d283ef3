// SPDX-License-Identifier: Apache-2.0
#include "cloud/network_acls.h"
#include "cloud/routing_fixture.h"
#include "store/network_acls.h"

#include <fmt/core.h>

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class NetworkAclsTest : public RoutingFixture {
  protected:
    NetworkAclView default_acl() {
        return acls_.describe(caller_, {}, {{"vpc-id", {vpc_.id}}, {"default", {"true"}}}, {})
            ->items.at(0);
    }
    std::string make() {
        const auto made = acls_.create(caller_, {vpc_.id, {}, {}});
        EXPECT_TRUE(made) << message_of(made);
        return made ? made->acl.id : "";
    }
    NetworkAclEntryRequest tcp(const std::string& acl_id, int number, int port) {
        NetworkAclEntryRequest request;
        request.network_acl_id = acl_id;
        request.number = number;
        request.allow = true;
        request.protocol = "tcp";
        request.cidr_block = "10.0.0.0/8";
        request.from_port = port;
        request.to_port = port;
        return request;
    }
    // "in 100 allow -1 0.0.0.0/0 -1 -1"
    std::vector<std::string> entries(const std::string& id) {
        std::vector<std::string> lines;
        const auto listing = acls_.describe(caller_, {id}, {}, {});
        for (const auto& e : listing->items.at(0).entries)
            lines.push_back(fmt::format("{} {} {} {} {} {} {}",
                                        e.egress ? "out" : "in",
                                        e.number,
                                        e.allow ? "allow" : "deny",
                                        e.protocol,
                                        e.cidr_block,
                                        e.from_port,
                                        e.to_port));
        return lines;
    }

    NetworkAcls acls_{context_};
};

TEST_F(NetworkAclsTest, TheDefaultOneLetsEverythingThrough) {
    const auto acl = default_acl();
    EXPECT_THAT(entries(acl.acl.id),
                ElementsAre("out 100 allow -1 0.0.0.0/0 -1 -1",
                            "out 32767 deny -1 0.0.0.0/0 -1 -1",
                            "in 100 allow -1 0.0.0.0/0 -1 -1",
                            "in 32767 deny -1 0.0.0.0/0 -1 -1"));
    EXPECT_EQ(acl.associations.at(0).subnet_id, subnet_.id);
    EXPECT_EQ(code_of(acls_.erase(caller_, acl.acl.id)), "InvalidParameterValue");

    add_block(vpc_, "fd70:696c:6500::/56");
    write([&](auto& tx) { add_ipv6_to_default_network_acl(tx, vpc_.id); });
    EXPECT_THAT(entries(acl.acl.id),
                ElementsAre("out 100 allow -1 0.0.0.0/0 -1 -1",
                            "out 101 allow -1 ::/0 -1 -1",
                            "out 32767 deny -1 0.0.0.0/0 -1 -1",
                            "out 32768 deny -1 ::/0 -1 -1",
                            "in 100 allow -1 0.0.0.0/0 -1 -1",
                            "in 101 allow -1 ::/0 -1 -1",
                            "in 32767 deny -1 0.0.0.0/0 -1 -1",
                            "in 32768 deny -1 ::/0 -1 -1"));
}

TEST_F(NetworkAclsTest, ANewOneDeniesEverything) {
    const NetworkAclCreation request{vpc_.id, {{"network-acl", {{"a", "b"}}}}, {"once", "hash"}};
    const auto made = acls_.create(caller_, request);
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_THAT(
        entries(made->acl.id),
        ElementsAre("out 32767 deny -1 0.0.0.0/0 -1 -1", "in 32767 deny -1 0.0.0.0/0 -1 -1"));
    EXPECT_THAT(take_work(), IsEmpty()) << "no subnet has it";
    EXPECT_EQ(acls_.create(caller_, request)->acl.id, made->acl.id);
    EXPECT_EQ(code_of(acls_.create(foreigner_, {vpc_.id, {}, {}})), "InvalidVpcID.NotFound");
    EXPECT_EQ(code_of(acls_.create(dry(), {vpc_.id, {}, {}})), "DryRunOperation");
    settings_.limits.network_acls_per_vpc = 2;
    EXPECT_EQ(code_of(acls_.create(caller_, {vpc_.id, {}, {}})), "NetworkAclLimitExceeded");
    EXPECT_TRUE(acls_.erase(caller_, made->acl.id));
    EXPECT_EQ(code_of(acls_.erase(caller_, made->acl.id)), "InvalidNetworkAclID.NotFound");
    EXPECT_EQ(code_of(acls_.erase(caller_, "acl-1")), "InvalidNetworkAclId.Malformed");
}

TEST_F(NetworkAclsTest, EntriesComeGoAndAreReplaced) {
    const auto acl = make();
    ASSERT_TRUE(acls_.create_entry(caller_, tcp(acl, 100, 22)));
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    const auto again = acls_.create_entry(caller_, tcp(acl, 100, 80));
    EXPECT_EQ(code_of(again), "NetworkAclEntryAlreadyExists");
    EXPECT_EQ(message_of(again), "The network acl entry identified by 100 already exists.");
    ASSERT_TRUE(acls_.replace_entry(caller_, tcp(acl, 100, 443)));
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    EXPECT_EQ(entries(acl).at(1), "in 100 allow 6 10.0.0.0/8 443 443");
    const auto missing = acls_.replace_entry(caller_, tcp(acl, 200, 443));
    EXPECT_EQ(code_of(missing), "InvalidNetworkAclEntry.NotFound");
    EXPECT_EQ(message_of(missing), "The network acl entry identified by 200 does not exist.");
    EXPECT_EQ(code_of(acls_.erase_entry(caller_, acl, true, 100)),
              "InvalidNetworkAclEntry.NotFound")
        << "of the other direction";
    EXPECT_EQ(code_of(acls_.erase_entry(caller_, acl, false, 32767)),
              "InvalidNetworkAclEntry.NotFound");
    EXPECT_EQ(code_of(acls_.create_entry(foreigner_, tcp(acl, 110, 1))),
              "InvalidNetworkAclID.NotFound");
    ASSERT_TRUE(acls_.erase_entry(caller_, acl, false, 100));
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    EXPECT_EQ(entries(acl).size(), 2u);
}

TEST_F(NetworkAclsTest, EntriesAreCountedByDirectionAndFamily) {
    settings_.limits.entries_per_network_acl = 1;
    const auto acl = make();
    ASSERT_TRUE(acls_.create_entry(caller_, tcp(acl, 1, 22)));
    EXPECT_EQ(code_of(acls_.create_entry(caller_, tcp(acl, 2, 22))),
              "NetworkAclEntryLimitExceeded");
    auto other = tcp(acl, 2, 22);
    other.egress = true;
    EXPECT_TRUE(acls_.create_entry(caller_, other));
    auto ipv6 = tcp(acl, 3, 22);
    ipv6.cidr_block.clear();
    ipv6.ipv6_cidr_block = "2001:DB8::1/32";
    EXPECT_TRUE(acls_.create_entry(caller_, ipv6));
    EXPECT_EQ(code_of(acls_.replace_entry(caller_, tcp(acl, 3, 22))),
              "NetworkAclEntryLimitExceeded")
        << "it would be of the other family";
    EXPECT_EQ(entries(acl).at(3), "in 3 allow 6 2001:db8::/32 22 22");
}

TEST_F(NetworkAclsTest, ASubnetAlwaysHasOne) {
    const auto acl = make();
    const auto old = default_acl().associations.at(0).id;
    const auto replaced = acls_.replace_association(caller_, old, acl);
    ASSERT_TRUE(replaced) << message_of(replaced);
    EXPECT_THAT(take_work(), ElementsAre("vpc " + vpc_.id));
    EXPECT_NE(replaced->id, old);
    EXPECT_THAT(default_acl().associations, IsEmpty());
    const auto used = acls_.erase(caller_, acl);
    EXPECT_EQ(code_of(used), "DependencyViolation");
    EXPECT_EQ(message_of(used),
              "The networkAcl '" + acl + "' has dependencies and cannot be deleted.");
    EXPECT_EQ(code_of(acls_.replace_association(caller_, old, acl)),
              "InvalidAssociationID.NotFound");
    EXPECT_EQ(code_of(acls_.replace_association(foreigner_, replaced->id, acl)),
              "InvalidAssociationID.NotFound");
    const auto other = add_vpc(caller_, "10.9.0.0/16");
    const auto foreign = acls_.create(caller_, {other.id, {}, {}})->acl.id;
    EXPECT_EQ(code_of(acls_.replace_association(caller_, replaced->id, foreign)),
              "InvalidParameterValue");
    write([&](auto& tx) { erase_subnet_parts(tx, subnet_); });
    EXPECT_TRUE(acls_.erase(caller_, acl));
}

TEST_F(NetworkAclsTest, DescribesByEveryFilter) {
    const auto acl = make();
    auto request = tcp(acl, 7, 22);
    request.to_port = 23;
    ASSERT_TRUE(acls_.create_entry(caller_, request));
    request.number = 8;
    request.protocol = "1";
    request.icmp_type = 8;
    request.icmp_code = 0;
    ASSERT_TRUE(acls_.create_entry(caller_, request));
    const auto association =
        *acls_.replace_association(caller_, default_acl().associations.at(0).id, acl);
    const std::pair<std::string, std::string> cases[]{
        {"association.association-id", association.id},
        {"association.network-acl-id", acl},
        {"association.subnet-id", subnet_.id},
        {"entry.cidr", "10.*"},
        {"entry.icmp.type", "8"},
        {"entry.icmp.code", "0"},
        {"entry.port-range.from", "22"},
        {"entry.port-range.to", "23"},
        {"entry.protocol", "6"},
        {"entry.rule-number", "7"},
        {"network-acl-id", acl},
        {"default", "false"},
    };
    for (const auto& [name, value] : cases) {
        const auto listing = acls_.describe(caller_, {}, {{name, {value}}}, {});
        ASSERT_TRUE(listing) << message_of(listing);
        ASSERT_EQ(listing->items.size(), 1u) << name;
        EXPECT_EQ(listing->items[0].acl.id, acl);
    }
    EXPECT_EQ(acls_.describe(caller_, {}, {{"vpc-id", {vpc_.id}}, {"entry.egress", {"true"}}}, {})
                  ->items.size(),
              2u);
    EXPECT_EQ(
        acls_.describe(caller_, {}, {{"vpc-id", {vpc_.id}}, {"entry.rule-action", {"allow"}}}, {})
            ->items.size(),
        2u);
}

struct EntryCase {
    std::string name;
    NetworkAclEntryRequest request;
    std::string code;
};

NetworkAclEntryRequest entry(const std::string& protocol,
                             const std::string& cidr_block,
                             std::optional<int> from = {},
                             std::optional<int> to = {}) {
    NetworkAclEntryRequest request;
    request.number = 100;
    request.protocol = protocol;
    (cidr_block.find(':') == std::string::npos ? request.cidr_block : request.ipv6_cidr_block) =
        cidr_block;
    request.from_port = request.icmp_type = from;
    request.to_port = request.icmp_code = to;
    return request;
}

NetworkAclEntryRequest numbered(int number) {
    auto request = entry("-1", "0.0.0.0/0");
    request.number = number;
    return request;
}

TEST(NetworkAclEntry, IsCheckedAsEc2Does) {
    const std::string everywhere = "0.0.0.0/0";
    const EntryCase cases[]{
        {"all", entry("-1", everywhere), ""},
        {"all by name", entry("all", everywhere), ""},
        {"a number", entry("47", everywhere), ""},
        {"TCP by name", entry("TCP", everywhere, 0, 65535), ""},
        {"ping", entry("icmp", everywhere, 8, 0), ""},
        {"all ICMP", entry("1", everywhere, -1, -1), ""},
        {"ICMPv6", entry("58", "::/0", 128, 0), ""},
        {"first", numbered(1), ""},
        {"last", numbered(32766), ""},
        {"zero", numbered(0), "InvalidParameterValue"},
        {"too high", numbered(32767), "InvalidParameterValue"},
        {"no such protocol", entry("tpc", everywhere), "InvalidParameterValue"},
        {"no such number", entry("256", everywhere), "InvalidParameterValue"},
        {"TCP without ports", entry("6", everywhere), "MissingParameter"},
        {"half a range", entry("6", everywhere, 80), "MissingParameter"},
        {"reversed", entry("17", everywhere, 81, 80), "InvalidParameterValue"},
        {"port too high", entry("6", everywhere, 0, 65536), "InvalidParameterValue"},
        {"ICMP without type", entry("1", everywhere), "MissingParameter"},
        {"ICMP type too high", entry("1", everywhere, 256, 0), "InvalidParameterValue"},
        {"code without type", entry("1", everywhere, -1, 3), "InvalidParameterValue"},
        {"ICMPv6 over IPv4", entry("58", everywhere, 128, 0), "InvalidParameterValue"},
        {"no block", entry("-1", ""), "MissingParameter"},
        {"no CIDR block", entry("-1", "10.0.0.0"), "InvalidParameterValue"},
    };
    for (const auto& [name, request, code] : cases)
        EXPECT_EQ(code_of(entry_of(request)), code) << name;
    auto both = entry("-1", everywhere);
    both.ipv6_cidr_block = "::/0";
    EXPECT_EQ(code_of(entry_of(both)), "InvalidParameterCombination");
}

} // namespace
} // namespace pileus::cloud
