// SPDX-License-Identifier: Apache-2.0
//
// RunInstances, DescribeInstances, DescribeInstanceStatus, StartInstances, StopInstances,
// RebootInstances, TerminateInstances, GetConsoleOutput, GetConsoleScreenshot: wire ↔ cloud. The
// attributes of an instance are in instance_attributes.cpp.

#include "api/ec2/convert.h"
#include "api/ec2/instance_views.h"
#include "api/ec2/launch_request.h"
#include "api/ec2/operations.h"
#include "base/text.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_instance_status.h"
#include "model/ec2/describe_instances.h"
#include "model/ec2/get_console_output.h"
#include "model/ec2/get_console_screenshot.h"
#include "model/ec2/reboot_instances.h"
#include "model/ec2/run_instances.h"
#include "model/ec2/start_instances.h"
#include "model/ec2/stop_instances.h"
#include "model/ec2/terminate_instances.h"

namespace pileus::api::ec2 {

namespace {

Result<void> run_instances(Call& call, model::RunInstancesRequest in, model::Reservation out) {
    PILEUS_ASSIGN(auto request, launch_request(in));
    request.parameters_hash = call.parameters_hash;
    PILEUS_ASSIGN(const auto reservation, call.cloud.instances.launch(call.caller, request));
    write_reservation(reservation, call.catalog, out);
    return {};
}

Result<void> describe_instances(Call& call,
                                model::DescribeInstancesRequest in,
                                model::DescribeInstancesResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.instances.describe(
                      call.caller, {texts(in.instance_ids()), filters_of(in), page_of(in)}));
    for (const auto& reservation : listing.items)
        write_reservation(reservation, call.catalog, out.add_reservations());
    write_next_token(listing.next_token, out);
    return {};
}

void write_status_summary(const std::string& status,
                          std::optional<Time> impaired_since,
                          model::InstanceStatusSummary out) {
    out.set_status(status).touch_details();
    if (status == "not-applicable")
        return;
    out.add_details()
        .set_name("reachability")
        .set_status(status == "ok"         ? "passed"
                    : status == "impaired" ? "failed"
                                           : status)
        .set_impaired_since(impaired_since);
}

Result<void> describe_instance_status(Call& call,
                                      model::DescribeInstanceStatusRequest in,
                                      model::DescribeInstanceStatusResult out) {
    cloud::InstanceStatusQuery query{texts(in.instance_ids()),
                                     filters_of(in),
                                     page_of(in),
                                     in.include_all_instances().value_or(false)};
    PILEUS_ASSIGN(const auto listing, call.cloud.instances.describe_status(call.caller, query));
    for (const auto& view : listing.items) {
        auto status = out.add_instance_statuses();
        status.set_instance_id(view.instance.id)
            .set_availability_zone(view.instance.zone)
            .set_availability_zone_id(view.zone_id)
            .touch_events();
        write_state(view.instance.state, status.set_instance_state());
        write_status_summary(
            view.instance_status, view.impaired_since, status.set_instance_status());
        write_status_summary(view.system_status, {}, status.set_system_status());
    }
    write_next_token(listing.next_token, out);
    return {};
}

void write_change(const cloud::InstanceStateChange& change, model::InstanceStateChange out) {
    out.set_instance_id(change.instance_id);
    write_state(change.current, out.set_current_state());
    write_state(change.previous, out.set_previous_state());
}

Result<void>
start_instances(Call& call, model::StartInstancesRequest in, model::StartInstancesResult out) {
    PILEUS_ASSIGN(const auto changes,
                  call.cloud.instances.start(call.caller, texts(in.instance_ids())));
    for (const auto& change : changes)
        write_change(change, out.add_starting_instances());
    return {};
}

Result<void>
stop_instances(Call& call, model::StopInstancesRequest in, model::StopInstancesResult out) {
    const bool hibernates = in.hibernate().value_or(false);
    // Without the guest's own shutdown it is a stop by force.
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html
    const bool force = in.force().value_or(false) || in.skip_os_shutdown().value_or(false);
    if (hibernates && force)
        return fail(domain::codes::invalid_parameter_combination,
                    "Hibernate cannot be used together with Force or SkipOsShutdown: the memory is "
                    "kept, or it is not.");
    const auto kind = hibernates ? cloud::StopKind::hibernate
                      : force    ? cloud::StopKind::cut_off
                                 : cloud::StopKind::shut_down;
    PILEUS_ASSIGN(const auto changes,
                  call.cloud.instances.stop(call.caller, texts(in.instance_ids()), kind));
    for (const auto& change : changes)
        write_change(change, out.add_stopping_instances());
    return {};
}

Result<void> terminate_instances(Call& call,
                                 model::TerminateInstancesRequest in,
                                 model::TerminateInstancesResult out) {
    PILEUS_ASSIGN(const auto changes,
                  call.cloud.instances.terminate(call.caller, texts(in.instance_ids())));
    for (const auto& change : changes)
        write_change(change, out.add_terminating_instances());
    return {};
}

Result<void> reboot_instances(Call& call, model::RebootInstancesRequest in, model::Unit) {
    return call.cloud.instances.reboot(call.caller, texts(in.instance_ids()));
}

Result<void> get_console_output(Call& call,
                                model::GetConsoleOutputRequest in,
                                model::GetConsoleOutputResult out) {
    const auto id = text(in.instance_id());
    PILEUS_ASSIGN(const auto console, call.cloud.instances.console_output(call.caller, id));
    out.set_instance_id(id).set_timestamp(console.at);
    if (!console.bytes.empty())
        out.set_output(base64_encode(console.bytes));
    return {};
}

Result<void> get_console_screenshot(Call& call,
                                    model::GetConsoleScreenshotRequest in,
                                    model::GetConsoleScreenshotResult out) {
    const auto id = text(in.instance_id());
    PILEUS_ASSIGN(const auto picture,
                  call.cloud.instances.screenshot(call.caller, id, in.wake_up().value_or(false)));
    out.set_instance_id(id).set_image_data(base64_encode(picture));
    return {};
}

} // namespace

void register_instances(Registry& registry) {
    registry.add<model::operations::RunInstances>(run_instances);
    registry.add<model::operations::DescribeInstances>(describe_instances);
    registry.add<model::operations::DescribeInstanceStatus>(describe_instance_status);
    registry.add<model::operations::StartInstances>(start_instances);
    registry.add<model::operations::StopInstances>(stop_instances);
    registry.add<model::operations::TerminateInstances>(terminate_instances);
    registry.add<model::operations::RebootInstances>(reboot_instances);
    registry.add<model::operations::GetConsoleOutput>(get_console_output);
    registry.add<model::operations::GetConsoleScreenshot>(get_console_screenshot);
}

} // namespace pileus::api::ec2
