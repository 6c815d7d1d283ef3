// SPDX-License-Identifier: Apache-2.0
// The controllers of network resources, and the recovery of networks.
#include "engine/engine_fixture.h"
#include "store/addresses.h"
#include "store/client_tokens.h"
#include "store/internet_gateways.h"
#include "store/nat_gateways.h"
#include "store/public_addresses.h"

namespace pileus::engine {
namespace {

using domain::NatGatewayState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

const std::string instance_id = "i-0123456789abcdef0", primary = "eni-0123456789abcdef0",
                  second = "eni-0123456789abcdef9", nat_id = "nat-0123456789abcdef0",
                  nat_interface = "eni-0123456789abcde00",
                  allocation = "eipalloc-0123456789abcdef0";

class Networks : public EngineFixture {
  protected:
    void enqueue(const std::string& kind, const std::string& id) {
        write([&](store::Transaction& tx) {
            store::work::enqueue(tx, kind, id, host_id, clock_.now());
        });
    }
    std::optional<domain::NetworkInterface> interface(const std::string& id) {
        return store_->read(
            [&](store::Transaction& tx) { return store::network_interfaces::find(tx, id); });
    }
    domain::NetworkInterface make_interface(const std::string& id) {
        domain::NetworkInterface row;
        row.id = id;
        row.account_id = account;
        row.region = region;
        row.host_id = host_id;
        row.vpc_id = vpc_id;
        row.subnet_id = subnet_id;
        row.mac = id == second ? "02:00:00:00:01:00" : "02:00:00:00:01:01";
        row.private_ip = id == second ? "172.31.0.100" : "172.31.0.101";
        row.security_group_ids = {group_id};
        row.delete_on_termination = false;
        return row;
    }
    // The rows that AttachNetworkInterface writes.
    void attach_second() {
        write([&](store::Transaction& tx) {
            auto row = store::network_interfaces::find(tx, second);
            if (!row) {
                row = make_interface(second);
                store::network_interfaces::insert(tx, *row);
            }
            row->instance_id = instance_id;
            row->attachment_id = "eni-attach-0123456789abcdef0";
            row->device_index = 1;
            store::network_interfaces::update(tx, *row);
            store::work::enqueue(tx, "network-interface", second, host_id, clock_.now());
        });
    }
    void detach_second() {
        write([&](store::Transaction& tx) {
            auto row = *store::network_interfaces::find(tx, second);
            row.detaching = true;
            store::network_interfaces::update(tx, row);
            store::work::enqueue(tx, "network-interface", second, host_id, clock_.now());
        });
    }
    std::vector<std::string> plugged() { return *hypervisor_.plugged_interfaces(instance_id); }

