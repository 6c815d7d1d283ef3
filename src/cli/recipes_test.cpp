// SPDX-License-Identifier: Apache-2.0
#include "cli/recipes.h"

#include <gtest/gtest.h>

namespace pileus::cli {
namespace {

TEST(Recipes, AreReadFromTheirToml) {
    const auto web = parse_recipe(
        "web", "base = \"debian-12\"\ndescription = \"A server\"\nports = [80, 443]\n");
    ASSERT_TRUE(web.has_value());
    EXPECT_EQ(web->description, "A server");
    EXPECT_EQ(web->ports, (std::vector<uint16_t>{80, 443}));
    EXPECT_TRUE(parse_recipe("tiny", "name = \"tiny\"\n")->ports.empty());
}

TEST(Recipes, AFaultNamesTheRecipeAndTheLine) {
    const auto bad = parse_recipe("bad", "name = \"x\"\ndescription =\n");
    ASSERT_FALSE(bad.has_value());
    EXPECT_NE(bad.error().message.find("bad, line 2"), std::string::npos) << bad.error().message;
}

TEST(Recipes, AnUnknownOneIsToldWhichThereAre) {
    const std::vector<Recipe> recipes{{"tiny", "", {}}, {"web", "", {}}};
    EXPECT_EQ(find_recipe(recipes, "web")->name, "web");
    EXPECT_EQ(find_recipe(recipes, "wbe").error().message,
              "there is no recipe 'wbe': there are tiny, web");
}

} // namespace
} // namespace pileus::cli
