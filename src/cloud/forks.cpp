// SPDX-License-Identifier: Apache-2.0
#include "cloud/forks.h"

#include "cloud/client_token.h"
#include "cloud/instance_rows.h"
#include "cloud/launch_plan.h"
#include "cloud/volume_rows.h"
#include "domain/fork.h"
#include "domain/ids.h"
#include "store/forks.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::Instance;

namespace {

constexpr std::string_view operation = "ForkInstance"; // for client tokens
constexpr const char* forked_from = "pileus:forked-from";

// The instance that is copied, with what is attached to it.
struct Source {
    Instance instance;
    std::vector<domain::Volume> volumes; // the root first
    std::vector<domain::NetworkInterface> interfaces;
    std::optional<domain::Image> image; // it may be gone
    domain::Tags tags;
};

Result<void> check_count(const Context& context, int count) {
    const int limit = context.settings.limits.instances_per_launch;
    if (count >= 1 && count <= limit)
        return {};
    return fail(codes::invalid_parameter_value,
                fmt::format("'count' must be a number from 1 to {}, and {} is not.", limit, count));
}

// What is on its way in or out of the guest would be in the copy's memory, and not in its rows.
Result<void> check_rests(const Source& source) {
    const auto& instance = source.instance;
    const bool moves =
        instance.reboots_requested != instance.reboots_done ||
        std::any_of(source.volumes.begin(),
                    source.volumes.end(),
                    [](const auto& volume) {
                        return volume.attachment != domain::AttachmentState::attached;
                    }) ||
        std::any_of(source.interfaces.begin(), source.interfaces.end(), [](const auto& interface) {
            return interface.detaching || !interface.attached_at;
        });
    if (!moves)
        return {};
    return fail(codes::incorrect_instance_state,
                fmt::format("The instance '{}' reboots, or a volume or network interface is being "
                            "attached or detached. Try again when that is done.",
                            instance.id));
}

Result<void> check_can_be_forked(const Source& source) {
    const auto& instance = source.instance;
    if (instance.state != domain::InstanceState::running)
        return fail(codes::incorrect_instance_state,
                    fmt::format("The instance '{}' is {}: only a running one has a memory to copy.",
                                instance.id,
                                to_string(instance.state)));
    if (source.image && source.image->guest_agent.empty())
        return fail(codes::unsupported_operation,
                    fmt::format("The instance '{}' cannot be forked: its image {} is without "
                                "Pileus's guest agent, so that a copy would go on as the same "
                                "machine, with the same keys and addresses.",
                                instance.id,
                                instance.image_id));
    return check_rests(source);
}

Result<Source>
find_source(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    PILEUS_ASSIGN(auto found, find_instances(tx, caller, {id}));
    Source source;
    source.instance = std::move(found.front());
    source.volumes = store::volumes::list_of_instance(tx, id);
    sort_by_device(source.volumes, source.instance.root_device_name);
    source.interfaces = store::network_interfaces::list_of_instance(tx, id);
    source.image = store::images::find(tx, source.instance.image_id);
    source.tags = store::tags::list_of(tx, id);
    return source;
}

// In the same subnet and groups, with as many addresses, which are chosen anew.
LaunchInterface copy_of(const domain::NetworkInterface& interface) {
    LaunchInterface copy;
    copy.device_index = interface.device_index;
    copy.subnet_id = interface.subnet_id;
    copy.security_group_ids = interface.security_group_ids;
    copy.addresses.secondary_count = static_cast<int>(interface.secondary_addresses.size());
    copy.addresses.ipv6_count = static_cast<int>(interface.ipv6_addresses.size());
    copy.associate_public_ip = interface.wants_public_ip;
    copy.delete_on_termination = true;
    copy.description = interface.description;
    return copy;
}

// The launch that would have made an instance like it.
LaunchRequest make_request(const Source& source, const ForkRequest& fork) {
    const auto& instance = source.instance;
    LaunchRequest request;
    request.minimum_count = request.maximum_count = fork.count;
    request.image_id = instance.image_id;
    request.type = instance.type;
    request.key_name = instance.key_name;
    request.user_data = instance.user_data;
    for (const auto& interface : source.interfaces)
        request.interfaces.push_back(copy_of(interface));
    auto tags = source.tags;
    std::erase_if(tags, [](const auto& tag) { return tag.key == forked_from; });
    tags.push_back({forked_from, instance.id});
    request.tag_specifications = {{"instance", std::move(tags)},
                                  {"volume", {{forked_from, instance.id}}}};
    request.shutdown_behavior = instance.shutdown_behavior;
    request.ebs_optimized = instance.ebs_optimized;
    request.monitoring = instance.monitoring;
    request.hibernation_configured = instance.hibernation_configured;
    if (instance.unlimited_credits)
        request.unlimited_credits = true;
    request.client_token = fork.client_token;
    return request;
}

PlannedVolume copy_of(const domain::Volume& volume) {
    return {.device = volume.device,
            .snapshot_id = volume.snapshot_id, // what it was made of first; users see no other
            .size_gib = volume.size_gib,
            .type = volume.type,
            .iops = volume.iops,
            .throughput_mib_s = volume.throughput_mib_s,
            .delete_on_termination = true,
            .encryption = {volume.encrypted, volume.kms_key_id}};
}

Result<void> check_quotas(store::Transaction& tx,
                          const Context& context,
                          const domain::Caller& caller,
                          const LaunchPlan& plan) {
    const auto count = static_cast<int>(plan.host_ids.size());
    PILEUS_TRY(check_vcpu_quota(tx, context, caller, *plan.type, count));
    std::vector<StorageDemand> demands;
    for (const auto& volume : plan.volumes)
        demands.push_back({volume.type, volume.size_gib * count, volume.iops * count});
    return check_storage_quota(tx, context, caller, demands, codes::volume_limit_exceeded);
}

Result<LaunchPlan> make_plan(store::Transaction& tx,
                             const Context& context,
                             const domain::Caller& caller,
                             const Source& source,
                             const LaunchRequest& request) {
    const auto& instance = source.instance;
    LaunchPlan plan;
    PILEUS_ASSIGN(plan.type, find_type(context, instance.type));
    plan.image.id = instance.image_id;
    plan.image.architecture = instance.architecture;
    plan.image.root_device_name = instance.root_device_name;
    plan.public_key = instance.public_key;
    for (const auto& volume : source.volumes)
        plan.volumes.push_back(copy_of(volume));
    plan.metadata = instance.metadata;
    plan.hardware = instance.hardware;
    PILEUS_ASSIGN(const auto interfaces, resolve_launch_interfaces(tx, context, caller, request));
    PILEUS_ASSIGN(
        plan.host_ids,
        place_instances(tx, context, *plan.type, request.minimum_count, request.maximum_count));
    PILEUS_TRY(check_quotas(tx, context, caller, plan));
    PILEUS_ASSIGN(
        plan.interfaces,
        plan_launch_interfaces(tx, context, *plan.type, interfaces, plan.host_ids.size()));
    for (auto& of_instance : plan.interfaces)
        for (auto& interface : of_instance)
            for (const auto& original : source.interfaces)
                if (original.device_index == interface.device_index)
                    interface.source_dest_check = original.source_dest_check;
    return plan;
}

// The copy that the engine is to make, and the work.
std::string write_fork(store::Transaction& tx, const Context& context, const Source& source) {
    const auto& instance = source.instance;
    domain::Fork fork;
    fork.id = domain::new_id(context.random, domain::prefix::fork);
    fork.account_id = instance.account_id;
    fork.region = instance.region;
    fork.host_id = instance.host_id;
    fork.source_instance_id = instance.id;
    fork.template_id = domain::new_id(context.random, domain::prefix::warm_template);
    fork.created_at = context.clock.now();
    std::vector<domain::ForkDisk> disks;
    for (const auto& volume : source.volumes)
        disks.push_back({.snapshot_id = domain::new_id(context.random, domain::prefix::snapshot),
                         .fork_id = fork.id,
                         .volume_id = volume.id,
                         .device = volume.device});
    store::forks::insert(tx, fork, disks);
    store::work::enqueue(tx, "fork", fork.id, fork.host_id, context.clock.now());
    return fork.id;
}

} // namespace

