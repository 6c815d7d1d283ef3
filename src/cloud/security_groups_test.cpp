// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/security_groups.h"
#include "store/network_interfaces.h"
#include "store/tags.h"
#include "store/work.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Permission tcp(int port, const std::string& cidr = "0.0.0.0/0") {
    return {"tcp", port, port, {{.cidr_ipv4 = cidr}}};
}

class SecurityGroupsTest : public CloudFixture {
  protected:
    std::string make(const std::string& name) {
        const auto made = groups_.create(caller_, {name, "a group", "", {}});
        EXPECT_TRUE(made) << message_of(made);
        return made ? made->group.id : "";
    }
    auto allow(const std::string& id, const std::vector<Permission>& permissions) {
        return groups_.authorize(caller_, {id, ""}, false, permissions, {});
    }
    std::vector<domain::SecurityGroupRule> inbound(const std::string& id) {
        auto rules = groups_.describe(caller_, {.ids = {id}})->items.at(0).rules;
        std::erase_if(rules, [](const auto& rule) { return rule.egress; });
        return rules;
    }
    std::vector<std::string> names(const Filters& filters) {
        const auto listing = groups_.describe(caller_, {.filters = filters});
        EXPECT_TRUE(listing) << message_of(listing);
        std::vector<std::string> names;
        for (const auto& view : listing->items)
            names.push_back(view.group.name);
        std::sort(names.begin(), names.end());
        return names;
    }
    // Which groups the engine is to look at; they are forgotten.
    std::vector<std::string> take_work() {
        std::vector<std::string> ids;
        write([&](auto& tx) {
            for (const auto& item : store::work::lease(tx,
                                                       "host-1",
                                                       "test",
                                                       clock_.now(),
                                                       clock_.now() + std::chrono::minutes{1},
                                                       100)) {
                ids.push_back(item.resource_id);
                store::work::complete(tx, item);
            }
        });
        return ids;
    }

    SecurityGroups groups_{context_};
};

TEST_F(SecurityGroupsTest, ANewGroupLetsNothingInAndEverythingOut) {
    const auto made =
        groups_.create(caller_, {"web", "web servers", "", {{"security-group", {{"team", "a"}}}}});
    ASSERT_TRUE(made) << message_of(made);
    ASSERT_EQ(made->rules.size(), 1u);
    EXPECT_TRUE(made->rules[0].egress);
    EXPECT_EQ(made->rules[0].cidr_ipv4, "0.0.0.0/0");
    EXPECT_EQ(made->tags.at(0).value, "a");
    EXPECT_THAT(names({{"tag:team", {"a"}}}), ElementsAre("web"));
}

TEST_F(SecurityGroupsTest, ChecksWhatItIsMadeOf) {
    make("taken");
    const std::pair<SecurityGroupCreation, std::string> cases[]{
        {{"", "d", "", {}}, "MissingParameter"},
        {{"web", "", "", {}}, "MissingParameter"},
        {{"default", "d", "", {}}, "InvalidGroup.Reserved"},
        {{"sg-web", "d", "", {}}, "InvalidParameterValue"},
        {{"w\xc3\xa9"
          "b",
          "d",
          "",
          {}},
         "InvalidParameterValue"},
        {{std::string(256, 'w'), "d", "", {}}, "InvalidParameterValue"},
        {{"web", std::string(256, 'd'), "", {}}, "InvalidParameterValue"},
        {{"web", "no <brackets>", "", {}}, "InvalidParameterValue"},
        {{"taken", "d", "", {}}, "InvalidGroup.Duplicate"},
        {{"web", "d", "vpc-0123456789abcdef0", {}}, "InvalidVpcID.NotFound"},
        {{std::string(255, 'w'), std::string(255, 'd'), "", {}}, ""},
    };
    for (const auto& [request, code] : cases)
        EXPECT_EQ(code_of(groups_.create(caller_, request)), code) << request.name;
}

TEST_F(SecurityGroupsTest, TheAccountHasALimit) {
    settings_.limits.security_groups = 3; // the default group is one
    make("a");
    make("b");
    EXPECT_EQ(code_of(groups_.create(caller_, {"c", "d", "", {}})), "SecurityGroupLimitExceeded");
}

TEST_F(SecurityGroupsTest, EveryChangeOfARuleIsWorkForTheEngine) {
    const auto web = make("web");
    EXPECT_THAT(take_work(), IsEmpty());
    const auto added = allow(web, {tcp(22), tcp(80)});
    ASSERT_TRUE(added) << message_of(added);
    EXPECT_THAT(take_work(), ElementsAre(web));
    ASSERT_TRUE(groups_.revoke(caller_, {web, ""}, false, {{}, {tcp(22)}}));
    EXPECT_THAT(take_work(), ElementsAre(web));
    ASSERT_TRUE(groups_.modify_rules(caller_, web, {{added->at(1).rule.id, tcp(443)}}));
    EXPECT_THAT(take_work(), ElementsAre(web));
    EXPECT_EQ(inbound(web).at(0).from_port, 443);
    ASSERT_TRUE(groups_.erase(caller_, {web, ""}));
    EXPECT_THAT(take_work(), ElementsAre(web));
}

