// SPDX-License-Identifier: Apache-2.0
#pragma once

// The instance types of this installation. Made once at start from a file, owned by the composition
// root, never changed afterwards: any thread may read it, and pointers into it stay valid as long
// as it lives.

#include "base/result.h"
#include "domain/instance_type.h"

#include <filesystem>
#include <map>
#include <string_view>
#include <vector>

namespace pileus::catalog {

class Catalog {
  public:
    static Result<Catalog> load(const std::filesystem::path& path);
    // `source` names the text in errors.
    static Result<Catalog> parse(std::string_view toml, std::string_view source);

    // Null when there is no such type.
    const domain::InstanceType* find(std::string_view name) const;
    // In the order of the file: by family, smallest first.
    const std::vector<domain::InstanceType>& all() const { return types_; }

  private:
    explicit Catalog(std::vector<domain::InstanceType> types);

    std::vector<domain::InstanceType> types_;
    std::map<std::string, size_t, std::less<>> place_; // of a name in types_
};

} // namespace pileus::catalog
