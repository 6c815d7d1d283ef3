// SPDX-License-Identifier: Apache-2.0
#pragma once

// Machine images: those that this installation ships, and those that users make. Rows and work; the
// engine makes their snapshots (src/engine). Owned by Cloud; any thread; everything is in the
// store.
//
// images.cpp              images that were built here
// images_describe.cpp     DescribeImages
// images_create.cpp       CreateImage, RegisterImage, CopyImage
// images_modify.cpp       attributes, sharing, deprecation, disabling, protection, DeregisterImage

#include "cloud/block_devices.h"
#include "cloud/client_token.h"
#include "cloud/context.h"
#include "cloud/encryption.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/image.h"
#include "domain/tag.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pileus::cloud {

struct ImageView {
    domain::Image image;
    std::string state;                        // of the image as users see it: "disabled" too
    std::vector<domain::ImageDevice> devices; // the root first
    std::string parameter_name;               // the public parameter that names it; "" for none
    domain::Tags tags;                        // only the owner's own
};

struct ImageQuery {
    std::vector<std::string> ids;
    std::vector<std::string> owners;           // account ids, "self", "amazon", "aws-marketplace"
    std::vector<std::string> executable_users; // account ids, "self", "all"
    Filters filters;
    PageRequest page;
    bool include_deprecated = false;
    bool include_disabled = false;
};

// An image as the builder made it (images/build), or as the operator declares it for the emulation
// mode.
struct BuiltImage {
    std::string recipe; // "debian-12": builds of one recipe follow each other
    std::string content_sha256;
    std::string description;
    std::string architecture = "x86_64";
    std::string platform_details = "Linux/UNIX";
    std::string boot_mode;
    std::string root_device_name = "/dev/xvda";
    std::string default_user;
    int64_t size_gib = 0;
    int64_t minimum_memory_mib = 0;
    std::string guest_agent; // "" for an image without ours
    std::string name; // "" for one made of recipe, architecture, date and content
    std::string id; // "" for a new one; an id of the operator's choice is good for one region only
    std::string region; // "" for all
};

struct ImageCreation {
    std::string instance_id;
    std::string name;
    std::string description;
    bool no_reboot = false;
    std::string boot_mode; // "" for the instance's own
    std::vector<BlockDeviceRequest> devices;
    std::vector<TagSpecification> tag_specifications; // "image", "snapshot"
};

struct ImageRegistration {
    std::string name;
    std::string description;
    std::string architecture = "x86_64";
    std::string root_device_name;
    std::string virtualization_type = "hvm";
    std::string boot_mode;
    bool imds_v2_required = false;
    std::vector<BlockDeviceRequest> devices;
    std::vector<TagSpecification> tag_specifications;
};

struct ImageCopy {
    std::string source_region;
    std::string source_image_id;
    std::string name;
    std::string description;
    EncryptionRequest encryption;
    bool copy_image_tags = false;
    std::vector<TagSpecification> tag_specifications;
    ClientToken client_token;
};

// The one attribute that a ModifyImageAttribute changes.
namespace image_change {
struct Description {
    std::string text;
};
struct LaunchPermissions {
    std::vector<std::string> added; // accounts, and "all"
    std::vector<std::string> removed;
};
struct ImdsV2Required {};
} // namespace image_change
using ImageChange = std::variant<image_change::Description,
                                 image_change::LaunchPermissions,
                                 image_change::ImdsV2Required>;

struct Deregistration {
    struct SnapshotResult {
        std::string snapshot_id;
        std::string code; // "success", "skipped"
    };
    std::vector<SnapshotResult> snapshots;
};

struct ImageAttributes {
    ImageView view;
    std::vector<std::string> launch_permissions; // accounts; "all" is view.image.is_public
};

class Images {
  public:
    explicit Images(const Context& context) : context_(context) {}

    // The newest first.
    Result<Listing<ImageView>> describe(const domain::Caller& caller, const ImageQuery& query);

    // Answers at once; the image is "pending" until all its snapshots are there.
    Result<std::string> create(const domain::Caller& caller, const ImageCreation& request);
    Result<std::string> register_image(const domain::Caller& caller,
                                       const ImageRegistration& request);
    Result<std::string> copy(const domain::Caller& caller, const ImageCopy& request);
    Result<Deregistration> deregister(const domain::Caller& caller,
                                      const std::string& id,
                                      bool delete_associated_snapshots);

    // Of the caller's own image.
    Result<ImageAttributes> attributes(const domain::Caller& caller, const std::string& id);
    Result<void>
    change(const domain::Caller& caller, const std::string& id, const ImageChange& change);
    Result<void> reset_launch_permissions(const domain::Caller& caller, const std::string& id);
    // The other side: the caller gives up the permission that it was given.
    Result<void> cancel_launch_permission(const domain::Caller& caller, const std::string& id);

    // nullopt takes the deprecation away.
    Result<void>
    set_deprecation(const domain::Caller& caller, const std::string& id, std::optional<Time> at);
    Result<void> set_disabled(const domain::Caller& caller, const std::string& id, bool disabled);
    Result<void> protect(const domain::Caller& caller, const std::string& id, bool with_cooldown);
    Result<void> unprotect(const domain::Caller& caller, const std::string& id);

    // "block-new-sharing", "unblocked".
    Result<std::string> public_access(const domain::Caller& caller);
    Result<std::string> set_public_access(const domain::Caller& caller, const std::string& state);

    // Makes the image known in its regions, as "pending", each with a snapshot of its own; where
    // the same content is known already that image is returned as it is. The caller then brings the
    // disk to the snapshots of those that are pending, and publishes them; after a crash between
    // the two it does the same again.
    Result<std::vector<domain::Image>> register_built(const BuiltImage& build);
    Result<void> publish(const std::vector<std::string>& image_ids);

  private:
    const Context& context_;
};

// "amazon/debian-12-amd64-…", as ImageLocation has it.
std::string image_location(const domain::Image& image);
// The root first. A shipped image has no rows for them: its snapshot and size say it all.
std::vector<domain::ImageDevice> devices_of(const domain::Image& image);

// An image that the caller may see: its own, one shared with it, a public one.
std::optional<domain::Image>
find_visible_image(store::Transaction& tx, const store::Scope& scope, const std::string& id);
// All of these, deregistered ones too: an installation has few images.
std::vector<domain::Image> list_visible_images(store::Transaction& tx, const store::Scope& scope);
// A visible one, ready for a launch: InvalidAMIID.NotFound, InvalidAMIID.Unavailable.
Result<domain::Image>
find_launchable_image(store::Transaction& tx, const store::Scope& scope, const std::string& id);
// One of the caller's own; another's that it may see is refused with AuthFailure.
Result<domain::Image>
find_own_image(store::Transaction& tx, const store::Scope& scope, const std::string& id);

// --- Of the files of Images, and of imports
// ---------------------------------------------------------

// Well formed, and no other image of the account has it.
Result<void> check_image_name(const std::string& name);
Result<void> check_image_description(const std::string& description);
Result<void> check_image_name_is_free(store::Transaction& tx,
                                      const domain::Caller& caller,
                                      const std::string& name);
Result<void>
check_image_room(store::Transaction& tx, const Context& context, const domain::Caller& caller);
void enqueue_image(store::Transaction& tx,
                   const Context& context,
                   const domain::Image& image,
                   const std::string& host_id);

} // namespace pileus::cloud
