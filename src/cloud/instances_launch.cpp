// SPDX-License-Identifier: Apache-2.0
//
// RunInstances: everything is checked, then reservation, instances, volumes, interfaces, addresses,
// tags, ledger and work are written in one transaction. Booting happens later, in src/engine;
// nothing here touches the machine.

#include "cloud/address_allocation.h"
#include "cloud/client_token.h"
#include "cloud/hibernation.h"
#include "cloud/images.h"
#include "cloud/instance_rows.h"
#include "cloud/instances.h"
#include "cloud/launch_interfaces.h"
#include "cloud/launch_plan.h"
#include "cloud/volume_rows.h"
#include "domain/ids.h"
#include "store/images.h"
#include "store/key_pairs.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr std::string_view operation = "RunInstances";

Result<void> check_counts(const Context& context, const LaunchRequest& request) {
    if (request.minimum_count < 1)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter minCount is invalid. The minimum is 1.",
                                request.minimum_count));
    if (request.maximum_count < request.minimum_count)
        return fail(codes::invalid_parameter_value,
                    fmt::format("The parameter maxCount ({}) is less than minCount ({}).",
                                request.maximum_count,
                                request.minimum_count));
    if (request.maximum_count > context.settings.limits.instances_per_launch)
        return fail(
            codes::instance_limit_exceeded,
            fmt::format("You have requested more instances ({}) than one launch allows ({}).",
                        request.maximum_count,
                        context.settings.limits.instances_per_launch));
    return {};
}

// What can be said without the store.
Result<void> check_request(const Context& context, const LaunchRequest& request) {
    PILEUS_TRY(check_counts(context, request));
    PILEUS_TRY(check_user_data(context, request.user_data));
    static constexpr std::array<std::string_view, 4> taggable{
        "instance", "volume", "network-interface", "spot-instances-request"};
    PILEUS_TRY(check_tag_specifications(
        context, request.tag_specifications, {taggable.begin(), taggable.end()}));
    PILEUS_TRY(check_launch_interfaces(request));
    if (!request.security_group_ids.empty() && !request.security_group_names.empty())
        return fail(codes::invalid_parameter_combination,
                    "The parameters securityGroupIds and securityGroups cannot be used together.");
    if (!request.security_group_names.empty() && !request.subnet_id.empty())
        return fail(codes::invalid_parameter_combination,
                    "The parameter groupName cannot be used with the parameter subnet");
    return {};
}

Result<std::string>
find_public_key(store::Transaction& tx, const domain::Caller& caller, const std::string& key_name) {
    if (key_name.empty())
        return std::string();
    auto key = store::key_pairs::find_by_name(tx, scope_of(caller), key_name);
    if (!key)
        return fail(codes::key_pair_not_found,
                    fmt::format("The key pair '{}' does not exist", key_name));
    return std::move(key->public_key);
}

Result<void> check_volume_count(const Context& context, const LaunchPlan& plan, size_t interfaces) {
    const auto limit = volumes_max(context, interfaces);
    if (plan.volumes.size() > limit)
        return fail(codes::attachment_limit_exceeded,
                    fmt::format("An instance with {} network interfaces can have at most {} "
                                "volumes, and the launch asks for {}.",
                                interfaces,
                                limit,
                                plan.volumes.size()));
    return {};
}

Result<void> check_volume_quota(store::Transaction& tx,
                                const Context& context,
                                const domain::Caller& caller,
                                const LaunchPlan& plan) {
    std::vector<StorageDemand> demands;
    const auto count = static_cast<int64_t>(plan.host_ids.size());
    for (const auto& volume : plan.volumes)
        demands.push_back({volume.type, volume.size_gib * count, volume.iops * count});
    return check_storage_quota(tx, context, caller, demands, codes::volume_limit_exceeded);
}

Result<LaunchPlan> make_plan(store::Transaction& tx,
                             const Context& context,
                             const domain::Caller& caller,
                             const LaunchRequest& request) {
    LaunchPlan plan;
    PILEUS_ASSIGN(plan.type, find_type(context, request.type));
    PILEUS_ASSIGN(plan.image, find_launchable_image(tx, scope_of(caller), request.image_id));
    const auto& architectures = plan.type->architectures;
    if (std::find(architectures.begin(), architectures.end(), plan.image.architecture) ==
        architectures.end())
        return fail(codes::invalid_parameter_value,
                    fmt::format("The architecture '{}' of the specified instance type does not "
                                "match the architecture '{}' "
                                "of the specified AMI.",
                                architectures.empty() ? "" : architectures.front(),
                                plan.image.architecture));
    PILEUS_ASSIGN(plan.public_key, find_public_key(tx, caller, request.key_name));
    PILEUS_ASSIGN(plan.volumes,
                  plan_volumes(tx, scope_of(caller), plan.image, request.block_devices));
    if (request.hibernation_configured)
        PILEUS_TRY(check_can_hibernate(*plan.type, plan.volumes.front()));
    PILEUS_TRY(apply(request.metadata, plan.metadata));
    if (request.unlimited_credits && !plan.type->burstable)
        return fail(codes::invalid_parameter_combination,
                    fmt::format("The CreditSpecification is for burstable types, and {} is none.",
                                plan.type->name));
    PILEUS_ASSIGN(const auto interfaces, resolve_launch_interfaces(tx, context, caller, request));
    PILEUS_TRY(check_launch_interfaces(*plan.type, interfaces));
    PILEUS_TRY(check_volume_count(context, plan, interfaces.size()));
    PILEUS_ASSIGN(
        plan.host_ids,
        place_instances(tx, context, *plan.type, request.minimum_count, request.maximum_count));
    const auto count = plan.host_ids.size();
    PILEUS_TRY(check_vcpu_quota(tx, context, caller, *plan.type, static_cast<int>(count)));
    PILEUS_TRY(check_volume_quota(tx, context, caller, plan));
    PILEUS_ASSIGN(plan.interfaces,
                  plan_launch_interfaces(tx, context, *plan.type, interfaces, count));
    return plan;
}

// LastLaunchedTime is exact to a day, on EC2 too: a launch need not write its image's row.
void note_launch(store::Transaction& tx, domain::Image image, Time now) {
    static constexpr Duration precision = std::chrono::hours{24};
    if (image.last_launched_at && now < *image.last_launched_at + precision)
        return;
    image.last_launched_at = now;
    store::images::update(tx, image);
}

} // namespace

Result<ReservationView> Instances::launch(const domain::Caller& caller,
                                          const LaunchRequest& request) {
    PILEUS_TRY(check_request(context_, request));
    return context_.store.write([&](store::Transaction& tx) -> Result<ReservationView> {
        const ClientToken token{request.client_token, request.parameters_hash};
        PILEUS_ASSIGN(const auto earlier, find_earlier(tx, caller, operation, token));
        if (earlier) {
            PILEUS_TRY(end_if_dry_run(caller));
            return view_reservation(tx, context_, caller, *earlier);
        }
        PILEUS_ASSIGN(const auto plan, make_plan(tx, context_, caller, request));
        PILEUS_TRY(end_if_dry_run(caller));

        const auto reservation_id = domain::new_id(context_.random, domain::prefix::reservation);
        LaunchWriter writer(tx, context_, caller, request, plan);
        for (size_t index = 0; index < plan.host_ids.size(); ++index)
            PILEUS_TRY(writer.write(reservation_id, index));
        note_launch(tx, plan.image, context_.clock.now());
        remember(tx, context_, caller, operation, token, reservation_id);
        return view_reservation(tx, context_, caller, reservation_id);
    });
}

} // namespace pileus::cloud
