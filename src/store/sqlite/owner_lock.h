// SPDX-License-Identifier: Apache-2.0
#pragma once

// Two daemons on one database would both believe that they are the only writer and the only engine.
// Whoever holds this lock is the owner; the kernel gives it back when the process ends, however it
// ends.

#include "base/result.h"
#include "base/unique_fd.h"

#include <string>

namespace pileus::store {

class OwnerLock {
  public:
    static Result<OwnerLock> take(const std::string& path);

  private:
    explicit OwnerLock(UniqueFd file) : file_(std::move(file)) {}
    UniqueFd file_;
};

} // namespace pileus::store
