// SPDX-License-Identifier: Apache-2.0
//
// CreateImage, RegisterImage, CopyImage: rows of the image and of the snapshots that it is to have.
// The engine takes or copies these, and says when the image is available.

#include "cloud/image_devices.h"
#include "cloud/images.h"
#include "cloud/instance_rows.h"
#include "cloud/resource_kind.h"
#include "cloud/snapshots.h"
#include "domain/ids.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/snapshots.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/work.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::InstanceState;

namespace {

constexpr size_t name_chars_min = 3;
constexpr size_t name_chars_max = 128;
constexpr size_t description_chars_max = 255;

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("()[] ./-'@_").find(c) != std::string_view::npos;
}

Result<void> check_boot_mode(const std::string& boot_mode) {
    static constexpr std::array<std::string_view, 4> known{
        "", "legacy-bios", "uefi", "uefi-preferred"};
    if (std::find(known.begin(), known.end(), boot_mode) == known.end())
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter bootMode is invalid. Expecting "
                                "legacy-bios, uefi or uefi-preferred.",
                                boot_mode));
    return {};
}

Result<domain::Instance>
find_source(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    auto instance = store::instances::find(tx, scope_of(caller), id);
    if (!instance)
        return fail(missing_error(kinds::instance, id));
    if (instance->state != InstanceState::running && instance->state != InstanceState::stopped &&
        instance->state != InstanceState::stopping)
        return fail(codes::incorrect_instance_state,
                    fmt::format("The instance '{}' is '{}': an image can be made of it when it is "
                                "running or stopped.",
                                id,
                                to_string(instance->state)));
    return std::move(*instance);
}

std::vector<domain::Volume> attached_volumes(store::Transaction& tx,
                                             const domain::Instance& instance) {
    auto volumes = store::volumes::list_of_instance(tx, instance.id);
    std::erase_if(volumes, [](const domain::Volume& volume) {
        return volume.state != domain::VolumeState::in_use ||
               volume.attachment != domain::AttachmentState::attached;
    });
    return volumes;
}

domain::Image
new_image(const Context& context, const domain::Caller& caller, const std::string& name) {
    domain::Image image;
    image.id = domain::new_id(context.random, domain::prefix::image);
    image.account_id = caller.account_id;
    image.region = caller.region;
    image.name = name;
    image.state = "pending";
    image.created_at = context.clock.now();
    return image;
}

// What a user's image has of another that it comes from: how it boots and who logs in. Not what is
// the shipped image's own: alias, recipe, being public.
void inherit(domain::Image& image, const domain::Image& from) {
    image.architecture = from.architecture;
    image.platform_details = from.platform_details;
    image.boot_mode = from.boot_mode;
    image.default_user = from.default_user;
    image.minimum_memory_mib = from.minimum_memory_mib;
    image.guest_agent = from.guest_agent;
    image.imds_v2_required = from.imds_v2_required;
}

void set_devices(domain::Image& image, std::vector<domain::ImageDevice> devices) {
    image.root_device_name = devices.front().device;
    image.snapshot_id = devices.front().snapshot_id;
    image.size_gib = devices.front().size_gib;
    image.devices = std::move(devices);
}

Result<void> check_taggable(const Context& context, const std::vector<TagSpecification>& tags) {
    return check_tag_specifications(context, tags, {kinds::image.type, kinds::snapshot.type});
}

// One CreateImage's rows.
class ImageWriter {
  public:
    ImageWriter(store::Transaction& tx,
                const Context& context,
                const domain::Caller& caller,
                const std::vector<TagSpecification>& tags)
        : tx_(tx), context_(context), caller_(caller), tags_(tags) {}

    void write_snapshot(const domain::Snapshot& snapshot) {
        store::snapshots::insert(tx_, snapshot);
        cloud::write_tags(tx_, caller_, tags_, kinds::snapshot.type, snapshot.id);
        snapshots_.push_back(snapshot);
    }
    void write_image(const domain::Image& image) {
        store::images::insert(tx_, image);
        cloud::write_tags(tx_, caller_, tags_, kinds::image.type, image.id);
    }
    void enqueue(const domain::Image& image, const std::string& host_id) {
        for (const auto& snapshot : snapshots_)
            enqueue_snapshot(tx_, context_, snapshot);
        enqueue_image(tx_, context_, image, host_id);
    }

  private:
    store::Transaction& tx_;
    const Context& context_;
    const domain::Caller& caller_;
    const std::vector<TagSpecification>& tags_;
    std::vector<domain::Snapshot> snapshots_;
};

// The engine takes the snapshots of an image of this instance while the guest is down for it.
void begin_reboot(store::Transaction& tx, const Context& context, domain::Instance instance) {
    instance.reboots_requested += 1;
    instance.stop_deadline = context.clock.now() + context.settings.stop_timeout;
    store::instances::update(tx, instance);
    enqueue_work(tx, context, instance);
}

