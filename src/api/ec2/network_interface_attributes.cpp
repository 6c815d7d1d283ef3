// SPDX-License-Identifier: Apache-2.0
//
// DescribeNetworkInterfaceAttribute, ModifyNetworkInterfaceAttribute,
// ResetNetworkInterfaceAttribute: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_network_interface_attribute.h"
#include "model/ec2/modify_network_interface_attribute.h"
#include "model/ec2/reset_network_interface_attribute.h"

#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;
namespace change = cloud::interface_change;

namespace {

void write_attachment(const domain::NetworkInterface& interface,
                      model::DescribeNetworkInterfaceAttributeResult out) {
    if (interface.instance_id.empty())
        return;
    out.set_attachment()
        .set_attachment_id(interface.attachment_id)
        .set_instance_id(interface.instance_id)
        .set_instance_owner_id(interface.account_id)
        .set_attach_time(interface.attached_at)
        .set_delete_on_termination(interface.delete_on_termination)
        .set_device_index(interface.device_index)
        .set_network_card_index(0)
        .set_status(cloud::attachment_status(interface));
}

Result<void> write_attribute(std::string_view name,
                             const cloud::NetworkInterfaceView& view,
                             model::DescribeNetworkInterfaceAttributeResult out) {
    const auto& interface = view.interface;
    if (name == "description") {
        out.set_description().set_value(interface.description);
    } else if (name == "groupSet") {
        out.touch_groups();
        for (const auto& id : interface.security_group_ids)
            out.add_groups().set_group_id(id).set_group_name(view.group_names.at(id));
    } else if (name == "sourceDestCheck") {
        out.set_source_dest_check().set_value(interface.source_dest_check);
    } else if (name == "attachment") {
        write_attachment(interface, out);
    } else if (name == "associatePublicIpAddress") {
        out.set_associate_public_ip_address(interface.wants_public_ip);
    } else {
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter attribute is invalid.", name));
    }
    return {};
}

Result<void>
describe_network_interface_attribute(Call& call,
                                     model::DescribeNetworkInterfaceAttributeRequest in,
                                     model::DescribeNetworkInterfaceAttributeResult out) {
    if (!in.attribute())
        return fail(codes::invalid_parameter_combination, "No attributes specified.");
    PILEUS_ASSIGN(
        const auto view,
        call.cloud.network_interfaces.describe_one(call.caller, text(in.network_interface_id())));
    out.set_network_interface_id(view.interface.id);
    return write_attribute(*in.attribute(), view, out);
}

Result<void> refuse_unsupported(const model::ModifyNetworkInterfaceAttributeRequest& in) {
    const auto refuse = [](std::string_view what) {
        return fail(codes::unsupported_operation,
                    fmt::format("ModifyNetworkInterfaceAttribute: {} is not supported: leave it "
                                "out.",
                                what));
    };
    if (in.ena_srd_specification())
        return refuse("EnaSrdSpecification");
    if (in.enable_primary_ipv6().value_or(false))
        return refuse("EnablePrimaryIpv6");
    if (in.connection_tracking_specification())
        return refuse("ConnectionTrackingSpecification");
    if (!in.associated_subnet_ids().empty())
        return refuse("AssociatedSubnetIds");
    if (in.attachment().ena_queue_count() || in.attachment().default_ena_queue_count())
        return refuse("Attachment.EnaQueueCount");
    return {};
}

// Every change that the request names; EC2 wants exactly one.
Result<std::vector<cloud::NetworkInterfaceChange>>
changes_of(const model::ModifyNetworkInterfaceAttributeRequest& in) {
    std::vector<cloud::NetworkInterfaceChange> changes;
    if (const auto description = in.description())
        changes.emplace_back(change::Description{text(description.value())});
    if (const auto on = in.source_dest_check().value())
        changes.emplace_back(change::SourceDestCheck{*on});
    if (!in.groups().empty())
        changes.emplace_back(change::SecurityGroups{texts(in.groups())});
    if (const auto attachment = in.attachment()) {
        if (!attachment.attachment_id() || !attachment.delete_on_termination())
            return fail(codes::missing_parameter,
                        "The request must contain the parameters attachment.attachmentId and "
                        "attachment.deleteOnTermination");
        changes.emplace_back(change::DeleteOnTermination{text(attachment.attachment_id()),
                                                         *attachment.delete_on_termination()});
    }
    if (const auto on = in.associate_public_ip_address())
        changes.emplace_back(change::AssociatePublicIp{*on});
    return changes;
}

Result<void> modify_network_interface_attribute(Call& call,
                                                model::ModifyNetworkInterfaceAttributeRequest in,
                                                model::Unit) {
    PILEUS_TRY(refuse_unsupported(in));
    PILEUS_ASSIGN(const auto changes, changes_of(in));
    if (changes.empty())
        return fail(codes::invalid_parameter_combination, "No attributes specified.");
    if (changes.size() > 1)
        return fail(codes::invalid_parameter_combination,
                    "Fields for multiple attribute types specified");
    return call.cloud.network_interfaces.modify(
        call.caller, text(in.network_interface_id()), changes.front());
}

Result<void> reset_network_interface_attribute(Call& call,
                                               model::ResetNetworkInterfaceAttributeRequest in,
                                               model::Unit) {
    // The value does not matter: the attribute is named, and goes back to what it was at first.
    if (!in.source_dest_check())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter sourceDestCheck");
    return call.cloud.network_interfaces.modify(
        call.caller, text(in.network_interface_id()), change::SourceDestCheck{true});
}

} // namespace

void register_network_interface_attributes(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::DescribeNetworkInterfaceAttribute>(
        describe_network_interface_attribute);
    registry.add<operations::ModifyNetworkInterfaceAttribute>(modify_network_interface_attribute);
    registry.add<operations::ResetNetworkInterfaceAttribute>(reset_network_interface_attribute);
}

} // namespace pileus::api::ec2
