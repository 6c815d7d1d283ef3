// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/security_groups.h"
#include "cloud/subnets.h"
#include "cloud/tags.h"
#include "cloud/vpcs.h"
#include "store/dhcp_options.h"
#include "store/internet_gateways.h"
#include "store/network_acls.h"
#include "store/route_tables.h"
#include "store/security_groups.h"
#include "store/tags.h"
#include "store/vpcs.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class VpcsTest : public CloudFixture {
  protected:
    auto make(const std::string& cidr, VpcCreation request = {}) {
        request.cidr_block = cidr;
        return vpcs_.create(caller_, request);
    }
    VpcView see(const std::string& id) {
        const auto seen = vpcs_.describe(caller_, {id}, {}, {});
        EXPECT_TRUE(seen) << message_of(seen);
        return seen->items.at(0);
    }
    std::vector<std::string> blocks(const Filters& filters) {
        const auto listing = vpcs_.describe(caller_, {}, filters, {});
        EXPECT_TRUE(listing) << message_of(listing);
        std::vector<std::string> blocks;
        for (const auto& view : listing->items)
            blocks.push_back(view.vpc.cidr_block);
        std::sort(blocks.begin(), blocks.end());
        return blocks;
    }
    domain::Vpc default_vpc() {
        return vpcs_.describe(caller_, {}, {{"is-default", {"true"}}}, {})->items.at(0).vpc;
    }
    void erase_default_vpc() {
        const auto vpc = default_vpc();
        Subnets subnets(context_);
        const auto all = subnets.describe(caller_, {}, {}, {});
        for (const auto& view : all->items)
            ASSERT_TRUE(subnets.erase(caller_, view.subnet.id));
        write([&](auto& tx) {
            store::internet_gateways::erase(tx,
                                            store::internet_gateways::find_of_vpc(tx, vpc.id)->id);
        });
        const auto erased = vpcs_.erase(caller_, vpc.id);
        ASSERT_TRUE(erased) << message_of(erased);
    }

    Vpcs vpcs_{context_};
};

TEST_F(VpcsTest, EachAccountHasADefaultVpcInEachRegion) {
    ASSERT_TRUE(vpcs_.ensure_default(caller_));
    ASSERT_TRUE(Vpcs(context_).ensure_default(caller_)) << "as after a restart";
    const auto vpcs = vpcs_.describe(caller_, {}, {}, {});
    ASSERT_TRUE(vpcs);
    ASSERT_EQ(vpcs->items.size(), 1u);
    const auto& vpc = vpcs->items[0].vpc;
    EXPECT_EQ(vpc.cidr_block, "172.31.0.0/16");
    EXPECT_TRUE(vpc.is_default);
    EXPECT_TRUE(vpc.enable_dns_hostnames);
    EXPECT_TRUE(vpc.enable_dns_support);

    auto elsewhere = caller_;
    elsewhere.region = "eu-west-1";
    ASSERT_TRUE(vpcs_.ensure_default(elsewhere));
    EXPECT_NE(vpcs_.describe(elsewhere, {}, {}, {})->items.at(0).vpc.id, vpc.id);
    elsewhere.region = "mars-north-1";
    EXPECT_EQ(code_of(vpcs_.ensure_default(elsewhere)), "AuthFailure");
}

TEST_F(VpcsTest, DefaultVpcIsComplete) {
    const auto vpc = default_vpc();
    read([&](auto& tx) {
        const auto main = store::route_table_associations::find_main(tx, vpc.id);
        const auto gateway = store::internet_gateways::find_of_vpc(tx, vpc.id);
        EXPECT_TRUE(main && gateway);
        EXPECT_EQ(store::routes::find(tx, main->route_table_id, "0.0.0.0/0")->target_id,
                  gateway->id);
        EXPECT_TRUE(store::network_acls::find_default(tx, vpc.id));
        const auto options = store::dhcp_options::find(tx, vpc.dhcp_options_id);
        EXPECT_EQ(options->domain_name, "ec2.internal");
        EXPECT_THAT(options->domain_name_servers, ElementsAre("AmazonProvidedDNS"));
        return 0;
    });
}

