// SPDX-License-Identifier: Apache-2.0
//
// CreateTags, DeleteTags, DescribeTags: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/create_tags.h"
#include "model/ec2/delete_tags.h"
#include "model/ec2/describe_tags.h"

namespace pileus::api::ec2 {

namespace {

Result<void> create_tags(Call& call, model::CreateTagsRequest in, model::Unit) {
    domain::Tags tags;
    for (const auto tag : in.tags())
        tags.push_back({text(tag.key()), text(tag.value())});
    return call.cloud.tags.create(call.caller, texts(in.resources()), tags);
}

Result<void> delete_tags(Call& call, model::DeleteTagsRequest in, model::Unit) {
    std::vector<cloud::Tags::Deletion> deletions;
    for (const auto tag : in.tags()) {
        cloud::Tags::Deletion deletion{text(tag.key()), {}};
        if (const auto value = tag.value())
            deletion.value = std::string(*value);
        deletions.push_back(std::move(deletion));
    }
    return call.cloud.tags.erase(call.caller, texts(in.resources()), deletions);
}

Result<void>
describe_tags(Call& call, model::DescribeTagsRequest in, model::DescribeTagsResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.tags.describe(call.caller, filters_of(in), page_of(in)));
    for (const auto& tag : listing.items)
        out.add_tags()
            .set_resource_id(tag.resource_id)
            .set_resource_type(tag.resource_type)
            .set_key(tag.tag.key)
            .set_value(tag.tag.value);
    write_next_token(listing.next_token, out);
    return {};
}

} // namespace

void register_tags(Registry& registry) {
    registry.add<model::operations::CreateTags>(create_tags);
    registry.add<model::operations::DeleteTags>(delete_tags);
    registry.add<model::operations::DescribeTags>(describe_tags);
}

} // namespace pileus::api::ec2
