// SPDX-License-Identifier: Apache-2.0
// What a snapshot holds, what it costs, and what joining layers leaves.
#include "drivers/volumes/qcow2/layer_merge.h"
#include "qcow2_fixture.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/file.h>

namespace pileus::drivers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Qcow2SnapshotsTest : public Qcow2Fixture {
  protected:
    SnapshotObservation observed(const std::string& id) {
        const auto all = *volumes_->observe_snapshots();
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.id == id; });
        EXPECT_NE(found, all.end()) << id;
        return found == all.end() ? SnapshotObservation{} : *found;
    }
};

TEST_F(Qcow2SnapshotsTest, HoldWhatWasThereWhenTheyWereTaken) {
    for (const bool encrypted : {false, true}) {
        ASSERT_TRUE(volumes_->create(volume, VolumeSpec{4, "", encrypted}));
        io(volume, "write -P 0x11 1M 64k");
        snap(volume, snapshot);
        io(volume, "write -P 0x22 1M 64k");
        io(volume, "write -P 0x22 3G 64k");
        snap(volume, other_snapshot);
        io(volume, "write -P 0x33 1M 64k");
        io_snapshot(snapshot, "read -P 0x11 1M 64k");
        io_snapshot(snapshot, "read -P 0 3G 64k");
        io_snapshot(other_snapshot, "read -P 0x22 1M 64k");
        io_snapshot(other_snapshot, "read -P 0x22 3G 64k");
        io(volume, "read -P 0x33 1M 64k");
        // Whatever goes, what is left stays whole.
        ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
        ASSERT_TRUE(volumes_->remove(volume));
        io_snapshot(other_snapshot, "read -P 0x22 1M 64k");
        ASSERT_TRUE(volumes_->remove_snapshot(other_snapshot));
        EXPECT_EQ(count_files(".qcow2"), 0u);
    }
}

TEST_F(Qcow2SnapshotsTest, ASecondSnapshotTakesOnlyWhatChanged) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{4, "", false}));
    io(volume, "write -P 0x11 0 32M");
    snap(volume, snapshot);
    io(volume, "write -P 0x22 1M 1M");
    snap(volume, other_snapshot);
    constexpr int64_t mib = 1024 * 1024;
    EXPECT_GE(observed(snapshot).full_bytes, 32 * mib);
    EXPECT_EQ(observed(snapshot).exclusive_bytes, 0); // the second stands on it
    EXPECT_GE(observed(other_snapshot).full_bytes, 33 * mib);
    ASSERT_TRUE(volumes_->remove(volume));
    EXPECT_LE(observed(other_snapshot).exclusive_bytes, 2 * mib);
    EXPECT_GE(observed(other_snapshot).exclusive_bytes, 1 * mib);
    ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
    EXPECT_GE(observed(other_snapshot).exclusive_bytes, 33 * mib);
}

TEST_F(Qcow2SnapshotsTest, ASwitchOutlivesTheDaemon) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{4, "", true}));
    const auto begun = volumes_->begin_snapshot(volume, snapshot);
    ASSERT_TRUE(begun);
    restart();
    const auto pending = volumes_->pending_switch(volume);
    ASSERT_TRUE(pending);
    EXPECT_EQ(pending->current_path, begun->current_path);
    EXPECT_EQ(pending->next.path, begun->next.path);
    EXPECT_EQ(pending->next.secret, begun->next.secret);
    EXPECT_EQ(pending->snapshot_id, snapshot);
    check_all();
    ASSERT_TRUE(volumes_->complete_snapshot(volume, snapshot));
    check_all();
}

// The guest writes to `next` from the switch on, and keeps both files open and the lock.
TEST_F(Qcow2SnapshotsTest, AGuestThatHasSwitchedLosesNothing) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{4, "", false}));
    io(volume, "write -P 0x11 1M 64k");
    auto chain = *volumes_->open(volume);
    const auto begun = *volumes_->begin_snapshot(volume, snapshot);
    chain.layers.insert(chain.layers.begin(), begun.next);
    io(chain, "write -P 0x22 1M 64k");
    UniqueFd guest(::open(begun.next.path.c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::flock(guest.get(), LOCK_EX | LOCK_NB), 0);
    EXPECT_THAT(volumes_->cancel_snapshot(volume, snapshot).error().message,
                HasSubstr("writes to the new layer"));
    ASSERT_TRUE(volumes_->complete_snapshot(volume, snapshot));
    EXPECT_FALSE(volumes_->remove(volume)); // it is in use, by its new layer
    guest.reset();
    io(volume, "read -P 0x22 1M 64k");
    io_snapshot(snapshot, "read -P 0x11 1M 64k");
}

