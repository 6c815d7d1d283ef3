// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/tags.h"
#include "cloud/vpc_peering_connections.h"
#include "cloud/vpcs.h"
#include "store/work.h"

namespace pileus::cloud {
namespace {

using domain::PeeringState;
using testing::ElementsAre;
using testing::IsEmpty;

class PeeringsTest : public CloudFixture {
  protected:
    PeeringsTest() {
        ours_ = make_vpc(caller_, "10.0.0.0/16");
        near_ = make_vpc(caller_, "10.1.0.0/16");
        theirs_ = make_vpc(foreigner_, "10.2.0.0/16");
    }
    std::string make_vpc(const domain::Caller& caller, const std::string& cidr) {
        const auto made = vpcs_.create(caller, {.cidr_block = cidr});
        EXPECT_TRUE(made) << message_of(made);
        return made->vpc.id;
    }
    auto ask(const std::string& peer, const std::string& owner = "") {
        return peerings_.create(caller_,
                                {.vpc_id = ours_, .peer_vpc_id = peer, .peer_owner_id = owner});
    }
    std::string asked(const std::string& peer, const std::string& owner = "") {
        const auto made = ask(peer, owner);
        EXPECT_TRUE(made) << message_of(made);
        return made->peering.id;
    }
    std::string status(const std::string& id) {
        const auto seen = peerings_.describe(caller_, {id}, {}, {});
        EXPECT_TRUE(seen) << message_of(seen);
        return seen ? std::string(to_string(seen->items.at(0).peering.state)) : "";
    }
    std::vector<std::string> work_left() {
        std::vector<std::string> ids;
        for (const auto& item : read([](auto& tx) { return store::work::list(tx, 100); }))
            ids.push_back(item.resource_id);
        return ids;
    }

