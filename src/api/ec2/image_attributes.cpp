// SPDX-License-Identifier: Apache-2.0
//
// Attributes and sharing of images, deprecation, disabling, protection, block public access: wire ↔
// cloud.

#include "api/ec2/block_devices.h"
#include "api/ec2/convert.h"
#include "api/ec2/nothing_here.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "cloud/sharing.h"
#include "model/ec2/cancel_image_launch_permission.h"
#include "model/ec2/create_restore_image_task.h"
#include "model/ec2/create_store_image_task.h"
#include "model/ec2/describe_fast_launch_images.h"
#include "model/ec2/describe_image_attribute.h"
#include "model/ec2/describe_store_image_tasks.h"
#include "model/ec2/disable_fast_launch.h"
#include "model/ec2/disable_image.h"
#include "model/ec2/disable_image_block_public_access.h"
#include "model/ec2/disable_image_deprecation.h"
#include "model/ec2/disable_image_deregistration_protection.h"
#include "model/ec2/enable_fast_launch.h"
#include "model/ec2/enable_image.h"
#include "model/ec2/enable_image_block_public_access.h"
#include "model/ec2/enable_image_deprecation.h"
#include "model/ec2/enable_image_deregistration_protection.h"
#include "model/ec2/get_image_block_public_access_state.h"
#include "model/ec2/list_images_in_recycle_bin.h"
#include "model/ec2/modify_image_attribute.h"
#include "model/ec2/reset_image_attribute.h"
#include "model/ec2/restore_image_from_recycle_bin.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;
namespace operations = model::operations;

