// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/address.h"
#include "domain/network_interface.h"
#include "store/store.h"

#include <string>

// How public addresses come to interfaces and leave them. An Elastic IP is noted in two rows (its
// own, and the interface's), which go together only through here; so do the charges of addresses of
// the other sort, which an instance gets at its start and gives back. Each function writes every
// row that it changes, and the value that it was given.
namespace pileus::store::public_addresses {

// Lets the Elastic IP stand for this private address of the interface: nothing else may stand for
// it, but for an automatic address, which is given back. An address that stood elsewhere leaves
// there.
void associate(Transaction& tx,
               domain::Address& address,
               domain::NetworkInterface& interface,
               std::string private_ip,
               std::string association_id,
               Time at);
void disassociate(Transaction& tx, domain::Address& address);
// Of an interface that goes: all of its Elastic IPs become free.
void disassociate_all(Transaction& tx, domain::NetworkInterface& interface);

// An address that is no Elastic IP.
void take_automatic(Transaction& tx,
                    domain::NetworkInterface& interface,
                    const std::string& public_ip,
                    Time at);
// At a stop, or when the interface goes; nothing happens to one that has none, and an Elastic IP
// stays.
void give_back_automatic(Transaction& tx, domain::NetworkInterface& interface, Time at);

} // namespace pileus::store::public_addresses