    Vpcs vpcs_{context_};
    VpcPeeringConnections peerings_{context_};
    std::string ours_, near_, theirs_;
};

TEST_F(PeeringsTest, RequestIsAcceptedByItsAccepter) {
    const auto id = asked(theirs_, foreigner_.account_id);
    EXPECT_EQ(status(id), "pending-acceptance");
    EXPECT_TRUE(peerings_.describe(caller_, {id}, {}, {})->items[0].accepter.cidr_block.empty())
        << "not to be seen before they agree";
    EXPECT_EQ(code_of(peerings_.accept(caller_, id)), "OperationNotPermitted");
    const auto accepted = peerings_.accept(foreigner_, id);
    ASSERT_TRUE(accepted) << message_of(accepted);
    EXPECT_EQ(accepted->requester.cidr_blocks, (std::vector<std::string>{"10.0.0.0/16"}));
    EXPECT_EQ(status(id), "active");
    EXPECT_EQ(peerings_.describe(caller_, {id}, {}, {})->items[0].accepter.cidr_block,
              "10.2.0.0/16");
    EXPECT_THAT(work_left(), testing::UnorderedElementsAre(ours_, theirs_));
    const auto again = peerings_.accept(foreigner_, id);
    EXPECT_EQ(code_of(again), "InvalidStateTransition");
    EXPECT_EQ(message_of(again),
              "Invalid state transition for " + id +
                  ", attempted to transition from active to active");
    EXPECT_EQ(code_of(ask(theirs_, foreigner_.account_id)), "VpcPeeringConnectionAlreadyExists");
}

TEST_F(PeeringsTest, OtherRegion) {
    auto elsewhere = caller_;
    elsewhere.region = "eu-west-1";
    ASSERT_TRUE(vpcs_.ensure_default(elsewhere));
    const auto far = make_vpc(elsewhere, "10.9.0.0/16");
    const auto made = peerings_.create(
        caller_, {.vpc_id = ours_, .peer_vpc_id = far, .peer_region = "eu-west-1"});
    ASSERT_TRUE(made) << message_of(made);
    const auto& id = made->peering.id;
    EXPECT_EQ(code_of(peerings_.accept(caller_, id)), "OperationNotPermitted")
        << "in the accepter's region only";
    ASSERT_TRUE(peerings_.accept(elsewhere, id));
    EXPECT_EQ(status(id), "active");
}

TEST_F(PeeringsTest, WhatCannotBePeeredFails) {
    const auto same = make_vpc(caller_, "10.0.128.0/17");
    for (const auto& [peer, owner] : {std::pair<std::string, std::string>{same, ""},
                                      {ours_, ""},
                                      {"vpc-0123456789abcdef0", ""},
                                      {theirs_, ""}, // another account's, without saying whose
                                      {theirs_, "333333333333"}}) {
        const auto made = ask(peer, owner);
        ASSERT_TRUE(made) << message_of(made);
        EXPECT_EQ(status(made->peering.id), "failed") << peer;
        EXPECT_EQ(made->peering.message,
                  "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range");
        EXPECT_EQ(message_of(peerings_.erase(caller_, made->peering.id)),
                  "Invalid state transition for " + made->peering.id +
                      ", attempted to transition from failed to deleting");
    }
    const auto theirs = ask(make_vpc(foreigner_, "10.0.0.0/20"), foreigner_.account_id);
    EXPECT_EQ(status(theirs->peering.id), "failed");
    EXPECT_THAT(peerings_.describe(foreigner_, {}, {}, {})->items, IsEmpty())
        << "it never reached them";
    EXPECT_EQ(code_of(peerings_.describe(foreigner_, {theirs->peering.id}, {}, {})),
              "InvalidVpcPeeringConnectionID.NotFound");
    EXPECT_EQ(code_of(ask("")), "MissingParameter");
    EXPECT_EQ(code_of(peerings_.create(caller_, {.vpc_id = theirs_, .peer_vpc_id = ours_})),
              "InvalidVpcID.NotFound");
}

TEST_F(PeeringsTest, RejectedAndDeleted) {
    const auto rejected = asked(theirs_, foreigner_.account_id);
    EXPECT_EQ(code_of(peerings_.erase(foreigner_, rejected)), "OperationNotPermitted")
        << "they reject";
    EXPECT_EQ(code_of(peerings_.reject(caller_, rejected)), "OperationNotPermitted");
    ASSERT_TRUE(peerings_.reject(foreigner_, rejected));
    EXPECT_EQ(status(rejected), "rejected");
    EXPECT_EQ(code_of(peerings_.accept(foreigner_, rejected)), "InvalidStateTransition");

    const auto withdrawn = asked(theirs_, foreigner_.account_id);
    ASSERT_TRUE(peerings_.erase(caller_, withdrawn));
    EXPECT_EQ(status(withdrawn), "deleted");
    const auto active = asked(near_);
    ASSERT_TRUE(peerings_.accept(caller_, active));
    EXPECT_EQ(code_of(peerings_.erase(dry(), active)), "DryRunOperation");
    ASSERT_TRUE(peerings_.erase(caller_, active));
    EXPECT_EQ(code_of(peerings_.erase(caller_, active)), "InvalidStateTransition");

    clock_.advance(std::chrono::hours{3});
    EXPECT_EQ(code_of(peerings_.describe(caller_, {active}, {}, {})),
              "InvalidVpcPeeringConnectionID.NotFound");
    EXPECT_THAT(peerings_.describe(caller_, {}, {}, {})->items, IsEmpty());
    EXPECT_TRUE(ask(near_)) << "after which they may be peered again";
}

TEST_F(PeeringsTest, RequestExpires) {
    const auto id = asked(near_);
    clock_.advance(std::chrono::hours{24 * 7});
    EXPECT_EQ(status(id), "expired");
    EXPECT_EQ(code_of(peerings_.accept(caller_, id)), "InvalidStateTransition");
    EXPECT_EQ(peerings_.describe(caller_, {}, {{"status-code", {"expired"}}}, {})->items.size(),
              1u);
}

TEST_F(PeeringsTest, Limits) {
    settings_.limits.outstanding_peering_requests = 1;
    const auto id = asked(near_);
    EXPECT_EQ(code_of(ask(theirs_, foreigner_.account_id)),
              "OutstandingVpcPeeringConnectionLimitExceeded");
    settings_.limits.peering_connections_per_vpc = 0;
    EXPECT_EQ(code_of(peerings_.accept(caller_, id)), "VpcPeeringConnectionsPerVpcLimitExceeded");
}

TEST_F(PeeringsTest, OptionsOfOnesOwnSide) {
    const auto id = asked(theirs_, foreigner_.account_id);
    const PeeringOptions ours{.requester_resolves_dns = true};
    const auto early = peerings_.modify_options(caller_, id, ours);
    EXPECT_EQ(code_of(early), "OperationNotPermitted");
    EXPECT_THAT(message_of(early), testing::HasSubstr("is not active"));
    ASSERT_TRUE(peerings_.accept(foreigner_, id));
    EXPECT_EQ(code_of(peerings_.modify_options(caller_, id, ours)), "OperationNotPermitted")
        << "their names do not resolve";
    ASSERT_TRUE(vpcs_.modify_attributes(caller_, ours_, {.enable_dns_hostnames = true}));
    ASSERT_TRUE(vpcs_.modify_attributes(foreigner_, theirs_, {.enable_dns_hostnames = true}));
    ASSERT_TRUE(peerings_.modify_options(caller_, id, ours));
    EXPECT_EQ(code_of(peerings_.modify_options(caller_, id, {.accepter_resolves_dns = true})),
              "OperationNotPermitted");
    EXPECT_EQ(code_of(peerings_.modify_options(caller_, id, {.unsupported_option = "Classic"})),
              "UnsupportedOperation");
    EXPECT_TRUE(peerings_.describe(foreigner_, {id}, {}, {})->items[0].requester.resolves_dns);
}

TEST_F(PeeringsTest, EachSideHasItsOwnTags) {
    const auto id = asked(theirs_, foreigner_.account_id);
    Tags tags(context_);
    ASSERT_TRUE(tags.create(caller_, {id}, {{"Name", "ours"}}));
    ASSERT_TRUE(tags.create(foreigner_, {id}, {{"Name", "theirs"}}));
    EXPECT_EQ(peerings_.describe(caller_, {id}, {}, {})->items[0].tags,
              (domain::Tags{{"Name", "ours"}}));
    ASSERT_TRUE(tags.erase(foreigner_, {id}, {}));
    EXPECT_EQ(peerings_.describe(caller_, {}, {{"tag:Name", {"ours"}}}, {})->items.size(), 1u);
    EXPECT_THAT(peerings_.describe(foreigner_, {id}, {}, {})->items[0].tags, IsEmpty());
}

TEST_F(PeeringsTest, Filters) {
    const auto id = asked(near_);
    asked(theirs_, foreigner_.account_id);
    const Filter filters[]{{"accepter-vpc-info.vpc-id", {near_}},
                           {"accepter-vpc-info.cidr-block", {"10.1.0.0/16"}},
                           {"accepter-vpc-info.owner-id", {"111111111111"}},
                           {"vpc-peering-connection-id", {id}},
                           {"status-message", {"*by 111111111111"}}};
    for (const auto& filter : filters) {
        const auto found = peerings_.describe(caller_, {}, {filter}, {});
        ASSERT_TRUE(found);
        ASSERT_EQ(found->items.size(), 1u) << filter.name;
        EXPECT_EQ(found->items[0].peering.id, id);
    }
    EXPECT_EQ(
        peerings_.describe(caller_, {}, {{"requester-vpc-info.vpc-id", {ours_}}}, {})->items.size(),
        2u);
}

TEST_F(PeeringsTest, BlocksOfPeersStayApartAndTheVpcsEndEndsIt) {
    const auto id = asked(near_);
    ASSERT_TRUE(peerings_.accept(caller_, id));
    EXPECT_EQ(code_of(vpcs_.associate_block(caller_, ours_, {.cidr_block = "10.1.128.0/17"})),
              "InvalidVpc.Range");
    ASSERT_TRUE(vpcs_.erase(caller_, near_));
    EXPECT_EQ(status(id), "deleted");
    EXPECT_TRUE(vpcs_.associate_block(caller_, ours_, {.cidr_block = "10.1.128.0/17"}));
}

} // namespace
} // namespace pileus::cloud
