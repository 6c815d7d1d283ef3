// SPDX-License-Identifier: Apache-2.0
// What every volumes driver must do, run against each of them.
#include "drivers/volumes/emulated/emulated_volumes.h"
#include "drivers/volumes/formats/qcow2_header.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "qcow2_fixture.h"

#include <algorithm>
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
        return std::make_unique<Qcow2Volumes>(
            qcow2_options(folder_.path() / "state"), runner_, random_);
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

    SnapshotObservation observed(const std::string& snapshot_id) {
        const auto all = volumes_->observe_snapshots();
        EXPECT_TRUE(all);
        for (const auto& each : *all)
            if (each.id == snapshot_id)
                return each;
        ADD_FAILURE() << "no snapshot " << snapshot_id;
        return {};
    }

    void snap(const std::string& volume_id, const std::string& snapshot_id) {
        ASSERT_TRUE(volumes_->begin_snapshot(volume_id, snapshot_id));
        ASSERT_TRUE(volumes_->complete_snapshot(volume_id, snapshot_id));
    }

    void expect_in_order() {
        const auto findings = volumes_->check();
        ASSERT_TRUE(findings);
        EXPECT_THAT(*findings, IsEmpty());
    }

    Folder folder_;
    SystemProcessRunner runner_;
    SystemRandom random_;
    std::unique_ptr<Volumes> volumes_;
};

TEST_P(VolumesContract, MakesAnEmptyVolume) {
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{8, "", false}));
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
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{8, snapshot, false}));
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
        EXPECT_TRUE(volumes_->create(volume_a, VolumeSpec{1, "", false}));
        EXPECT_TRUE(volumes_->create(volume_b, VolumeSpec{8, snapshot, false}));
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
    EXPECT_EQ(volumes_->create(volume_a, VolumeSpec{8, snapshot, false}).error().code,
              errors::not_found);
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
        EXPECT_EQ(volumes_->create(bad, VolumeSpec{1, "", false}).error().code, errors::invalid)
            << bad;
        const VolumeSpec on_nothing{1, bad.empty() ? "snap-" : bad, false};
        EXPECT_EQ(volumes_->create(volume_b, on_nothing).error().code, errors::invalid) << bad;
        EXPECT_EQ(volumes_->open(bad).error().code, errors::invalid) << bad;
        EXPECT_EQ(volumes_->remove(bad).error().code, errors::invalid) << bad;
        EXPECT_EQ(volumes_->remove_snapshot(bad).error().code, errors::invalid) << bad;
        EXPECT_EQ(volumes_->import_snapshot(bad, image_path()).error().code, errors::invalid);
    }
    EXPECT_THAT(observed_ids(), IsEmpty());
}

TEST_P(VolumesContract, SizesHaveLimits) {
    EXPECT_EQ(volumes_->create(volume_a, VolumeSpec{0, "", false}).error().code, errors::invalid);
    EXPECT_EQ(volumes_->create(volume_a, VolumeSpec{-1, "", false}).error().code, errors::invalid);
    EXPECT_EQ(volumes_->create(volume_a, VolumeSpec{16 * 1024 + 1, "", false}).error().code,
              errors::invalid);
    EXPECT_TRUE(volumes_->create(volume_a, VolumeSpec{16 * 1024, "", false}));
}

TEST_P(VolumesContract, ARemovedSnapshotServesTheVolumesThatStandOnIt) {
    ASSERT_TRUE(volumes_->import_snapshot(snapshot, image_path()));
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{8, snapshot, false}));
    ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
    EXPECT_TRUE(volumes_->open(volume_a));
    EXPECT_EQ(volumes_->create(volume_b, VolumeSpec{8, snapshot, false}).error().code,
              errors::not_found);
    EXPECT_TRUE(volumes_->remove(volume_a));
}

TEST_P(VolumesContract, ASnapshotLeavesTheVolumeANewLayer) {
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{8, "", false}));
    const auto before = volumes_->open(volume_a);
    const auto begun = volumes_->begin_snapshot(volume_a, snapshot);
    ASSERT_TRUE(begun) << begun.error().message;
    EXPECT_EQ(begun->volume_id, volume_a);
    EXPECT_EQ(begun->current_path, before->layers[0].path);
    EXPECT_NE(begun->next.path, begun->current_path);
    EXPECT_FALSE(begun->next.read_only);
    EXPECT_EQ(begun->snapshot_id, snapshot);
    EXPECT_FALSE(volumes_->has_snapshot(snapshot));
    EXPECT_EQ(volumes_->pending_switch(volume_a)->next.path, begun->next.path);
    EXPECT_EQ(volumes_->open(volume_a).error().code, errors::unavailable);
    EXPECT_EQ(volumes_->grow(volume_a, 9).error().code, errors::unavailable);

    ASSERT_TRUE(volumes_->complete_snapshot(volume_a, snapshot));
    EXPECT_TRUE(volumes_->has_snapshot(snapshot));
    EXPECT_FALSE(volumes_->pending_switch(volume_a));
    const auto after = volumes_->open(volume_a);
    ASSERT_EQ(after->layers.size(), 2u);
    EXPECT_EQ(after->layers[0].path, begun->next.path);
    EXPECT_EQ(after->layers[1].path, begun->current_path);
    EXPECT_TRUE(after->layers[1].read_only);
    EXPECT_EQ(after->size_gib, 8);
    EXPECT_EQ(observed(snapshot).size_gib, 8);
    expect_in_order();
}

