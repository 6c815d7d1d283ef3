// SPDX-License-Identifier: Apache-2.0
#include "cloud/images.h"

#include "cloud/listing.h"
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
constexpr std::string_view root_volume_type = "gp3";
constexpr std::string_view imported_volume_id =
    "vol-ffffffff"; // as EC2 has it for what no volume was
constexpr size_t account_digits = 12;
constexpr int store_rows = 1000;

constexpr FilterField<ImageView> image_filters[]{
    {"architecture", [](const ImageView& v, const Emit& emit) { emit(v.image.architecture); }},
    {"block-device-mapping.delete-on-termination",
     [](const ImageView&, const Emit& emit) { emit("true"); }},
    {"block-device-mapping.device-name",
     [](const ImageView& v, const Emit& emit) { emit(v.image.root_device_name); }},
    {"block-device-mapping.encrypted", emit_false<ImageView>},
    {"block-device-mapping.snapshot-id",
     [](const ImageView& v, const Emit& emit) { emit(v.image.snapshot_id); }},
    {"block-device-mapping.volume-size",
     [](const ImageView& v, const Emit& emit) { emit(std::to_string(v.image.size_gib)); }},
    {"block-device-mapping.volume-type",
     [](const ImageView&, const Emit& emit) { emit(root_volume_type); }},
    {"creation-date",
     [](const ImageView& v, const Emit& emit) { emit(format_iso8601(v.image.created_at)); }},
    {"description", [](const ImageView& v, const Emit& emit) { emit(v.image.description); }},
    {"ena-support", [](const ImageView&, const Emit& emit) { emit("true"); }},
    {"free-tier-eligible", [](const ImageView&, const Emit& emit) { emit("true"); }},
    {"hypervisor", [](const ImageView&, const Emit& emit) { emit("xen"); }},
    {"image-allowed", [](const ImageView&, const Emit& emit) { emit("true"); }},
    {"image-id", [](const ImageView& v, const Emit& emit) { emit(v.image.id); }},
    {"image-type", [](const ImageView&, const Emit& emit) { emit("machine"); }},
    {"is-public",
     [](const ImageView& v, const Emit& emit) { emit(filter_bool(v.image.is_public)); }},
    {"kernel-id", emit_nothing<ImageView>},
    {"manifest-location",
     [](const ImageView& v, const Emit& emit) { emit(image_location(v.image)); }},
    {"name", [](const ImageView& v, const Emit& emit) { emit(v.image.name); }},
    {"owner-alias",
     [](const ImageView& v, const Emit& emit) {
         if (!v.image.owner_alias.empty())
             emit(v.image.owner_alias);
     }},
    {"owner-id", [](const ImageView& v, const Emit& emit) { emit(v.image.account_id); }},
    {"platform", emit_nothing<ImageView>},
    {"platform-details",
     [](const ImageView& v, const Emit& emit) { emit(v.image.platform_details); }},
    {"product-code", emit_nothing<ImageView>},
    {"product-code.type", emit_nothing<ImageView>},
    {"ramdisk-id", emit_nothing<ImageView>},
    {"root-device-name",
     [](const ImageView& v, const Emit& emit) { emit(v.image.root_device_name); }},
    {"root-device-type", [](const ImageView&, const Emit& emit) { emit("ebs"); }},
    {"source-image-id", emit_nothing<ImageView>},
    {"source-image-region", emit_nothing<ImageView>},
    {"source-instance-id", emit_nothing<ImageView>},
    {"sriov-net-support", emit_nothing<ImageView>},
    {"state", [](const ImageView& v, const Emit& emit) { emit(v.image.state); }},
    {"state-reason-code", emit_nothing<ImageView>},
    {"state-reason-message", emit_nothing<ImageView>},
    {"usage-operation", [](const ImageView&, const Emit& emit) { emit("RunInstances"); }},
    {"virtualization-type", [](const ImageView&, const Emit& emit) { emit("hvm"); }},
};

// Ascending keys with the newest first: what is left until the end of time.
std::string newest_first(const ImageView& v) {
    const auto left = Time::max() - v.image.created_at;
    return fmt::format("{:020}{}", left.count(), v.image.id);
}

