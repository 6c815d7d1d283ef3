// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/programs.h"
#include "cli/progress.h"

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

} // namespace

Outcome build_image(const Context& context, const std::string& recipe) {
    if (!context.installation.is_root)
        return fail(errors::invalid,
                    "building an image needs root: sudo pileus image build " + recipe);
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_TRY(
        api.pileus("GetStatus")); // before minutes are spent on a build that cannot be registered
    const auto folder = context.installation.data_dir / "images" / recipe;
    PILEUS_TRY(make_directories(folder.parent_path(), 0755));
    PILEUS_TRY(run_build(context, recipe, folder));
    PILEUS_ASSIGN(const auto answer,
                  api.pileus("RegisterImage", {{"folder", recipe}}, registration_patience));
    for (const auto& [region, image_id] : answer.at("image_ids").as_object())
        fmt::print("{}  {}  {}\n",
                   std::string_view(image_id.as_string()),
                   recipe,
                   std::string_view(region));
    return 0;
}

Outcome list_images(const Context& context) {
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_ASSIGN(const auto answer, api.ec2("DescribeImages"));
    std::vector<std::vector<std::string>> rows{{"image", "name", "owner", "state", "created"}};
    for (const auto* image : answer.items("imagesSet")) {
        const auto& item = *image;
        const auto owner = item["imageOwnerAlias"].text.empty() ? item["imageOwnerId"].text
                                                                : item["imageOwnerAlias"].text;
        rows.push_back({item["imageId"].text,
                        item["name"].text,
                        owner,
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