namespace {

tl::unexpected<Error> unknown_attribute(std::string_view name) {
    return fail(codes::invalid_parameter_value,
                fmt::format("Value ({}) for parameter attribute is invalid.", name));
}

// ---- DescribeImageAttribute

struct AttributeWriter {
    std::string_view name;
    void (*write)(const cloud::ImageAttributes& attributes, model::ImageAttribute out);
};

void write_permissions(const cloud::ImageAttributes& attributes, model::ImageAttribute out) {
    out.touch_launch_permissions();
    if (attributes.view.image.is_public)
        out.add_launch_permissions().set_group("all");
    for (const auto& account : attributes.launch_permissions)
        out.add_launch_permissions().set_user_id(account);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageAttribute.html
constexpr std::array attribute_writers{
    AttributeWriter{"blockDeviceMapping",
                    [](const cloud::ImageAttributes& a, model::ImageAttribute out) {
                        out.touch_block_device_mappings();
                        for (const auto& device : a.view.devices)
                            write_image_device(device, out.add_block_device_mappings());
                    }},
    AttributeWriter{"bootMode",
                    [](const cloud::ImageAttributes& a, model::ImageAttribute out) {
                        auto value = out.set_boot_mode();
                        if (!a.view.image.boot_mode.empty())
                            value.set_value(a.view.image.boot_mode);
                    }},
    AttributeWriter{"deregistrationProtection",
                    [](const cloud::ImageAttributes& a, model::ImageAttribute out) {
                        const auto& protection = a.view.image.deregistration_protection;
                        out.set_deregistration_protection().set_value(
                            protection.empty() ? "disabled" : protection);
                    }},
    AttributeWriter{"description",
                    [](const cloud::ImageAttributes& a, model::ImageAttribute out) {
                        out.set_description().set_value(a.view.image.description);
                    }},
    AttributeWriter{"imdsSupport",
                    [](const cloud::ImageAttributes& a, model::ImageAttribute out) {
                        auto value = out.set_imds_support();
                        if (a.view.image.imds_v2_required)
                            value.set_value("v2.0");
                    }},
    AttributeWriter{
        "kernel",
        [](const cloud::ImageAttributes&, model::ImageAttribute out) { out.set_kernel_id(); }},
    AttributeWriter{"lastLaunchedTime",
                    [](const cloud::ImageAttributes& a, model::ImageAttribute out) {
                        auto value = out.set_last_launched_time();
                        if (a.view.image.last_launched_at)
                            value.set_value(format_iso8601(*a.view.image.last_launched_at));
                    }},
    AttributeWriter{"launchPermission", write_permissions},
    AttributeWriter{"productCodes",
                    [](const cloud::ImageAttributes&, model::ImageAttribute out) {
                        out.touch_product_codes();
                    }},
    AttributeWriter{
        "ramdisk",
        [](const cloud::ImageAttributes&, model::ImageAttribute out) { out.set_ramdisk_id(); }},
    AttributeWriter{"sriovNetSupport",
                    [](const cloud::ImageAttributes&, model::ImageAttribute out) {
                        out.set_sriov_net_support();
                    }},
    AttributeWriter{
        "tpmSupport",
        [](const cloud::ImageAttributes&, model::ImageAttribute out) { out.set_tpm_support(); }},
    AttributeWriter{
        "uefiData",
        [](const cloud::ImageAttributes&, model::ImageAttribute out) { out.set_uefi_data(); }},
};

Result<void> describe_image_attribute(Call& call,
                                      model::DescribeImageAttributeRequest in,
                                      model::ImageAttribute out) {
    const auto name = text(in.attribute());
    const auto writer = std::find_if(attribute_writers.begin(),
                                     attribute_writers.end(),
                                     [&](const auto& w) { return w.name == name; });
    if (writer == attribute_writers.end())
        return unknown_attribute(name);
    PILEUS_ASSIGN(const auto attributes,
                  call.cloud.images.attributes(call.caller, text(in.image_id())));
    out.set_image_id(attributes.view.image.id);
    writer->write(attributes, out);
    return {};
}

// ---- ModifyImageAttribute

template <class List> Result<void> add_grantees(const List& list, std::vector<std::string>& out) {
    for (const auto permission : list) {
        if (permission.organization_arn() || permission.organizational_unit_arn())
            return fail(codes::unsupported_operation,
                        "There are no organizations here: share the image with accounts.");
        if (permission.user_id())
            out.push_back(text(permission.user_id()));
        if (permission.group())
            out.push_back(text(permission.group()));
    }
    return {};
}

Result<cloud::image_change::LaunchPermissions>
permissions_of(const model::ModifyImageAttributeRequest& in) {
    cloud::image_change::LaunchPermissions change;
    if (const auto permission = in.launch_permission()) {
        PILEUS_TRY(add_grantees(permission.add(), change.added));
        PILEUS_TRY(add_grantees(permission.remove(), change.removed));
    }
    if (!in.organization_arns().empty() || !in.organizational_unit_arns().empty())
        return fail(codes::unsupported_operation,
                    "There are no organizations here: share the image with accounts.");
    auto others = texts(in.user_ids());
    for (auto& group : texts(in.user_groups()))
        others.push_back(std::move(group));
    if (others.empty())
        return change;
    const auto operation = in.operation_type().value_or("");
    if (operation != "add" && operation != "remove")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter operationType is invalid. Expecting add "
                                "or remove.",
                                operation));
    auto& side = operation == "add" ? change.added : change.removed;
    side.insert(side.end(), others.begin(), others.end());
    return change;
}

Result<cloud::ImageChange> imds_support(std::string_view value) {
    if (value != "v2.0")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter imdsSupport is invalid: it can be set to "
                                "v2.0, and not be taken back.",
                                value));
    return cloud::image_change::ImdsV2Required{};
}

// The form "Attribute=…, Value=…", the older of the two.
Result<cloud::ImageChange> change_by_name(const model::ModifyImageAttributeRequest& in) {
    const auto name = in.attribute().value_or("");
    if (name == "description")
        return cloud::image_change::Description{text(in.value())};
    if (name == "imdsSupport")
        return imds_support(in.value().value_or(""));
    if (name == "launchPermission") {
        PILEUS_ASSIGN(auto permissions, permissions_of(in));
        return permissions;
    }
    return unknown_attribute(name);
}

