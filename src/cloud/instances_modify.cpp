// SPDX-License-Identifier: Apache-2.0
//
// ModifyInstanceAttribute and ModifyInstanceMetadataOptions: one attribute at a time, some only of
// a stopped instance.

#include "cloud/hibernation.h"
#include "cloud/instance_rows.h"
#include "cloud/instances.h"
#include "cloud/network_interface_rows.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/volumes.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::Instance;
using domain::InstanceState;

namespace {

// Applies each kind of change to the row, inside the transaction; the row is written afterwards.
class Changer {
  public:
    Changer(store::Transaction& tx,
            const Context& context,
            const domain::Caller& caller,
            Instance& instance)
        : tx_(tx), context_(context), caller_(caller), instance_(instance) {}

    Result<void> operator()(const change::Type& type) {
        PILEUS_TRY(check_stopped());
        PILEUS_TRY(check_does_not_hibernate(instance_));
        PILEUS_TRY(find_type(context_, type.name));
        instance_.type = type.name;
        return {};
    }
    Result<void> operator()(const change::UserData& user_data) {
        PILEUS_TRY(check_stopped());
        PILEUS_TRY(check_user_data(context_, user_data.bytes));
        instance_.user_data = user_data.bytes;
        return {};
    }
    Result<void> operator()(const change::DisableApiTermination& disable) {
        instance_.disable_api_termination = disable.value;
        return {};
    }
    Result<void> operator()(const change::DisableApiStop& disable) {
        instance_.disable_api_stop = disable.value;
        return {};
    }
    Result<void> operator()(const change::Shutdown& shutdown) {
        instance_.shutdown_behavior = shutdown.value;
        return {};
    }
    Result<void> operator()(const change::EbsOptimized& optimized) {
        PILEUS_TRY(check_stopped());
        instance_.ebs_optimized = optimized.value;
        return {};
    }
    Result<void> operator()(const change::SourceDestCheck& check) {
        PILEUS_ASSIGN(auto interface, only_interface(tx_, instance_));
        instance_.source_dest_check = check.value;
        interface.source_dest_check = check.value;
        return write_interface(interface);
    }
    Result<void> operator()(const change::SecurityGroups& groups) {
        if (groups.ids.empty())
            return fail(codes::invalid_parameter_value,
                        "An instance needs at least one security group.");
        PILEUS_TRY(check_group_ids(tx_, context_, caller_, instance_.vpc_id, groups.ids));
        PILEUS_ASSIGN(auto interface, only_interface(tx_, instance_));
        interface.security_group_ids = groups.ids;
        return write_interface(interface);
    }
    Result<void> operator()(const change::DeleteOnTermination& change) {
        auto volumes = store::volumes::list_of_instance(tx_, instance_.id);
        for (const auto& [device, volume_id, value] : change.devices) {
            const auto volume =
                std::find_if(volumes.begin(), volumes.end(), [&, &name = device](const auto& v) {
                    return v.device == name;
                });
            const bool is_there =
                volume != volumes.end() && (volume_id.empty() || volume->id == volume_id);
            if (!is_there)
                return fail(codes::invalid_instance_attribute_value,
                            fmt::format("No device is currently mapped at {}", device));
            volume->delete_on_termination = value;
            store::volumes::update(tx_, *volume);
        }
        return {};
    }

  private:
    Result<void> check_stopped() const {
        if (instance_.state == InstanceState::stopped)
            return {};
        return fail(codes::incorrect_instance_state,
                    fmt::format("The instance '{}' is not in the 'stopped' state.", instance_.id));
    }

    Result<void> write_interface(const domain::NetworkInterface& interface) {
        store::network_interfaces::update(tx_, interface);
        enqueue_interface(tx_, context_, interface);
        return {};
    }

    store::Transaction& tx_;
    const Context& context_;
    const domain::Caller& caller_;
    Instance& instance_;
};

Result<Instance> find_modifiable(store::Transaction& tx,
                                 const domain::Caller& caller,
                                 const std::string& instance_id) {
    PILEUS_ASSIGN(auto found, find_instances(tx, caller, {instance_id}));
    if (found.front().state == InstanceState::terminated)
        return fail(
            codes::incorrect_instance_state,
            fmt::format("The instance '{}' is terminated and cannot be modified.", instance_id));
    return std::move(found.front());
}

} // namespace

Result<void> Instances::modify(const domain::Caller& caller,
                               const std::string& instance_id,
                               const InstanceChange& change) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto instance, find_modifiable(tx, caller, instance_id));
        PILEUS_TRY(std::visit(Changer(tx, context_, caller, instance), change));
        PILEUS_TRY(end_if_dry_run(caller));
        store::instances::update(tx, instance);
        return {};
    });
}

Result<Instance> Instances::modify_metadata_options(const domain::Caller& caller,
                                                    const std::string& instance_id,
                                                    const MetadataOptionsChange& change) {
    return context_.store.write([&](store::Transaction& tx) -> Result<Instance> {
        PILEUS_ASSIGN(auto instance, find_modifiable(tx, caller, instance_id));
        PILEUS_TRY(apply(change, instance.metadata));
        PILEUS_TRY(end_if_dry_run(caller));
        store::instances::update(tx, instance);
        return instance;
    });
}

} // namespace pileus::cloud
