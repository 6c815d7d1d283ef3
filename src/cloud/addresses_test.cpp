// SPDX-License-Identifier: Apache-2.0
#include "cloud/interface_fixture.h"

namespace pileus::cloud {
namespace {

using domain::InstanceState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class AddressesTest : public InterfaceFixture {
  protected:
    domain::Address allocate() {
        const auto address = addresses_.allocate(caller_, {});
        EXPECT_TRUE(address) << message_of(address);
        return *address;
    }
    Result<std::string> to_instance(const std::string& allocation_id, const std::string& instance) {
        return addresses_.associate(caller_, {{allocation_id, ""}, instance, "", "", true});
    }
    Result<std::string> to_interface(const std::string& allocation_id,
                                     const std::string& interface_id,
                                     const std::string& private_ip = "",
                                     bool allow = true) {
        return addresses_.associate(caller_,
                                    {{allocation_id, ""}, "", interface_id, private_ip, allow});
    }
    std::vector<std::string> found(const Filters& filters) {
        std::vector<std::string> ids;
        const auto views = addresses_.describe(caller_, {}, {}, filters);
        EXPECT_TRUE(views) << message_of(views);
        for (const auto& view : *views)
            ids.push_back(view.address.allocation_id);
        return ids;
    }
};

TEST_F(AddressesTest, AllocatesUntilTheQuota) {
    EXPECT_EQ(code_of(addresses_.allocate(dry(), {})), "DryRunOperation");
    EXPECT_THAT(found({}), IsEmpty());
    for (int i = 0; i < 5; ++i)
        allocate();
    EXPECT_EQ(code_of(addresses_.allocate(caller_, {})), "AddressLimitExceeded");
    EXPECT_THAT(found({}), SizeIs(5));
    EXPECT_TRUE(addresses_.allocate(foreigner_, {})) << "each account has its own quota";
}

TEST_F(AddressesTest, PoolRunsOut) {
    settings_.public_pool = Ipv4Cidr::parse("127.64.0.0/28").value(); // five that are usable
    for (int i = 0; i < 5; ++i)
        allocate();
    EXPECT_EQ(code_of(addresses_.allocate(foreigner_, {})), "InsufficientAddressCapacity");
}

TEST_F(AddressesTest, RecoversAnAddressThatIsFree) {
    const auto wanted = addresses_.allocate(caller_, {.address = "127.64.3.4"});
    ASSERT_TRUE(wanted) << message_of(wanted);
    EXPECT_EQ(wanted->public_ip, "127.64.3.4");
    EXPECT_EQ(code_of(addresses_.allocate(foreigner_, {.address = "127.64.3.4"})),
              "InvalidIPAddress.InUse");
    EXPECT_EQ(code_of(addresses_.allocate(caller_, {.address = "10.0.0.1"})),
              "InvalidAddress.NotFound");
    EXPECT_EQ(code_of(addresses_.allocate(caller_, {.address = "127.64.0.1"})),
              "InvalidAddress.NotFound");
    EXPECT_EQ(code_of(addresses_.allocate(caller_, {.address = "x"})), "InvalidParameterValue");
    EXPECT_EQ(code_of(addresses_.allocate(caller_, {.network_border_group = "eu-west-1"})),
              "InvalidParameterValue");
    EXPECT_EQ(code_of(addresses_.allocate(caller_, {.public_pool = "ipv4pool-ec2-1"})),
              "InvalidPublicIpv4PoolID.NotFound");
}

TEST_F(AddressesTest, TakesThePlaceOfTheInstancesOwnAddress) {
    const auto instance = launch();
    const auto own_ip = primary_of(instance).public_ip;
    const auto interface_id = primary_of(instance).id;
    const auto elastic = allocate();
    ASSERT_TRUE(to_instance(elastic.allocation_id, instance));
    EXPECT_EQ(primary_of(instance).public_ip, elastic.public_ip);
    EXPECT_EQ(primary_of(instance).allocation_id, elastic.allocation_id);
    EXPECT_TRUE(has_work("network-interface", interface_id));
    EXPECT_THAT(ledger_of_addresses(),
                ElementsAre("address-taken " + interface_id + " " + own_ip,
                            "address-taken " + elastic.allocation_id + " " + elastic.public_ip,
                            "address-released " + interface_id + " " + own_ip));

    ASSERT_TRUE(
        addresses_.disassociate(caller_, address(elastic.allocation_id).association_id, ""));
    const auto now = primary_of(instance);
    EXPECT_THAT(now.public_ip, testing::AllOf(testing::Ne(""), testing::Ne(elastic.public_ip)))
        << "the instance has an address of its own again";
    EXPECT_EQ(now.allocation_id, "");
    ASSERT_TRUE(addresses_.release(caller_, {elastic.allocation_id, ""}, ""));
    EXPECT_EQ(ledger_of_addresses().back(),
              "address-released " + elastic.allocation_id + " " + elastic.public_ip);
}

TEST_F(AddressesTest, StaysOverAStopAndStart) {
    const auto instance = launch();
    const auto elastic = allocate();
    ASSERT_TRUE(to_instance(elastic.allocation_id, instance));
    set_state(instance, InstanceState::stopped);
    ASSERT_TRUE(instances_.start(caller_, {instance}));
    EXPECT_EQ(primary_of(instance).public_ip, elastic.public_ip);
}

TEST_F(AddressesTest, AssociationIsIdempotentAndMoves) {
    const auto first = launch();
    const auto second = launch();
    const auto elastic = allocate().allocation_id;
    const auto association = to_instance(elastic, first);
    EXPECT_EQ(to_instance(elastic, first), association) << "the same again changes nothing";
    const auto refused = to_interface(elastic, primary_of(second).id, "", false);
    EXPECT_EQ(code_of(refused), "Resource.AlreadyAssociated");
    EXPECT_EQ(message_of(refused),
              "resource " + elastic + " is already associated with associate-id " + *association);
    ASSERT_TRUE(to_instance(elastic, second));
    EXPECT_EQ(address(elastic).network_interface_id, primary_of(second).id);
    EXPECT_NE(address(elastic).association_id, *association);
    EXPECT_EQ(primary_of(first).allocation_id, "");
    EXPECT_NE(primary_of(first).public_ip, "");

    // Another one in its place leaves it free, and allocated.
    const auto other = allocate().allocation_id;
    EXPECT_EQ(code_of(to_interface(other, primary_of(second).id, "", false)),
              "Resource.AlreadyAssociated");
    ASSERT_TRUE(to_instance(other, second));
    EXPECT_EQ(address(elastic).association_id, "");
    EXPECT_EQ(primary_of(second).public_ip, address(other).public_ip);
}

TEST_F(AddressesTest, StandsForSecondaryAddressesToo) {
    const auto id = create_interface();
    ASSERT_TRUE(interfaces_.assign_private_addresses(caller_, id, {{"172.31.0.70"}, {}, false}));
    const auto primary = allocate();
    const auto secondary = allocate();
    ASSERT_TRUE(to_interface(primary.allocation_id, id));
    ASSERT_TRUE(to_interface(secondary.allocation_id, id, "172.31.0.70"));
    EXPECT_EQ(interface(id).public_ip, primary.public_ip);
    EXPECT_EQ(interface(id).secondary_addresses[0].public_ip, secondary.public_ip);
    EXPECT_THAT(found({{"private-ip-address", {"172.31.0.70"}}}),
                ElementsAre(secondary.allocation_id));
    EXPECT_THAT(found({{"network-interface-id", {id}}}), SizeIs(2));
    // From one address of the interface to another.
    ASSERT_TRUE(to_interface(primary.allocation_id, id, "172.31.0.70"));
    EXPECT_EQ(interface(id).public_ip, "");
    EXPECT_EQ(interface(id).secondary_addresses[0].public_ip, primary.public_ip);
    EXPECT_EQ(address(secondary.allocation_id).association_id, "");

    ASSERT_TRUE(interfaces_.erase(caller_, id));
    EXPECT_EQ(address(primary.allocation_id).association_id, "") << "free, and still allocated";
}

TEST_F(AddressesTest, RefusesWhatCannotBeAssociated) {
    const auto instance = launch();
    const auto id = primary_of(instance).id;
    const auto elastic = allocate();
    const auto associate = [&](const AddressAssociation& request) {
        return code_of(addresses_.associate(caller_, request));
    };
    const auto& a = elastic.allocation_id;
    EXPECT_EQ(associate({{"", ""}, instance, "", "", true}), "MissingParameter");
    EXPECT_EQ(associate({{a, elastic.public_ip}, instance, "", "", true}),
              "InvalidParameterCombination");
    EXPECT_EQ(associate({{a, ""}, "", "", "", true}), "MissingParameter");
    EXPECT_EQ(associate({{a, ""}, instance, id, "", true}), "InvalidParameterCombination");
    EXPECT_EQ(associate({{a, ""}, "", id, "172.31.0.99", true}), "InvalidParameterValue");
    EXPECT_EQ(associate({{"eipalloc-00000000000000009", ""}, instance, "", "", true}),
              "InvalidAllocationID.NotFound");
    EXPECT_EQ(associate({{"", "127.64.9.9"}, instance, "", "", true}), "AuthFailure");
    EXPECT_EQ(associate({{a, ""}, "i-00000000000000009", "", "", true}),
              "InvalidInstanceID.NotFound");
    set_state(instance, InstanceState::pending);
    EXPECT_EQ(associate({{a, ""}, instance, "", "", true}), "InvalidInstanceID");
    set_state(instance, InstanceState::running);
    ASSERT_TRUE(interfaces_.attach(caller_, {create_interface(), instance, 1}));
    const auto several = to_instance(a, instance);
    EXPECT_EQ(code_of(several), "InvalidInstanceID");
    EXPECT_THAT(message_of(several), HasSubstr("multiple interfaces"));
    write([&](auto& tx) {
        auto gateway = *store::internet_gateways::find_of_vpc(tx, primary_of(instance).vpc_id);
        gateway.vpc_id.clear();
        store::internet_gateways::update(tx, gateway);
    });
    EXPECT_EQ(associate({{a, ""}, "", id, "", true}), "Gateway.NotAttached");
    EXPECT_EQ(address(a).association_id, "") << "nothing of all that has changed it";
}

TEST_F(AddressesTest, ReleasesWhatStandsForNothing) {
    const auto elastic = allocate();
    ASSERT_TRUE(to_interface(elastic.allocation_id, create_interface()));
    const auto in_use = addresses_.release(caller_, {elastic.allocation_id, ""}, "");
    EXPECT_EQ(code_of(in_use), "InvalidIPAddress.InUse");
    EXPECT_EQ(message_of(in_use), "Address " + elastic.public_ip + " is in use.");
    EXPECT_EQ(code_of(addresses_.release(foreigner_, {elastic.allocation_id, ""}, "")),
              "InvalidAllocationID.NotFound");
    const auto foreign = addresses_.release(foreigner_, {"", elastic.public_ip}, "");
    EXPECT_EQ(code_of(foreign), "AuthFailure");
    EXPECT_EQ(message_of(foreign),
              "The address '" + elastic.public_ip + "' does not belong to you.");
    EXPECT_EQ(code_of(addresses_.disassociate(caller_, "eipassoc-00000000000000009", "")),
              "InvalidAssociationID.NotFound");
    EXPECT_EQ(code_of(addresses_.disassociate(caller_, "", "")), "MissingParameter");
    ASSERT_TRUE(addresses_.disassociate(caller_, "", elastic.public_ip));
    EXPECT_TRUE(addresses_.disassociate(caller_, "", elastic.public_ip)) << "as often as one likes";
    EXPECT_EQ(code_of(addresses_.release(caller_, {elastic.allocation_id, ""}, "eu-west-1")),
              "InvalidParameterValue");
    EXPECT_TRUE(addresses_.release(caller_, {"", elastic.public_ip}, "us-east-1"));
    EXPECT_EQ(code_of(addresses_.release(caller_, {elastic.allocation_id, ""}, "")),
              "InvalidAllocationID.NotFound");
}

TEST_F(AddressesTest, AGatewaysAddressIsLeftAlone) {
    auto elastic = allocate();
    elastic.is_service_managed = true;
    elastic.association_id = "eipassoc-00000000000000001";
    write([&](auto& tx) { store::addresses::update(tx, elastic); });
    EXPECT_EQ(code_of(addresses_.disassociate(caller_, elastic.association_id, "")),
              "OperationNotPermitted");
    EXPECT_EQ(code_of(to_interface(elastic.allocation_id, create_interface())),
              "OperationNotPermitted");
}

TEST_F(AddressesTest, DescribesByIdByAddressAndByFilter) {
    const auto instance = launch();
    const auto first =
        *addresses_.allocate(caller_, {.tag_specifications = {{"elastic-ip", {{"Name", "a"}}}}});
    const auto second = allocate();
    ASSERT_TRUE(to_instance(first.allocation_id, instance));
    for (const auto& filter : Filters{{"allocation-id", {first.allocation_id}},
                                      {"instance-id", {instance}},
                                      {"public-ip", {first.public_ip}},
                                      {"tag:Name", {"a"}},
                                      {"association-id", {"eipassoc-*"}},
                                      {"network-interface-owner-id", {caller_.account_id}}})
        EXPECT_THAT(found({filter}), ElementsAre(first.allocation_id)) << filter.name;
    EXPECT_THAT(found({{"domain", {"vpc"}}, {"network-border-group", {"us-east-1"}}}), SizeIs(2));
    EXPECT_EQ(code_of(addresses_.describe(caller_, {}, {}, {{"nothing", {"x"}}})),
              "InvalidParameterValue");
    EXPECT_THAT(*addresses_.describe(caller_, {second.public_ip}, {first.allocation_id}, {}),
                SizeIs(2));
    EXPECT_EQ(code_of(addresses_.describe(foreigner_, {second.public_ip}, {}, {})),
              "InvalidAddress.NotFound");
    EXPECT_EQ(code_of(addresses_.describe(foreigner_, {}, {second.allocation_id}, {})),
              "InvalidAllocationID.NotFound");
    const auto page =
        addresses_.describe_attribute(caller_, {}, {.max_results = 1, .next_token = ""});
    ASSERT_THAT(page->items, SizeIs(1));
    EXPECT_NE(page->next_token, "");
}

} // namespace
} // namespace pileus::cloud
