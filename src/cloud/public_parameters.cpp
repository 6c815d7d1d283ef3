// SPDX-License-Identifier: Apache-2.0
#include "cloud/public_parameters.h"

#include "cloud/images.h"
#include "cloud/listing.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>

namespace pileus::cloud {

namespace {

// Debian publishes each release under its number and under its code name. What only Pileus has
// stands under a name of its own.
std::vector<std::string> paths_of(const std::string& recipe) {
    static const std::map<std::string, std::vector<std::string>> published{
        {"debian-11", {"/aws/service/debian/release/11", "/aws/service/debian/release/bullseye"}},
        {"debian-12", {"/aws/service/debian/release/12", "/aws/service/debian/release/bookworm"}},
        {"debian-13", {"/aws/service/debian/release/13", "/aws/service/debian/release/trixie"}},
    };
    const auto found = published.find(recipe);
    if (found != published.end())
        return found->second;
    return {"/aws/service/pileus/release/" + recipe};
}

std::string architecture_of(const domain::Image& image) {
    return image.architecture == "x86_64" ? "amd64" : image.architecture;
}

// "20261123-1a2b3c4d".
std::string build_of(const domain::Image& image) {
    auto date = format_basic(image.created_at).substr(0, 8);
    return fmt::format("{}-{}", date, image.content_sha256.substr(0, 8));
}

bool is_published(const Context& context, const domain::Image& image) {
    return !image.recipe.empty() && image.is_public && image.state == "available" &&
           image.account_id == context.settings.shipped_images_account;
}

// All of the caller's region, in order of name.
std::vector<PublicParameter>
all_parameters(store::Transaction& tx, const Context& context, const domain::Caller& caller) {
    std::vector<domain::Image> shipped;
    for (auto& image : list_visible_images(tx, scope_of(caller)))
        if (is_published(context, image))
            shipped.push_back(std::move(image));
    std::sort(shipped.begin(), shipped.end(), [](const auto& a, const auto& b) {
        return a.created_at < b.created_at;
    });
    // The later one takes the name of the earlier one over.
    std::map<std::string, PublicParameter> by_name;
    for (const auto& image : shipped)
        for (const auto& path : paths_of(image.recipe))
            for (const auto& build : {std::string("latest"), build_of(image)}) {
                auto name = fmt::format("{}/{}/{}", path, build, architecture_of(image));
                auto& parameter = by_name[name];
                const bool is_known = !parameter.value.empty();
                parameter.version = is_known ? parameter.version + 1 : 1;
                parameter.name = std::move(name);
                parameter.value = image.id;
                parameter.changed_at = image.created_at;
            }
    std::vector<PublicParameter> all;
    for (auto& [name, parameter] : by_name)
        all.push_back(std::move(parameter));
    return all;
}

} // namespace

std::string public_parameter_of(const Context& context, const domain::Image& image) {
    if (!is_published(context, image))
        return "";
    return fmt::format(
        "{}/{}/{}", paths_of(image.recipe).front(), build_of(image), architecture_of(image));
}

std::optional<PublicParameter> find_public_parameter(store::Transaction& tx,
                                                     const Context& context,
                                                     const domain::Caller& caller,
                                                     const std::string& name) {
    for (auto& parameter : all_parameters(tx, context, caller))
        if (parameter.name == name)
            return std::move(parameter);
    return std::nullopt;
}

std::optional<PublicParameter> PublicParameters::find(const domain::Caller& caller,
                                                      const std::string& name) {
    return context_.store.read(
        [&](store::Transaction& tx) { return find_public_parameter(tx, context_, caller, name); });
}

Result<Listing<PublicParameter>> PublicParameters::list(const domain::Caller& caller,
                                                        const PublicParameterQuery& query) {
    static constexpr ListingKind<PublicParameter> listing{
        "GetParametersByPath", {}, [](const PublicParameter& p) { return p.name; }, {1, 10}};
    const auto folder = query.path.ends_with('/') ? query.path : query.path + "/";
    auto all = context_.store.read(
        [&](store::Transaction& tx) { return all_parameters(tx, context_, caller); });
    std::erase_if(all, [&](const PublicParameter& p) {
        return !p.name.starts_with(folder) ||
               (!query.recursive && p.name.find('/', folder.size()) != std::string::npos);
    });
    auto page = query.page;
    page.max_results = page.max_results.value_or(10);
    return list_in_memory(context_, caller, listing, {}, page, std::move(all));
}

} // namespace pileus::cloud
