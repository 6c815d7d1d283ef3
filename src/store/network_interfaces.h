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
std::vector<domain::NetworkInterface> list_of_subnet(Transaction& tx, const std::string& subnet_id);
std::vector<domain::NetworkInterface> list_of_vpc(Transaction& tx, const std::string& vpc_id);
std::optional<domain::NetworkInterface> find_by_attachment(Transaction& tx,
                                                           const std::string& attachment_id);
std::vector<domain::NetworkInterface> list_of_host(Transaction& tx, const std::string& host_id);
int count(Transaction& tx, const Scope& scope);
// Whether an address of either family is in use: looked up by its index, however many there are.
bool has_private_ip(Transaction& tx, const std::string& subnet_id, const std::string& private_ip);
int count_in_subnet(Transaction& tx, const std::string& subnet_id); // IPv4 addresses
// Over all accounts: the pool is the machine's. Elastic IPs are taken too.
bool has_public_ip(Transaction& tx, const std::string& public_ip);

} // namespace pileus::store::network_interfaces
