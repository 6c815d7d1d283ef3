// SPDX-License-Identifier: Apache-2.0
#pragma once

// The public parameters of AWS's Systems Manager that name images:
// "/aws/service/debian/release/12/latest/amd64" is the id of the newest Debian 12 that this
// installation ships. Functions of the store; any thread.

#include "cloud/context.h"
#include "cloud/paging.h"
#include "domain/image.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

struct PublicParameter {
    std::string name;
    std::string value; // the id of an image
    Time changed_at{}; // when it became this image
    int64_t version = 1;
};

struct PublicParameterQuery {
    std::string path;       // "/aws/service/debian/"
    bool recursive = false; // what lies in folders of the path too
    PageRequest page;       // at most 10 at once, as on AWS
};

class PublicParameters {
  public:
    explicit PublicParameters(const Context& context) : context_(context) {}

    std::optional<PublicParameter> find(const domain::Caller& caller, const std::string& name);
    Result<Listing<PublicParameter>> list(const domain::Caller& caller,
                                          const PublicParameterQuery& query);

  private:
    const Context& context_;
};

std::optional<PublicParameter> find_public_parameter(store::Transaction& tx,
                                                     const Context& context,
                                                     const domain::Caller& caller,
                                                     const std::string& name);
// "/aws/service/debian/release/12/20261123-1a2b3c4d/amd64": the parameter of this very build; ""
// for an image that no recipe made.
std::string public_parameter_of(const Context& context, const domain::Image& image);

} // namespace pileus::cloud
