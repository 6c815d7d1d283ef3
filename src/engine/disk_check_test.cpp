// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "engine/disk_fixture.h"

namespace pileus::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DiskCheckTest : public DiskFixture {
  protected:
    void SetUp() override {
        create_volume(data_id);
        run_until_quiet();
        ASSERT_THAT(findings(), IsEmpty());
    }
};

TEST_F(DiskCheckTest, NamesADiskWithoutAVolume) {
    ASSERT_TRUE(volumes_.create(other_id, {.size_gib = 8}));
    EXPECT_THAT(findings(), ElementsAre(other_id + " is on the disk, but there is no such volume"));
}

TEST_F(DiskCheckTest, NamesAVolumeWithoutADisk) {
    ASSERT_TRUE(volumes_.remove(data_id));
    EXPECT_THAT(findings(), ElementsAre(data_id + " is available, but not on the disk"));
}

TEST_F(DiskCheckTest, NamesASnapshotWithoutARow) {
    const std::string id = "snap-00000000000000009";
    ASSERT_TRUE(volumes_.begin_snapshot(data_id, id));
    ASSERT_TRUE(volumes_.complete_snapshot(data_id, id));
    EXPECT_THAT(findings(), ElementsAre(id + " is on the disk, but there is no such snapshot"));
}

// The hypervisor keeps a file of its own beside the folders.
TEST_F(DiskCheckTest, NamesAFolderWithoutAnInstanceAndNoFile) {
    const auto& folder = check_options_.instances_folder;
    ASSERT_TRUE(make_directories(folder / "i-00000000000000009"));
    ASSERT_TRUE(write_file_durably(folder / "acceleration.json", "{}"));
    EXPECT_THAT(findings(),
                ElementsAre("i-00000000000000009 has a folder, but there is no such instance"));
}

} // namespace
} // namespace pileus::engine