// A layer that is smaller than the one on top, one with zeros over data, encrypted ones.
TEST_F(Qcow2SnapshotsTest, JoinedLayersHoldTheSame) {
    make_image();
    for (const bool encrypted : {false, true}) {
        ASSERT_TRUE(volumes_->import_snapshot("snap-0000000000000aaaa", image()));
        ASSERT_TRUE(volumes_->create(volume, VolumeSpec{4, "snap-0000000000000aaaa", encrypted}));
        io(volume, "write -P 0x11 8M 1M");
        io(volume, "write -P 0x11 16M 1M");
        snap(volume, snapshot);
        ASSERT_TRUE(volumes_->grow(volume, 6));
        io(volume, "write -P 0x22 8M 64k");
        io(volume, "write -z 16M 1M");
        io(volume, "write -P 0x22 5G 64k");
        snap(volume, other_snapshot);
        io(volume, "write -P 0x33 32M 64k");
        const auto before = volumes_->open(volume)->layers;
        ASSERT_TRUE(volumes_->remove_snapshot(snapshot));
        const auto changed = volumes_->merge_layers();
        ASSERT_TRUE(changed) << changed.error().message;
        EXPECT_THAT(*changed, ElementsAre(volume));
        EXPECT_THAT(*volumes_->merge_layers(), IsEmpty());
        const auto after = volumes_->open(volume)->layers;
        ASSERT_EQ(after.size(), before.size() - 1);
        EXPECT_EQ(after.front().path, before.front().path);
        EXPECT_EQ(after.back().path, before.back().path);
        EXPECT_EQ(after[1].secret.empty(), !encrypted);
        EXPECT_FALSE(std::filesystem::exists(before[1].path));
        for (const auto* command : {"read -P 0x5a 1M 64k",
                                    "read -P 0x22 8M 64k",
                                    "read -P 0x11 8256k 64k",
                                    "read -P 0 16M 1M",
                                    "read -P 0 4500M 64k",
                                    "read -P 0x22 5G 64k"}) {
            io(volume, command);
            io_snapshot(other_snapshot, command);
        }
        io(volume, "read -P 0x33 32M 64k");
        restart();
        check_all();
        ASSERT_TRUE(volumes_->remove(volume));
        ASSERT_TRUE(volumes_->remove_snapshot(other_snapshot));
        ASSERT_TRUE(volumes_->remove_snapshot("snap-0000000000000aaaa"));
    }
    EXPECT_EQ(count_files(".qcow2"), 0u);
}

TEST_F(Qcow2SnapshotsTest, ALongChainIsShortened) {
    ASSERT_TRUE(volumes_->create(volume, VolumeSpec{4, "", false}));
    std::vector<std::string> ids;
    for (int i = 0; i < 12; ++i) {
        io(volume, fmt::format("write -P {} {}M 64k", i + 1, i));
        ids.push_back(fmt::format("snap-{:017x}", i));
        snap(volume, ids.back());
    }
    EXPECT_EQ(volumes_->observe()->front().depth, 13);
    for (int steps = 0; !volumes_->merge_layers()->empty(); ++steps)
        ASSERT_LT(steps, 20);
    EXPECT_LE(volumes_->observe()->front().depth, 8);
    for (int i = 0; i < 12; ++i)
        io(volume, fmt::format("read -P {} {}M 64k", i + 1, i));
    for (int i = 0; i < 12; i += 5) {
        io_snapshot(ids[i], fmt::format("read -P {} {}M 64k", i + 1, i));
        io_snapshot(ids[i], fmt::format("read -P 0 {}M 64k", i + 1));
    }
    restart();
    check_all();
    for (const auto& id : ids)
        ASSERT_TRUE(volumes_->remove_snapshot(id));
    io(volume, "read -P 1 0 64k");
    ASSERT_TRUE(volumes_->remove(volume));
    EXPECT_EQ(count_files(".qcow2"), 0u);
}

TEST(ChooseMerge, LeavesAloneWhatIsNeeded) {
    std::map<std::string, MergeLayer> layers = {{"a", {"", 1, true, false, 100}},
                                                {"b", {"a", 1, true, false, 100}},
                                                {"c", {"b", 1, false, true, 100}}};
    EXPECT_THAT(choose_merge(layers, 8), IsEmpty());
    layers["a"].is_named = false;
    EXPECT_THAT(choose_merge(layers, 8), ElementsAre("b", "a"));
    layers["a"].holders = 2; // another branch stands on it
    EXPECT_THAT(choose_merge(layers, 8), IsEmpty());
    layers["a"].holders = 1;
    layers["a"].bytes = int64_t{100} << 30; // much to write, little to gain
    EXPECT_THAT(choose_merge(layers, 8), IsEmpty());
    layers["a"].bytes = 100;
    layers["b"].is_written = true;
    EXPECT_THAT(choose_merge(layers, 8), IsEmpty());
}

TEST(ChooseMerge, ShortensALongChainWhereItIsCheapest) {
    std::map<std::string, MergeLayer> layers;
    std::string below;
    for (const char name : std::string("abcdefg")) {
        layers[std::string(1, name)] = {below, 1, true, false, name == 'a' ? 1000 : 10};
        below = name;
    }
    layers["top"] = {below, 1, false, true, 0};
    EXPECT_THAT(choose_merge(layers, 8), IsEmpty());
    EXPECT_THAT(choose_merge(layers, 4), ElementsAre("g", "f", "e", "d", "c", "b"));
}

} // namespace
} // namespace pileus::drivers
