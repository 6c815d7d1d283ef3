// SPDX-License-Identifier: Apache-2.0
#include "domain/import_source.h"

#include <gtest/gtest.h>

namespace pileus::domain {
namespace {

const std::vector<std::string> prefixes{"https://images.example.org/debian", "http://10.0.0.1/"};

TEST(ImportSource, IsAllowedBelowAPrefixOnly) {
    for (const std::string url :
         {"https://images.example.org/debian/12/disk.qcow2", "http://10.0.0.1/disk.raw?version=2"})
        EXPECT_TRUE(is_allowed_url(url, prefixes)) << url;
    for (const std::string url : {"https://images.example.org/debian.evil/disk",
                                  "https://images.example.org/ubuntu/disk",
                                  "https://images.example.org/debian/../secret",
                                  "https://images.example.org/debian/%2e%2e/secret",
                                  "http://10.0.0.1@evil.net/",
                                  "http://10.0.0.1/a b",
                                  "file:///etc/passwd"})
        EXPECT_FALSE(is_allowed_url(url, prefixes)) << url;
    EXPECT_FALSE(is_allowed_url("http://10.0.0.1/disk", {}));
}

} // namespace
} // namespace pileus::domain