    void add_internet_gateway() {
        write([&](store::Transaction& tx) {
            store::internet_gateways::insert(tx, {.id = "igw-1", .vpc_id = vpc_id});
        });
    }
    // The rows that CreateNatGateway writes.
    void create_nat_gateway() {
        write([&](store::Transaction& tx) {
            auto row = make_interface(nat_interface);
            row.kind = domain::NetworkInterfaceKind::nat_gateway;
            row.security_group_ids.clear();
            store::network_interfaces::insert(tx, row);
            domain::Address address{.allocation_id = allocation,
                                    .account_id = account,
                                    .region = region,
                                    .public_ip = "127.64.0.200"};
            store::addresses::insert(tx, address);
            store::public_addresses::associate(
                tx, address, row, row.private_ip, "eipassoc-0123456789abcdef0", clock_.now());
            address.is_service_managed = true;
            store::addresses::update(tx, address);
            store::nat_gateways::insert(tx,
                                        {.id = nat_id,
                                         .account_id = account,
                                         .region = region,
                                         .vpc_id = vpc_id,
                                         .subnet_id = subnet_id,
                                         .network_interface_id = nat_interface,
                                         .allocation_id = allocation,
                                         .created_at = clock_.now()});
            store::work::enqueue(tx, "nat-gateway", nat_id, host_id, clock_.now());
        });
    }
    std::optional<domain::NatGateway> nat() {
        return store_->read(
            [&](store::Transaction& tx) { return store::nat_gateways::find(tx, nat_id); });
    }
    domain::Address address() {
        return store_
            ->read([&](store::Transaction& tx) { return store::addresses::find(tx, allocation); })
            .value();
    }
};

TEST_F(Networks, AnInterfaceIsPluggedIntoARunningGuest) {
    launch();
    run_until_quiet();
    EXPECT_TRUE(interface(primary)->attached_at);
    attach_second();
    run_until_quiet();
    EXPECT_THAT(plugged(), ElementsAre(primary, second));
    EXPECT_THAT(*network_.observe_interfaces(), UnorderedElementsAre(primary, second));
    EXPECT_EQ(interface(second)->attached_at, clock_.now());
}

TEST_F(Networks, AnInterfaceIsPulledAndFree) {
    launch();
    attach_second(); // while it is being started: it starts with it
    run_until_quiet();
    EXPECT_THAT(plugged(), ElementsAre(primary, second));
    detach_second();
    run_until_quiet();
    EXPECT_THAT(plugged(), ElementsAre(primary));
    EXPECT_THAT(*network_.observe_interfaces(), ElementsAre(primary));
    EXPECT_EQ(interface(second)->instance_id, "");
    EXPECT_EQ(interface(second)->attachment_id, "");
    EXPECT_FALSE(interface(second)->detaching);
    EXPECT_FALSE(interface(second)->attached_at);
}

TEST_F(Networks, AGuestThatKeepsAnInterfaceLosesItByForce) {
    launch();
    attach_second();
    run_until_quiet();
    hypervisor_.make_deaf(instance_id);
    detach_second();
    run_until_quiet();
    EXPECT_TRUE(interface(second)->detaching);
    EXPECT_THAT(plugged(), ElementsAre(primary, second));
    for (int i = 0; i < 3; ++i)
        pass(2s);
    EXPECT_FALSE(interface(second)->detaching);
    EXPECT_THAT(plugged(), ElementsAre(primary));
}

TEST_F(Networks, AStoppedInstanceIsAttachedToOnPaperUntilItStarts) {
    launch();
    run_until_quiet();
    request_stop(instance_id);
    change(instance_id, [](domain::Instance& i) { i.force_stop = true; });
    run_until_quiet();
    attach_second();
    run_until_quiet();
    EXPECT_TRUE(interface(second)->attached_at);
    EXPECT_THAT(*network_.observe_interfaces(), IsEmpty());
    change(instance_id, [](domain::Instance& i) {
        i.state = *next(i.state, domain::InstanceEvent::start_requested);
        ++i.start_count;
    });
    run_until_quiet();
    EXPECT_THAT(plugged(), ElementsAre(primary, second));
}

TEST_F(Networks, TerminationKeepsInterfacesThatAreToStayAndElasticIps) {
    launch();
    attach_second();
    write([&](store::Transaction& tx) {
        domain::Address address{
            .allocation_id = allocation, .account_id = account, .public_ip = "127.64.0.200"};
        store::addresses::insert(tx, address);
        auto row = *store::network_interfaces::find(tx, primary);
        store::public_addresses::associate(
            tx, address, row, row.private_ip, "eipassoc-0123456789abcdef0", clock_.now());
    });
    run_until_quiet();
    request_stop(instance_id);
    change(instance_id, [](domain::Instance& i) { i.force_stop = true; });
    run_until_quiet();
    EXPECT_EQ(interface(primary)->public_ip, "127.64.0.200"); // an Elastic IP survives a stop
    request_termination(instance_id);
    run_until_quiet();
    EXPECT_FALSE(interface(primary));
    EXPECT_EQ(address().association_id, "");
    ASSERT_TRUE(interface(second));
    EXPECT_EQ(interface(second)->instance_id, "");
    EXPECT_THAT(*network_.observe_interfaces(), IsEmpty());
}

TEST_F(Networks, AVpcIsTakenDownAWhileAfterItsLastUse) {
    launch();
    run_until_quiet();
    enqueue("vpc", vpc_id);
    run_until_quiet();
    EXPECT_THAT(*network_.observe_vpcs(), ElementsAre(vpc_id));
    request_termination(instance_id);
    run_until_quiet();
    EXPECT_THAT(*network_.observe_vpcs(), ElementsAre(vpc_id)); // another may come soon
    pass(61s);
    EXPECT_THAT(*network_.observe_vpcs(), IsEmpty());
    enqueue("vpc", vpc_id); // nothing to do, and it is not built for that
    run_until_quiet();
    EXPECT_THAT(*network_.observe_vpcs(), IsEmpty());
}

TEST_F(Networks, AVpcWhoseRowIsGoneIsTakenDownAtOnce) {
    launch();
    run_until_quiet();
    request_termination(instance_id);
    run_until_quiet();
    write([&](store::Transaction& tx) {
        store::vpcs::erase(tx, vpc_id);
        store::work::enqueue(tx, "vpc", vpc_id, host_id, clock_.now());
    });
    run_until_quiet();
    EXPECT_THAT(*network_.observe_vpcs(), IsEmpty());
}

TEST_F(Networks, ANatGatewayComesAndGoes) {
    add_internet_gateway();
    create_nat_gateway();
    run_until_quiet();
    EXPECT_EQ(nat()->state, NatGatewayState::available);
    EXPECT_THAT(*network_.observe_interfaces(), ElementsAre(nat_interface));
    write([&](store::Transaction& tx) {
        auto row = *store::nat_gateways::find(tx, nat_id);
        row.state = NatGatewayState::deleting;
        store::nat_gateways::update(tx, row);
        store::charges::nat_gateway_changed(tx, NatGatewayState::available, row, clock_.now());
        store::work::enqueue(tx, "nat-gateway", nat_id, host_id, clock_.now());
    });
    run_until_quiet();
    EXPECT_EQ(nat()->state, NatGatewayState::deleted);
    EXPECT_EQ(nat()->deleted_at, clock_.now());
    EXPECT_FALSE(interface(nat_interface));
    EXPECT_EQ(address().association_id, "");
    EXPECT_FALSE(address().is_service_managed);
    EXPECT_THAT(*network_.observe_interfaces(), IsEmpty());
    EXPECT_THAT(ledger(), ElementsAre("nat-gateway-started", "nat-gateway-ended"));
    pass(59min);
    EXPECT_TRUE(nat());
    pass(2min);
    EXPECT_FALSE(nat());
}

TEST_F(Networks, APublicNatGatewayWithoutAWayOutFailsAsOnEc2) {
    create_nat_gateway();
    run_until_quiet();
    EXPECT_EQ(nat()->state, NatGatewayState::failed);
    EXPECT_EQ(nat()->failure_code, "Gateway.NotAttached");
    EXPECT_FALSE(interface(nat_interface));
    EXPECT_EQ(address().association_id, "");
    EXPECT_THAT(ledger(), IsEmpty());
    pass(61min);
    EXPECT_FALSE(nat());
}

TEST_F(Networks, RecoveryMakesTheNetworkWhatTheStoreSays) {
    add_internet_gateway();
    create_nat_gateway();
    launch();
    attach_second();
    run_until_quiet();
    // The daemon that comes finds a network without one interface, and with one too many.
    ASSERT_TRUE(network_.remove_interface(vpc_id, second));
    ASSERT_TRUE(network_.remove_interface(vpc_id, nat_interface));
    auto orphan = network_.ensure_vpc({.id = "vpc-orphan",
                                       .cidrs = {*Ipv4Cidr::parse("10.0.0.0/16")},
                                       .dns_domain = "ec2.internal"});
    ASSERT_TRUE(orphan) << orphan.error().message;
    ASSERT_TRUE(
        network_.ensure_interface({.id = "eni-orphan",
                                   .vpc_id = vpc_id,
                                   .subnet_id = subnet_id,
                                   .mac = *MacAddress::parse("02:00:00:00:02:00"),
                                   .addresses = {{*Ipv4::parse("172.31.0.200"), std::nullopt}},
                                   .host_name = "ip-172-31-0-200"}));
    ASSERT_TRUE(recover_network(*store_, network_, clock_, host_id));
    run_until_quiet();
    EXPECT_THAT(*network_.observe_interfaces(),
                UnorderedElementsAre(primary, second, nat_interface));
    EXPECT_THAT(*network_.observe_vpcs(), ElementsAre(vpc_id));
}

TEST_F(Networks, AGroupThatIsGoneGoesFromTheNetwork) {
    launch();
    run_until_quiet();
    write([&](store::Transaction& tx) {
        store::security_groups::insert(
            tx, {.id = "sg-other", .account_id = account, .vpc_id = vpc_id, .name = "other"});
        store::work::enqueue(tx, "security-group", "sg-other", host_id, clock_.now());
    });
    run_until_quiet();
    write([&](store::Transaction& tx) {
        store::security_groups::erase(tx, "sg-other");
        store::work::enqueue(tx, "security-group", "sg-other", host_id, clock_.now());
    });
    run_until_quiet();
    EXPECT_THAT(store_->read([](store::Transaction& tx) { return store::work::list(tx, 10); }),
                IsEmpty());
}

TEST_F(Networks, HousekeepingTakesOldTokensAndForgottenInstances) {
    launch();
    run_until_quiet();
    request_termination(instance_id);
    run_until_quiet();
    write([&](store::Transaction& tx) {
        store::client_tokens::insert(
            tx,
            {account, region},
            {.operation = "RunInstances", .token = "old", .created_at = clock_.now()});
        // Its work was lost.
        for (const auto& item : store::work::list(tx, 10))
            store::work::complete(tx, item);
    });
    clock_.advance(25h);
    ASSERT_TRUE(recover_network(*store_, network_, clock_, host_id));
    run_until_quiet();
    EXPECT_FALSE(store_->read([&](store::Transaction& tx) {
        return store::client_tokens::find(tx, {account, region}, "RunInstances", "old");
    }));
    EXPECT_FALSE(store_->read(
        [&](store::Transaction& tx) { return store::instances::find(tx, instance_id); }));
}

} // namespace
} // namespace pileus::engine
