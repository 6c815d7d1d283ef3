// SPDX-License-Identifier: Apache-2.0
// What every volumes driver must do, run against each of them.
#include "drivers/volumes/emulated/emulated_volumes.h"
#include "drivers/volumes/formats/qcow2_header.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "folder.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

namespace pileus::drivers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string volume_a = "vol-0123456789abcdef0";
const std::string volume_b = "vol-0123456789abcdef1";
const std::string snapshot = "snap-0123456789abcdef0";

enum class Kind { emulated, qcow2 };

class VolumesContract : public testing::TestWithParam<Kind> {
  protected:
    VolumesContract() : volumes_(make()) {
        EXPECT_TRUE(volumes_->recover());
        const auto image = make_qcow2(int64_t{2} << 30);
        std::ofstream(image_path(), std::ios::binary) << image.bytes;
        std::filesystem::resize_file(image_path(), image.file_bytes);
    }

    std::unique_ptr<Volumes> make() {
        if (GetParam() == Kind::emulated)
            return std::make_unique<EmulatedVolumes>();
        return std::make_unique<Qcow2Volumes>(Qcow2VolumesOptions{folder_.path() / "state"});
    }

    std::string image_path() const { return (folder_.path() / "image.qcow2").string(); }

    std::vector<std::string> observed_ids() {
        const auto observed = volumes_->observe();
        EXPECT_TRUE(observed);
        std::vector<std::string> ids;
        for (const auto& volume : *observed)
            ids.push_back(volume.id);
        return ids;
    }

    Folder folder_;
    std::unique_ptr<Volumes> volumes_;
};

TEST_P(VolumesContract, MakesAnEmptyVolume) {
    ASSERT_TRUE(volumes_->create(volume_a, 8));
    const auto chain = volumes_->open(volume_a);
    ASSERT_TRUE(chain) << chain.error().message;
    EXPECT_EQ(chain->volume_id, volume_a);
    ASSERT_EQ(chain->layers.size(), 1u);
    EXPECT_FALSE(chain->layers[0].read_only);
    EXPECT_EQ(chain->layers[0].format, "qcow2");
    const auto observed = volumes_->observe();
    ASSERT_EQ(observed->size(), 1u);
    EXPECT_EQ(observed->front().size_gib, 8);
}

TEST_P(VolumesContract, ClonesASnapshot) {
    ASSERT_TRUE(volumes_->import_snapshot(snapshot, image_path()));
    ASSERT_TRUE(volumes_->clone(volume_a, snapshot, 8));
    const auto chain = volumes_->open(volume_a);
    ASSERT_TRUE(chain) << chain.error().message;
    ASSERT_EQ(chain->layers.size(), 2u);
    EXPECT_FALSE(chain->layers[0].read_only);
    EXPECT_TRUE(chain->layers[1].read_only);
}

TEST_P(VolumesContract, EveryVerbCanBeRepeated) {
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(volumes_->recover());
        EXPECT_TRUE(volumes_->import_snapshot(snapshot, image_path()));
        EXPECT_TRUE(volumes_->create(volume_a, 1));
        EXPECT_TRUE(volumes_->clone(volume_b, snapshot, 8));
        EXPECT_TRUE(volumes_->open(volume_b));
        EXPECT_THAT(observed_ids(), ElementsAre(volume_a, volume_b));
    }
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(volumes_->remove(volume_a));
        EXPECT_TRUE(volumes_->remove(volume_b));
        EXPECT_TRUE(volumes_->remove_snapshot(snapshot));
        EXPECT_THAT(observed_ids(), IsEmpty());
    }
}

TEST_P(VolumesContract, MissingThingsAreNamedAsSuch) {
    EXPECT_EQ(volumes_->open(volume_a).error().code, errors::not_found);
    EXPECT_EQ(volumes_->clone(volume_a, snapshot, 8).error().code, errors::not_found);
    EXPECT_TRUE(volumes_->remove(volume_a));
    EXPECT_TRUE(volumes_->remove_snapshot(snapshot));
}

TEST_P(VolumesContract, IdsThatAreNoIdsChangeNothing) {
    for (const std::string bad : {"",
                                  "vol-",
                                  "../../etc/passwd",
                                  "vol-0123456789abcdef0/../x",
                                  "vol-0123456789ABCDEF0",
                                  "vol-0123456789abcdef00",
                                  "snap-x",
                                  "vol-0123456789abcdef\n"}) {
        EXPECT_EQ(volumes_->create(bad, 1).error().code, errors::invalid) << bad;
        EXPECT_EQ(volumes_->clone(volume_a, bad, 1).error().code, errors::invalid) << bad;
        EXPECT_EQ(volumes_->open(bad).error().code, errors::invalid) << bad;
        EXPECT_EQ(volumes_->remove(bad).error().code, errors::invalid) << bad;
        EXPECT_EQ(volumes_->remove_snapshot(bad).error().code, errors::invalid) << bad;
        EXPECT_EQ(volumes_->import_snapshot(bad, image_path()).error().code, errors::invalid);
    }
    EXPECT_THAT(observed_ids(), IsEmpty());
}

TEST_P(VolumesContract, SizesHaveLimits) {
    EXPECT_EQ(volumes_->create(volume_a, 0).error().code, errors::invalid);
    EXPECT_EQ(volumes_->create(volume_a, -1).error().code, errors::invalid);
    EXPECT_EQ(volumes_->create(volume_a, 16 * 1024 + 1).error().code, errors::invalid);
    EXPECT_TRUE(volumes_->create(volume_a, 16 * 1024));
}

TEST_P(VolumesContract, ARemovedSnapshotServesTheVolumesThatStandOnIt) {
    ASSERT_TRUE(volumes_->import_snapshot(snapshot, image_path()));
    ASSERT_TRUE(volumes_->clone(volume_a, snapshot, 8));
    ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
    EXPECT_TRUE(volumes_->open(volume_a));
    EXPECT_EQ(volumes_->clone(volume_b, snapshot, 8).error().code, errors::not_found);
    EXPECT_TRUE(volumes_->remove(volume_a));
}

INSTANTIATE_TEST_SUITE_P(All,
                         VolumesContract,
                         testing::Values(Kind::emulated, Kind::qcow2),
                         [](const auto& each) {
                             return each.param == Kind::emulated ? "Emulated" : "Qcow2";
                         });

} // namespace
} // namespace pileus::drivers