TEST_F(VpcsTest, DefaultGroupLetsMembersInAndEverythingOut) {
    const auto vpc = vpcs_.describe(caller_, {}, {}, {})->items.at(0).vpc;
    const auto group =
        read([&](auto& tx) { return store::security_groups::find_by_name(tx, vpc.id, "default"); });
    ASSERT_TRUE(group);
    const auto rules =
        read([&](auto& tx) { return store::security_groups::list_rules(tx, group->id); });
    ASSERT_EQ(rules.size(), 2u);
    for (const auto& rule : rules) {
        EXPECT_EQ(rule.protocol, "-1");
        EXPECT_EQ(rule.referenced_group_id, rule.egress ? "" : group->id);
        EXPECT_EQ(rule.cidr_ipv4, rule.egress ? "0.0.0.0/0" : "");
    }
}

TEST_F(VpcsTest, DeletedDefaultVpcStaysAwayUntilItIsAskedFor) {
    EXPECT_EQ(code_of(vpcs_.create_default(caller_)), "DefaultVpcAlreadyExists");
    erase_default_vpc();
    ASSERT_TRUE(Vpcs(context_).ensure_default(caller_)) << "as after a restart";
    EXPECT_TRUE(vpcs_.describe(caller_, {}, {}, {})->items.empty());
    Subnets subnets(context_);
    EXPECT_EQ(code_of(subnets.create_default(caller_, {.zone = "us-east-1a"})),
              "DefaultVpcDoesNotExist");

    auto asking = caller_;
    asking.dry_run = true;
    EXPECT_EQ(code_of(vpcs_.create_default(asking)), "DryRunOperation");
    const auto again = vpcs_.create_default(caller_);
    ASSERT_TRUE(again) << message_of(again);
    EXPECT_TRUE(again->vpc.is_default);
    EXPECT_EQ(subnets.describe(caller_, {}, {}, {})->items.size(), 3u);
    EXPECT_TRUE(
        read([&](auto& tx) { return store::internet_gateways::find_of_vpc(tx, again->vpc.id); }));
}

TEST_F(VpcsTest, UnknownAndForeignIdsAreErrors) {
    const auto foreign = vpcs_.describe(foreigner_, {}, {}, {})->items.at(0).vpc.id;
    EXPECT_EQ(code_of(vpcs_.describe(caller_, {foreign}, {}, {})), "InvalidVpcID.NotFound");
    EXPECT_EQ(message_of(vpcs_.describe(caller_, {foreign}, {}, {})),
              "The vpc ID '" + foreign + "' does not exist");
    EXPECT_EQ(code_of(vpcs_.describe(caller_, {"vpc-xyz"}, {}, {})), "InvalidVpcID.Malformed");
    const auto own = vpcs_.describe(caller_, {}, {}, {})->items.at(0).vpc.id;
    EXPECT_EQ(vpcs_.describe(caller_, {own, own}, {}, {})->items.size(), 1u);
    EXPECT_TRUE(vpcs_.describe(caller_, {own}, {{"is-default", {"false"}}}, {})->items.empty())
        << "filters choose among what was named";
}