TEST_P(VolumesContract, StepsOfASnapshotCanBeRepeated) {
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{8, "", false}));
    const auto first = volumes_->begin_snapshot(volume_a, snapshot);
    const auto again = volumes_->begin_snapshot(volume_a, snapshot);
    EXPECT_EQ(first->next.path, again->next.path);
    EXPECT_EQ(volumes_->begin_snapshot(volume_a, other_snapshot).error().code, errors::unavailable);
    EXPECT_TRUE(volumes_->complete_snapshot(volume_a, snapshot));
    EXPECT_TRUE(volumes_->complete_snapshot(volume_a, snapshot));
    EXPECT_EQ(volumes_->begin_snapshot(volume_a, snapshot).error().code, errors::invalid);
    EXPECT_EQ(volumes_->cancel_snapshot(volume_a, snapshot).error().code, errors::invalid);
    EXPECT_EQ(volumes_->complete_snapshot(volume_a, other_snapshot).error().code,
              errors::not_found);
    EXPECT_EQ(volumes_->begin_snapshot(volume_b, other_snapshot).error().code, errors::not_found);
    expect_in_order();
}

TEST_P(VolumesContract, ACancelledSnapshotLeavesNothing) {
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{8, "", false}));
    const auto before = volumes_->open(volume_a);
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(volumes_->begin_snapshot(volume_a, snapshot));
        EXPECT_TRUE(volumes_->cancel_snapshot(volume_a, snapshot));
        EXPECT_TRUE(volumes_->cancel_snapshot(volume_a, snapshot));
    }
    EXPECT_FALSE(volumes_->has_snapshot(snapshot));
    EXPECT_EQ(volumes_->open(volume_a)->layers[0].path, before->layers[0].path);
    expect_in_order();
}

TEST_P(VolumesContract, AVolumeThatGoesWhileItsSnapshotIsTakenLeavesTheSnapshot) {
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{8, "", false}));
    ASSERT_TRUE(volumes_->begin_snapshot(volume_a, snapshot));
    ASSERT_TRUE(volumes_->remove(volume_a));
    EXPECT_TRUE(volumes_->has_snapshot(snapshot));
    EXPECT_TRUE(volumes_->create(volume_b, VolumeSpec{8, snapshot, false}));
    expect_in_order();
}

TEST_P(VolumesContract, SnapshotsGoInAnyOrder) {
    const std::vector<std::string> snapshots = {snapshot, other_snapshot, third_snapshot};
    std::vector<size_t> order = {0, 1, 2};
    do {
        ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{8, "", false}));
        for (const auto& id : snapshots)
            snap(volume_a, id);
        EXPECT_EQ(volumes_->open(volume_a)->layers.size(), 4u);
        for (const size_t i : order) {
            ASSERT_TRUE(volumes_->remove_snapshot(snapshots[i]));
            EXPECT_FALSE(volumes_->has_snapshot(snapshots[i]));
            EXPECT_TRUE(volumes_->open(volume_a));
            expect_in_order();
        }
        ASSERT_TRUE(volumes_->remove(volume_a));
        expect_in_order();
        EXPECT_TRUE(volumes_->observe_snapshots()->empty());
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(VolumesContract, AVolumeGrowsAndNeverShrinks) {
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{8, "", false}));
    ASSERT_TRUE(volumes_->grow(volume_a, 100));
    EXPECT_EQ(volumes_->open(volume_a)->size_gib, 100);
    ASSERT_TRUE(volumes_->grow(volume_a, 50));
    EXPECT_EQ(volumes_->observe()->front().size_gib, 100);
    EXPECT_EQ(volumes_->grow(volume_a, 16 * 1024 + 1).error().code, errors::invalid);
    EXPECT_EQ(volumes_->grow(volume_b, 10).error().code, errors::not_found);
    snap(volume_a, snapshot);
    EXPECT_EQ(volumes_->create(volume_b, VolumeSpec{99, snapshot, false}).error().code,
              errors::invalid);
}

