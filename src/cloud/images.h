// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "domain/image.h"
#include "domain/tag.h"

#include <string>
#include <vector>

namespace pileus::cloud {

struct ImageView {
    domain::Image image;
    domain::Tags tags;
};

struct ImageQuery {
    std::vector<std::string> ids;
    std::vector<std::string> owners;           // account ids, "self", "amazon", "aws-marketplace"
    std::vector<std::string> executable_users; // account ids, "self", "all"
    Filters filters;
    PageRequest page;
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
    std::string name; // "" for one made of recipe, architecture, date and content
    std::string id; // "" for a new one; an id of the operator's choice is good for one region only
    std::string region; // "" for all
};

// Machine images. In this issue users cannot make any: those that are there were built here and
// belong to everybody.
class Images {
  public:
    explicit Images(const Context& context) : context_(context) {}

    // The newest first.
    Result<Listing<ImageView>> describe(const domain::Caller& caller, const ImageQuery& query);

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

} // namespace pileus::cloud
