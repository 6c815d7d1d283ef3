// SPDX-License-Identifier: Apache-2.0
//
// What becomes of an image that is there: attributes and sharing, deprecation, disabling,
// protection, and its end.

#include "cloud/account_settings.h"
#include "cloud/images.h"
#include "cloud/resource_kind.h"
#include "cloud/sharing.h"
#include "cloud/snapshots.h"
#include "store/images.h"
#include "store/snapshots.h"
#include "store/tags.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr auto deprecation_max = std::chrono::hours{24 * 3653}; // ten years
constexpr auto protection_cooldown = std::chrono::hours{24};

template <class... Lambdas> struct Overloaded : Lambdas... { using Lambdas::operator()...; };
template <class... Lambdas> Overloaded(Lambdas...) -> Overloaded<Lambdas...>;

// Finds the caller's own image, has it changed, and writes it.
template <class Change>
Result<void> change_own(const Context& context,
                        const domain::Caller& caller,
                        const std::string& id,
                        Change change_image) {
    return context.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto image, find_own_image(tx, scope_of(caller), id));
        const Result<void> changed = change_image(tx, image);
        PILEUS_TRY(changed);
        PILEUS_TRY(end_if_dry_run(caller));
        store::images::update(tx, image);
        return {};
    });
}

void withdraw_all(store::Transaction& tx, domain::Image& image) {
    image.is_public = false;
    for (const auto& account : store::images::list_permitted(tx, image.id))
        store::images::withdraw(tx, {image.id, account});
}

Result<void> check_shareable(store::Transaction& tx,
                             const domain::Image& image,
                             const std::vector<std::string>& added) {
    if (added.empty())
        return {};
    if (image.is_disabled)
        return fail(codes::operation_not_permitted,
                    fmt::format("The image '{}' is disabled: enable it to share it.", image.id));
    for (const auto& device : devices_of(image))
        if (device.encrypted)
            return fail(codes::operation_not_permitted,
                        fmt::format("The image '{}' has an encrypted snapshot ({}): snapshots "
                                    "encrypted with the EBS default key cannot be shared.",
                                    image.id,
                                    device.snapshot_id));
    const bool is_public_asked_for =
        std::find(added.begin(), added.end(), everybody) != added.end();
    const auto state = account_setting(
        tx, {image.account_id, image.region}, account_settings::image_block_public_access);
    if (is_public_asked_for && !image.is_public && state == public_access::block_new_sharing)
        return fail(codes::operation_not_permitted,
                    "You can't publicly share this image because block public access for AMIs is "
                    "enabled for this account.");
    return {};
}

Result<void> change_permissions(store::Transaction& tx,
                                const domain::Caller& caller,
                                domain::Image& image,
                                const image_change::LaunchPermissions& change) {
    for (const auto* list : {&change.added, &change.removed})
        PILEUS_TRY(check_grantees(*list, codes::invalid_image_attribute_value));
    if (change.added.empty() && change.removed.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter LaunchPermission, with accounts or the "
                    "group 'all' to add or to remove.");
    PILEUS_TRY(check_shareable(tx, image, change.added));
    PILEUS_TRY(end_if_dry_run(caller));
    for (const auto& grantee : change.removed) {
        if (grantee == everybody)
            image.is_public = false;
        else
            store::images::withdraw(tx, {image.id, grantee});
    }
    for (const auto& grantee : change.added) {
        if (grantee == everybody)
            image.is_public = true;
        else
            store::images::permit(tx, {image.id, grantee});
    }
    return {};
}

bool is_protected(const domain::Image& image, Time now) {
    return image.deregistration_protection.starts_with("enabled") ||
           (image.protected_until && *image.protected_until > now);
}

Result<void> check_deregistrable(const Context& context, const domain::Image& image) {
    if (image.state == "pending")
        return fail(codes::image_unavailable,
                    fmt::format("The AMI ID '{}' is currently pending, and may not be "
                                "de-registered.",
                                image.id));
    if (is_protected(image, context.clock.now()))
        return fail(codes::operation_not_permitted,
                    fmt::format("The AMI '{}' is protected from deregistration. Use "
                                "DisableImageDeregistrationProtection first; a cooldown lasts 24 "
                                "hours.",
                                image.id));
    return {};
}

std::vector<std::string> snapshots_of(const domain::Image& image) {
    std::vector<std::string> ids;
    for (const auto& device : devices_of(image))
        if (!device.snapshot_id.empty())
            ids.push_back(device.snapshot_id);
    return without_duplicates(ids);
}

// Its row stays, for the instances that were launched from it: they boot as it says. Nothing else
// of it does.
void end_image(store::Transaction& tx, domain::Image& image) {
    withdraw_all(tx, image);
    store::tags::erase_all(tx, image.id);
    image.state = "deregistered";
    image.snapshot_id.clear();
    image.devices.clear();
    store::images::update(tx, image);
}

} // namespace

