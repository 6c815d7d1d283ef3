// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/subnets.h"
#include "cloud/tags.h"
#include "cloud/vpcs.h"
#include "store/network_acls.h"
#include "store/network_interfaces.h"
#include "store/tags.h"
#include "store/vpcs.h"
#include "store/work.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;

class SubnetsTest : public CloudFixture {
  protected:
    SubnetsTest() {
        const auto made =
            vpcs_.create(caller_, {.cidr_block = "10.0.0.0/16", .with_ipv6_block = true});
        EXPECT_TRUE(made) << message_of(made);
        vpc_ = made->vpc.id;
        const auto pool = Ipv6Cidr::parse(made->blocks.at(0).cidr_block).value();
        first_64_ = pool.block(64, 0).str();
        second_64_ = pool.block(64, 1).str();
    }

    auto make(const std::string& cidr, SubnetCreation request = {}) {
        request.vpc_id = vpc_;
        request.cidr_block = cidr;
        return subnets_.create(caller_, request);
    }
    domain::Subnet row(const std::string& id) {
        return read([&](auto& tx) { return store::subnets::find(tx, id); }).value();
    }
    std::string put_interface(const domain::Subnet& subnet, const std::string& ipv6 = "") {
        domain::NetworkInterface interface;
        interface.id = "eni-00000000000000009";
        interface.account_id = caller_.account_id;
        interface.region = caller_.region;
        interface.subnet_id = subnet.id;
        interface.vpc_id = subnet.vpc_id;
        interface.private_ip = "10.0.0.9";
        if (!ipv6.empty())
            interface.ipv6_addresses = {ipv6};
        write([&](auto& tx) { store::network_interfaces::insert(tx, interface); });
        return interface.id;
    }
    // The default subnets, by zone.
    std::vector<SubnetView> subnets(Filters filters = {}) {
        filters.push_back({"default-for-az", {"true"}});
        auto listing = subnets_.describe(caller_, {}, filters, {});
        EXPECT_TRUE(listing) << message_of(listing);
        std::sort(listing->items.begin(), listing->items.end(), [](const auto& a, const auto& b) {
            return a.subnet.zone < b.subnet.zone;
        });
        return listing->items;
    }
    std::vector<std::string> zones(const Filters& filters) {
        std::vector<std::string> zones;
        for (const auto& view : subnets(filters))
            zones.push_back(view.subnet.zone);
        return zones;
    }

    Vpcs vpcs_{context_};
    Subnets subnets_{context_};
    std::string vpc_;
    std::string first_64_;
    std::string second_64_;
};

TEST_F(SubnetsTest, AZoneHasOneDefaultSubnet) {
    const auto all = subnets();
    std::vector<std::string> blocks;
    for (const auto& view : all) {
        blocks.push_back(view.subnet.zone + " " + view.subnet.cidr_block);
        EXPECT_TRUE(view.subnet.is_default);
        EXPECT_TRUE(view.subnet.map_public_ip_on_launch);
        EXPECT_EQ(view.available_addresses, 4091);
    }
    EXPECT_THAT(blocks,
                ElementsAre("us-east-1a 172.31.0.0/20",
                            "us-east-1b 172.31.16.0/20",
                            "us-east-1c 172.31.32.0/20"));
}

TEST_F(SubnetsTest, InterfacesTakeAddressesOfTheirSubnet) {
    const auto subnet = subnets()[0].subnet;
    write([&](auto& tx) {
        domain::NetworkInterface interface;
        interface.id = "eni-00000000000000001";
        interface.account_id = caller_.account_id;
        interface.region = caller_.region;
        interface.subnet_id = subnet.id;
        interface.vpc_id = subnet.vpc_id;
        interface.private_ip = "172.31.0.4";
        store::network_interfaces::insert(tx, interface);
    });
    EXPECT_EQ(subnets()[0].available_addresses, 4090);
    EXPECT_THAT(zones({{"available-ip-address-count", {"4090"}}}), ElementsAre("us-east-1a"));
}