TEST_F(VpcsTest, NewVpcHasItsPartsAtOnce) {
    const auto made = make("10.1.2.3/16",
                           {.tenancy = "dedicated",
                            .with_ipv6_block = true,
                            .tag_specifications = {{"vpc", {{"Name", "lab"}}}}});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_EQ(made->vpc.cidr_block, "10.1.0.0/16") << "host bits are cleared";
    EXPECT_EQ(made->vpc.tenancy, "dedicated");
    EXPECT_EQ(made->vpc.dhcp_options_id, default_vpc().dhcp_options_id);
    EXPECT_FALSE(made->vpc.enable_dns_hostnames);
    EXPECT_EQ(made->tags, (domain::Tags{{"Name", "lab"}}));
    ASSERT_EQ(made->blocks.size(), 1u);
    const auto ipv6 = Ipv6Cidr::parse(made->blocks[0].cidr_block).value();
    EXPECT_EQ(ipv6.prefix, 56);
    EXPECT_TRUE(settings_.ipv6_pool.contains(ipv6));
    const auto& id = made->vpc.id;
    read([&](auto& tx) {
        EXPECT_TRUE(store::route_table_associations::find_main(tx, id));
        EXPECT_TRUE(store::security_groups::find_by_name(tx, id, "default"));
        const auto acl = store::network_acls::find_default(tx, id);
        EXPECT_EQ(store::network_acl_entries::list_of_acl(tx, acl->id).size(), 4u)
            << "100 and 101, in and out";
        return 0;
    });
    EXPECT_NE(make("10.1.0.0/16", {.with_ipv6_block = true})->blocks.at(0).cidr_block,
              made->blocks[0].cidr_block)
        << "blocks of private addresses may be the same, IPv6 ones never are";
}

TEST_F(VpcsTest, VpcsThatCannotBe) {
    settings_.reserved_blocks = {Ipv4Cidr::parse("198.18.0.0/15").value()};
    const std::pair<const char*, const char*> cases[]{
        {"", "MissingParameter"},
        {"10.0.0.0", "InvalidParameterValue"},
        {"10.0.0.0/x", "InvalidParameterValue"},
        {"10.0.0.0/15", "InvalidVpc.Range"},
        {"10.0.0.0/29", "InvalidVpc.Range"},
        {"127.1.0.0/16", "InvalidVpc.Range"},
        {"169.254.0.0/16", "InvalidVpc.Range"},
        {"224.0.0.0/16", "InvalidVpc.Range"},
        {"0.0.0.0/16", "InvalidVpc.Range"},
        {"198.19.0.0/16", "InvalidVpc.Range"},
    };
    for (const auto& [cidr, code] : cases)
        EXPECT_EQ(code_of(make(cidr)), code) << cidr;
    EXPECT_EQ(
        message_of(make("10.0.0.0")),
        "Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block.");
    EXPECT_EQ(message_of(make("10.0.0.0/8")), "The CIDR '10.0.0.0/8' is invalid.");
    EXPECT_EQ(code_of(make("10.0.0.0/16", {.tenancy = "host"})), "InvalidParameterValue");
    EXPECT_EQ(code_of(make("10.0.0.0/16", {.unsupported_parameter = "Ipv6Pool"})),
              "UnsupportedOperation");
    EXPECT_EQ(code_of(make("10.0.0.0/16", {.tag_specifications = {{"subnet", {{"a", "b"}}}}})),
              "InvalidParameterValue");
    settings_.limits.vpcs = 1;
    EXPECT_EQ(code_of(make("10.0.0.0/16")), "VpcLimitExceeded");
    EXPECT_EQ(blocks({}).size(), 1u) << "nothing was made";
    settings_.limits.vpcs = 2;
    EXPECT_EQ(code_of(vpcs_.create(dry(), {.cidr_block = "10.0.0.0/16"})), "DryRunOperation");
    EXPECT_TRUE(make("10.0.0.0/16"));
}

