// SPDX-License-Identifier: Apache-2.0
#include "cloud/interface_fixture.h"
#include "cloud/security_groups.h"

namespace pileus::cloud {
namespace {

using domain::InstanceState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class NetworkInterfacesTest : public InterfaceFixture {
  protected:
    std::vector<std::string> found(const Filters& filters) {
        std::vector<std::string> ids;
        const auto listing = interfaces_.describe(caller_, {}, filters, {});
        EXPECT_TRUE(listing) << message_of(listing);
        for (const auto& view : listing->items)
            ids.push_back(view.interface.id);
        return ids;
    }
    Result<std::string> attach(const std::string& id, const std::string& instance, int index = 1) {
        return interfaces_.attach(caller_, {id, instance, index});
    }
};

TEST_F(NetworkInterfacesTest, CreatesWithWhatWasAskedFor) {
    add_ipv6();
    auto request = creation();
    request.description = "appliance";
    request.addresses.private_addresses = {{"172.31.0.50", true}, {"172.31.0.51", false}};
    request.addresses.ipv6_addresses = {"2001:db8:0:0::0:9"};
    request.tag_specifications = {{"network-interface", {{"Name", "a"}}}};
    const auto view = interfaces_.create(caller_, request);
    ASSERT_TRUE(view) << message_of(view);
    const auto row = interface(view->interface.id);
    EXPECT_EQ(row.private_ip, "172.31.0.50");
    ASSERT_THAT(row.secondary_addresses, SizeIs(1));
    EXPECT_EQ(row.secondary_addresses[0].private_ip, "172.31.0.51");
    EXPECT_THAT(row.ipv6_addresses, ElementsAre("2001:db8::9")) << "in one spelling";
    EXPECT_THAT(row.security_group_ids, SizeIs(1)) << "the default group";
    EXPECT_THAT(view->group_names, SizeIs(1));
    EXPECT_EQ(interface_status(row), "available");
    EXPECT_FALSE(row.delete_on_termination);
    EXPECT_THAT(view->tags, SizeIs(1));
    EXPECT_THAT(found({{"tag:Name", {"a"}}}), ElementsAre(row.id));
    for (const auto& filter : Filters{{"private-ip-address", {"172.31.0.51"}},
                                      {"ipv6-addresses.ipv6-address", {"2001:db8::9"}},
                                      {"addresses.primary", {"false"}},
                                      {"subnet-id", {row.subnet_id}},
                                      {"status", {"available"}},
                                      {"attachment.status", {"detached"}}})
        EXPECT_THAT(found({filter}), ElementsAre(row.id)) << filter.name;
}

TEST_F(NetworkInterfacesTest, SubnetAsksForIpv6UnlessTheRequestSaysOtherwise) {
    add_ipv6(0, true);
    EXPECT_THAT(interface(create_interface()).ipv6_addresses, SizeIs(1));
    auto request = creation();
    request.addresses.ipv6_count = 0;
    EXPECT_THAT(interface(create_interface(request)).ipv6_addresses, IsEmpty());
    request.addresses.ipv6_count = 3;
    EXPECT_THAT(interface(create_interface(request)).ipv6_addresses, SizeIs(3));
}

TEST_F(NetworkInterfacesTest, RefusesWhatCannotBe) {
    const auto with = [&](auto change) {
        auto request = creation();
        change(request);
        return code_of(interfaces_.create(caller_, request));
    };
    using Request = NetworkInterfaceCreation;
    EXPECT_EQ(with([](Request& r) { r.subnet_id.clear(); }), "MissingParameter");
    EXPECT_EQ(with([](Request& r) { r.subnet_id = "subnet-00000000000000009"; }),
              "InvalidSubnetID.NotFound");
    EXPECT_EQ(with([](Request& r) { r.addresses.private_ip = "172.31.16.9"; }),
              "InvalidParameterValue")
        << "of another subnet";
    EXPECT_EQ(with([](Request& r) { r.addresses.private_ip = "172.31.0.3"; }),
              "InvalidParameterValue")
        << "reserved";
    EXPECT_EQ(with([](Request& r) { r.addresses.private_ip = "172.31.15.255"; }),
              "InvalidParameterValue");
    EXPECT_EQ(with([](Request& r) { r.addresses.private_ip = "a"; }), "InvalidParameterValue");
    EXPECT_EQ(with([](Request& r) { r.addresses.ipv6_count = 1; }), "InvalidParameterValue")
        << "the subnet has no block";
    EXPECT_EQ(with([](Request& r) {
                  r.addresses.private_addresses = {{"172.31.0.5", true}, {"172.31.0.6", true}};
              }),
              "InvalidParameterCombination");
    EXPECT_EQ(with([](Request& r) {
                  r.addresses.private_addresses = {{"172.31.0.5", false}};
                  r.addresses.secondary_count = 1;
              }),
              "InvalidParameterCombination");
    EXPECT_EQ(with([](Request& r) { r.addresses.secondary_count = 51; }),
              "PrivateIpAddressLimitExceeded");
    EXPECT_EQ(with([](Request& r) { r.addresses.secondary_count = -1; }), "InvalidParameterValue");
    EXPECT_EQ(with([](Request& r) { r.security_group_ids = {"sg-00000000000000009"}; }),
              "InvalidGroup.NotFound");
    EXPECT_EQ(with([](Request& r) { r.description = std::string(256, 'x'); }),
              "InvalidParameterValue");
    EXPECT_EQ(with([](Request& r) {
                  r.tag_specifications = {{"instance", {{"a", "b"}}}};
              }),
              "InvalidParameterValue");
    EXPECT_EQ(code_of(interfaces_.create(dry(), creation())), "DryRunOperation");
    auto foreign = creation();
    EXPECT_EQ(code_of(interfaces_.create(foreigner_, foreign)), "InvalidSubnetID.NotFound");
    settings_.limits.network_interfaces = 0;
    EXPECT_EQ(with([](Request&) {}), "NetworkInterfaceLimitExceeded");
    EXPECT_THAT(found({}), IsEmpty()) << "nothing of all that is left";
}

TEST_F(NetworkInterfacesTest, AddressIsGivenOnce) {
    auto request = creation();
    request.addresses.private_ip = "172.31.0.50";
    create_interface(request);
    EXPECT_EQ(code_of(interfaces_.create(caller_, request)), "InvalidIPAddress.InUse");
    request.addresses = {};
    request.addresses.private_addresses = {{"172.31.0.60", false}, {"172.31.0.60", false}};
    EXPECT_EQ(code_of(interfaces_.create(caller_, request)), "InvalidIPAddress.InUse");
}

TEST_F(NetworkInterfacesTest, SmallSubnetRunsOut) {
    auto small = subnet();
    small.cidr_block = "172.31.0.0/28"; // 16 addresses, 11 of them usable
    write([&](auto& tx) { store::subnets::update(tx, small); });
    auto request = creation();
    request.addresses.secondary_count = 10;
    const auto row = interface(create_interface(request));
    EXPECT_THAT(row.secondary_addresses, SizeIs(10));
    EXPECT_EQ(code_of(interfaces_.create(caller_, creation())),
              "InsufficientFreeAddressesInSubnet");
    EXPECT_TRUE(interfaces_.erase(caller_, row.id));
    EXPECT_TRUE(interfaces_.create(caller_, creation()));
}

TEST_F(NetworkInterfacesTest, ClientTokenCreatesOnce) {
    auto request = creation();
    request.client_token = {"token", "hash"};
    const auto first = create_interface(request);
    EXPECT_EQ(create_interface(request), first);
    request.client_token.parameters_hash = "other";
    EXPECT_EQ(code_of(interfaces_.create(caller_, request)), "IdempotentParameterMismatch");
}

TEST_F(NetworkInterfacesTest, AttachesToAGuestThatRuns) {
    const auto id = create_interface();
    const auto instance = launch();
    EXPECT_EQ(code_of(interfaces_.attach(dry(), {id, instance, 1})), "DryRunOperation");
    const auto attachment = attach(id, instance);
    ASSERT_TRUE(attachment) << message_of(attachment);
    auto row = interface(id);
    EXPECT_EQ(interface_status(row), "attaching");
    EXPECT_EQ(row.device_index, 1);
    EXPECT_FALSE(row.delete_on_termination);
    EXPECT_TRUE(has_work("network-interface", id));
    EXPECT_THAT(found({{"attachment.attachment-id", {*attachment}}}), ElementsAre(id));

    EXPECT_EQ(code_of(attach(id, instance, 2)), "InvalidNetworkInterface.InUse");
    EXPECT_EQ(code_of(interfaces_.erase(caller_, id)), "InvalidNetworkInterface.InUse");
    ASSERT_TRUE(interfaces_.detach(caller_, *attachment));
    EXPECT_EQ(interface_status(interface(id)), "detaching") << "it is still in the guest";
    EXPECT_EQ(code_of(interfaces_.erase(caller_, id)), "InvalidNetworkInterface.InUse");
}

TEST_F(NetworkInterfacesTest, StoppedInstanceIsAttachedAndDetachedAtOnce) {
    const auto id = create_interface();
    const auto instance = launch();
    set_state(instance, InstanceState::stopped);
    const auto attachment = attach(id, instance);
    ASSERT_TRUE(attachment) << message_of(attachment);
    EXPECT_EQ(interface_status(interface(id)), "in-use");
    ASSERT_TRUE(interfaces_.detach(caller_, *attachment));
    EXPECT_EQ(interface_status(interface(id)), "available");
    EXPECT_TRUE(interfaces_.erase(caller_, id));
    EXPECT_EQ(code_of(interfaces_.erase(caller_, id)), "InvalidNetworkInterfaceID.NotFound");
}

TEST_F(NetworkInterfacesTest, RefusesToAttachWhatDoesNotFit) {
    const auto instance = launch(); // m5.large: three interfaces with ten addresses
    EXPECT_EQ(code_of(attach(create_interface(creation(1)), instance)),
              "InvalidParameterCombination")
        << "another zone";
    const auto second = create_interface();
    EXPECT_EQ(code_of(attach(second, instance, 0)), "InvalidParameterValue");
    EXPECT_THAT(message_of(attach(second, instance, 0)), HasSubstr("device index '0'"));
    EXPECT_EQ(code_of(attach(second, instance, -1)), "InvalidParameterValue");
    EXPECT_EQ(code_of(attach("eni-00000000000000009", instance)),
              "InvalidNetworkInterfaceID.NotFound");
    EXPECT_EQ(code_of(attach("eni-x", instance)), "InvalidNetworkInterfaceId.Malformed");
    EXPECT_EQ(code_of(attach(second, "i-00000000000000009")), "InvalidInstanceID.NotFound");
    EXPECT_EQ(code_of(interfaces_.attach(foreigner_, {second, instance, 1})),
              "InvalidNetworkInterfaceID.NotFound");
    auto many = creation();
    many.addresses.secondary_count = 10;
    EXPECT_EQ(code_of(attach(create_interface(many), instance)), "PrivateIpAddressLimitExceeded");
    ASSERT_TRUE(attach(second, instance, 1));
    ASSERT_TRUE(attach(create_interface(), instance, 2));
    EXPECT_EQ(code_of(attach(create_interface(), instance, 3)), "AttachmentLimitExceeded");
    const auto other = launch();
    set_state(other, InstanceState::pending);
    EXPECT_EQ(code_of(attach(create_interface(), other)), "IncorrectState");
}

TEST_F(NetworkInterfacesTest, RefusesToDetachThePrimaryOne) {
    const auto attachment = primary_of(launch()).attachment_id;
    EXPECT_EQ(code_of(interfaces_.detach(caller_, attachment)), "OperationNotPermitted");
    EXPECT_EQ(code_of(interfaces_.detach(foreigner_, attachment)), "InvalidAttachmentID.NotFound");
    EXPECT_EQ(code_of(interfaces_.detach(caller_, "eni-attach-x")),
              "InvalidNetworkInterfaceAttachmentId.Malformed");
    EXPECT_EQ(code_of(interfaces_.detach(caller_, "")), "MissingParameter");
}

TEST_F(NetworkInterfacesTest, ModifiesOneAttribute) {
    const auto instance = launch();
    const auto id = primary_of(instance).id;
    const auto modify = [&](const NetworkInterfaceChange& change) {
        return code_of(interfaces_.modify(caller_, id, change));
    };
    EXPECT_EQ(modify(interface_change::Description{"router"}), "");
    EXPECT_EQ(modify(interface_change::SourceDestCheck{false}), "");
    EXPECT_EQ(
        modify(interface_change::DeleteOnTermination{primary_of(instance).attachment_id, false}),
        "");
    EXPECT_EQ(modify(interface_change::DeleteOnTermination{"eni-attach-00000000000000009", true}),
              "InvalidAttachmentID.NotFound");
    EXPECT_EQ(modify(interface_change::SecurityGroups{{"sg-00000000000000009"}}),
              "InvalidGroup.NotFound");
    const auto row = interface(id);
    EXPECT_EQ(row.description, "router");
    EXPECT_FALSE(row.source_dest_check);
    EXPECT_FALSE(row.delete_on_termination);
    const auto seen = instances_.describe_one(caller_, instance);
    EXPECT_FALSE(seen->instance.source_dest_check) << "the instance's is its primary interface's";
}

TEST_F(NetworkInterfacesTest, InstanceWithSeveralInterfacesIsNotModifiedByItsId) {
    const auto instance = launch();
    ASSERT_TRUE(attach(create_interface(), instance));
    for (const InstanceChange& change :
         {InstanceChange{change::SourceDestCheck{false}},
          InstanceChange{change::SecurityGroups{primary_of(instance).security_group_ids}}}) {
        const auto result = instances_.modify(caller_, instance, change);
        EXPECT_EQ(code_of(result), "InvalidInstanceID");
        EXPECT_THAT(message_of(result), HasSubstr("Please specify an interface ID"));
    }
}

TEST_F(NetworkInterfacesTest, PublicAddressOfTheRunningInstanceFollowsTheAttribute) {
    const auto instance = launch();
    const auto id = primary_of(instance).id;
    const auto had = primary_of(instance).public_ip;
    ASSERT_FALSE(had.empty());
    ASSERT_TRUE(interfaces_.modify(caller_, id, interface_change::AssociatePublicIp{false}));
    EXPECT_EQ(interface(id).public_ip, "");
    ASSERT_TRUE(interfaces_.modify(caller_, id, interface_change::AssociatePublicIp{true}));
    EXPECT_THAT(interface(id).public_ip, testing::AllOf(testing::Ne(had), testing::Ne("")));
    EXPECT_THAT(ledger_of_addresses(), SizeIs(3));
}

TEST_F(NetworkInterfacesTest, AssignsAndUnassignsSecondaryAddresses) {
    const auto id = create_interface();
    const auto assign =
        [&](std::vector<std::string> addresses, std::optional<int> count = {}, bool move = false) {
            return interfaces_.assign_private_addresses(caller_, id, {addresses, count, move});
        };
    EXPECT_THAT(*assign({"172.31.0.70", "172.31.0.71"}), ElementsAre("172.31.0.70", "172.31.0.71"));
    EXPECT_THAT(*assign({}, 2), SizeIs(2));
    EXPECT_THAT(interface(id).secondary_addresses, SizeIs(4));
    EXPECT_EQ(code_of(assign({})), "MissingParameter");
    EXPECT_EQ(code_of(assign({"172.31.0.72"}, 1)), "InvalidParameterCombination");
    EXPECT_EQ(code_of(assign({}, 50)), "PrivateIpAddressLimitExceeded");
    const auto taken = assign({"172.31.0.70"});
    EXPECT_EQ(code_of(taken), "InvalidParameterValue");
    EXPECT_EQ(message_of(taken), "[172.31.0.70] assigned, but move is not allowed.");

    const auto unassign = [&](std::vector<std::string> addresses) {
        return code_of(interfaces_.unassign_private_addresses(caller_, id, addresses));
    };
    EXPECT_EQ(unassign({interface(id).private_ip}), "InvalidParameterValue");
    EXPECT_EQ(unassign({"172.31.0.70", "172.31.0.99"}), "InvalidParameterValue");
    EXPECT_THAT(interface(id).secondary_addresses, SizeIs(4)) << "nothing was taken";
    EXPECT_EQ(unassign({"172.31.0.70"}), "");
    EXPECT_THAT(interface(id).secondary_addresses, SizeIs(3));
}

TEST_F(NetworkInterfacesTest, SecondaryAddressMovesWithItsElasticIp) {
    const auto from = create_interface();
    const auto to = create_interface();
    ASSERT_TRUE(interfaces_.assign_private_addresses(caller_, from, {{"172.31.0.70"}, {}, false}));
    const auto allocation = addresses_.allocate(caller_, {})->allocation_id;
    ASSERT_TRUE(addresses_.associate(caller_, {{allocation, ""}, "", from, "172.31.0.70", true}));
    const auto association = address(allocation).association_id;

    EXPECT_EQ(code_of(interfaces_.assign_private_addresses(
                  caller_, to, {{interface(from).private_ip}, {}, true})),
              "InvalidParameterValue")
        << "a primary address stays";
    ASSERT_TRUE(interfaces_.assign_private_addresses(caller_, to, {{"172.31.0.70"}, {}, true}));
    EXPECT_THAT(interface(from).secondary_addresses, IsEmpty());
    ASSERT_THAT(interface(to).secondary_addresses, SizeIs(1));
    EXPECT_EQ(interface(to).secondary_addresses[0].public_ip, address(allocation).public_ip);
    EXPECT_EQ(address(allocation).network_interface_id, to);
    EXPECT_EQ(address(allocation).private_ip, "172.31.0.70");
    EXPECT_EQ(address(allocation).association_id, association);

    ASSERT_TRUE(interfaces_.unassign_private_addresses(caller_, to, {"172.31.0.70"}));
    EXPECT_EQ(address(allocation).association_id, "") << "it stands for nothing now";
}

TEST_F(NetworkInterfacesTest, AssignsAndUnassignsIpv6Addresses) {
    add_ipv6();
    const auto id = create_interface();
    EXPECT_THAT(*interfaces_.assign_ipv6_addresses(caller_, id, {{"2001:DB8::10"}, {}}),
                ElementsAre("2001:db8::10"));
    EXPECT_THAT(*interfaces_.assign_ipv6_addresses(caller_, id, {{}, 2}), SizeIs(2));
    EXPECT_EQ(code_of(interfaces_.assign_ipv6_addresses(caller_, id, {{"2001:db8::10"}, {}})),
              "InvalidIPAddress.InUse");
    for (const auto* bad :
         {"2001:db8::3", "2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8:1::9", "x"})
        EXPECT_EQ(code_of(interfaces_.assign_ipv6_addresses(caller_, id, {{bad}, {}})),
                  "InvalidParameterValue")
            << bad;
    EXPECT_THAT(*interfaces_.unassign_ipv6_addresses(caller_, id, {"2001:db8:0::10"}),
                ElementsAre("2001:db8::10"));
    EXPECT_EQ(code_of(interfaces_.unassign_ipv6_addresses(caller_, id, {"2001:db8::10"})),
              "InvalidParameterValue");
    EXPECT_THAT(interface(id).ipv6_addresses, SizeIs(2));
}

TEST_F(NetworkInterfacesTest, GatewaysInterfaceIsShownAndLeftAlone) {
    const auto id = create_interface();
    write([&](auto& tx) {
        auto row = *store::network_interfaces::find(tx, id);
        row.kind = domain::NetworkInterfaceKind::nat_gateway;
        store::network_interfaces::update(tx, row);
    });
    EXPECT_THAT(found({{"requester-managed", {"true"}}, {"interface-type", {"nat_gateway"}}}),
                ElementsAre(id));
    EXPECT_EQ(code_of(interfaces_.erase(caller_, id)), "InvalidNetworkInterface.InUse");
    EXPECT_EQ(code_of(interfaces_.modify(caller_, id, interface_change::SourceDestCheck{true})),
              "OperationNotPermitted");
    EXPECT_EQ(code_of(attach(id, launch())), "OperationNotPermitted");
}

} // namespace
} // namespace pileus::cloud
