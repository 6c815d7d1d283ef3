// SPDX-License-Identifier: Apache-2.0
//
// DescribeInstanceAttribute, ModifyInstanceAttribute, ModifyInstanceMetadataOptions: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/instance_views.h"
#include "api/ec2/launch_request.h"
#include "api/ec2/operations.h"
#include "base/text.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_instance_attribute.h"
#include "model/ec2/modify_instance_attribute.h"
#include "model/ec2/modify_instance_metadata_options.h"

#include <array>
#include <fmt/core.h>
#include <functional>
#include <utility>

namespace pileus::api::ec2 {

namespace codes = domain::codes;

namespace {

// ---- DescribeInstanceAttribute
// ---------------------------------------------------------------------------------------

struct AttributeWriter {
    std::string_view name;
    void (*write)(const cloud::InstanceView& view, model::InstanceAttribute out);
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceAttribute.html
constexpr std::array attribute_writers{
    AttributeWriter{"blockDeviceMapping",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        out.touch_block_device_mappings();
                        for (const auto& volume : view.volumes)
                            write_volume(volume, out.add_block_device_mappings());
                    }},
    AttributeWriter{"disableApiStop",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        out.set_disable_api_stop().set_value(view.instance.disable_api_stop);
                    }},
    AttributeWriter{"disableApiTermination",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        out.set_disable_api_termination().set_value(
                            view.instance.disable_api_termination);
                    }},
    AttributeWriter{"ebsOptimized",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        out.set_ebs_optimized().set_value(view.instance.ebs_optimized);
                    }},
    AttributeWriter{"enaSupport",
                    [](const cloud::InstanceView&, model::InstanceAttribute out) {
                        out.set_ena_support().set_value(true);
                    }},
    AttributeWriter{"enclaveOptions",
                    [](const cloud::InstanceView&, model::InstanceAttribute out) {
                        out.set_enclave_options().set_enabled(false);
                    }},
    AttributeWriter{"groupSet",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        out.touch_groups();
                        if (view.interfaces.empty())
                            return;
                        for (const auto& id : view.interfaces.front().security_group_ids)
                            out.add_groups().set_group_id(id).set_group_name(
                                view.group_names.at(id));
                    }},
    AttributeWriter{"instanceInitiatedShutdownBehavior",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        const bool ends =
                            view.instance.shutdown_behavior == domain::ShutdownBehavior::terminate;
                        out.set_instance_initiated_shutdown_behavior().set_value(ends ? "terminate"
                                                                                      : "stop");
                    }},
    AttributeWriter{"instanceType",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        out.set_instance_type().set_value(view.instance.type);
                    }},
    AttributeWriter{
        "kernel",
        [](const cloud::InstanceView&, model::InstanceAttribute out) { out.set_kernel_id(); }},
    AttributeWriter{"productCodes",
                    [](const cloud::InstanceView&, model::InstanceAttribute out) {
                        out.touch_product_codes();
                    }},
    AttributeWriter{
        "ramdisk",
        [](const cloud::InstanceView&, model::InstanceAttribute out) { out.set_ramdisk_id(); }},
    AttributeWriter{"rootDeviceName",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        out.set_root_device_name().set_value(view.instance.root_device_name);
                    }},
    AttributeWriter{"sourceDestCheck",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        out.set_source_dest_check().set_value(view.instance.source_dest_check);
                    }},
    AttributeWriter{"sriovNetSupport",
                    [](const cloud::InstanceView&, model::InstanceAttribute out) {
                        out.set_sriov_net_support();
                    }},
    AttributeWriter{"userData",
                    [](const cloud::InstanceView& view, model::InstanceAttribute out) {
                        auto user_data = out.set_user_data();
                        if (!view.instance.user_data.empty())
                            user_data.set_value(base64_encode(view.instance.user_data));
                    }},
};

Result<void> describe_instance_attribute(Call& call,
                                         model::DescribeInstanceAttributeRequest in,
                                         model::InstanceAttribute out) {
    const auto name = text(in.attribute());
    const auto writer = std::find_if(attribute_writers.begin(),
                                     attribute_writers.end(),
                                     [&](const auto& w) { return w.name == name; });
    if (writer == attribute_writers.end())
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter attribute is invalid.", name));
    PILEUS_ASSIGN(const auto view,
                  call.cloud.instances.describe_one(call.caller, text(in.instance_id())));
    out.set_instance_id(view.instance.id);
    writer->write(view, out);
    return {};
}

// ---- ModifyInstanceAttribute
// ------------------------------------------------------------------------------------------

// One change in the form "Attribute=…, Value=…", the older of the two.
Result<cloud::InstanceChange> change_by_name(const std::string& name, const std::string& value) {
    const auto as_bool = [&]() -> Result<bool> {
        if (value == "true" || value == "false")
            return value == "true";
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter value is invalid.", value));
    };
    if (name == "instanceType")
        return cloud::change::Type{value};
    if (name == "userData") {
        PILEUS_ASSIGN(auto bytes, user_data_bytes(value));
        return cloud::change::UserData{std::move(bytes)};
    }
    if (name == "instanceInitiatedShutdownBehavior") {
        PILEUS_ASSIGN(const auto behavior, shutdown_behavior(value));
        return cloud::change::Shutdown{behavior};
    }
    const std::array<std::pair<std::string_view, std::function<cloud::InstanceChange(bool)>>, 4>
        booleans{{
            {"disableApiTermination",
             [](bool on) { return cloud::change::DisableApiTermination{on}; }},
            {"disableApiStop", [](bool on) { return cloud::change::DisableApiStop{on}; }},
            {"sourceDestCheck", [](bool on) { return cloud::change::SourceDestCheck{on}; }},
            {"ebsOptimized", [](bool on) { return cloud::change::EbsOptimized{on}; }},
        }};
    for (const auto& [boolean, make] : booleans)
        if (name == boolean) {
            PILEUS_ASSIGN(const bool on, as_bool());
            return make(on);
        }
    return fail(
        codes::unsupported_operation,
        fmt::format("ModifyInstanceAttribute: the attribute '{}' cannot be changed here.", name));
}