TEST_F(VpcsTest, DependentsKeepAVpc) {
    const auto id = make("10.0.0.0/16")->vpc.id;
    Subnets subnets(context_);
    SecurityGroups groups(context_);
    const auto subnet = subnets.create(caller_, {.vpc_id = id, .cidr_block = "10.0.0.0/24"});
    const auto refusal = "The vpc '" + id + "' has dependencies and cannot be deleted.";
    EXPECT_EQ(code_of(vpcs_.erase(caller_, id)), "DependencyViolation");
    EXPECT_EQ(message_of(vpcs_.erase(caller_, id)), refusal);
    ASSERT_TRUE(subnets.erase(caller_, subnet->subnet.id));
    const auto group = groups.create(caller_, {"web", "web", id, {}});
    EXPECT_EQ(message_of(vpcs_.erase(caller_, id)), refusal);
    ASSERT_TRUE(groups.erase(caller_, {group->group.id, ""}));
    EXPECT_EQ(code_of(vpcs_.erase(foreigner_, id)), "InvalidVpcID.NotFound");
    EXPECT_EQ(code_of(vpcs_.erase(dry(), id)), "DryRunOperation");
    ASSERT_TRUE(vpcs_.erase(caller_, id));
    EXPECT_EQ(code_of(vpcs_.erase(caller_, id)), "InvalidVpcID.NotFound");
    read([&](auto& tx) {
        EXPECT_TRUE(store::route_tables::list_of_vpc(tx, id).empty());
        EXPECT_TRUE(store::network_acls::list_of_vpc(tx, id).empty());
        EXPECT_TRUE(store::security_groups::list_of_vpc(tx, id).empty());
        return 0;
    });
}

TEST_F(VpcsTest, AttributesOneAtATime) {
    const auto id = make("10.0.0.0/16")->vpc.id;
    ASSERT_TRUE(vpcs_.modify_attributes(caller_, id, {.enable_dns_hostnames = true}));
    ASSERT_TRUE(
        vpcs_.modify_attributes(caller_, id, {.enable_network_address_usage_metrics = true}));
    EXPECT_TRUE(see(id).vpc.enable_dns_hostnames);
    EXPECT_TRUE(see(id).vpc.enable_network_address_usage_metrics);
    const auto both = vpcs_.modify_attributes(
        caller_, id, {.enable_dns_support = false, .enable_dns_hostnames = false});
    EXPECT_EQ(code_of(both), "InvalidParameterCombination");
    EXPECT_EQ(
        message_of(both),
        "Fields for multiple attribute types specified: enableDnsSupport, enableDnsHostnames");
    EXPECT_EQ(code_of(vpcs_.modify_attributes(caller_, id, {})), "InvalidParameterCombination");
    ASSERT_TRUE(vpcs_.modify_attributes(caller_, id, {.enable_dns_support = false}));
    EXPECT_EQ(code_of(vpcs_.modify_attributes(caller_, id, {.enable_dns_hostnames = true})),
              "InvalidParameterCombination");
    EXPECT_EQ(code_of(vpcs_.modify_attributes(foreigner_, id, {.enable_dns_support = true})),
              "InvalidVpcID.NotFound");
}

TEST_F(VpcsTest, TenancyBecomesDefaultOnly) {
    const auto id = make("10.0.0.0/16", {.tenancy = "dedicated"})->vpc.id;
    EXPECT_EQ(code_of(vpcs_.modify_tenancy(caller_, id, "dedicated")), "InvalidParameterValue");
    ASSERT_TRUE(vpcs_.modify_tenancy(caller_, id, "default"));
    EXPECT_EQ(see(id).vpc.tenancy, "default");
}

