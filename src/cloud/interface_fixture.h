// SPDX-License-Identifier: Apache-2.0
#pragma once

// The default VPC of two accounts with an image to launch, and short ways to launch, to make
// interfaces and to look at rows. For tests only.

#include "cloud/addresses.h"
#include "cloud/cloud_fixture.h"
#include "cloud/instances.h"
#include "cloud/network_interfaces.h"
#include "cloud/vpc_parts.h"
#include "store/addresses.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/internet_gateways.h"
#include "store/ledger.h"
#include "store/network_interfaces.h"
#include "store/vpcs.h"
#include "store/work.h"

#include <algorithm>

namespace pileus::cloud {

class InterfaceFixture : public CloudFixture {
  protected:
    InterfaceFixture() {
        write([&](auto& tx) {
            domain::Image image;
            image.id = image_id_;
            image.account_id = settings_.shipped_images_account;
            image.region = "us-east-1";
            image.architecture = "x86_64";
            image.state = "available";
            image.is_public = true;
            image.root_device_name = "/dev/xvda";
            image.snapshot_id = "snap-00000000000000001";
            image.size_gib = 8;
            store::images::insert(tx, image);
            for (const auto& caller : {caller_, foreigner_}) {
                const auto vpc = *store::vpcs::find_default(tx, scope_of(caller));
                if (!store::internet_gateways::find_of_vpc(tx, vpc.id))
                    create_default_internet_gateway(tx, context_, vpc);
            }
        });
    }

    // us-east-1a, b, c: 172.31.0.0/20 and so on.
    domain::Subnet subnet(size_t index = 0) {
        return read([&](auto& tx) {
            auto all = store::subnets::list_of_vpc(
                tx, store::vpcs::find_default(tx, scope_of(caller_))->id);
            std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
                return a.zone < b.zone;
            });
            return all.at(index);
        });
    }
    // Makes the subnet one of 2001:db8:0:<index>::/64.
    void add_ipv6(size_t index = 0, bool assigns = false) {
        auto changed = subnet(index);
        changed.ipv6_cidr_block = "2001:db8:0:" + std::to_string(index) + "::/64";
        changed.assign_ipv6_address_on_creation = assigns;
        write([&](auto& tx) { store::subnets::update(tx, changed); });
    }

    LaunchRequest launch_request(const std::string& type = "m5.large") {
        LaunchRequest request;
        request.image_id = image_id_;
        request.type = type;
        return request;
    }
    // Launches one, running.
    std::string launch(const LaunchRequest& request) {
        const auto reservation = instances_.launch(caller_, request);
        EXPECT_TRUE(reservation) << message_of(reservation);
        const auto id = reservation->instances.at(0).instance.id;
        set_state(id, domain::InstanceState::running);
        return id;
    }
    std::string launch() { return launch(launch_request()); }
    void set_state(const std::string& id, domain::InstanceState state) {
        write([&](auto& tx) {
            auto row = *store::instances::find(tx, id);
            row.state = state;
            store::instances::update(tx, row);
        });
    }

    NetworkInterfaceCreation creation(size_t subnet_index = 0) {
        NetworkInterfaceCreation request;
        request.subnet_id = subnet(subnet_index).id;
        return request;
    }
    std::string create_interface(const NetworkInterfaceCreation& request) {
        const auto view = interfaces_.create(caller_, request);
        EXPECT_TRUE(view) << message_of(view);
        return view ? view->interface.id : "";
    }
    std::string create_interface() { return create_interface(creation()); }

    domain::NetworkInterface interface(const std::string& id) {
        return read([&](auto& tx) { return store::network_interfaces::find(tx, id).value(); });
    }
    std::vector<domain::NetworkInterface> interfaces_of(const std::string& instance_id) {
        return read(
            [&](auto& tx) { return store::network_interfaces::list_of_instance(tx, instance_id); });
    }
    domain::NetworkInterface primary_of(const std::string& instance_id) {
        return interfaces_of(instance_id).at(0);
    }
    domain::Address address(const std::string& allocation_id) {
        return read([&](auto& tx) { return store::addresses::find(tx, allocation_id).value(); });
    }
    bool has_work(const std::string& kind, const std::string& id) {
        const auto items = read([&](auto& tx) { return store::work::list(tx, 1000); });
        return std::any_of(items.begin(), items.end(), [&](const auto& item) {
            return item.kind == kind && item.resource_id == id;
        });
    }
    // "address-taken eipalloc-…", in their order.
    std::vector<std::string> ledger_of_addresses() {
        std::vector<std::string> events;
        for (const auto& e : read([&](auto& tx) { return store::ledger::list(tx, 0, 1000); }))
            if (e.kind == domain::LedgerKind::address_taken ||
                e.kind == domain::LedgerKind::address_released)
                events.push_back(std::string(to_string(e.kind)) + " " + e.resource_id + " " +
                                 e.detail);
        return events;
    }

    const std::string image_id_ = "ami-00000000000000001";
    Instances instances_{context_};
    NetworkInterfaces interfaces_{context_};
    Addresses addresses_{context_};
};

} // namespace pileus::cloud
