// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/vpc.h"
#include "store/scope.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::store::dhcp_options {

void insert(Transaction& tx, const domain::DhcpOptions& options);
void erase(Transaction& tx, const std::string& id);
std::optional<domain::DhcpOptions> find(Transaction& tx, const std::string& id);
std::optional<domain::DhcpOptions> find(Transaction& tx, const Scope& scope, const std::string& id);
std::vector<domain::DhcpOptions> list(Transaction& tx, const Scope& scope, const Page& page);
int count(Transaction& tx, const Scope& scope);

} // namespace pileus::store::dhcp_options
