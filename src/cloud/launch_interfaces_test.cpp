// SPDX-License-Identifier: Apache-2.0
#include "cloud/interface_fixture.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class LaunchInterfacesTest : public InterfaceFixture {
  protected:
    LaunchInterface at(int device_index) {
        LaunchInterface interface;
        interface.device_index = device_index;
        interface.subnet_id = subnet().id;
        return interface;
    }
    std::string code_with(const std::vector<LaunchInterface>& interfaces, int count = 1) {
        auto request = launch_request();
        request.interfaces = interfaces;
        request.maximum_count = count;
        return code_of(instances_.launch(caller_, request));
    }
};

TEST_F(LaunchInterfacesTest, DescribesEachOfThem) {
    add_ipv6();
    const auto existing = create_interface();
    auto first = at(0);
    first.addresses.secondary_count = 2;
    first.delete_on_termination = false;
    auto second = at(1);
    second.description = "storage";
    second.addresses.private_addresses = {{"172.31.0.80", true}, {"172.31.0.81", false}};
    second.addresses.ipv6_count = 1;
    LaunchInterface third;
    third.device_index = 2;
    third.network_interface_id = existing;
    auto request = launch_request();
    request.interfaces = {third, second, first}; // in any order
    request.tag_specifications = {{"network-interface", {{"Name", "new"}}}};
    const auto rows = interfaces_of(launch(request));
    ASSERT_THAT(rows, SizeIs(3));
    EXPECT_THAT(rows[0].secondary_addresses, SizeIs(2));
    EXPECT_FALSE(rows[0].delete_on_termination);
    EXPECT_EQ(rows[0].public_ip, "") << "none by the subnet's wish, with several interfaces";
    EXPECT_EQ(rows[1].private_ip, "172.31.0.80");
    EXPECT_EQ(rows[1].description, "storage");
    EXPECT_THAT(rows[1].ipv6_addresses, SizeIs(1));
    EXPECT_TRUE(rows[1].delete_on_termination);
    EXPECT_EQ(rows[2].id, existing);
    EXPECT_EQ(rows[2].device_index, 2);
    EXPECT_FALSE(rows[2].delete_on_termination);
    for (const auto& row : rows)
        EXPECT_EQ(interface_status(row), "in-use");
}

TEST_F(LaunchInterfacesTest, ExistingInterfaceBringsItsElasticIp) {
    const auto id = create_interface();
    const auto elastic = *addresses_.allocate(caller_, {});
    ASSERT_TRUE(addresses_.associate(caller_, {{elastic.allocation_id, ""}, "", id, "", true}));
    LaunchInterface existing;
    existing.device_index = 0;
    existing.network_interface_id = id;
    auto request = launch_request();
    request.interfaces = {existing};
    const auto instance = launch(request);
    EXPECT_EQ(primary_of(instance).public_ip, elastic.public_ip);
    const auto views = addresses_.describe(caller_, {}, {}, {{"instance-id", {instance}}});
    EXPECT_THAT(*views, SizeIs(1));
    EXPECT_EQ(code_with({existing}), "InvalidNetworkInterface.InUse");
}

TEST_F(LaunchInterfacesTest, TopOfTheRequestSpeaksOfOne) {
    add_ipv6(0, true);
    auto request = launch_request();
    request.addresses.private_ip = "172.31.0.90";
    request.addresses.ipv6_addresses = {"2001:db8::90"};
    request.subnet_id = subnet().id;
    const auto row = primary_of(launch(request));
    EXPECT_EQ(row.private_ip, "172.31.0.90");
    EXPECT_THAT(row.ipv6_addresses, ElementsAre("2001:db8::90"));
    EXPECT_NE(row.public_ip, "");
    request.addresses = {};
    EXPECT_THAT(primary_of(launch(request)).ipv6_addresses, SizeIs(1)) << "the subnet's wish";
    request.addresses.ipv6_count = 0;
    EXPECT_THAT(primary_of(launch(request)).ipv6_addresses, IsEmpty());
}

TEST_F(LaunchInterfacesTest, RefusesWhatCannotBe) {
    auto named = at(0);
    named.addresses.private_ip = "172.31.0.90";
    auto public_one = at(0);
    public_one.associate_public_ip = true;
    LaunchInterface existing;
    existing.device_index = 0;
    existing.network_interface_id = create_interface();
    auto deleted = existing;
    deleted.delete_on_termination = true;
    auto both = existing;
    both.subnet_id = subnet().id;
    auto elsewhere = at(1);
    elsewhere.subnet_id = subnet(1).id;
    auto unknown = existing;
    unknown.network_interface_id = "eni-00000000000000009";
    auto again = existing;
    again.device_index = 1;
    auto unnumbered = at(0);
    unnumbered.device_index.reset();
    auto crowded = at(0);
    crowded.addresses.secondary_count = 10;

    EXPECT_EQ(code_with({at(0), at(0)}), "InvalidParameterValue");
    EXPECT_EQ(code_with({at(1)}), "InvalidParameterValue") << "none at 0";
    EXPECT_EQ(code_with({at(0), unnumbered}), "MissingParameter");
    EXPECT_EQ(code_with({public_one, at(1)}), "InvalidParameterCombination");
    EXPECT_EQ(code_with({at(0), elsewhere}), "InvalidParameterCombination");
    EXPECT_EQ(code_with({deleted}), "InvalidParameterCombination");
    EXPECT_EQ(code_with({both}), "InvalidParameterCombination");
    EXPECT_EQ(code_with({existing}, 2), "InvalidParameterCombination");
    EXPECT_EQ(code_with({named}, 2), "InvalidParameterCombination");
    EXPECT_EQ(code_with({existing, again}), "InvalidParameterCombination");
    EXPECT_EQ(code_with({unknown}), "InvalidNetworkInterfaceID.NotFound");
    EXPECT_EQ(code_with({at(0), at(1), at(2), at(3)}), "AttachmentLimitExceeded");
    EXPECT_EQ(code_with({crowded}), "PrivateIpAddressLimitExceeded");
    settings_.limits.network_interfaces = 2; // one is there
    EXPECT_EQ(code_with({at(0), at(1)}), "NetworkInterfaceLimitExceeded");
    EXPECT_EQ(interface_status(interface(existing.network_interface_id)), "available");
}

TEST_F(LaunchInterfacesTest, EachInstanceGetsAddressesOfItsOwn) {
    auto request = launch_request();
    auto first = at(0);
    first.addresses.secondary_count = 3;
    request.interfaces = {first, at(1)};
    request.minimum_count = request.maximum_count = 3;
    const auto reservation = instances_.launch(caller_, request);
    ASSERT_TRUE(reservation) << message_of(reservation);
    std::set<std::string> addresses;
    for (const auto& view : reservation->instances)
        for (const auto& interface : view.interfaces) {
            addresses.insert(interface.private_ip);
            for (const auto& secondary : interface.secondary_addresses)
                addresses.insert(secondary.private_ip);
        }
    EXPECT_THAT(addresses, SizeIs(3 * 5));
}

} // namespace
} // namespace pileus::cloud
