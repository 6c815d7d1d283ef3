// SPDX-License-Identifier: Apache-2.0
//
// DescribeImages, CreateImage, RegisterImage, CopyImage, DeregisterImage: wire ↔ cloud.

#include "api/ec2/block_devices.h"
#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/copy_image.h"
#include "model/ec2/create_image.h"
#include "model/ec2/deregister_image.h"
#include "model/ec2/describe_images.h"
#include "model/ec2/register_image.h"

#include <array>
#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;

namespace {

void write_image(const cloud::ImageView& view, model::Image out) {
    const auto& image = view.image;
    out.set_image_id(image.id)
        .set_image_location(cloud::image_location(image))
        .set_name(image.name)
        .set_description(image.description)
        .set_owner_id(image.account_id)
        .set_state(view.state)
        .set_creation_date(format_iso8601(image.created_at))
        .set_public_(image.is_public)
        .set_architecture(image.architecture)
        .set_image_type("machine")
        .set_platform_details(image.platform_details)
        .set_usage_operation("RunInstances")
        .set_ena_support(true)
        .set_hypervisor("xen")
        .set_virtualization_type("hvm")
        .set_root_device_name(image.root_device_name)
        .set_root_device_type("ebs")
        .set_deregistration_protection(
            image.deregistration_protection.empty() ? "disabled" : image.deregistration_protection)
        .set_image_allowed(true)
        .set_free_tier_eligible(!image.recipe.empty())
        .touch_product_codes();
    out.touch_block_device_mappings();
    for (const auto& device : view.devices)
        write_image_device(device, out.add_block_device_mappings());
    write_tags(view.tags, out);
}

// What an image has only sometimes.
void write_rest(const cloud::ImageView& view, model::Image out) {
    const auto& image = view.image;
    if (!image.owner_alias.empty())
        out.set_image_owner_alias(image.owner_alias);
    if (!image.boot_mode.empty())
        out.set_boot_mode(image.boot_mode);
    if (!image.source_instance_id.empty())
        out.set_source_instance_id(image.source_instance_id);
    if (!image.source_image_id.empty())
        out.set_source_image_id(image.source_image_id)
            .set_source_image_region(image.source_image_region);
    if (image.imds_v2_required)
        out.set_imds_support("v2.0");
    if (image.deprecated_at)
        out.set_deprecation_time(format_iso8601(*image.deprecated_at));
    if (image.last_launched_at)
        out.set_last_launched_time(format_iso8601(*image.last_launched_at));
    if (!view.parameter_name.empty())
        out.set_public_ssm_parameter_name(view.parameter_name);
    if (!image.state_reason.empty())
        out.set_state_reason().set_code("Client.InternalError").set_message(image.state_reason);
}

Result<void>
describe_images(Call& call, model::DescribeImagesRequest in, model::DescribeImagesResult out) {
    cloud::ImageQuery query{
        .ids = texts(in.image_ids()),
        .owners = texts(in.owners()),
        .executable_users = texts(in.executable_users()),
        .filters = filters_of(in),
        .page = page_of(in),
        .include_deprecated = in.include_deprecated().value_or(false),
        .include_disabled = in.include_disabled().value_or(false),
    };
    PILEUS_ASSIGN(const auto listing, call.cloud.images.describe(call.caller, query));
    out.touch_images();
    for (const auto& view : listing.items) {
        auto image = out.add_images();
        write_image(view, image);
        write_rest(view, image);
    }
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> create_image(Call& call, model::CreateImageRequest in, model::CreateImageResult out) {
    if (in.snapshot_location().value_or("regional") != "regional")
        return fail(codes::unsupported_operation,
                    "Snapshots are kept in their region: leave SnapshotLocation out.");
    const auto boot_mode = text(in.boot_mode_override());
    PILEUS_ASSIGN(auto devices, block_devices_of("CreateImage", in));
    PILEUS_ASSIGN(const auto id,
                  call.cloud.images.create(call.caller,
                                           {.instance_id = text(in.instance_id()),
                                            .name = text(in.name()),
                                            .description = text(in.description()),
                                            .no_reboot = in.no_reboot().value_or(false),
                                            .boot_mode = boot_mode,
                                            .devices = std::move(devices),
                                            .tag_specifications = tag_specifications_of(in)}));
    out.set_image_id(id);
    return {};
}

Result<void> refuse_unsupported(const model::RegisterImageRequest& in) {
    const std::array members{
        Member{"ImageLocation (there is no S3 here)", in.image_location().has_value()},
        Member{"BillingProduct", !in.billing_products().empty()},
        Member{"KernelId", in.kernel_id().has_value()},
        Member{"RamdiskId", in.ramdisk_id().has_value()},
        Member{"TpmSupport", in.tpm_support().has_value()},
        Member{"UefiData", in.uefi_data().has_value()},
        Member{"SriovNetSupport other than simple",
               in.sriov_net_support().value_or("simple") != "simple"},
    };
    return refuse_members("RegisterImage", members);
}

Result<void>
register_image(Call& call, model::RegisterImageRequest in, model::RegisterImageResult out) {
    PILEUS_TRY(refuse_unsupported(in));
    const auto imds = in.imds_support();
    if (imds && *imds != "v2.0")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter imdsSupport is invalid.", *imds));
    PILEUS_ASSIGN(auto devices, block_devices_of("RegisterImage", in));
    PILEUS_ASSIGN(const auto id,
                  call.cloud.images.register_image(
                      call.caller,
                      {.name = text(in.name()),
                       .description = text(in.description()),
                       .architecture = std::string(in.architecture().value_or("x86_64")),
                       .root_device_name = std::string(in.root_device_name().value_or("/dev/sda1")),
                       .virtualization_type = std::string(in.virtualization_type().value_or("hvm")),
                       .boot_mode = text(in.boot_mode()),
                       .imds_v2_required = imds.has_value(),
                       .devices = std::move(devices),
                       .tag_specifications = tag_specifications_of(in)}));
    out.set_image_id(id);
    return {};
}

Result<void> copy_image(Call& call, model::CopyImageRequest in, model::CopyImageResult out) {
    if (in.destination_outpost_arn() || in.destination_availability_zone() ||
        in.destination_availability_zone_id())
        return fail(codes::unsupported_operation,
                    "Images are kept in their region: leave DestinationOutpostArn and "
                    "DestinationAvailabilityZone out.");
    if (in.snapshot_copy_completion_duration_minutes())
        return fail(codes::unsupported_operation,
                    "Copies here are made at once: leave SnapshotCopyCompletionDurationMinutes "
                    "out.");
    PILEUS_ASSIGN(const auto id,
                  call.cloud.images.copy(call.caller,
                                         {.source_region = text(in.source_region()),
                                          .source_image_id = text(in.source_image_id()),
                                          .name = text(in.name()),
                                          .description = text(in.description()),
                                          .encryption = {in.encrypted(), text(in.kms_key_id())},
                                          .copy_image_tags = in.copy_image_tags().value_or(false),
                                          .tag_specifications = tag_specifications_of(in),
                                          .client_token = client_token_of(call, in)}));
    out.set_image_id(id);
    return {};
}

Result<void>
deregister_image(Call& call, model::DeregisterImageRequest in, model::DeregisterImageResult out) {
    PILEUS_ASSIGN(const auto done,
                  call.cloud.images.deregister(call.caller,
                                               text(in.image_id()),
                                               in.delete_associated_snapshots().value_or(false)));
    out.set_return_(true);
    for (const auto& snapshot : done.snapshots)
        out.add_delete_snapshot_results()
            .set_snapshot_id(snapshot.snapshot_id)
            .set_return_code(snapshot.code);
    return {};
}

} // namespace

void register_images(Registry& registry) {
    registry.add<model::operations::DescribeImages>(describe_images);
    registry.add<model::operations::CreateImage>(create_image);
    registry.add<model::operations::RegisterImage>(register_image);
    registry.add<model::operations::CopyImage>(copy_image);
    registry.add<model::operations::DeregisterImage>(deregister_image);
}

} // namespace pileus::api::ec2
