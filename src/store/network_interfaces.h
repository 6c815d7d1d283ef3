// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/network_interface.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::network_interfaces {

void insert(Transaction& tx, const domain::NetworkInterface& interface);
void update(Transaction& tx, const domain::NetworkInterface& interface);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::NetworkInterface> find(Transaction& tx, const std::string& id);
std::vector<domain::NetworkInterface> list(Transaction& tx, const Scope& scope, const Page& page);
std::vector<domain::NetworkInterface> list_of_instance(Transaction& tx,
                                                       const std::string& instance_id);
std::vector<domain::NetworkInterface> list_of_security_group(Transaction& tx,
                                                             const std::string& group_id);
std::vector<domain::NetworkInterface> list_of_host(Transaction& tx, const std::string& host_id);
// Private addresses in use in a subnet.
std::vector<std::string> list_private_ips(Transaction& tx, const std::string& subnet_id);
int count_in_subnet(Transaction& tx, const std::string& subnet_id);
// Public addresses in use, over all accounts: the pool is the machine's.
std::vector<std::string> list_public_ips(Transaction& tx);

} // namespace pileus::store::network_interfaces
