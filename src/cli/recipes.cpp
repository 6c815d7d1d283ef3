// SPDX-License-Identifier: Apache-2.0
#include "cli/recipes.h"

#include "base/file.h"

#include <algorithm>
#include <fmt/core.h>
#include <toml++/toml.h>

namespace pileus::cli {

namespace fs = std::filesystem;

namespace {

constexpr size_t recipe_bytes_max = 1 << 20;
constexpr const char* recipe_file = "recipe.toml";

} // namespace

Result<Recipe> parse_recipe(const std::string& name, const std::string& text) {
    Recipe recipe{name, "", {}};
    try {
        const toml::table table = toml::parse(text, name);
        recipe.description = table["description"].value_or(std::string());
        if (const auto* ports = table["ports"].as_array())
            for (const auto& port : *ports)
                recipe.ports.push_back(static_cast<uint16_t>(port.value_or(int64_t{0})));
    } catch (const toml::parse_error& error) {
        return fail(errors::invalid,
                    fmt::format("the recipe {}, line {}: {}",
                                name,
                                static_cast<unsigned>(error.source().begin.line),
                                error.description()));
    }
    return recipe;
}

Result<std::vector<Recipe>> list_recipes(const fs::path& project_root) {
    const auto folder = project_root / "images";
    std::error_code fault;
    std::vector<Recipe> recipes;
    if (!project_root.empty())
        for (const auto& entry : fs::directory_iterator(folder, fault)) {
            const auto path = entry.path() / recipe_file;
            std::error_code ignored;
            if (!fs::exists(path, ignored))
                continue;
            PILEUS_ASSIGN(const auto text, read_file(path, recipe_bytes_max));
            PILEUS_ASSIGN(auto recipe, parse_recipe(entry.path().filename().string(), text));
            recipes.push_back(std::move(recipe));
        }
    if (recipes.empty())
        return fail(errors::not_found,
                    "images/ with its recipes is not there: run this from Pileus's own folder");
    std::sort(recipes.begin(), recipes.end(), [](const auto& a, const auto& b) {
        return a.name < b.name;
    });
    return recipes;
}

Result<Recipe> find_recipe(const std::vector<Recipe>& recipes, const std::string& name) {
    std::string names;
    for (const auto& recipe : recipes) {
        if (recipe.name == name)
            return recipe;
        names += (names.empty() ? "" : ", ") + recipe.name;
    }
    return fail(errors::not_found,
                fmt::format("there is no recipe '{}': there are {}", name, names));
}

} // namespace pileus::cli
