// SPDX-License-Identifier: Apache-2.0
#include "cloud/routing_fixture.h"
#include "cloud/security_groups.h"
#include "store/security_groups.h"

namespace pileus::cloud {
namespace {

using domain::PeeringState;
using testing::ElementsAre;
using testing::IsEmpty;

// Groups in the fixture's VPC and in a foreign one that may be peered with it.
class SecurityGroupPeersTest : public RoutingFixture {
  protected:
    SecurityGroupPeersTest() {
        peer_vpc_ = add_vpc(foreigner_, "10.9.0.0/16");
        web_ = make(caller_, "web", vpc_.id);
        peer_ = make(foreigner_, "peer", peer_vpc_.id);
        take_work();
    }
    std::string
    make(const domain::Caller& owner, const std::string& name, const std::string& vpc_id) {
        const auto made = groups_.create(owner, {name, "a group", vpc_id, {}});
        EXPECT_TRUE(made) << message_of(made);
        return made ? made->group.id : "";
    }
    auto allow(const PermissionPeer& peer) {
        return groups_.authorize(caller_, {web_, ""}, false, {{"tcp", 443, 443, {peer}}}, {});
    }
    PermissionPeer foreign() const {
        return {.group = {peer_, ""}, .group_owner_id = foreigner_.account_id};
    }
    void set_state(domain::VpcPeeringConnection peering, PeeringState state) {
        peering.state = state;
        write([&](auto& tx) { store::vpc_peering_connections::update(tx, peering); });
    }
    std::vector<std::string> stale() {
        std::vector<std::string> ids;
        const auto listing = groups_.describe_stale(caller_, vpc_.id, {});
        for (const auto& view : listing->items)
            ids.push_back(view.group.id);
        return ids;
    }