Result<cloud::change::DeleteOnTermination>
device_changes(const model::ModifyInstanceAttributeRequest& in) {
    cloud::change::DeleteOnTermination change;
    for (const auto mapping : in.block_device_mappings()) {
        if (mapping.no_device() || mapping.virtual_name())
            return fail(codes::unsupported_operation,
                        "ModifyInstanceAttribute: of a block device mapping only "
                        "Ebs.DeleteOnTermination can be changed.");
        if (const auto value = mapping.ebs().delete_on_termination())
            change.devices.push_back(
                {text(mapping.device_name()), text(mapping.ebs().volume_id()), *value});
    }
    return change;
}

// Every change that the request names; EC2 wants exactly one.
Result<std::vector<cloud::InstanceChange>>
changes_of(const model::ModifyInstanceAttributeRequest& in) {
    std::vector<cloud::InstanceChange> changes;
    if (in.attribute()) {
        PILEUS_ASSIGN(auto change, change_by_name(text(in.attribute()), text(in.value())));
        changes.push_back(std::move(change));
    }
    const auto add_named = [&](std::string_view name,
                               std::optional<std::string_view> value) -> Result<void> {
        if (!value)
            return {};
        PILEUS_ASSIGN(auto change, change_by_name(std::string(name), std::string(*value)));
        changes.push_back(std::move(change));
        return {};
    };
    PILEUS_TRY(add_named("instanceType", in.instance_type().value()));
    PILEUS_TRY(add_named("instanceInitiatedShutdownBehavior",
                         in.instance_initiated_shutdown_behavior().value()));
    PILEUS_TRY(add_named("kernel", in.kernel().value()));
    PILEUS_TRY(add_named("ramdisk", in.ramdisk().value()));
    PILEUS_TRY(add_named("sriovNetSupport", in.sriov_net_support().value()));
    // On the wire a blob: it arrives here decoded.
    if (const auto user_data = in.user_data())
        changes.push_back(cloud::change::UserData{text(user_data.value())});
    if (const auto on = in.disable_api_termination().value())
        changes.push_back(cloud::change::DisableApiTermination{*on});
    if (const auto on = in.disable_api_stop().value())
        changes.push_back(cloud::change::DisableApiStop{*on});
    if (const auto on = in.source_dest_check().value())
        changes.push_back(cloud::change::SourceDestCheck{*on});
    if (const auto on = in.ebs_optimized().value())
        changes.push_back(cloud::change::EbsOptimized{*on});
    if (in.ena_support().value() == false || in.enclave_options().enabled() == true)
        return fail(
            codes::unsupported_operation,
            "ModifyInstanceAttribute: EnaSupport and EnclaveOptions cannot be changed here.");
    if (!in.groups().empty())
        changes.push_back(cloud::change::SecurityGroups{texts(in.groups())});
    if (!in.block_device_mappings().empty()) {
        PILEUS_ASSIGN(auto change, device_changes(in));
        changes.push_back(std::move(change));
    }
    return changes;
}

Result<void>
modify_instance_attribute(Call& call, model::ModifyInstanceAttributeRequest in, model::Unit) {
    PILEUS_ASSIGN(const auto changes, changes_of(in));
    if (changes.empty())
        return fail(codes::invalid_parameter_combination, "No attributes specified.");
    if (changes.size() > 1)
        return fail(codes::invalid_parameter_combination,
                    "Fields for multiple attribute types specified");
    return call.cloud.instances.modify(call.caller, text(in.instance_id()), changes.front());
}

Result<void> modify_instance_metadata_options(Call& call,
                                              model::ModifyInstanceMetadataOptionsRequest in,
                                              model::ModifyInstanceMetadataOptionsResult out) {
    PILEUS_ASSIGN(const auto change,
                  metadata_options_change(in.http_tokens(),
                                          in.http_put_response_hop_limit(),
                                          in.http_endpoint(),
                                          in.http_protocol_ipv6(),
                                          in.instance_metadata_tags()));
    PILEUS_ASSIGN(
        const auto instance,
        call.cloud.instances.modify_metadata_options(call.caller, text(in.instance_id()), change));
    out.set_instance_id(instance.id);
    write_metadata_options(instance.metadata, "pending", out.set_instance_metadata_options());
    return {};
}

} // namespace

void register_instance_attributes(Registry& registry) {
    registry.add<model::operations::DescribeInstanceAttribute>(describe_instance_attribute);
    registry.add<model::operations::ModifyInstanceAttribute>(modify_instance_attribute);
    registry.add<model::operations::ModifyInstanceMetadataOptions>(
        modify_instance_metadata_options);
}

} // namespace pileus::api::ec2
