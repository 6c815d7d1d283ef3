// SPDX-License-Identifier: Apache-2.0
//
// DescribeImages: who sees which image, and what each filter means.

#include "cloud/images.h"
#include "cloud/listing.h"
#include "cloud/public_parameters.h"
#include "cloud/sharing.h"
#include "store/images.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace {

constexpr std::string_view amazon = "amazon";
constexpr int store_rows = 1000;
constexpr std::string_view failed_code = "Client.InternalError";

void emit_text(const std::string& text, const Emit& emit) {
    if (!text.empty())
        emit(text);
}

template <class Value>
void emit_devices(const ImageView& view, const Emit& emit, Value value_of_ebs) {
    for (const auto& device : view.devices)
        if (!device.no_device && device.virtual_name.empty())
            emit(value_of_ebs(device));
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
constexpr FilterField<ImageView> image_filters[]{
    {"architecture", [](const ImageView& v, const Emit& emit) { emit(v.image.architecture); }},
    {"block-device-mapping.delete-on-termination",
     [](const ImageView& v, const Emit& emit) {
         emit_devices(v, emit, [](const auto& d) { return filter_bool(d.delete_on_termination); });
     }},
    {"block-device-mapping.device-name",
     [](const ImageView& v, const Emit& emit) {
         for (const auto& device : v.devices)
             emit(device.device);
     }},
    {"block-device-mapping.encrypted",
     [](const ImageView& v, const Emit& emit) {
         emit_devices(v, emit, [](const auto& d) { return filter_bool(d.encrypted); });
     }},
    {"block-device-mapping.snapshot-id",
     [](const ImageView& v, const Emit& emit) {
         emit_devices(v, emit, [](const auto& d) -> std::string_view { return d.snapshot_id; });
     }},
    {"block-device-mapping.volume-size",
     [](const ImageView& v, const Emit& emit) {
         emit_devices(v, emit, [](const auto& d) { return std::to_string(d.size_gib); });
     }},
    {"block-device-mapping.volume-type",
     [](const ImageView& v, const Emit& emit) {
         emit_devices(v, emit, [](const auto& d) -> std::string_view { return d.type; });
     }},
    {"creation-date",
     [](const ImageView& v, const Emit& emit) { emit(format_iso8601(v.image.created_at)); }},
    {"description", [](const ImageView& v, const Emit& emit) { emit(v.image.description); }},
    {"ena-support", [](const ImageView&, const Emit& emit) { emit("true"); }},
    {"free-tier-eligible",
     [](const ImageView& v, const Emit& emit) { emit(filter_bool(!v.image.recipe.empty())); }},
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
     [](const ImageView& v, const Emit& emit) { emit_text(v.image.owner_alias, emit); }},
    {"owner-id", [](const ImageView& v, const Emit& emit) { emit(v.image.account_id); }},
    {"platform", emit_nothing<ImageView>},
    {"platform-details",
     [](const ImageView& v, const Emit& emit) { emit(v.image.platform_details); }},
    {"product-code", emit_nothing<ImageView>},
    {"product-code.type", emit_nothing<ImageView>},
    {"public-ssm-parameter-name",
     [](const ImageView& v, const Emit& emit) { emit_text(v.parameter_name, emit); }},
    {"ramdisk-id", emit_nothing<ImageView>},
    {"root-device-name",
     [](const ImageView& v, const Emit& emit) { emit(v.image.root_device_name); }},
    {"root-device-type", [](const ImageView&, const Emit& emit) { emit("ebs"); }},
    {"source-image-id",
     [](const ImageView& v, const Emit& emit) { emit_text(v.image.source_image_id, emit); }},
    {"source-image-region",
     [](const ImageView& v, const Emit& emit) { emit_text(v.image.source_image_region, emit); }},
    {"source-instance-id",
     [](const ImageView& v, const Emit& emit) { emit_text(v.image.source_instance_id, emit); }},
    {"sriov-net-support", emit_nothing<ImageView>},
    {"state", [](const ImageView& v, const Emit& emit) { emit(v.state); }},
    {"state-reason-code",
     [](const ImageView& v, const Emit& emit) {
         if (!v.image.state_reason.empty())
             emit(failed_code);
     }},
    {"state-reason-message",
     [](const ImageView& v, const Emit& emit) { emit_text(v.image.state_reason, emit); }},
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

bool is_owned_by(const domain::Image& image,
                 const domain::Caller& caller,
                 const std::string& owner) {
    if (owner == "self")
        return image.account_id == caller.account_id;
    return image.account_id == owner || (!image.owner_alias.empty() && image.owner_alias == owner);
}

// By an explicit permission: being the owner is none.
bool is_executable_by(store::Transaction& tx,
                      const domain::Caller& caller,
                      const domain::Image& image,
                      const std::string& user) {
    if (user == everybody)
        return image.is_public;
    const auto& account = user == "self" ? caller.account_id : user;
    const auto permitted = store::images::list_permitted(tx, image.id);
    const bool is_known_to_caller =
        image.account_id == caller.account_id || account == caller.account_id;
    return is_known_to_caller &&
           std::find(permitted.begin(), permitted.end(), account) != permitted.end();
}

bool is_deprecated(const domain::Image& image, Time now) {
    return image.deprecated_at && *image.deprecated_at <= now;
}

bool is_asked_for(store::Transaction& tx,
                  const Context& context,
                  const domain::Caller& caller,
                  const ImageQuery& query,
                  const domain::Image& image) {
    const bool is_own = image.account_id == caller.account_id;
    if (image.state == "deregistered" || (image.state != "available" && !is_own))
        return false;
    if (image.is_disabled && !query.include_disabled)
        return false;
    // Who knows the id of a deprecated image goes on seeing it.
    if (is_deprecated(image, context.clock.now()) && !is_own && !query.include_deprecated &&
        query.ids.empty())
        return false;
    const auto any = [](const std::vector<std::string>& names, auto matches_name) {
        return names.empty() || std::any_of(names.begin(), names.end(), matches_name);
    };
    return any(query.owners,
               [&](const auto& owner) { return is_owned_by(image, caller, owner); }) &&
           any(query.executable_users,
               [&](const auto& user) { return is_executable_by(tx, caller, image, user); });
}

std::vector<ImageView> view_images(store::Transaction& tx,
                                   const Context& context,
                                   const domain::Caller& caller,
                                   std::vector<domain::Image> rows) {
    std::vector<ImageView> views;
    for (auto& row : rows) {
        ImageView view;
        view.state = row.is_disabled ? "disabled" : row.state;
        view.devices = devices_of(row);
        view.parameter_name = public_parameter_of(context, row);
        view.image = std::move(row);
        views.push_back(std::move(view));
    }
    attach_tags(tx, views, [](const ImageView& v) { return v.image.id; });
    for (auto& view : views)
        if (view.image.account_id != caller.account_id)
            view.tags.clear();
    return views;
}

Result<Listing<ImageView>>
describe_named(const Context& context, const domain::Caller& caller, const ImageQuery& query) {
    std::vector<std::string> others; // there, but not among those asked for
    PILEUS_ASSIGN(auto named,
                  list_named(context,
                             caller,
                             image_listing,
                             kinds::image,
                             query.ids,
                             query.filters,
                             query.page,
                             [&](store::Transaction& tx, const std::string& id) {
                                 auto row = find_visible_image(tx, scope_of(caller), id);
                                 if (row && !is_asked_for(tx, context, caller, query, *row))
                                     others.push_back(id);
                                 return view_one(
                                     tx,
                                     std::move(row),
                                     [&](store::Transaction& t, std::vector<domain::Image> rows) {
                                         return view_images(t, context, caller, std::move(rows));
                                     });
                             }));
    std::erase_if(named.items, [&](const ImageView& v) {
        return std::find(others.begin(), others.end(), v.image.id) != others.end();
    });
    return named;
}

} // namespace