void copy_user_tags(store::Transaction& tx, const domain::Image& from, const domain::Image& to) {
    for (auto& tag : store::tags::list_of(tx, from.id))
        if (!tag.key.starts_with("aws:"))
            store::tags::put(
                tx,
                {to.account_id, to.region, to.id, std::string(kinds::image.type), std::move(tag)});
}

// May the caller read the disks? Who ships an image lets everybody; of others it must have the
// snapshots too.
Result<domain::Snapshot> find_storage(store::Transaction& tx,
                                      const Context& context,
                                      const store::Scope& scope,
                                      const domain::Image& image,
                                      const std::string& snapshot_id) {
    auto snapshot = image.account_id == context.settings.shipped_images_account
                        ? store::snapshots::find(tx, snapshot_id)
                        : find_visible_snapshot(tx, scope, snapshot_id);
    if (!snapshot)
        return fail("InvalidRequest",
                    "You do not have permission to access the storage of this ami");
    return std::move(*snapshot);
}

} // namespace

Result<void> check_image_name(const std::string& name) {
    if (name.size() < name_chars_min || name.size() > name_chars_max ||
        !std::all_of(name.begin(), name.end(), is_name_character))
        return fail(codes::image_name_malformed,
                    "AMI names must be between 3 and 128 characters long, and may contain letters, "
                    "numbers, spaces, and the characters ( ) [ ] . / - ' @ _");
    return {};
}

Result<void> check_image_description(const std::string& description) {
    if (description.size() > description_chars_max)
        return fail(codes::invalid_parameter_value,
                    fmt::format("The description of an AMI has at most {} characters.",
                                description_chars_max));
    return {};
}

Result<void> check_image_name_is_free(store::Transaction& tx,
                                      const domain::Caller& caller,
                                      const std::string& name) {
    if (const auto image = store::images::find_by_name(tx, scope_of(caller), name))
        return fail(codes::image_name_duplicate,
                    fmt::format("AMI name {} is already in use by AMI {}", name, image->id));
    return {};
}

Result<void>
check_image_room(store::Transaction& tx, const Context& context, const domain::Caller& caller) {
    const int limit = context.settings.limits.images;
    if (store::images::count(tx, scope_of(caller)) >= limit)
        return fail(
            codes::resource_limit_exceeded,
            fmt::format("You have reached the maximum of {} AMIs in this region: deregister "
                        "some.",
                        limit));
    return {};
}

void enqueue_image(store::Transaction& tx,
                   const Context& context,
                   const domain::Image& image,
                   const std::string& host_id) {
    store::work::enqueue(tx, "image", image.id, host_id, context.clock.now());
}

Result<std::string> Images::create(const domain::Caller& caller, const ImageCreation& request) {
    PILEUS_TRY(check_image_name(request.name));
    PILEUS_TRY(check_image_description(request.description));
    PILEUS_TRY(check_boot_mode(request.boot_mode));
    PILEUS_TRY(check_taggable(context_, request.tag_specifications));
    std::vector<std::string> taken_now;
    PILEUS_ASSIGN(
        auto image_id, context_.store.write([&](store::Transaction& tx) -> Result<std::string> {
            PILEUS_ASSIGN(auto instance, find_source(tx, caller, request.instance_id));
            PILEUS_ASSIGN(auto parts,
                          devices_of_instance(tx,
                                              scope_of(caller),
                                              instance.root_device_name,
                                              attached_volumes(tx, instance),
                                              request.devices));
            PILEUS_TRY(check_image_name_is_free(tx, caller, request.name));
            PILEUS_TRY(check_image_room(tx, context_, caller));
            PILEUS_TRY(end_if_dry_run(caller));

            const bool reboots = !request.no_reboot && instance.state == InstanceState::running;
            auto image = new_image(context_, caller, request.name);
            image.description = request.description;
            image.architecture = instance.architecture;
            image.source_instance_id = instance.id;
            if (const auto from = store::images::find(tx, instance.image_id)) {
                inherit(image, *from);
                image.source_image_id = from->id;
                image.source_image_region = from->region;
            }
            if (!request.boot_mode.empty())
                image.boot_mode = request.boot_mode;
            ImageWriter writer(tx, context_, caller, request.tag_specifications);
            std::vector<domain::ImageDevice> devices;
            for (auto& part : parts) {
                if (part.volume) {
                    auto snapshot = make_snapshot_of(
                        context_,
                        caller,
                        *part.volume,
                        fmt::format("Created by CreateImage({}) for {}", instance.id, image.id));
                    snapshot.set_id = image.id;
                    part.device.snapshot_id = snapshot.id;
                    writer.write_snapshot(snapshot);
                    if (!reboots)
                        taken_now.push_back(snapshot.id);
                }
                devices.push_back(std::move(part.device));
            }
            set_devices(image, std::move(devices));
            writer.write_image(image);
            writer.enqueue(image, instance.host_id);
            if (reboots)
                begin_reboot(tx, context_, std::move(instance));
            return image.id;
        }));
    wait_until_taken(context_, taken_now);
    return image_id;
}