TEST_F(VpcsTest, SecondaryBlocks) {
    const auto id = make("10.0.0.0/16")->vpc.id;
    const auto associate = [&](const char* cidr) {
        return vpcs_.associate_block(caller_, id, {.cidr_block = cidr});
    };
    for (const char* cidr :
         {"172.16.0.0/16", "192.168.0.0/16", "198.19.0.0/16", "10.0.128.0/17", "10.0.0.0/16"})
        EXPECT_EQ(code_of(associate(cidr)), "InvalidVpc.Range") << cidr;
    EXPECT_THAT(message_of(associate("172.16.0.0/16")), HasSubstr("is restricted"));
    EXPECT_EQ(code_of(associate("10.0.0.0/8")), "InvalidVpc.Range");
    EXPECT_EQ(code_of(associate("nonsense")), "InvalidParameterValue");

    const auto made = associate("100.64.0.0/16");
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_TRUE(associate("10.2.0.0/16"));
    EXPECT_EQ(see(id).blocks.size(), 2u);
    EXPECT_THAT(blocks({{"cidr-block-association.cidr-block", {"100.64.0.0/16"}}}),
                ElementsAre("10.0.0.0/16"));
    settings_.limits.ipv4_blocks_per_vpc = 3;
    EXPECT_EQ(code_of(associate("10.3.0.0/16")), "CidrLimitExceeded");

    Subnets subnets(context_);
    const auto subnet = subnets.create(caller_, {.vpc_id = id, .cidr_block = "100.64.1.0/24"});
    ASSERT_TRUE(subnet) << message_of(subnet);
    const auto association = made->block.association_id;
    EXPECT_EQ(code_of(vpcs_.disassociate_block(caller_, association)), "InvalidCidrBlock.InUse");
    ASSERT_TRUE(subnets.erase(caller_, subnet->subnet.id));
    EXPECT_EQ(code_of(vpcs_.disassociate_block(foreigner_, association)),
              "InvalidVpcCidrBlockAssociationID.NotFound");
    ASSERT_TRUE(vpcs_.disassociate_block(caller_, association));
    EXPECT_EQ(see(id).blocks.size(), 1u);
    EXPECT_EQ(code_of(vpcs_.disassociate_block(caller_, see(id).vpc.cidr_association_id)),
              "OperationNotPermitted");
}

TEST_F(VpcsTest, BlocksAndRoutesStayApart) {
    const auto id = make("10.4.0.0/16")->vpc.id;
    write([&](auto& tx) {
        const auto table = store::route_table_associations::find_main(tx, id)->route_table_id;
        store::routes::insert(tx, {table, "10.5.0.0/24", "pcx-1"});
    });
    EXPECT_EQ(code_of(vpcs_.associate_block(caller_, id, {.cidr_block = "10.5.0.0/16"})),
              "InvalidVpc.Range");
    EXPECT_TRUE(vpcs_.associate_block(caller_, id, {.cidr_block = "10.5.0.0/25"}));
}

TEST_F(VpcsTest, Ipv6BlocksComeAndGo) {
    const auto id = make("10.0.0.0/16")->vpc.id;
    EXPECT_EQ(code_of(vpcs_.associate_block(caller_, id, {})), "MissingParameter");
    EXPECT_EQ(code_of(vpcs_.associate_block(
                  caller_, id, {.cidr_block = "10.9.0.0/16", .with_ipv6_block = true})),
              "InvalidParameterCombination");
    const auto made = vpcs_.associate_block(caller_, id, {.with_ipv6_block = true});
    ASSERT_TRUE(made) << message_of(made);
    const auto& cidr = made->block.cidr_block;
    EXPECT_THAT(blocks({{"ipv6-cidr-block-association.ipv6-cidr-block", {cidr}}}),
                ElementsAre("10.0.0.0/16"));
    EXPECT_THAT(blocks({{"ipv6-cidr-block-association.state", {"associated"}}}),
                ElementsAre("10.0.0.0/16"));
    settings_.limits.ipv6_blocks_per_vpc = 1;
    EXPECT_EQ(code_of(vpcs_.associate_block(caller_, id, {.with_ipv6_block = true})),
              "CidrLimitExceeded");
    ASSERT_TRUE(vpcs_.disassociate_block(caller_, made->block.association_id));
    EXPECT_TRUE(see(id).blocks.empty());

    settings_.ipv6_pool = Ipv6Cidr::parse("fd00::/56").value();
    ASSERT_TRUE(vpcs_.associate_block(caller_, id, {.with_ipv6_block = true}));
    EXPECT_EQ(code_of(make("10.1.0.0/16", {.with_ipv6_block = true})), "InsufficientCidrBlocks")
        << "a pool of one block";
}

} // namespace
} // namespace pileus::cloud