TEST_F(SecurityGroupsTest, TheSameRuleTwiceIsRefusedWhole) {
    const auto web = make("web");
    ASSERT_TRUE(allow(web, {tcp(22, "203.0.113.0/24")}));
    const auto again = allow(web, {tcp(80), {"6", 22, 22, {{.cidr_ipv4 = "203.0.113.9/24"}}}});
    EXPECT_EQ(code_of(again), "InvalidPermission.Duplicate");
    EXPECT_EQ(message_of(again),
              "the specified rule \"peer: 203.0.113.0/24, TCP, from port: 22, to port: 22, ALLOW\" "
              "already exists");
    EXPECT_EQ(inbound(web).size(), 1u);
}

TEST_F(SecurityGroupsTest, RulesAreCountedByDirectionAndFamily) {
    settings_.limits.rules_per_security_group = 2;
    const auto web = make("web");
    ASSERT_TRUE(allow(web, {tcp(1), tcp(2)}));
    ASSERT_TRUE(allow(web, {{"tcp", 1, 1, {{.cidr_ipv6 = "::/0"}}}}));
    EXPECT_EQ(code_of(allow(web, {tcp(3)})), "RulesPerSecurityGroupLimitExceeded");
    EXPECT_EQ(code_of(allow(web, {{"tcp", 1, 1, {{.group = {web, ""}}}}})),
              "RulesPerSecurityGroupLimitExceeded")
        << "a group counts for both families";
}

TEST_F(SecurityGroupsTest, PeersAreGroupsOfTheSameVpc) {
    const auto web = make("web");
    const auto db = make("db");
    const auto foreign = groups_.create(foreigner_, {"web", "d", "", {}})->group.id;
    const auto added = allow(db, {{"tcp", 5432, 5432, {{.group = {"", "web"}}}}});
    ASSERT_TRUE(added) << message_of(added);
    EXPECT_EQ(added->at(0).rule.referenced_group_id, web);
    EXPECT_EQ(code_of(allow(db, {{"tcp", 1, 1, {{.group = {foreign, ""}}}}})),
              "InvalidGroup.NotFound");
    EXPECT_EQ(code_of(allow(db, {{"tcp", 1, 1, {{.group = {"", "none"}}}}})),
              "InvalidGroup.NotFound");

    EXPECT_EQ(code_of(groups_.erase(caller_, {web, ""})), "DependencyViolation");
    ASSERT_TRUE(groups_.erase(caller_, {db, ""}));
    EXPECT_TRUE(groups_.erase(caller_, {"", "web"}));
}

TEST_F(SecurityGroupsTest, WhatIsUsedOrDefaultStays) {
    const auto web = make("web");
    write([&](auto& tx) {
        domain::NetworkInterface interface;
        interface.id = "eni-00000000000000001";
        interface.account_id = caller_.account_id;
        interface.region = caller_.region;
        interface.security_group_ids = {web};
        store::network_interfaces::insert(tx, interface);
    });
    const auto used = groups_.erase(caller_, {web, ""});
    EXPECT_EQ(code_of(used), "DependencyViolation");
    EXPECT_EQ(message_of(used), "resource " + web + " has a dependent object");
    EXPECT_EQ(code_of(groups_.erase(caller_, {"", "default"})), "CannotDelete");
    EXPECT_EQ(code_of(groups_.erase(foreigner_, {web, ""})), "InvalidGroup.NotFound");
    EXPECT_EQ(code_of(groups_.erase(caller_, {web, "web"})), "InvalidParameterCombination");
    EXPECT_EQ(code_of(groups_.erase(caller_, {"", ""})), "MissingParameter");
    EXPECT_EQ(code_of(groups_.erase(caller_, {"nonsense", ""})), "InvalidGroupId.Malformed");
}

TEST_F(SecurityGroupsTest, RevokesByRuleAndByPermission) {
    const auto web = make("web");
    const auto added = allow(web, {tcp(22), tcp(80)});
    ASSERT_TRUE(added);
    const auto unknown = groups_.revoke(caller_, {web, ""}, false, {{}, {tcp(22), tcp(9)}});
    ASSERT_TRUE(unknown) << message_of(unknown);
    EXPECT_EQ(unknown->revoked.size(), 1u);
    EXPECT_EQ(unknown->unknown.size(), 1u) << "in a default VPC it is told, and no error";
    const auto http = added->at(1).rule.id;
    EXPECT_EQ(code_of(groups_.revoke(caller_, {web, ""}, true, {{http}, {}})),
              "InvalidSecurityGroupRuleId.NotFound")
        << "of the other direction";
    ASSERT_TRUE(groups_.revoke(caller_, {web, ""}, false, {{http}, {}}));
    EXPECT_THAT(inbound(web), IsEmpty());
    EXPECT_EQ(code_of(groups_.revoke(caller_, {web, ""}, false, {})), "MissingParameter");
}