    SecurityGroups groups_{context_};
    domain::Vpc peer_vpc_;
    std::string web_;
    std::string peer_;
};

TEST_F(SecurityGroupPeersTest, GroupsAcrossAnActivePeeringMayBeNamed) {
    EXPECT_EQ(code_of(allow(foreign())), "InvalidGroup.NotFound") << "there is no peering";
    const auto peering = add_peering(vpc_, peer_vpc_, PeeringState::pending_acceptance);
    EXPECT_EQ(code_of(allow(foreign())), "InvalidGroup.NotFound") << "nobody accepted it";
    set_state(peering, PeeringState::active);
    EXPECT_EQ(code_of(allow({.group = {peer_, ""}})), "InvalidGroup.NotFound")
        << "the owner must be named";
    auto by_other = foreign();
    by_other.peering_connection_id = "pcx-0123456789abcdef0";
    EXPECT_EQ(code_of(allow(by_other)), "InvalidGroup.NotFound");

    const auto added = allow(foreign());
    ASSERT_TRUE(added) << message_of(added);
    const auto& rule = added->at(0);
    EXPECT_EQ(rule.rule.referenced_group_id, peer_);
    EXPECT_EQ(rule.rule.peer_account_id, foreigner_.account_id);
    EXPECT_EQ(rule.rule.peer_vpc_id, peer_vpc_.id);
    EXPECT_EQ(rule.rule.peering_connection_id, peering.id);
    EXPECT_EQ(rule.peering_state, "active");
    EXPECT_THAT(take_work(), ElementsAre("security-group " + web_));
    EXPECT_EQ(
        groups_
            .describe(caller_, {.filters = {{"ip-permission.user-id", {foreigner_.account_id}}}})
            ->items.size(),
        1u);
}

TEST_F(SecurityGroupPeersTest, WhoNamesAGroupIsToldToItsOwner) {
    const auto peering = add_peering(vpc_, peer_vpc_, PeeringState::active);
    ASSERT_TRUE(allow(foreign()));
    const auto uses = groups_.describe_uses(foreigner_, {peer_});
    ASSERT_TRUE(uses) << message_of(uses);
    ASSERT_EQ(uses->size(), 1u);
    EXPECT_EQ(uses->at(0).group_id, peer_);
    EXPECT_EQ(uses->at(0).referencing_vpc_id, vpc_.id);
    EXPECT_EQ(uses->at(0).peering_connection_id, peering.id);
    EXPECT_THAT(*groups_.describe_uses(caller_, {web_}), IsEmpty());
    EXPECT_EQ(code_of(groups_.describe_uses(caller_, {peer_})), "InvalidGroup.NotFound");
}

TEST_F(SecurityGroupPeersTest, RulesBecomeStaleWithPeeringOrGroup) {
    const auto peering = add_peering(vpc_, peer_vpc_, PeeringState::active);
    ASSERT_TRUE(allow(foreign()));
    ASSERT_TRUE(allow({.cidr_ipv4 = "10.0.0.0/8"}));
    EXPECT_THAT(stale(), IsEmpty());
    ASSERT_TRUE(groups_.erase(foreigner_, {peer_, ""})) << "a peer does not hold it";
    EXPECT_THAT(stale(), ElementsAre(web_));
    set_state(peering, PeeringState::deleted);
    const auto listing = groups_.describe_stale(caller_, vpc_.id, {});
    ASSERT_EQ(listing->items.size(), 1u);
    EXPECT_EQ(listing->items[0].rules.size(), 1u) << "those that are stale, and no others";
    EXPECT_EQ(listing->items[0].peering_states.at(peering.id), "deleted");
    EXPECT_EQ(code_of(groups_.describe_stale(foreigner_, vpc_.id, {})), "InvalidVpcID.NotFound");

    const auto revoked =
        groups_.revoke(caller_, {web_, ""}, false, {{}, {{"tcp", 443, 443, {foreign()}}}});
    ASSERT_TRUE(revoked) << message_of(revoked);
    EXPECT_EQ(revoked->revoked.size(), 1u) << "a stale rule can be taken away as it was given";
    EXPECT_THAT(stale(), IsEmpty());
}

TEST_F(SecurityGroupPeersTest, PrefixListsCountForAllTheirEntries) {
    settings_.limits.rules_per_security_group = 10;
    EXPECT_EQ(code_of(allow({.prefix_list_id = "pl-0123456789abcdef0"})),
              "InvalidPrefixListID.NotFound");
    const auto list = add_prefix_list(false, 9);
    const auto added = allow({.prefix_list_id = list, .description = "ours"});
    ASSERT_TRUE(added) << message_of(added);
    EXPECT_EQ(added->at(0).rule.prefix_list_id, list);
    EXPECT_TRUE(allow({.cidr_ipv6 = "2001:db8::/32"})) << "the families count apart";
    EXPECT_TRUE(allow({.cidr_ipv4 = "10.0.0.0/8"}));
    EXPECT_EQ(code_of(allow({.cidr_ipv4 = "192.0.2.0/24"})), "RulesPerSecurityGroupLimitExceeded");
    EXPECT_EQ(groups_.describe(caller_, {.filters = {{"ip-permission.prefix-list-id", {list}}}})
                  ->items.at(0)
                  .group.id,
              web_);
}

TEST_F(SecurityGroupPeersTest, GroupsOfAVpcAreListedForIt) {
    const auto names = [&](const Filters& filters) {
        std::vector<std::string> found;
        const auto listing = groups_.describe_for_vpc(caller_, vpc_.id, filters, {});
        for (const auto& view : listing->items)
            found.push_back(view.group.name);
        return found;
    };
    EXPECT_THAT(names({}), ElementsAre("web"));
    EXPECT_THAT(names({{"primary-vpc-id", {vpc_.id}}, {"group-name", {"w*"}}}), ElementsAre("web"));
    EXPECT_THAT(names({{"group-id", {peer_}}}), IsEmpty());
    EXPECT_EQ(code_of(groups_.describe_for_vpc(caller_, peer_vpc_.id, {}, {})),
              "InvalidVpcID.NotFound");
}

TEST_F(SecurityGroupPeersTest, AVpcWithIpv6LetsThatOutToo) {
    write([&](auto& tx) { create_default_group(tx, context_, vpc_); });
    const auto blocks_out = [&](const std::string& name) {
        std::vector<std::string> blocks;
        const auto listing =
            groups_.describe(caller_, {.filters = {{"vpc-id", {vpc_.id}}, {"group-name", {name}}}});
        for (const auto& rule : listing->items.at(0).rules)
            if (rule.egress)
                blocks.push_back(rule.cidr_ipv4 + rule.cidr_ipv6);
        std::sort(blocks.begin(), blocks.end());
        return blocks;
    };
    EXPECT_THAT(blocks_out("default"), ElementsAre("0.0.0.0/0"));
    add_block(vpc_, "fd70:696c:6500::/56");
    write([&](auto& tx) {
        add_ipv6_to_default_group(tx, context_, vpc_.id);
        add_ipv6_to_default_group(tx, context_, vpc_.id);
    });
    EXPECT_THAT(blocks_out("default"), ElementsAre("0.0.0.0/0", "::/0"));
    make(caller_, "new", vpc_.id);
    EXPECT_THAT(blocks_out("new"), ElementsAre("0.0.0.0/0", "::/0"));
}

} // namespace
} // namespace pileus::cloud
