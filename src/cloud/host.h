// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <string>

namespace pileus::cloud {

// The few things that must be asked of the host that runs a guest, because they are too live or too
// large for the store. The composition root joins it to the host's drivers; on many machines it
// will go over the network. Any thread may call it.
class Host {
  public:
    virtual ~Host() = default;
    // The end of what the guest wrote to its serial port, at most `limit` bytes; "" when it wrote
    // nothing.
    virtual Result<std::string>
    console_output(const std::string& host_id, const std::string& instance_id, size_t limit) = 0;
    // What the guest's screen shows, as a JPEG file; with `wake_up` a key is pressed before.
    virtual Result<std::string>
    screenshot(const std::string& host_id, const std::string& instance_id, bool wake_up) = 0;
};

} // namespace pileus::cloud