Result<cloud::ImageChange> change_of(const model::ModifyImageAttributeRequest& in) {
    const bool has_permissions = static_cast<bool>(in.launch_permission()) ||
                                 !in.user_ids().empty() || !in.user_groups().empty() ||
                                 !in.organization_arns().empty() ||
                                 !in.organizational_unit_arns().empty();
    const bool has_description = static_cast<bool>(in.description());
    const bool has_imds = static_cast<bool>(in.imds_support());
    if (!in.product_codes().empty())
        return fail(codes::unsupported_operation, "There are no product codes here.");
    const bool is_by_name = in.attribute().has_value();
    const bool also_named = is_by_name && *in.attribute() == "launchPermission";
    const int said = int{has_permissions && !also_named} + int{has_description} + int{has_imds} +
                     int{is_by_name};
    if (said > 1)
        return fail(codes::invalid_parameter_combination,
                    "Fields for multiple attribute types specified");
    if (is_by_name)
        return change_by_name(in);
    if (has_description)
        return cloud::image_change::Description{text(in.description().value())};
    if (has_imds)
        return imds_support(in.imds_support().value().value_or(""));
    if (has_permissions) {
        PILEUS_ASSIGN(auto permissions, permissions_of(in));
        return permissions;
    }
    return fail(codes::missing_parameter, "No attributes specified.");
}

Result<void>
modify_image_attribute(Call& call, model::ModifyImageAttributeRequest in, model::Unit) {
    PILEUS_ASSIGN(const auto change, change_of(in));
    return call.cloud.images.change(call.caller, text(in.image_id()), change);
}

Result<void> reset_image_attribute(Call& call, model::ResetImageAttributeRequest in, model::Unit) {
    if (in.attribute() != "launchPermission")
        return unknown_attribute(in.attribute().value_or(""));
    return call.cloud.images.reset_launch_permissions(call.caller, text(in.image_id()));
}

Result<void> cancel_launch_permission(Call& call,
                                      model::CancelImageLaunchPermissionRequest in,
                                      model::CancelImageLaunchPermissionResult out) {
    PILEUS_TRY(call.cloud.images.cancel_launch_permission(call.caller, text(in.image_id())));
    out.set_return_(true);
    return {};
}

// ---- Deprecation, disabling, protection

Result<void> enable_deprecation(Call& call,
                                model::EnableImageDeprecationRequest in,
                                model::EnableImageDeprecationResult out) {
    PILEUS_TRY(
        call.cloud.images.set_deprecation(call.caller, text(in.image_id()), in.deprecate_at()));
    out.set_return_(true);
    return {};
}

Result<void> disable_deprecation(Call& call,
                                 model::DisableImageDeprecationRequest in,
                                 model::DisableImageDeprecationResult out) {
    PILEUS_TRY(call.cloud.images.set_deprecation(call.caller, text(in.image_id()), std::nullopt));
    out.set_return_(true);
    return {};
}

Result<void> enable_image(Call& call, model::EnableImageRequest in, model::EnableImageResult out) {
    PILEUS_TRY(call.cloud.images.set_disabled(call.caller, text(in.image_id()), false));
    out.set_return_(true);
    return {};
}

Result<void>
disable_image(Call& call, model::DisableImageRequest in, model::DisableImageResult out) {
    PILEUS_TRY(call.cloud.images.set_disabled(call.caller, text(in.image_id()), true));
    out.set_return_(true);
    return {};
}

Result<void> enable_protection(Call& call,
                               model::EnableImageDeregistrationProtectionRequest in,
                               model::EnableImageDeregistrationProtectionResult out) {
    PILEUS_TRY(call.cloud.images.protect(
        call.caller, text(in.image_id()), in.with_cooldown().value_or(false)));
    out.set_return_("true");
    return {};
}

Result<void> disable_protection(Call& call,
                                model::DisableImageDeregistrationProtectionRequest in,
                                model::DisableImageDeregistrationProtectionResult out) {
    PILEUS_TRY(call.cloud.images.unprotect(call.caller, text(in.image_id())));
    out.set_return_("true");
    return {};
}

// ---- Block public access

