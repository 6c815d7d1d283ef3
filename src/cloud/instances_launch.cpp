// SPDX-License-Identifier: Apache-2.0
//
// RunInstances: everything is checked, then reservation, instances, volumes, interfaces, addresses,
// tags, ledger and work are written in one transaction. Booting happens later, in src/engine;
// nothing here touches the machine.

#include "cloud/address_allocation.h"
#include "cloud/client_token.h"
#include "cloud/images.h"
#include "cloud/instance_rows.h"
#include "cloud/instances.h"
#include "cloud/launch_interfaces.h"
#include "cloud/volume_rows.h"
#include "cloud/vpc_work.h"
#include "domain/ids.h"
#include "store/charges.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/key_pairs.h"
#include "store/network_interfaces.h"
#include "store/public_addresses.h"
#include "store/tags.h"
#include "store/volumes.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;

namespace {

constexpr std::string_view operation = "RunInstances";

// What a launch has been resolved to: the things that its ids name.
struct Plan {
    const domain::InstanceType* type = nullptr;
    domain::Image image;
    std::string public_key;             // "" when launched without a key
    std::vector<PlannedVolume> volumes; // of each instance, the root first
    domain::MetadataOptions metadata;
    std::vector<std::string> host_ids;
    std::vector<LaunchedInterfaces> interfaces; // of each instance
};

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

Result<void> check_volume_count(const Context& context, const Plan& plan, size_t interfaces) {
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
                                const Plan& plan) {
    std::vector<StorageDemand> demands;
    const auto count = static_cast<int64_t>(plan.host_ids.size());
    for (const auto& volume : plan.volumes)
        demands.push_back({volume.type, volume.size_gib * count, volume.iops * count});
    return check_storage_quota(tx, context, caller, demands, codes::volume_limit_exceeded);
}

Result<Plan> make_plan(store::Transaction& tx,
                       const Context& context,
                       const domain::Caller& caller,
                       const LaunchRequest& request) {
    Plan plan;
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

domain::Instance make_instance(const Context& context,
                               const domain::Caller& caller,
                               const LaunchRequest& request,
                               const Plan& plan,
                               const std::string& reservation_id,
                               size_t index) {
    const auto now = context.clock.now();
    domain::Instance instance;
    instance.id = domain::new_id(context.random, domain::prefix::instance);
    instance.account_id = caller.account_id;
    instance.region = caller.region;
    const auto& primary = plan.interfaces[index].front();
    instance.zone = primary.zone;
    instance.reservation_id = reservation_id;
    instance.host_id = plan.host_ids[index];
    instance.vpc_id = primary.vpc_id;
    instance.subnet_id = primary.subnet_id;
    instance.source_dest_check = primary.source_dest_check;
    instance.image_id = plan.image.id;
    instance.type = plan.type->name;
    instance.architecture = plan.image.architecture;
    instance.key_name = request.key_name;
    instance.public_key = plan.public_key;
    instance.root_device_name = plan.image.root_device_name;
    instance.client_token = request.client_token;
    instance.launch_index = static_cast<int>(index);
    instance.launch_time = now;
    instance.created_at = now;
    instance.start_count = 1;
    instance.shutdown_behavior = request.shutdown_behavior;
    instance.disable_api_termination = request.disable_api_termination;
    instance.disable_api_stop = request.disable_api_stop;
    instance.ebs_optimized = request.ebs_optimized;
    instance.monitoring = request.monitoring;
    // T3 and later start as "unlimited", T2 as "standard".
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html
    instance.unlimited_credits =
        plan.type->burstable && request.unlimited_credits.value_or(plan.type->family != "t2");
    instance.metadata = plan.metadata;
    instance.user_data = request.user_data;
    return instance;
}

// One launch's transaction: the rows that belong to each instance.
class LaunchWriter {
  public:
    LaunchWriter(store::Transaction& tx,
                 const Context& context,
                 const domain::Caller& caller,
                 const LaunchRequest& request,
                 const Plan& plan)
        : tx_(tx), context_(context), caller_(caller), request_(request), plan_(plan) {}

    Result<domain::Instance> write(const std::string& reservation_id, size_t index) {
        auto instance = make_instance(context_, caller_, request_, plan_, reservation_id, index);
        store::instances::insert(tx_, instance);
        write_tags(tx_, caller_, request_.tag_specifications, "instance", instance.id);
        for (const auto& volume : plan_.volumes)
            write_volume(instance, volume);
        for (const auto& interface : plan_.interfaces[index])
            PILEUS_TRY(write_interface(instance, interface));
        enqueue_work(tx_, context_, instance);
        return instance;
    }

  private:
    void write_volume(const domain::Instance& instance, const PlannedVolume& planned) {
        domain::Volume volume;
        volume.id = domain::new_id(context_.random, domain::prefix::volume);
        volume.account_id = instance.account_id;
        volume.region = instance.region;
        volume.zone = instance.zone;
        volume.host_id = instance.host_id;
        volume.snapshot_id = planned.snapshot_id;
        volume.size_gib = planned.size_gib;
        volume.type = planned.type;
        volume.iops = planned.iops;
        volume.throughput_mib_s = planned.throughput_mib_s;
        volume.encrypted = planned.encryption.encrypted;
        volume.kms_key_id = planned.encryption.kms_key_id;
        volume.created_at = instance.created_at;
        volume.instance_id = instance.id;
        volume.device = planned.device;
        volume.delete_on_termination = planned.delete_on_termination;
        volume.attachment = domain::AttachmentState::attaching;
        volume.attached_at = instance.created_at;
        store::volumes::insert(tx_, volume);
        write_tags(tx_, caller_, request_.tag_specifications, "volume", volume.id);
        store::charges::volume_created(tx_, volume, instance.created_at);
    }

    Result<void> write_interface(const domain::Instance& instance,
                                 domain::NetworkInterface interface) {
        const bool is_new = !store::network_interfaces::find(tx_, interface.id);
        interface.host_id = instance.host_id;
        interface.instance_id = instance.id;
        interface.attachment_id =
            domain::new_id(context_.random, domain::prefix::network_interface_attachment);
        interface.attached_at = instance.created_at;
        if (!is_new) {
            store::network_interfaces::update(tx_, interface);
            enqueue_vpc(tx_, context_, interface.vpc_id); // a route to it is a black hole no more
            return {};
        }
        store::network_interfaces::insert(tx_, interface);
        write_tags(tx_, caller_, request_.tag_specifications, "network-interface", interface.id);
        if (!interface.wants_public_ip)
            return {};
        PILEUS_ASSIGN(const auto public_ip, take_public_ip(tx_, context_));
        store::public_addresses::take_automatic(tx_, interface, public_ip, instance.created_at);
        return {};
    }

    store::Transaction& tx_;
    const Context& context_;
    const domain::Caller& caller_;
    const LaunchRequest& request_;
    const Plan& plan_;
};

// LastLaunchedTime is exact to a day, on EC2 too: a launch need not write its image's row.
void note_launch(store::Transaction& tx, domain::Image image, Time now) {
    static constexpr Duration precision = std::chrono::hours{24};
    if (image.last_launched_at && now < *image.last_launched_at + precision)
        return;
    image.last_launched_at = now;
    store::images::update(tx, image);
}

ReservationView view_reservation(store::Transaction& tx,
                                 const Context& context,
                                 const domain::Caller& caller,
                                 const std::string& reservation_id) {
    ReservationView reservation{
        .id = reservation_id, .owner_id = caller.account_id, .instances = {}};
    auto instances =
        store::instances::list(tx,
                               scope_of(caller),
                               {.reservation_id = reservation_id},
                               {.limit = context.settings.limits.instances_per_launch});
    std::sort(instances.begin(), instances.end(), [](const auto& a, const auto& b) {
        return a.launch_index < b.launch_index;
    });
    for (auto& instance : instances)
        reservation.instances.push_back(make_view(tx, context, std::move(instance)));
    return reservation;
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
