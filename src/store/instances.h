// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/instance.h"
#include "store/scope.h"
#include "store/store.h"

#include <vector>

namespace pileus::store::instances {

void insert(Transaction& tx, const domain::Instance& instance);
void update(Transaction& tx, const domain::Instance& instance);
void erase(Transaction& tx, const std::string& id);

std::optional<domain::Instance> find(Transaction& tx, const std::string& id);
std::optional<domain::Instance> find(Transaction& tx, const Scope& scope, const std::string& id);
// What the caller's indexed filters leave; every field that is set narrows the list.
struct Narrowing {
    std::string state;
    std::string subnet_id;
    std::string vpc_id;
    std::string image_id;
    std::string type;
    std::string reservation_id;
    std::string client_token;
};
std::vector<domain::Instance>
list(Transaction& tx, const Scope& scope, const Narrowing& narrowing, const Page& page);
// Every instance of one host that is not terminated: what the engine compares with the machine when
// it starts.
std::vector<domain::Instance> list_live(Transaction& tx, const std::string& host_id);
// Those that were started from a copy of a running one.
std::vector<domain::Instance> list_of_fork(Transaction& tx, const std::string& fork_id);
// Terminated before `before`: no longer shown.
std::vector<domain::Instance> list_terminated_before(Transaction& tx, Time before, int limit);

// vCPUs are counted by type; for quotas and placement.
struct TypeCount {
    std::string type;
    int count = 0;
};
std::vector<TypeCount> count_active_by_type(Transaction& tx, const std::string& host_id);
std::vector<TypeCount> count_active_by_type(Transaction& tx, const Scope& scope);

struct StateCount {
    std::string state;
    int count = 0;
};
std::vector<StateCount> count_by_state(Transaction& tx, const std::string& host_id);

} // namespace pileus::store::instances