TEST_F(SubnetsTest, SubnetFilters) {
    const auto b = subnets()[1].subnet;
    Tags tags(context_);
    ASSERT_TRUE(tags.create(caller_, {b.id}, {{"tier", "web"}}));
    const Filter one_b[]{
        {"subnet-id", {b.id}},
        {"availability-zone", {"*b"}},
        {"availabilityZone", {"us-east-1b"}},
        {"availability-zone-id", {"use1-az2"}},
        {"cidr-block", {"172.31.16.0/20"}},
        {"cidrBlock", {"172.31.16.?/20"}},
        {"cidr", {"172.31.16.0/20", "10.0.0.0/8"}},
        {"subnet-arn", {"arn:aws:ec2:us-east-1:111111111111:subnet/" + b.id}},
        {"tag:tier", {"web"}},
        {"tag-key", {"tier"}},
    };
    for (const auto& filter : one_b)
        EXPECT_THAT(zones({filter}), ElementsAre("us-east-1b")) << filter.name;
    const Filter all[]{{"state", {"available"}},
                       {"default-for-az", {"true"}},
                       {"map-public-ip-on-launch", {"true"}},
                       {"owner-id", {"111111111111"}},
                       {"vpc-id", {b.vpc_id}},
                       {"ipv6-native", {"false"}}};
    for (const auto& filter : all)
        EXPECT_EQ(zones({filter}).size(), 3u) << filter.name;
    EXPECT_TRUE(zones({{"availability-zone", {"US-EAST-1B"}}}).empty()) << "case counts";
    EXPECT_TRUE(
        zones({{"availability-zone", {"*b"}}, {"availability-zone-id", {"use1-az1"}}}).empty());
    const auto unknown = subnets_.describe(caller_, {}, {{"nonsense", {"x"}}}, {});
    EXPECT_EQ(message_of(unknown), "The filter 'nonsense' is invalid");
}

TEST_F(SubnetsTest, PageTokensAreGoodForOneCallerAndOneOperation) {
    settings_.regions.push_back({"many-1", {}});
    for (char zone = 'a'; zone < 'i'; ++zone)
        settings_.regions.back().zones.push_back(
            {std::string("many-1") + zone, std::string("m-") + zone});
    auto caller = caller_;
    caller.region = "many-1";
    ASSERT_TRUE(vpcs_.ensure_default(caller));
    const auto first = subnets_.describe(caller, {}, {}, {5, ""});
    ASSERT_TRUE(first);
    EXPECT_EQ(first->items.size(), 5u);
    const auto second = subnets_.describe(caller, {}, {}, {5, first->next_token});
    ASSERT_TRUE(second);
    EXPECT_EQ(second->items.size(), 3u);
    EXPECT_EQ(second->next_token, "");
    EXPECT_LT(first->items.back().subnet.id, second->items.front().subnet.id);

    auto other = caller;
    other.account_id = foreigner_.account_id;
    const PageRequest stolen{5, first->next_token};
    EXPECT_EQ(code_of(subnets_.describe(other, {}, {}, stolen)), "InvalidNextToken");
    EXPECT_EQ(code_of(vpcs_.describe(caller, {}, {}, stolen)), "InvalidNextToken");
    EXPECT_EQ(code_of(subnets_.describe(caller, {}, {}, {5, "bm9uc2Vuc2U="})), "InvalidNextToken");
    EXPECT_EQ(code_of(subnets_.describe(caller, {}, {}, {4, ""})), "InvalidParameterValue");
    EXPECT_EQ(code_of(subnets_.describe(caller, {}, {}, {1001, ""})), "InvalidParameterValue");
    EXPECT_EQ(subnets_.describe(caller, {}, {}, {0, ""})->items.size(), 8u) << "0 is absent";
}

TEST_F(SubnetsTest, HasWhatItWasMadeWith) {
    const auto made = make("10.0.1.7/24",
                           {.zone_id = "use1-az2",
                            .ipv6_cidr_block = first_64_,
                            .tag_specifications = {{"subnet", {{"Name", "web"}}}}});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_EQ(made->subnet.cidr_block, "10.0.1.0/24") << "host bits are cleared";
    EXPECT_EQ(made->subnet.zone, "us-east-1b");
    EXPECT_EQ(made->subnet.ipv6_cidr_block, first_64_);
    EXPECT_EQ(made->available_addresses, 251);
    EXPECT_EQ(made->tags, (domain::Tags{{"Name", "web"}}));
    EXPECT_FALSE(made->subnet.is_default);
    EXPECT_TRUE(read([&](auto& tx) {
        return store::network_acl_associations::find_of_subnet(tx, made->subnet.id);
    })) << "the VPC's default network ACL";
    const Filter filters[]{
        {"ipv6-cidr-block-association.ipv6-cidr-block", {first_64_}},
        {"ipv6-cidr-block-association.association-id", {made->subnet.ipv6_cidr_association_id}},
        {"ipv6-cidr-block-association.state", {"associated"}},
        {"tag:Name", {"web"}},
    };
    for (const auto& filter : filters) {
        const auto found = subnets_.describe(caller_, {}, {filter}, {});
        ASSERT_TRUE(found);
        ASSERT_EQ(found->items.size(), 1u) << filter.name;
        EXPECT_EQ(found->items[0].subnet.id, made->subnet.id);
    }
}

