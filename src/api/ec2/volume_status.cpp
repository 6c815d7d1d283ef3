// SPDX-License-Identifier: Apache-2.0
//
// DescribeVolumeStatus, EnableVolumeIO, DescribeVolumeAttribute, ModifyVolumeAttribute: wire ↔
// cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_volume_attribute.h"
#include "model/ec2/describe_volume_status.h"
#include "model/ec2/enable_volume_io.h"
#include "model/ec2/modify_volume_attribute.h"

#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;

namespace {

void write_details(const cloud::VolumeStatusView& view, model::VolumeStatusInfo out) {
    const bool is_known = view.status != "insufficient-data";
    const bool has_performance = cloud::takes_iops(view.volume.type);
    out.set_status(view.status);
    // A guest that cannot write for want of room on the host has not had its I/O disabled: nothing
    // is inconsistent, and it goes on by itself.
    out.add_details().set_name("io-enabled").set_status(is_known ? "passed" : "not-applicable");
    out.add_details()
        .set_name("io-performance")
        .set_status(!view.stalled.empty()         ? "stalled"
                    : is_known && has_performance ? "normal"
                                                  : "not-applicable");
}

void write_status(const cloud::VolumeStatusView& view, model::VolumeStatusItem out) {
    out.set_volume_id(view.volume.id)
        .set_availability_zone(view.volume.zone)
        .set_availability_zone_id(view.zone_id)
        .touch_actions()
        .touch_events();
    write_details(view, out.set_volume_status());
    if (!view.stalled.empty())
        out.add_events()
            .set_event_type("io-performance:stalled")
            .set_description(view.stalled)
            .set_instance_id(view.volume.instance_id)
            .set_not_before(view.stalled_since);
    if (!view.volume.instance_id.empty())
        out.add_attachment_statuses()
            .set_instance_id(view.volume.instance_id)
            .set_io_performance(view.stalled.empty() ? "normal" : "stalled");
    // A volume of a snapshot is complete from the first moment.
    if (!view.volume.snapshot_id.empty())
        out.set_initialization_status_details()
            .set_initialization_type("default")
            .set_progress(100)
            .set_estimated_time_to_complete_in_seconds(0);
}

Result<void> describe_volume_status(Call& call,
                                    model::DescribeVolumeStatusRequest in,
                                    model::DescribeVolumeStatusResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.volumes.describe_status(
                      call.caller, texts(in.volume_ids()), filters_of(in), page_of(in)));
    out.touch_volume_statuses();
    for (const auto& view : listing.items)
        write_status(view, out.add_volume_statuses());
    write_next_token(listing.next_token, out);
    return {};
}

// No volume here ever has its I/O disabled, so that it is enabled afterwards in any case.
Result<void> enable_volume_io(Call& call, model::EnableVolumeIORequest in, model::Unit) {
    PILEUS_TRY(call.cloud.volumes.describe_one(call.caller, text(in.volume_id())));
    return {};
}

Result<void> describe_volume_attribute(Call& call,
                                       model::DescribeVolumeAttributeRequest in,
                                       model::DescribeVolumeAttributeResult out) {
    const auto name = text(in.attribute());
    if (name != "autoEnableIO" && name != "productCodes")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter attribute is invalid.", name));
    PILEUS_ASSIGN(const auto volume,
                  call.cloud.volumes.describe_one(call.caller, text(in.volume_id())));
    out.set_volume_id(volume.id);
    if (name == "autoEnableIO")
        out.set_auto_enable_io().set_value(volume.auto_enable_io);
    else
        out.touch_product_codes();
    return {};
}

Result<void>
modify_volume_attribute(Call& call, model::ModifyVolumeAttributeRequest in, model::Unit) {
    const auto enabled = in.auto_enable_io().value();
    if (!enabled)
        return fail(codes::missing_parameter,
                    "The request must contain the parameter AutoEnableIO.Value");
    return call.cloud.volumes.set_auto_enable_io(call.caller, text(in.volume_id()), *enabled);
}

} // namespace

void register_volume_status(Registry& registry) {
    registry.add<model::operations::DescribeVolumeAttribute>(describe_volume_attribute);
    registry.add<model::operations::DescribeVolumeStatus>(describe_volume_status);
    registry.add<model::operations::EnableVolumeIO>(enable_volume_io);
    registry.add<model::operations::ModifyVolumeAttribute>(modify_volume_attribute);
}

} // namespace pileus::api::ec2
