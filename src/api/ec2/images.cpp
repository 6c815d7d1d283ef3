// SPDX-License-Identifier: Apache-2.0
//
// DescribeImages: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_images.h"

namespace pileus::api::ec2 {

namespace {

void write_image(const cloud::ImageView& view, model::Image out) {
    const auto& image = view.image;
    out.set_image_id(image.id)
        .set_image_location(cloud::image_location(image))
        .set_name(image.name)
        .set_description(image.description)
        .set_owner_id(image.account_id)
        .set_state(image.state)
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
        .set_boot_mode(image.boot_mode)
        .touch_product_codes();
    if (!image.owner_alias.empty())
        out.set_image_owner_alias(image.owner_alias);
    out.touch_block_device_mappings();
    auto root = out.add_block_device_mappings();
    root.set_device_name(image.root_device_name);
    root.set_ebs()
        .set_snapshot_id(image.snapshot_id)
        .set_volume_size(static_cast<int32_t>(image.size_gib))
        .set_volume_type("gp3")
        .set_iops(3000)
        .set_throughput(125)
        .set_delete_on_termination(true)
        .set_encrypted(false);
    write_tags(view.tags, out);
}

Result<void>
describe_images(Call& call, model::DescribeImagesRequest in, model::DescribeImagesResult out) {
    cloud::ImageQuery query{texts(in.image_ids()),
                            texts(in.owners()),
                            texts(in.executable_users()),
                            filters_of(in),
                            page_of(in)};
    PILEUS_ASSIGN(const auto listing, call.cloud.images.describe(call.caller, query));
    for (const auto& view : listing.items)
        write_image(view, out.add_images());
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_images(Registry& registry) {
    registry.add<model::operations::DescribeImages>(describe_images);
}

} // namespace pileus::api::ec2