TEST_F(SubnetsTest, BlocksThatCannotBe) {
    ASSERT_TRUE(make("10.0.1.0/24", {.ipv6_cidr_block = first_64_}));
    const std::tuple<const char*, std::string, const char*> cases[]{
        {"", "", "MissingParameter"},
        {"10.0.2.0", "", "InvalidParameterValue"},
        {"10.0.2.0/33", "", "InvalidParameterValue"},
        {"10.0.2.0/29", "", "InvalidSubnet.Range"},
        {"10.0.0.0/15", "", "InvalidSubnet.Range"},
        {"10.1.0.0/24", "", "InvalidSubnet.Range"},
        {"10.0.1.128/25", "", "InvalidSubnet.Conflict"},
        {"10.0.0.0/16", "", "InvalidSubnet.Conflict"},
        {"10.0.2.0/24", first_64_, "InvalidSubnet.Conflict"},
        {"10.0.2.0/24", "2001:db8::/64", "InvalidSubnet.Range"},
        {"10.0.2.0/24", "nonsense", "InvalidParameterValue"},
    };
    for (const auto& [cidr, ipv6, code] : cases)
        EXPECT_EQ(code_of(make(cidr, {.ipv6_cidr_block = ipv6})), code) << cidr << " " << ipv6;
    EXPECT_EQ(message_of(make("10.0.1.0/24")),
              "The CIDR '10.0.1.0/24' conflicts with another subnet");
    EXPECT_EQ(subnets_.describe(caller_, {}, {{"vpc-id", {vpc_}}}, {})->items.size(), 1u);
}

TEST_F(SubnetsTest, ZonesByNameAndById) {
    EXPECT_EQ(make("10.0.1.0/24")->subnet.zone, "us-east-1a") << "the first when none is named";
    EXPECT_EQ(make("10.0.2.0/24", {.zone = "us-east-1c"})->subnet.zone_id, "use1-az3");
    EXPECT_EQ(message_of(make("10.0.3.0/24", {.zone = "us-east-1z"})),
              "Value (us-east-1z) for parameter availabilityZone is invalid. Subnets can currently "
              "only be created in the following availability zones: us-east-1a, us-east-1b, "
              "us-east-1c.");
    EXPECT_EQ(code_of(make("10.0.3.0/24", {.zone_id = "use1-az9"})), "InvalidParameterValue");
    EXPECT_EQ(code_of(make("10.0.3.0/24", {.zone = "us-east-1a", .zone_id = "use1-az1"})),
              "InvalidParameterCombination");
}

TEST_F(SubnetsTest, RefusesWhatThereIsNot) {
    EXPECT_EQ(code_of(make("10.0.1.0/24", {.unsupported_parameter = "OutpostArn"})),
              "UnsupportedOperation");
    EXPECT_THAT(message_of(make("10.0.1.0/24", {.unsupported_parameter = "OutpostArn"})),
                testing::HasSubstr("OutpostArn"));
    const auto foreign = vpcs_.describe(foreigner_, {}, {}, {})->items.at(0).vpc.id;
    EXPECT_EQ(
        code_of(subnets_.create(caller_, {.vpc_id = foreign, .cidr_block = "172.31.96.0/20"})),
        "InvalidVpcID.NotFound");
    settings_.limits.subnets_per_vpc = 1;
    ASSERT_TRUE(make("10.0.1.0/24"));
    EXPECT_EQ(code_of(make("10.0.2.0/24")), "SubnetLimitExceeded");
}

TEST_F(SubnetsTest, DryRunMakesNothing) {
    EXPECT_EQ(code_of(subnets_.create(dry(), {.vpc_id = vpc_, .cidr_block = "10.0.1.0/24"})),
              "DryRunOperation");
    EXPECT_TRUE(subnets_.describe(caller_, {}, {{"vpc-id", {vpc_}}}, {})->items.empty());
    const auto id = make("10.0.1.0/24")->subnet.id;
    EXPECT_EQ(code_of(subnets_.erase(dry(), id)), "DryRunOperation");
    EXPECT_TRUE(subnets_.describe(caller_, {id}, {}, {}));
}

TEST_F(SubnetsTest, InUseIsNotDeleted) {
    const auto subnet = make("10.0.0.0/24")->subnet;
    const auto interface = put_interface(subnet);
    EXPECT_EQ(code_of(subnets_.erase(caller_, subnet.id)), "DependencyViolation");
    EXPECT_EQ(message_of(subnets_.erase(caller_, subnet.id)),
              "The subnet '" + subnet.id + "' has dependencies and cannot be deleted.");
    write([&](auto& tx) { store::network_interfaces::erase(tx, interface); });
    ASSERT_TRUE(subnets_.erase(caller_, subnet.id));
    EXPECT_EQ(code_of(subnets_.erase(caller_, subnet.id)), "InvalidSubnetID.NotFound");
    EXPECT_FALSE(read(
        [&](auto& tx) { return store::network_acl_associations::find_of_subnet(tx, subnet.id); }));
    EXPECT_TRUE(make("10.0.0.0/24")) << "its block is free again";
}

