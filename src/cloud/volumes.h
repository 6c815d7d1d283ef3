// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "domain/tag.h"
#include "domain/volume.h"

#include <string>
#include <vector>

namespace pileus::cloud {

struct VolumeView {
    domain::Volume volume;
    std::string zone_id;
    domain::Tags tags;
};

// Volumes as they are seen. In this issue each comes and goes with its instance.
class Volumes {
  public:
    explicit Volumes(const Context& context) : context_(context) {}

    Result<Listing<VolumeView>> describe(const domain::Caller& caller,
                                         const std::vector<std::string>& ids,
                                         const Filters& filters,
                                         const PageRequest& page);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