Result<void> enable_block_public_access(Call& call,
                                        model::EnableImageBlockPublicAccessRequest in,
                                        model::EnableImageBlockPublicAccessResult out) {
    if (in.image_block_public_access_state() == cloud::public_access::unblocked)
        return fail(codes::invalid_parameter_value,
                    "Value (unblocked) for parameter imageBlockPublicAccessState is invalid: "
                    "DisableImageBlockPublicAccess unblocks.");
    PILEUS_ASSIGN(const auto state,
                  call.cloud.images.set_public_access(call.caller,
                                                      text(in.image_block_public_access_state())));
    out.set_image_block_public_access_state(state);
    return {};
}

Result<void> disable_block_public_access(Call& call,
                                         model::DisableImageBlockPublicAccessRequest,
                                         model::DisableImageBlockPublicAccessResult out) {
    PILEUS_ASSIGN(const auto state,
                  call.cloud.images.set_public_access(
                      call.caller, std::string(cloud::public_access::unblocked)));
    out.set_image_block_public_access_state(state);
    return {};
}

Result<void> get_block_public_access(Call& call,
                                     model::GetImageBlockPublicAccessStateRequest,
                                     model::GetImageBlockPublicAccessStateResult out) {
    PILEUS_ASSIGN(const auto state, call.cloud.images.public_access(call.caller));
    out.set_image_block_public_access_state(state).set_managed_by("account");
    return {};
}

// ---- What there is none of

Result<void> describe_fast_launch(Call& call,
                                  model::DescribeFastLaunchImagesRequest in,
                                  model::DescribeFastLaunchImagesResult out) {
    PILEUS_TRY(check_empty_list(call, filters_of(in), {"resource-type", "owner-id", "state"}));
    out.touch_fast_launch_images();
    return {};
}

Result<void> describe_store_tasks(Call& call,
                                  model::DescribeStoreImageTasksRequest in,
                                  model::DescribeStoreImageTasksResult out) {
    PILEUS_TRY(check_empty_list(call, filters_of(in), {"task-state", "bucket"}));
    out.touch_store_image_task_results();
    return {};
}

Result<void> list_recycle_bin(Call& call,
                              model::ListImagesInRecycleBinRequest,
                              model::ListImagesInRecycleBinResult out) {
    PILEUS_TRY(cloud::end_if_dry_run(call.caller));
    out.touch_images();
    return {};
}

} // namespace

void register_image_attributes(Registry& registry) {
    registry.add<operations::DescribeImageAttribute>(describe_image_attribute);
    registry.add<operations::ModifyImageAttribute>(modify_image_attribute);
    registry.add<operations::ResetImageAttribute>(reset_image_attribute);
    registry.add<operations::CancelImageLaunchPermission>(cancel_launch_permission);
    registry.add<operations::EnableImageDeprecation>(enable_deprecation);
    registry.add<operations::DisableImageDeprecation>(disable_deprecation);
    registry.add<operations::EnableImage>(enable_image);
    registry.add<operations::DisableImage>(disable_image);
    registry.add<operations::EnableImageDeregistrationProtection>(enable_protection);
    registry.add<operations::DisableImageDeregistrationProtection>(disable_protection);
    registry.add<operations::EnableImageBlockPublicAccess>(enable_block_public_access);
    registry.add<operations::DisableImageBlockPublicAccess>(disable_block_public_access);
    registry.add<operations::GetImageBlockPublicAccessState>(get_block_public_access);
    registry.add<operations::DescribeFastLaunchImages>(describe_fast_launch);
    registry.add<operations::DescribeStoreImageTasks>(describe_store_tasks);
    registry.add<operations::ListImagesInRecycleBin>(list_recycle_bin);

    registry.refuse<operations::RestoreImageFromRecycleBin>(
        "there is no recycle bin: an image that was deregistered is gone.");
    constexpr const char* windows_only = "fast launch is for Windows images, and none is here.";
    registry.refuse<operations::EnableFastLaunch>(windows_only);
    registry.refuse<operations::DisableFastLaunch>(windows_only);
    constexpr const char* no_s3 =
        "there is no S3 here: ExportImage and ImportImage write and read files of this machine.";
    registry.refuse<operations::CreateStoreImageTask>(no_s3);
    registry.refuse<operations::CreateRestoreImageTask>(no_s3);
}

} // namespace pileus::api::ec2