TEST_F(SubnetsTest, AttributesOneAtATime) {
    const auto id = make("10.0.1.0/24", {.ipv6_cidr_block = first_64_})->subnet.id;
    ASSERT_TRUE(subnets_.modify(caller_, id, {.map_public_ip_on_launch = true}));
    EXPECT_TRUE(row(id).map_public_ip_on_launch);
    ASSERT_TRUE(subnets_.modify(caller_, id, {.assign_ipv6_address_on_creation = true}));
    EXPECT_TRUE(row(id).assign_ipv6_address_on_creation);
    EXPECT_TRUE(row(id).map_public_ip_on_launch);
    for (const auto& accepted : {SubnetAttributes{.enable_dns64 = false},
                                 SubnetAttributes{.host_name_type = "ip-name"},
                                 SubnetAttributes{.resource_name_dns_a_record = false}})
        EXPECT_TRUE(subnets_.modify(caller_, id, accepted)) << "what it is already";
    for (const auto& refused : {SubnetAttributes{.enable_dns64 = true},
                                SubnetAttributes{.host_name_type = "resource-name"},
                                SubnetAttributes{.resource_name_dns_aaaa_record = true},
                                SubnetAttributes{.unsupported_attribute = "CustomerOwnedIpv4Pool"}})
        EXPECT_EQ(code_of(subnets_.modify(caller_, id, refused)), "UnsupportedOperation");
    EXPECT_EQ(code_of(subnets_.modify(caller_, id, {})), "InvalidParameterCombination");
    EXPECT_EQ(code_of(subnets_.modify(
                  caller_,
                  id,
                  {.assign_ipv6_address_on_creation = false, .map_public_ip_on_launch = false})),
              "InvalidParameterCombination");
    const auto without = make("10.0.2.0/24")->subnet.id;
    EXPECT_EQ(code_of(subnets_.modify(caller_, without, {.assign_ipv6_address_on_creation = true})),
              "InvalidParameterValue");
}

TEST_F(SubnetsTest, Ipv6BlockComesAndGoes) {
    const auto id = make("10.0.0.0/24")->subnet.id;
    const auto with = subnets_.associate_block(caller_, id, first_64_);
    ASSERT_TRUE(with) << message_of(with);
    EXPECT_EQ(code_of(subnets_.associate_block(caller_, id, second_64_)), "CidrLimitExceeded");
    ASSERT_TRUE(subnets_.modify(caller_, id, {.assign_ipv6_address_on_creation = true}));
    const auto association = with->ipv6_cidr_association_id;
    EXPECT_EQ(code_of(subnets_.disassociate_block(foreigner_, association)),
              "InvalidSubnetCidrBlockAssociationID.NotFound");

    const auto interface = put_interface(*with, "fd00::5");
    EXPECT_EQ(code_of(subnets_.disassociate_block(caller_, association)), "InvalidCidrBlock.InUse");
    write([&](auto& tx) { store::network_interfaces::erase(tx, interface); });
    ASSERT_TRUE(subnets_.disassociate_block(caller_, association));
    EXPECT_EQ(row(id).ipv6_cidr_block, "");
    EXPECT_FALSE(row(id).assign_ipv6_address_on_creation);
    EXPECT_EQ(code_of(subnets_.disassociate_block(caller_, association)),
              "InvalidSubnetCidrBlockAssociationID.NotFound");
}

TEST_F(SubnetsTest, DefaultSubnetComesBack) {
    EXPECT_EQ(code_of(subnets_.create_default(caller_, {.zone = "us-east-1b"})),
              "DefaultSubnetAlreadyExistsInAvailabilityZone");
    const auto old = subnets()[1].subnet;
    ASSERT_TRUE(subnets_.erase(caller_, old.id));
    const auto made = subnets_.create_default(caller_, {.zone_id = "use1-az2"});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_EQ(made->subnet.cidr_block, old.cidr_block) << "the first block that is free";
    EXPECT_TRUE(made->subnet.is_default);
    EXPECT_TRUE(made->subnet.map_public_ip_on_launch);
    EXPECT_EQ(code_of(subnets_.create_default(caller_, {})), "MissingParameter");
    EXPECT_EQ(code_of(subnets_.create_default(caller_, {.zone = "us-east-1z"})),
              "InvalidParameterValue");
    EXPECT_EQ(
        code_of(subnets_.create_default(caller_, {.zone = "us-east-1b", .is_ipv6_native = true})),
        "UnsupportedOperation");
}

} // namespace
} // namespace pileus::cloud
