// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "domain/tag.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

// Tags of one resource type, as TagSpecification.N asks for them on create.
struct TagSpecification {
    std::string resource_type; // "instance", "volume" …
    domain::Tags tags;
};

// Checks keys, values, duplicates, the "aws:" prefix and the count.
Result<void> check_tags(const Context& context, const domain::Tags& tags);
// Of a create: only the resource types in `allowed` may be named.
Result<void> check_tag_specifications(const Context& context,
                                      const std::vector<TagSpecification>& specifications,
                                      const std::vector<std::string_view>& allowed);
// What a create asked for on resources of one type.
domain::Tags tags_for(const std::vector<TagSpecification>& specifications,
                      std::string_view resource_type);
// Writes the tags that a create asked for on a resource of `resource_type`.
void write_tags(store::Transaction& tx,
                const domain::Caller& caller,
                const std::vector<TagSpecification>& specifications,
                std::string_view resource_type,
                const std::string& resource_id);

// "instance" for "i-…"; nullopt when no resource of Pileus has such an id.
std::optional<std::string> resource_type_of(std::string_view resource_id);

// CreateTags, DeleteTags, DescribeTags.
class Tags {
  public:
    explicit Tags(const Context& context) : context_(context) {}

    Result<void> create(const domain::Caller& caller,
                        const std::vector<std::string>& resource_ids,
                        const domain::Tags& tags);
    // A tag without a value deletes whatever value the key has; no tags at all delete every tag of
    // the user's.
    struct Deletion {
        std::string key;
        std::optional<std::string> value;
    };
    Result<void> erase(const domain::Caller& caller,
                       const std::vector<std::string>& resource_ids,
                       const std::vector<Deletion>& deletions);
    Result<Listing<domain::ResourceTag>>
    describe(const domain::Caller& caller, const Filters& filters, const PageRequest& page);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
