// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/programs.h"
#include "cli/progress.h"
#include "cli/recipes.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/core.h>

namespace pileus::cli {

namespace {

constexpr Duration registration_patience = std::chrono::minutes{5};

// "42 installing packages", as images/build writes it.
void show(Progress& progress, std::string_view line) {
    const auto space = line.find(' ');
    const auto percent = parse_int(line.substr(0, space));
    if (percent)
        progress.update(static_cast<double>(*percent) / 100,
                        space == std::string_view::npos ? std::string_view()
                                                        : line.substr(space + 1));
}

Result<void>
run_build(const Context& context, const std::string& recipe, const std::filesystem::path& folder) {
    const auto& installation = context.installation;
    const auto program = installation.project_root / "images" / "build";
    if (installation.project_root.empty() || !std::filesystem::exists(program))
        return fail(errors::not_found,
                    "images/build is not there: run this from Pileus's own folder");
    const auto log = installation.data_dir / "images" / (recipe + ".log");
    Progress progress(context.terminal, context.clock);
    progress.begin("building the image " + recipe);
    const auto code = run_followed(
        {.argv = {program.string(),
                  recipe,
                  folder.string(),
                  "--cache",
                  (installation.data_dir / "images" / "cache").string(),
                  "--progress-fd",
                  "{progress-fd}"},
         .log_path = log.string()},
        context.environment,
        [&](std::string_view line) { show(progress, line); },
        [&] { progress.tick(); });
    if (!code)
        return fail(code.error());
    if (*code != 0) {
        progress.failed();
        return fail(errors::unavailable,
                    fmt::format("the build of {} failed; its log is {}", recipe, log.string()));
    }
    progress.done();
    return {};
}

Result<void> build_and_register(const Context& context, const Api& api, const Recipe& recipe) {
    const auto folder = context.installation.data_dir / "images" / recipe.name;
    PILEUS_TRY(make_directories(folder.parent_path(), 0755));
    PILEUS_TRY(run_build(context, recipe.name, folder));
    PILEUS_ASSIGN(const auto answer,
                  api.pileus("RegisterImage", {{"folder", recipe.name}}, registration_patience));
    for (const auto& [region, image_id] : answer.at("image_ids").as_object())
        fmt::print("{}  {}  {}\n",
                   std::string_view(image_id.as_string()),
                   recipe.name,
                   std::string_view(region));
    for (const auto port : recipe.ports)
        fmt::print(
            "  it serves port {0}: let it in with `pileus aws ec2 "
            "authorize-security-group-ingress --group-name default --protocol tcp --port {0} "
            "--cidr 0.0.0.0/0`\n",
            port);
    return {};
}

std::string owner_of(const XmlElement& image) {
    const auto& alias = image["imageOwnerAlias"].text;
    return alias.empty() ? image["imageOwnerId"].text : alias;
}

// "web-amd64-20261123-1a2b3c4d" was built from the recipe "web".
bool is_built_from(const XmlElement& image, const std::string& recipe) {
    return owner_of(image) == "amazon" && image["name"].text.starts_with(recipe + "-amd64-");
}

// The recipes with the newest image of each; the service lists the newest first.
std::string render_recipes(const std::vector<Recipe>& recipes,
                           const std::vector<const XmlElement*>& images) {
    std::vector<std::vector<std::string>> rows{{"recipe", "what it is", "built"}};
    for (const auto& recipe : recipes) {
        const auto newest = std::find_if(images.begin(), images.end(), [&](const auto* image) {
            return is_built_from(*image, recipe.name);
        });
        rows.push_back({recipe.name,
                        recipe.description,
                        newest == images.end() ? "-" : (**newest)["imageId"].text});
    }
    return render_table(rows);
}

} // namespace

Outcome build_images(const Context& context, const std::vector<std::string>& names) {
    PILEUS_ASSIGN(const auto recipes, list_recipes(context.installation.project_root));
    std::vector<Recipe> wanted;
    for (const auto& name : names) {
        PILEUS_ASSIGN(auto recipe, find_recipe(recipes, name));
        wanted.push_back(std::move(recipe));
    }
    if (!context.installation.is_root)
        return fail(errors::invalid,
                    "building an image needs root: sudo pileus image build " + names.front());
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_TRY(
        api.pileus("GetStatus")); // before minutes are spent on a build that cannot be registered
    for (const auto& recipe : wanted)
        PILEUS_TRY(build_and_register(context, api, recipe));
    return 0;
}

Outcome list_images(const Context& context) {
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_ASSIGN(const auto answer, api.ec2("DescribeImages"));
    const auto images = answer.items("imagesSet");
    // Without the project's own folder there is nothing to build from.
    if (const auto recipes = list_recipes(context.installation.project_root))
        fmt::print("{}\nBuild more: sudo pileus image build NAME…\n\n",
                   render_recipes(*recipes, images));
    std::vector<std::vector<std::string>> rows{{"image", "name", "owner", "state", "created"}};
    for (const auto* image : images) {
        const auto& item = *image;
        rows.push_back({item["imageId"].text,
                        item["name"].text,
                        owner_of(item),
                        item["imageState"].text,
                        item["creationDate"].text.substr(0, 16)});
    }
    if (rows.size() == 1)
        fmt::print("there is no image yet: sudo pileus image build debian-12\n");
    else
        fmt::print("{}", render_table(rows));
    return 0;
}

} // namespace pileus::cli
