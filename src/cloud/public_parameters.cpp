// SPDX-License-Identifier: Apache-2.0
#include "cloud/public_parameters.h"

#include "cloud/images.h"

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

} // namespace

std::string public_parameter_of(const Context& context, const domain::Image& image) {
    if (!is_published(context, image))
        return "";
    return fmt::format(
        "{}/{}/{}", paths_of(image.recipe).front(), build_of(image), architecture_of(image));
}

std::vector<PublicParameter> list_public_parameters(store::Transaction& tx,
                                                    const Context& context,
                                                    const domain::Caller& caller) {
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

std::optional<PublicParameter> find_public_parameter(store::Transaction& tx,
                                                     const Context& context,
                                                     const domain::Caller& caller,
                                                     const std::string& name) {
    for (auto& parameter : list_public_parameters(tx, context, caller))
        if (parameter.name == name)
            return std::move(parameter);
    return std::nullopt;
}

} // namespace pileus::cloud