TEST_F(SecurityGroupsTest, DescriptionsChangeByThemselves) {
    const auto web = make("web");
    const auto ssh = allow(web, {tcp(22)})->at(0).rule.id;
    ASSERT_TRUE(groups_.update_descriptions(caller_, {web, ""}, false, {{ssh, "by id"}}, {}));
    EXPECT_EQ(inbound(web).at(0).description, "by id");
    Permission permission = tcp(22);
    permission.peers[0].description = "by rule";
    ASSERT_TRUE(groups_.update_descriptions(caller_, {web, ""}, false, {}, {permission}));
    EXPECT_EQ(inbound(web).at(0).description, "by rule");
    EXPECT_EQ(code_of(groups_.update_descriptions(caller_, {web, ""}, false, {}, {tcp(23)})),
              "InvalidPermission.NotFound");
}

TEST_F(SecurityGroupsTest, DescribesByEveryFilter) {
    const auto web = make("web");
    const auto db = make("db");
    ASSERT_TRUE(
        allow(web, {{"tcp", 80, 443, {{.cidr_ipv4 = "10.0.0.0/8"}, {.cidr_ipv6 = "::/0"}}}}));
    ASSERT_TRUE(allow(db, {{"udp", 5432, 5433, {{.group = {web, ""}}}}}));
    const std::pair<Filter, std::string> cases[]{
        {{"group-name", {"w*"}}, "web"},
        {{"group-id", {db}}, "db"},
        {{"ip-permission.cidr", {"10.*"}}, "web"},
        {{"ip-permission.ipv6-cidr", {"::/0"}}, "web"},
        {{"ip-permission.from-port", {"80"}}, "web"},
        {{"ip-permission.to-port", {"5433"}}, "db"},
        {{"ip-permission.protocol", {"udp"}}, "db"},
        {{"ip-permission.group-id", {web}}, "db"},
        {{"ip-permission.group-name", {"web"}}, "db"},
    };
    for (const auto& [filter, name] : cases)
        EXPECT_THAT(names({filter}), ElementsAre(name)) << filter.name;
    EXPECT_THAT(names({{"egress.ip-permission.cidr", {"0.0.0.0/0"}}}),
                ElementsAre("db", "default", "web"));
    EXPECT_THAT(names({{"description", {"a group"}}}), ElementsAre("db", "web"));
    EXPECT_EQ(code_of(groups_.describe(caller_, {.names = {"none"}})), "InvalidGroup.NotFound");
    EXPECT_EQ(groups_.describe(caller_, {.ids = {db}, .names = {"web"}})->items.size(), 2u);
}

TEST_F(SecurityGroupsTest, DescribesRulesOfAGroupAndPageByPage) {
    const auto web = make("web");
    for (int port = 1; port <= 11; ++port)
        ASSERT_TRUE(allow(web, {tcp(port)}));
    const Filters of_web{{"group-id", {web}}};
    EXPECT_EQ(groups_.describe_rules(caller_, {}, of_web, {})->items.size(), 12u);
    EXPECT_THAT(groups_.describe_rules(foreigner_, {}, of_web, {})->items, IsEmpty());
    std::set<std::string> seen;
    PageRequest page{5, ""};
    do {
        const auto listing = groups_.describe_rules(caller_, {}, of_web, page);
        ASSERT_TRUE(listing) << message_of(listing);
        for (const auto& view : listing->items)
            EXPECT_TRUE(seen.insert(view.rule.id).second);
        page.next_token = listing->next_token;
    } while (!page.next_token.empty());
    EXPECT_EQ(seen.size(), 12u);
}

TEST_F(SecurityGroupsTest, DryRunsChangeNothing) {
    const auto web = make("web");
    EXPECT_EQ(code_of(groups_.create(dry(), {"db", "d", "", {}})), "DryRunOperation");
    EXPECT_EQ(code_of(groups_.authorize(dry(), {web, ""}, false, {tcp(22)}, {})),
              "DryRunOperation");
    EXPECT_EQ(code_of(groups_.erase(dry(), {web, ""})), "DryRunOperation");
    EXPECT_THAT(names({}), ElementsAre("default", "web"));
    EXPECT_THAT(inbound(web), IsEmpty());
    EXPECT_THAT(take_work(), IsEmpty());
}

} // namespace
} // namespace pileus::cloud