constexpr ListingKind<ImageView> image_listing{
    "DescribeImages", image_filters, newest_first, {1, 1000}};

bool is_account_id(std::string_view text) {
    return text.size() == account_digits &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_users(const std::vector<std::string>& users,
                         std::initializer_list<std::string_view> words) {
    for (const auto& user : users)
        if (!is_account_id(user) && std::find(words.begin(), words.end(), user) == words.end())
            return fail(codes::user_id_malformed, fmt::format("Invalid user id: \"{}\"", user));
    return {};
}

bool is_owned_by(const domain::Image& image,
                 const domain::Caller& caller,
                 const std::string& owner) {
    if (owner == "self")
        return image.account_id == caller.account_id;
    return image.account_id == owner || (!image.owner_alias.empty() && image.owner_alias == owner);
}

// There are no launch permissions for single accounts yet: an image is everybody's or its owner's.
bool is_executable_by(const domain::Image& image, const std::string& user) {
    return user == "all" && image.is_public;
}

bool is_asked_for(const domain::Image& image,
                  const domain::Caller& caller,
                  const ImageQuery& query) {
    if (image.state != "available" && image.account_id != caller.account_id)
        return false;
    const auto any = [](const std::vector<std::string>& names, auto matches_name) {
        return names.empty() || std::any_of(names.begin(), names.end(), matches_name);
    };
    return any(query.owners,
               [&](const auto& owner) { return is_owned_by(image, caller, owner); }) &&
           any(query.executable_users,
               [&](const auto& user) { return is_executable_by(image, user); });
}

std::vector<ImageView> view_images(store::Transaction& tx, std::vector<domain::Image> rows) {
    std::vector<ImageView> views;
    for (auto& row : rows)
        views.push_back({std::move(row), {}});
    attach_tags(tx, views, [](const ImageView& v) { return v.image.id; });
    return views;
}

// An installation has few images: all are read, to be put in order.
std::vector<domain::Image> all_visible(store::Transaction& tx, const store::Scope& scope) {
    std::vector<domain::Image> all;
    store::Page page{"", store_rows};
    for (;;) {
        auto rows = store::images::list_visible(tx, scope, page);
        const bool is_last = static_cast<int>(rows.size()) < page.limit;
        if (!rows.empty())
            page.after_id = rows.back().id;
        std::move(rows.begin(), rows.end(), std::back_inserter(all));
        if (is_last)
            return all;
    }
}

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
    snapshot.volume_id = imported_volume_id;
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
    for (auto& image : all_visible(tx, scope))
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

std::string image_location(const domain::Image& image) {
    return fmt::format(
        "{}/{}", image.owner_alias.empty() ? image.account_id : image.owner_alias, image.name);
}

Result<Listing<ImageView>> Images::describe(const domain::Caller& caller, const ImageQuery& query) {
    PILEUS_TRY(check_users(query.owners, {"self", amazon, "aws-marketplace", "aws-backup-vault"}));
    PILEUS_TRY(check_users(query.executable_users, {"self", "all"}));
    const auto scope = scope_of(caller);
    if (!query.ids.empty()) {
        PILEUS_ASSIGN(auto named,
                      list_named(context_,
                                 caller,
                                 image_listing,
                                 kinds::image,
                                 query.ids,
                                 query.filters,
                                 query.page,
                                 [&](store::Transaction& tx, const std::string& id) {
                                     return view_one(tx,
                                                     store::images::find_visible(tx, scope, id),
                                                     view_images);
                                 }));
        std::erase_if(named.items,
                      [&](const ImageView& v) { return !is_asked_for(v.image, caller, query); });
        return named;
    }
    auto asked_for = context_.store.read([&](store::Transaction& tx) {
        auto rows = all_visible(tx, scope);
        std::erase_if(
            rows, [&](const domain::Image& image) { return !is_asked_for(image, caller, query); });
        return view_images(tx, std::move(rows));
    });
    return list_in_memory(
        context_, caller, image_listing, query.filters, query.page, std::move(asked_for));
}

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
