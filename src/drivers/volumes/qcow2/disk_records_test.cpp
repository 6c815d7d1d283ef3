// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/disk_records.h"

#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

TEST(DiskRecords, ReadWhatTheyWrote) {
    const LayerRecord layer{"layer-0", int64_t{16} << 40, "c2VhbGVk", "layers/layer-1.qcow2"};
    const auto read = parse_layer_record(to_text(layer));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->below, layer.below);
    EXPECT_EQ(read->virtual_bytes, layer.virtual_bytes);
    EXPECT_EQ(read->sealed_secret, layer.sealed_secret);
    EXPECT_EQ(read->file, layer.file);

    const VolumeRecord volume{"layer-1", "layer-2", "snap-00000000"};
    EXPECT_TRUE(volume.is_switching());
    EXPECT_EQ(parse_volume_record(to_text(volume))->next_snapshot, "snap-00000000");
    EXPECT_EQ(parse_snapshot_record(to_text(SnapshotRecord{"layer-1"}))->layer, "layer-1");
}

TEST(DiskRecords, TheOldFormIsNotTheNewOne) {
    const std::string old = R"({"size_gib":8,"snapshot_id":"snap-00000000"})";
    EXPECT_EQ(parse_old_volume_record(old)->size_gib, 8);
    EXPECT_FALSE(parse_volume_record(old));
    EXPECT_FALSE(parse_old_volume_record(to_text(VolumeRecord{"layer-1", "", ""})));
}

TEST(DiskRecords, WhatIsCutOffOrNamesAPathIsRefused) {
    const auto text = to_text(VolumeRecord{"layer-1", "", ""});
    for (size_t size = 0; size < text.size(); ++size)
        EXPECT_FALSE(parse_volume_record(text.substr(0, size))) << size;
    EXPECT_FALSE(parse_volume_record(R"({"layer":"../../etc","next":"","next_snapshot":""})"));
    for (const auto* name : {"", "-x", "a/b", "a.b", "A", "a\n"})
        EXPECT_FALSE(is_layer_name(name)) << name;
    EXPECT_FALSE(is_layer_name(std::string(65, 'a')));
    EXPECT_TRUE(is_layer_name("layer-0123456789abcdef0"));
}

} // namespace
} // namespace pileus::drivers