Result<ReservationView> Forks::fork(const domain::Caller& caller, const ForkRequest& request) {
    PILEUS_TRY(check_count(context_, request.count));
    return context_.store.write([&](store::Transaction& tx) -> Result<ReservationView> {
        const ClientToken token{request.client_token, request.parameters_hash};
        PILEUS_ASSIGN(const auto earlier, find_earlier(tx, caller, operation, token));
        if (earlier)
            return view_reservation(tx, context_, caller, *earlier);
        PILEUS_ASSIGN(const auto source, find_source(tx, caller, request.instance_id));
        PILEUS_TRY(check_can_be_forked(source));
        const auto launch = make_request(source, request);
        PILEUS_TRY(check_tags(context_, tags_for(launch.tag_specifications, "instance")));
        PILEUS_ASSIGN(auto plan, make_plan(tx, context_, caller, source, launch));
        PILEUS_TRY(end_if_dry_run(caller));

        plan.fork_id = write_fork(tx, context_, source);
        const auto reservation_id = domain::new_id(context_.random, domain::prefix::reservation);
        LaunchWriter writer(tx, context_, caller, launch, plan);
        for (size_t index = 0; index < plan.host_ids.size(); ++index)
            PILEUS_TRY(writer.write(reservation_id, index));
        remember(tx, context_, caller, operation, token, reservation_id);
        return view_reservation(tx, context_, caller, reservation_id);
    });
}

} // namespace pileus::cloud