std::string image_location(const domain::Image& image) {
    return fmt::format(
        "{}/{}", image.owner_alias.empty() ? image.account_id : image.owner_alias, image.name);
}

std::vector<domain::ImageDevice> devices_of(const domain::Image& image) {
    if (!image.devices.empty())
        return image.devices;
    domain::ImageDevice root;
    root.device = image.root_device_name;
    root.snapshot_id = image.snapshot_id;
    root.size_gib = image.size_gib;
    root.type = "gp3";
    root.iops = 3000;
    root.throughput_mib_s = 125;
    return {root};
}

std::vector<domain::Image> list_visible_images(store::Transaction& tx, const store::Scope& scope) {
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

std::optional<domain::Image>
find_visible_image(store::Transaction& tx, const store::Scope& scope, const std::string& id) {
    auto image = store::images::find_visible(tx, scope, id);
    if (image && image->state == "deregistered")
        image.reset();
    return image;
}

Result<domain::Image>
find_launchable_image(store::Transaction& tx, const store::Scope& scope, const std::string& id) {
    auto image = find_visible_image(tx, scope, id);
    if (!image)
        return fail(missing_error(kinds::image, id));
    if (image->is_disabled || image->state != "available")
        return fail(domain::codes::image_unavailable,
                    fmt::format("The image '{}' is {}, not available.",
                                id,
                                image->is_disabled ? "disabled" : image->state));
    return std::move(*image);
}

Result<domain::Image>
find_own_image(store::Transaction& tx, const store::Scope& scope, const std::string& id) {
    auto image = find_visible_image(tx, scope, id);
    if (!image)
        return fail(missing_error(kinds::image, id));
    if (image->account_id != scope.account_id)
        return fail(domain::codes::auth_failure, fmt::format("Not authorized for image:{}", id));
    return std::move(*image);
}

Result<Listing<ImageView>> Images::describe(const domain::Caller& caller, const ImageQuery& query) {
    PILEUS_TRY(check_users(query.owners, {"self", amazon, "aws-marketplace", "aws-backup-vault"}));
    PILEUS_TRY(check_users(query.executable_users, {"self", everybody}));
    if (!query.ids.empty())
        return describe_named(context_, caller, query);
    auto asked_for = context_.store.read([&](store::Transaction& tx) {
        auto rows = list_visible_images(tx, scope_of(caller));
        std::erase_if(rows, [&](const domain::Image& image) {
            return !is_asked_for(tx, context_, caller, query, image);
        });
        return view_images(tx, context_, caller, std::move(rows));
    });
    return list_in_memory(
        context_, caller, image_listing, query.filters, query.page, std::move(asked_for));
}

Result<ImageAttributes> Images::attributes(const domain::Caller& caller, const std::string& id) {
    return context_.store.read([&](store::Transaction& tx) -> Result<ImageAttributes> {
        PILEUS_ASSIGN(auto image, find_own_image(tx, scope_of(caller), id));
        PILEUS_TRY(end_if_dry_run(caller));
        ImageAttributes attributes;
        attributes.launch_permissions = store::images::list_permitted(tx, id);
        attributes.view = std::move(view_images(tx, context_, caller, {std::move(image)}).front());
        return attributes;
    });
}

} // namespace pileus::cloud
