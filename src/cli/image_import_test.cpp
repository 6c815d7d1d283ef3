// SPDX-License-Identifier: Apache-2.0
#include "cli/image_import.h"

#include <gtest/gtest.h>

namespace pileus::cli {
namespace {

TEST(ImageImport, KnowsTheUserOfACloudImageByItsName) {
    EXPECT_EQ(user_for("/tmp/debian-12-generic-amd64.qcow2"), "debian");
    EXPECT_EQ(user_for("https://example.org/noble/noble-server-cloudimg-amd64.img"), "ubuntu");
    EXPECT_EQ(user_for("https://ubuntu.example.org/x.img?file=debian"), "");
    EXPECT_EQ(user_for("Fedora-Cloud-Base.qcow2"), "fedora");
    EXPECT_EQ(user_for("disk.raw"), "");
}

TEST(ImageImport, NamesAnImageAfterItsFile) {
    EXPECT_EQ(image_name_for("/tmp/debian-12-generic-amd64.qcow2"), "debian-12-generic-amd64");
    EXPECT_EQ(image_name_for("https://example.org/a+b.img?x=1"), "a-b");
    EXPECT_EQ(image_name_for("a.raw"), "a--");
    EXPECT_EQ(image_name_for(std::string(200, 'x') + ".raw").size(), 128u);
}

TEST(ImageImport, TakesTheFormatFromWhatIsSaidNamedOrWritten) {
    using namespace std::literals;
    const auto qcow2 = "QFI\xfb"sv;
    EXPECT_EQ(disk_format("a.img", "", "RAW").value(), "raw");
    EXPECT_EQ(disk_format("a.vmdk", qcow2, "").value(), "vmdk"); // the name is the person's word
    EXPECT_EQ(disk_format("a.img", qcow2, "").value(), "qcow2");
    EXPECT_EQ(disk_format("https://example.org/a.qcow2?x=y.raw", "", "").value(), "qcow2");
    EXPECT_FALSE(disk_format("a.img", "\0\0\0\0"sv, "").has_value());
    EXPECT_FALSE(disk_format("a.qcow2", "", "iso").has_value());
}

} // namespace
} // namespace pileus::cli
