// SPDX-License-Identifier: Apache-2.0
#pragma once

// The recipes of machine images, as images/ has them: a folder each, with a recipe.toml.

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace pileus::cli {

struct Recipe {
    std::string name;
    std::string description;
    std::vector<uint16_t> ports; // what a security group must let in
};

// By name. An error says where they were looked for.
Result<std::vector<Recipe>> list_recipes(const std::filesystem::path& project_root);
Result<Recipe> parse_recipe(const std::string& name, const std::string& text);
// An error names those that there are.
Result<Recipe> find_recipe(const std::vector<Recipe>& recipes, const std::string& name);

} // namespace pileus::cli
