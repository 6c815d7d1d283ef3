// SPDX-License-Identifier: Apache-2.0
#include "cloud/launch_plan.h"

#include "cloud/address_allocation.h"
#include "cloud/instance_rows.h"
#include "cloud/vpc_work.h"
#include "domain/ids.h"
#include "store/charges.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/public_addresses.h"
#include "store/volumes.h"

#include <algorithm>

namespace pileus::cloud {

namespace {

domain::Instance make_instance(const Context& context,
                               const domain::Caller& caller,
                               const LaunchRequest& request,
                               const LaunchPlan& plan,
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
    instance.hibernation_configured = request.hibernation_configured;
    instance.fork_id = plan.fork_id;
    instance.hardware = plan.hardware;
    return instance;
}

} // namespace

Result<domain::Instance> LaunchWriter::write(const std::string& reservation_id, size_t index) {
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

void LaunchWriter::write_volume(const domain::Instance& instance, const PlannedVolume& planned) {
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

Result<void> LaunchWriter::write_interface(const domain::Instance& instance,
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

} // namespace pileus::cloud