Result<Deregistration> Images::deregister(const domain::Caller& caller,
                                          const std::string& id,
                                          bool delete_associated_snapshots) {
    return context_.store.write([&](store::Transaction& tx) -> Result<Deregistration> {
        PILEUS_ASSIGN(auto image, find_own_image(tx, scope_of(caller), id));
        PILEUS_TRY(check_deregistrable(context_, image));
        PILEUS_TRY(end_if_dry_run(caller));
        const auto snapshot_ids = snapshots_of(image);
        end_image(tx, image);
        Deregistration done;
        if (!delete_associated_snapshots)
            return done;
        for (const auto& snapshot_id : snapshot_ids) {
            auto snapshot = find_own_snapshot(tx, scope_of(caller), snapshot_id);
            const bool can_go = snapshot && check_no_image_uses(tx, *snapshot);
            if (can_go)
                begin_deletion(tx, context_, std::move(*snapshot));
            const auto* code = can_go ? "success"
                               : !snapshot && snapshot.error().code == codes::snapshot_not_found
                                   ? "client-error"
                               : !snapshot ? "missing-permissions"
                                           : "skipped";
            done.snapshots.push_back({snapshot_id, code});
        }
        return done;
    });
}

Result<void>
Images::change(const domain::Caller& caller, const std::string& id, const ImageChange& change) {
    return change_own(
        context_, caller, id, [&](store::Transaction& tx, domain::Image& image) -> Result<void> {
            return std::visit(
                Overloaded{[&](const image_change::Description& description) -> Result<void> {
                               image.description = description.text;
                               return check_image_description(description.text);
                           },
                           [&](const image_change::LaunchPermissions& permissions) {
                               return change_permissions(tx, caller, image, permissions);
                           },
                           [&](const image_change::ImdsV2Required&) -> Result<void> {
                               image.imds_v2_required = true;
                               return {};
                           }},
                change);
        });
}

Result<void> Images::reset_launch_permissions(const domain::Caller& caller, const std::string& id) {
    return change_own(
        context_, caller, id, [&](store::Transaction& tx, domain::Image& image) -> Result<void> {
            PILEUS_TRY(end_if_dry_run(caller));
            withdraw_all(tx, image);
            return {};
        });
}

Result<void> Images::cancel_launch_permission(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        const auto image = find_visible_image(tx, scope_of(caller), id);
        if (!image)
            return fail(missing_error(kinds::image, id));
        const auto permitted = store::images::list_permitted(tx, id);
        if (std::find(permitted.begin(), permitted.end(), caller.account_id) == permitted.end())
            return fail(codes::invalid_parameter_value,
                        fmt::format("The image '{}' has not been shared with this account.", id));
        PILEUS_TRY(end_if_dry_run(caller));
        store::images::withdraw(tx, {id, caller.account_id});
        return {};
    });
}

Result<void> Images::set_deprecation(const domain::Caller& caller,
                                     const std::string& id,
                                     std::optional<Time> at) {
    const auto now = context_.clock.now();
    if (at && (*at <= now || *at > now + deprecation_max))
        return fail(codes::invalid_parameter_value,
                    "The deprecation time must lie in the future, at most 10 years from now.");
    // EC2 keeps minutes: seconds are rounded.
    if (at)
        at = std::chrono::round<std::chrono::minutes>(*at);
    return change_own(context_, caller, id, [&](auto&, domain::Image& image) -> Result<void> {
        image.deprecated_at = at;
        return {};
    });
}

Result<void>
Images::set_disabled(const domain::Caller& caller, const std::string& id, bool disabled) {
    return change_own(
        context_, caller, id, [&](store::Transaction& tx, domain::Image& image) -> Result<void> {
            if (image.state != "available")
                return fail(codes::image_unavailable,
                            fmt::format("The image '{}' is {}, not available.", id, image.state));
            PILEUS_TRY(end_if_dry_run(caller));
            if (disabled)
                withdraw_all(tx, image);
            image.is_disabled = disabled;
            return {};
        });
}

Result<void>
Images::protect(const domain::Caller& caller, const std::string& id, bool with_cooldown) {
    return change_own(context_, caller, id, [&](auto&, domain::Image& image) -> Result<void> {
        image.deregistration_protection =
            with_cooldown ? "enabled-with-cooldown" : "enabled-without-cooldown";
        image.protected_until.reset();
        return {};
    });
}

Result<void> Images::unprotect(const domain::Caller& caller, const std::string& id) {
    return change_own(context_, caller, id, [&](auto&, domain::Image& image) -> Result<void> {
        if (image.deregistration_protection == "enabled-with-cooldown")
            image.protected_until = context_.clock.now() + protection_cooldown;
        image.deregistration_protection.clear();
        return {};
    });
}

Result<std::string> Images::public_access(const domain::Caller& caller) {
    PILEUS_TRY(end_if_dry_run(caller));
    auto state = context_.store.read([&](store::Transaction& tx) {
        return account_setting(tx, scope_of(caller), account_settings::image_block_public_access);
    });
    return state.empty() ? std::string(public_access::unblocked) : state;
}

Result<std::string> Images::set_public_access(const domain::Caller& caller,
                                              const std::string& state) {
    if (state != public_access::unblocked && state != public_access::block_new_sharing)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter imageBlockPublicAccessState is invalid: "
                                "give block-new-sharing.",
                                state));
    PILEUS_TRY(end_if_dry_run(caller));
    PILEUS_TRY(context_.store.write([&](store::Transaction& tx) -> Result<void> {
        put_account_setting(
            tx, scope_of(caller), account_settings::image_block_public_access, state);
        return {};
    }));
    return state;
}

} // namespace pileus::cloud
