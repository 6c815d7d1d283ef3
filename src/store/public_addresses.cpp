// SPDX-License-Identifier: Apache-2.0
#include "store/public_addresses.h"

#include "store/addresses.h"
#include "store/charges.h"
#include "store/network_interfaces.h"

namespace pileus::store::public_addresses {

namespace {

void clear_public_ip(domain::NetworkInterface& interface, const domain::Address& address) {
    if (interface.allocation_id == address.allocation_id) {
        interface.public_ip.clear();
        interface.allocation_id.clear();
    }
    for (auto& secondary : interface.secondary_addresses)
        if (secondary.public_ip == address.public_ip)
            secondary.public_ip.clear();
}

void clear_association(domain::Address& address) {
    address.association_id.clear();
    address.network_interface_id.clear();
    address.private_ip.clear();
    address.is_service_managed = false; // it was the service's only while it stood for something
}

} // namespace

void associate(Transaction& tx,
               domain::Address& address,
               domain::NetworkInterface& interface,
               std::string private_ip,
               std::string association_id,
               Time at) {
    if (address.network_interface_id == interface.id)
        clear_public_ip(interface, address);
    else
        disassociate(tx, address);
    if (private_ip == interface.private_ip) {
        give_back_automatic(tx, interface, at);
        interface.public_ip = address.public_ip;
        interface.allocation_id = address.allocation_id;
    }
    for (auto& secondary : interface.secondary_addresses)
        if (secondary.private_ip == private_ip)
            secondary.public_ip = address.public_ip;
    network_interfaces::update(tx, interface);
    address.association_id = std::move(association_id);
    address.network_interface_id = interface.id;
    address.private_ip = std::move(private_ip);
    addresses::update(tx, address);
}

void disassociate(Transaction& tx, domain::Address& address) {
    if (auto interface = network_interfaces::find(tx, address.network_interface_id)) {
        clear_public_ip(*interface, address);
        network_interfaces::update(tx, *interface);
    }
    clear_association(address);
    addresses::update(tx, address);
}

void disassociate_all(Transaction& tx, domain::NetworkInterface& interface) {
    for (auto& address : addresses::list_of_interface(tx, interface.id)) {
        clear_public_ip(interface, address);
        clear_association(address);
        addresses::update(tx, address);
    }
    network_interfaces::update(tx, interface);
}

void take_automatic(Transaction& tx,
                    domain::NetworkInterface& interface,
                    const std::string& public_ip,
                    Time at) {
    interface.public_ip = public_ip;
    network_interfaces::update(tx, interface);
    charges::address_taken(tx, interface, at);
}

void give_back_automatic(Transaction& tx, domain::NetworkInterface& interface, Time at) {
    if (interface.public_ip.empty() || !interface.allocation_id.empty())
        return;
    charges::address_released(tx, interface, at);
    interface.public_ip.clear();
    network_interfaces::update(tx, interface);
}

} // namespace pileus::store::public_addresses
