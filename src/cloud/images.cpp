// SPDX-License-Identifier: Apache-2.0
#include "cloud/images.h"

#include "cloud/resource_kind.h"
#include "cloud/snapshots.h"
#include "domain/ids.h"
#include "domain/volume.h"
#include "store/images.h"
#include "store/snapshots.h"
#include "store/volumes.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr std::string_view amazon = "amazon";

// "debian-12-amd64-20261123-1a2b3c4d", as Debian names its images on EC2.
std::string make_name(const BuiltImage& build, Time now) {
    const auto architecture = build.architecture == "x86_64" ? "amd64" : build.architecture;
    return fmt::format("{}-{}-{}-{}",
                       build.recipe,
                       architecture,
                       format_basic(now).substr(0, 8),
                       build.content_sha256.substr(0, 8));
}

domain::Image
make_image(const Context& context, const BuiltImage& build, const std::string& region) {
    domain::Image image;
    image.id = build.id.empty() ? domain::new_id(context.random, domain::prefix::image) : build.id;
    image.account_id = context.settings.shipped_images_account;
    image.region = region;
    image.name = build.name.empty() ? make_name(build, context.clock.now()) : build.name;
    image.description = build.description;
    image.owner_alias = amazon;
    image.architecture = build.architecture;
    image.state = "pending";
    image.is_public = true;
    image.platform_details = build.platform_details;
    image.boot_mode = build.boot_mode;
    image.root_device_name = build.root_device_name;
    image.snapshot_id = domain::new_id(context.random, domain::prefix::snapshot);
    image.size_gib = build.size_gib;
    image.default_user = build.default_user;
    image.minimum_memory_mib = build.minimum_memory_mib;
    image.guest_agent = build.guest_agent;
    image.recipe = build.recipe;
    image.content_sha256 = build.content_sha256;
    image.created_at = context.clock.now();
    return image;
}

domain::Snapshot make_snapshot(const Context& context, const domain::Image& image) {
    domain::Snapshot snapshot;
    snapshot.id = image.snapshot_id;
    snapshot.account_id = image.account_id;
    snapshot.region = image.region;
    snapshot.host_id = context.settings.host.host_id;
    snapshot.volume_id = no_volume_id;
    snapshot.size_gib = image.size_gib;
    snapshot.description = fmt::format("Root disk of {}", image.name);
    snapshot.started_at = image.created_at;
    snapshot.taken_at = image.created_at;
    snapshot.completed_at = image.created_at;
    return snapshot;
}

// What is known of this content in the region.
std::optional<domain::Image>
find_built(store::Transaction& tx, const store::Scope& scope, const BuiltImage& build) {
    for (auto& image : list_visible_images(tx, scope))
        if (image.account_id == scope.account_id && image.recipe == build.recipe &&
            image.content_sha256 == build.content_sha256 && image.state != "deregistered" &&
            (build.id.empty() || image.id == build.id))
            return std::move(image);
    return std::nullopt;
}

Result<std::vector<std::string>> regions_of(const Settings& settings, const BuiltImage& build) {
    if (!build.region.empty() && !find_region(settings, build.region))
        return fail(codes::invalid_parameter_value,
                    fmt::format("This installation has no region '{}'.", build.region));
    if (!build.region.empty())
        return std::vector{build.region};
    std::vector<std::string> names;
    for (const auto& region : settings.regions)
        names.push_back(region.name);
    if (!build.id.empty())
        names.resize(1); // an id is unique: without a region it is one of the default region
    return names;
}

Result<void> check_build(const BuiltImage& build) {
    if (build.recipe.empty() || build.content_sha256.empty())
        return fail(codes::invalid_parameter_value,
                    "An image needs the name of its recipe and the hash of its content.");
    if (build.size_gib <= 0)
        return fail(codes::invalid_parameter_value,
                    fmt::format("An image of {} GiB cannot be: its size must be 1 GiB or more.",
                                build.size_gib));
    if (!build.id.empty() && !domain::is_well_formed_id(domain::prefix::image, build.id))
        return fail(
            codes::image_malformed,
            fmt::format("'{}' is no image id: write \"ami-\" and 8 or 17 hex digits.", build.id));
    return {};
}

} // namespace

Result<std::vector<domain::Image>> Images::register_built(const BuiltImage& build) {
    PILEUS_TRY(check_build(build));
    PILEUS_ASSIGN(const auto regions, regions_of(context_.settings, build));
    return context_.store.write([&](store::Transaction& tx) -> Result<std::vector<domain::Image>> {
        std::vector<domain::Image> images;
        for (const auto& region : regions) {
            const store::Scope scope{context_.settings.shipped_images_account, region};
            auto image = find_built(tx, scope, build);
            if (!image) {
                if (!build.id.empty() && store::images::find(tx, build.id))
                    return fail(
                        codes::invalid_parameter_value,
                        fmt::format("The image id '{}' is taken by other content.", build.id));
                image = make_image(context_, build, region);
                store::images::insert(tx, *image);
                store::snapshots::insert(tx, make_snapshot(context_, *image));
            }
            images.push_back(std::move(*image));
        }
        return images;
    });
}

Result<void> Images::publish(const std::vector<std::string>& image_ids) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        for (const auto& id : image_ids) {
            auto image = store::images::find(tx, id);
            if (!image)
                return fail(missing_error(kinds::image, id));
            image->state = "available";
            store::images::update(tx, *image);
        }
        return {};
    });
}

} // namespace pileus::cloud