TEST_P(VolumesContract, EncryptionIsForGood) {
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{1, "", true}));
    const auto chain = volumes_->open(volume_a);
    EXPECT_NE(chain->layers[0].secret, "");
    EXPECT_TRUE(volumes_->observe()->front().encrypted);
    const auto begun = volumes_->begin_snapshot(volume_a, snapshot);
    EXPECT_NE(begun->next.secret, "");
    EXPECT_NE(begun->next.secret, chain->layers[0].secret);
    ASSERT_TRUE(volumes_->complete_snapshot(volume_a, snapshot));
    EXPECT_TRUE(observed(snapshot).encrypted);
    ASSERT_TRUE(volumes_->create(volume_b, VolumeSpec{1, snapshot, false}));
    EXPECT_NE(volumes_->open(volume_b)->layers[0].secret, "");
    EXPECT_EQ(volumes_->copy_snapshot(other_snapshot, snapshot, false, go_on).error().code,
              errors::invalid);
    EXPECT_FALSE(volumes_->has_snapshot(other_snapshot));
    expect_in_order();
}

TEST_P(VolumesContract, ACopyOutlivesItsOriginal) {
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{1, "", false}));
    snap(volume_a, snapshot);
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(volumes_->copy_snapshot(other_snapshot, snapshot, false, go_on));
        const auto encrypted = volumes_->copy_snapshot(third_snapshot, snapshot, true, go_on);
        EXPECT_TRUE(encrypted) << encrypted.error().message;
    }
    ASSERT_TRUE(volumes_->remove(volume_a));
    ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
    EXPECT_FALSE(observed(other_snapshot).encrypted);
    EXPECT_TRUE(observed(third_snapshot).encrypted);
    EXPECT_EQ(volumes_->copy_snapshot("snap-00000000", snapshot, false, go_on).error().code,
              errors::not_found);
    expect_in_order();
}

TEST_P(VolumesContract, LayersLeftWithoutTheirSnapshotAreJoined) {
    ASSERT_TRUE(volumes_->create(volume_a, VolumeSpec{1, "", false}));
    for (const auto& id : {snapshot, other_snapshot, third_snapshot})
        snap(volume_a, id);
    EXPECT_TRUE(volumes_->merge_layers()->empty());
    ASSERT_TRUE(volumes_->remove_snapshot(other_snapshot));
    const auto changed = volumes_->merge_layers();
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_THAT(*changed, ElementsAre(volume_a));
    EXPECT_EQ(volumes_->open(volume_a)->layers.size(), 3u);
    EXPECT_TRUE(volumes_->merge_layers()->empty());
    expect_in_order();
}

TEST_P(VolumesContract, TakesAndGivesDisksOfOtherFormats) {
    const auto raw = (folder_.path() / "disk.raw").string();
    std::ofstream(raw, std::ios::binary) << std::string(100'000, 'x');
    int last = -1;
    const auto taken =
        volumes_->import_foreign(snapshot, {raw, "raw"}, false, [&last](int percent) {
            last = percent;
            return true;
        });
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_GE(last, 0);
    EXPECT_EQ(observed(snapshot).size_gib, 1);
    const auto out = (folder_.path() / "out.vmdk").string();
    const auto given = volumes_->export_snapshot(snapshot, out, "vmdk", go_on);
    EXPECT_TRUE(given) << given.error().message;
    EXPECT_TRUE(std::filesystem::exists(out));

    const auto refused = [&](const DiskImport& source) {
        return volumes_->import_foreign(other_snapshot, source, false, go_on).error().code;
    };
    EXPECT_EQ(refused({raw, "floppy"}), errors::invalid);
    EXPECT_EQ(volumes_->export_snapshot(snapshot, out, "floppy", go_on).error().code,
              errors::invalid);
    EXPECT_EQ(volumes_->export_snapshot(other_snapshot, out, "raw", go_on).error().code,
              errors::not_found);
    EXPECT_EQ(
        volumes_->import_foreign(other_snapshot, {raw, "raw"}, false, [](int) { return false; })
            .error()
            .code,
        errors::unavailable);
    EXPECT_FALSE(volumes_->has_snapshot(other_snapshot));
    expect_in_order();
}

INSTANTIATE_TEST_SUITE_P(All,
                         VolumesContract,
                         testing::Values(Kind::emulated, Kind::qcow2),
                         [](const auto& each) {
                             return each.param == Kind::emulated ? "Emulated" : "Qcow2";
                         });

} // namespace
} // namespace pileus::drivers