Result<std::string> Images::register_image(const domain::Caller& caller,
                                           const ImageRegistration& request) {
    static constexpr std::array<std::string_view, 3> architectures{"x86_64", "arm64", "i386"};
    PILEUS_TRY(check_image_name(request.name));
    PILEUS_TRY(check_image_description(request.description));
    PILEUS_TRY(check_boot_mode(request.boot_mode));
    PILEUS_TRY(check_tag_specifications(context_, request.tag_specifications, {kinds::image.type}));
    if (request.virtualization_type != "hvm")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter virtualizationType is invalid: images "
                                "here are hvm.",
                                request.virtualization_type));
    if (std::find(architectures.begin(), architectures.end(), request.architecture) ==
        architectures.end())
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Value ({}) for parameter architecture is invalid.", request.architecture));
    return context_.store.write([&](store::Transaction& tx) -> Result<std::string> {
        PILEUS_ASSIGN(
            auto devices,
            registered_devices(tx, scope_of(caller), request.root_device_name, request.devices));
        PILEUS_TRY(check_image_name_is_free(tx, caller, request.name));
        PILEUS_TRY(check_image_room(tx, context_, caller));
        PILEUS_TRY(end_if_dry_run(caller));
        auto image = new_image(context_, caller, request.name);
        image.state = "available";
        image.description = request.description;
        image.architecture = request.architecture;
        image.boot_mode = request.boot_mode;
        image.imds_v2_required = request.imds_v2_required;
        set_devices(image, std::move(devices));
        ImageWriter(tx, context_, caller, request.tag_specifications).write_image(image);
        return image.id;
    });
}

Result<std::string> Images::copy(const domain::Caller& caller, const ImageCopy& request) {
    static constexpr std::string_view operation = "CopyImage";
    PILEUS_TRY(check_image_name(request.name));
    PILEUS_TRY(check_image_description(request.description));
    PILEUS_TRY(check_taggable(context_, request.tag_specifications));
    if (!find_region(context_.settings, request.source_region))
        return fail(codes::invalid_parameter_value,
                    fmt::format("This installation has no region '{}' to copy from.",
                                request.source_region));
    return context_.store.write([&](store::Transaction& tx) -> Result<std::string> {
        PILEUS_ASSIGN(auto earlier, find_earlier(tx, caller, operation, request.client_token));
        if (earlier)
            return std::move(*earlier);
        const store::Scope source_scope{caller.account_id, request.source_region};
        PILEUS_ASSIGN(const auto source,
                      find_launchable_image(tx, source_scope, request.source_image_id));
        PILEUS_TRY(check_image_name_is_free(tx, caller, request.name));
        PILEUS_TRY(check_image_room(tx, context_, caller));

        auto image = new_image(context_, caller, request.name);
        image.description = request.description;
        inherit(image, source);
        image.source_image_id = source.id;
        image.source_image_region = source.region;
        std::vector<domain::Snapshot> copies;
        auto devices = devices_of(source);
        for (auto& device : devices) {
            if (device.snapshot_id.empty())
                continue;
            PILEUS_ASSIGN(const auto snapshot,
                          find_storage(tx, context_, source_scope, source, device.snapshot_id));
            PILEUS_ASSIGN(
                const auto encryption,
                choose_encryption(tx, scope_of(caller), request.encryption, snapshot.encrypted));
            copies.push_back(
                make_copy_of(context_,
                             caller,
                             snapshot,
                             fmt::format("Copied for DestinationAmi {} from SourceAmi {} for "
                                         "SourceSnapshot {}.",
                                         image.id,
                                         source.id,
                                         snapshot.id),
                             encryption));
            device.snapshot_id = copies.back().id;
            device.encrypted = encryption.encrypted;
        }
        PILEUS_TRY(end_if_dry_run(caller));
        set_devices(image, std::move(devices));
        ImageWriter writer(tx, context_, caller, request.tag_specifications);
        for (const auto& copy : copies)
            writer.write_snapshot(copy);
        if (request.copy_image_tags && source.account_id == caller.account_id)
            copy_user_tags(tx, source, image);
        writer.write_image(image);
        writer.enqueue(image, copies.front().host_id);
        remember(tx, context_, caller, operation, request.client_token, image.id);
        return image.id;
    });
}

} // namespace pileus::cloud
