// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace pileus::domain {

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html: at most 50 a resource, keys
// of up to 128 and values of up to 256 characters, keys beginning "aws:" are reserved.
struct Tag {
    std::string key;
    std::string value;

    friend bool operator==(const Tag&, const Tag&) = default;
};
using Tags = std::vector<Tag>;

// A tag as the store keeps it, beside what it is on.
struct ResourceTag {
    std::string account_id;
    std::string region;
    std::string resource_id;
    std::string resource_type; // "instance", "volume", "security-group" … as DescribeTags writes it
    Tag tag;
};

} // namespace pileus::domain
