// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether an id of any kind names something of the caller's. A foreign resource is as good as none.

#include "cloud/resource_kind.h"
#include "store/scope.h"
#include "store/store.h"

#include <string>

namespace pileus::cloud {

bool is_own_resource(store::Transaction& tx,
                     const store::Scope& scope,
                     const ResourceKind& kind,
                     const std::string& id);

} // namespace pileus::cloud
