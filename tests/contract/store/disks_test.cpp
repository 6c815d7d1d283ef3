// SPDX-License-Identifier: Apache-2.0
#include "database.h"
#include "samples.h"
#include "store/disk_tasks.h"
#include "store/forks.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/snapshots.h"
#include "store/volumes.h"
#include "store/warm_templates.h"

#include <gmock/gmock.h>

namespace pileus::store {
namespace {

using samples::foreign_scopes;
using samples::ids;
using samples::other_account;
using samples::other_region;
using samples::scope;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Disks : public StoreContract {};
INSTANTIATE_TEST_SUITE_P(Store, Disks, testing::ValuesIn(kinds), name_of);

domain::Image private_image(const std::string& id) {
    auto image = samples::image(id);
    image.is_public = false;
    return image;
}

TEST_P(Disks, VolumesAreCountedByTypeForTheirQuota) {
    auto small = samples::volume("vol-1");
    auto large = samples::volume("vol-2");
    auto slow = samples::volume("vol-3");
    small.size_gib = 8;
    small.iops = 3000;
    large.size_gib = 100;
    large.iops = 4000;
    small.type = large.type = "gp3";
    slow.type = "st1";
    write([&](Transaction& tx) {
        for (const auto& volume : {small, large, slow})
            volumes::insert(tx, volume);
    });
    read([](Transaction& tx) {
        const auto total = volumes::total_of_type(tx, scope, "gp3");
        EXPECT_EQ(total.size_gib, 108);
        EXPECT_EQ(total.iops, 7000);
        EXPECT_EQ(volumes::total_of_type(tx, other_account, "gp3").size_gib, 0);
        EXPECT_THAT(ids(volumes::list_of_snapshot(tx, "snapshot_id")), SizeIs(3));
        EXPECT_THAT(volumes::list_of_snapshot(tx, ""), IsEmpty());
        return 0;
    });
}

TEST_P(Disks, ModificationIsTheLastOfItsVolume) {
    auto second = samples::volume_modification("vol-1");
    second.state = "completed";
    write([&](Transaction& tx) {
        volume_modifications::put(tx, samples::volume_modification("vol-1"));
        volume_modifications::put(tx, second);
        volume_modifications::put(tx, samples::volume_modification("vol-2"));
    });
    read([](Transaction& tx) {
        EXPECT_EQ(volume_modifications::find(tx, "vol-1")->state, "completed");
        EXPECT_THAT(volume_modifications::list(tx, scope, {}), SizeIs(2));
        EXPECT_THAT(volume_modifications::list(tx, scope, {.after_id = "vol-1"}), SizeIs(1));
        for (const auto& foreign : foreign_scopes)
            EXPECT_THAT(volume_modifications::list(tx, foreign, {}), IsEmpty());
        return 0;
    });
    write([](Transaction& tx) { volume_modifications::erase(tx, "vol-1"); });
    EXPECT_FALSE(read([](Transaction& tx) { return volume_modifications::find(tx, "vol-1"); }));
}

TEST_P(Disks, ModificationsOfADayAreCounted) {
    const auto begin = [&](Time at) {
        auto modification = samples::volume_modification("vol-1");
        modification.started_at = at;
        write([&](Transaction& tx) { volume_modifications::begin(tx, modification); });
    };
    const auto count = [&](Time since) {
        return read([&](Transaction& tx) {
            return volume_modifications::count_begun_since(tx, "vol-1", since);
        });
    };
    const auto first = samples::moment(0);
    begin(first);
    begin(first + std::chrono::hours{1});
    EXPECT_EQ(count(first - std::chrono::hours{1}), 2);
    EXPECT_EQ(count(first), 1);
    begin(first + std::chrono::hours{25} - std::chrono::minutes{1});
    EXPECT_EQ(count(Time{}), 2) << "what is older than a day is forgotten";
    EXPECT_EQ(read([](Transaction& tx) {
                  return volume_modifications::count_begun_since(tx, "vol-2", Time{});
              }),
              0);
    write([](Transaction& tx) { volume_modifications::erase(tx, "vol-1"); });
    EXPECT_EQ(count(Time{}), 0);
}

TEST_P(Disks, SnapshotsAreFoundByWhatTheyBelongTo) {
    auto alone = samples::snapshot("snap-2");
    alone.set_id = "";
    alone.taken_at.reset();
    write([&](Transaction& tx) {
        snapshots::insert(tx, samples::snapshot("snap-1"));
        snapshots::insert(tx, alone);
    });
    read([](Transaction& tx) {
        EXPECT_THAT(ids(snapshots::list_of_volume(tx, "volume_id")),
                    ElementsAre("snap-1", "snap-2"));
        EXPECT_THAT(ids(snapshots::list_of_host(tx, "host_id")), SizeIs(2));
        EXPECT_THAT(ids(snapshots::list_of_set(tx, "set_id")), ElementsAre("snap-1"));
        EXPECT_THAT(snapshots::list_of_set(tx, ""), IsEmpty()) << "alone is not a set";
        EXPECT_EQ(snapshots::find(tx, "snap-2")->taken_at, std::nullopt);
        EXPECT_EQ(snapshots::find(tx, "snap-1")->state, domain::SnapshotState::error);
        return 0;
    });
}

TEST_P(Disks, SnapshotIsSeenByThoseItWasSharedWith) {
    write([](Transaction& tx) {
        snapshots::insert(tx, samples::snapshot("snap-1"));
        snapshots::insert(tx, samples::snapshot("snap-2"));
        snapshots::insert(tx, samples::snapshot("snap-3"));
        snapshots::permit(tx, {"snap-2", "other"});
        snapshots::permit(tx, {"snap-2", "other"});
        snapshots::permit(tx, {"snap-3", "all"});
    });
    read([](Transaction& tx) {
        EXPECT_THAT(ids(snapshots::list_visible(tx, scope, {})),
                    ElementsAre("snap-1", "snap-2", "snap-3"));
        EXPECT_THAT(ids(snapshots::list_visible(tx, other_account, {})),
                    ElementsAre("snap-2", "snap-3"));
        EXPECT_THAT(snapshots::list(tx, other_account, {}), IsEmpty());
        EXPECT_THAT(ids(snapshots::list_visible(tx, {"third", "region"}, {})),
                    ElementsAre("snap-3"));
        EXPECT_FALSE(snapshots::find_visible(tx, other_account, "snap-1"));
        EXPECT_TRUE(snapshots::find_visible(tx, other_account, "snap-2"));
        EXPECT_TRUE(snapshots::find_visible(tx, {"third", "region"}, "snap-3"));
        // A region is a world of its own, also to the owner and to "all".
        EXPECT_THAT(snapshots::list_visible(tx, other_region, {}), IsEmpty());
        EXPECT_THAT(snapshots::list_visible(tx, {"other", "elsewhere"}, {}), IsEmpty());
        EXPECT_FALSE(snapshots::find_visible(tx, {"other", "elsewhere"}, "snap-2"));
        EXPECT_THAT(snapshots::list_grantees(tx, "snap-2"), ElementsAre("other"));
        return 0;
    });
    write([](Transaction& tx) { snapshots::withdraw(tx, {"snap-2", "other"}); });
    EXPECT_FALSE(
        read([](Transaction& tx) { return snapshots::find_visible(tx, other_account, "snap-2"); }));
    // What is made again under the same id is not shared.
    write([](Transaction& tx) {
        snapshots::erase(tx, "snap-3");
        snapshots::insert(tx, samples::snapshot("snap-3"));
    });
    EXPECT_FALSE(
        read([](Transaction& tx) { return snapshots::find_visible(tx, other_account, "snap-3"); }));
}

// Own rows and shared ones come in one order, however the pages are cut.
TEST_P(Disks, PagesOfVisibleSnapshotsHaveNoGapsAndNoRepeats) {
    write([](Transaction& tx) {
        for (int i = 10; i < 40; ++i) {
            auto snapshot = samples::snapshot("snap-" + std::to_string(i));
            if (i % 3 != 0)
                snapshot.account_id = "owner";
            snapshots::insert(tx, snapshot);
            if (i % 3 == 1)
                snapshots::permit(tx, {snapshot.id, i % 2 == 0 ? "all" : "account_id"});
        }
    });
    std::vector<std::string> seen;
    Page page{.after_id = "", .limit = 3};
    while (true) {
        const auto rows =
            read([&](Transaction& tx) { return snapshots::list_visible(tx, scope, page); });
        if (rows.empty())
            break;
        EXPECT_LE(rows.size(), 3u);
        for (const auto& id : ids(rows))
            seen.push_back(id);
        page.after_id = seen.back();
    }
    std::vector<std::string> expected;
    for (int i = 10; i < 40; ++i)
        if (i % 3 != 2)
            expected.push_back("snap-" + std::to_string(i));
    EXPECT_EQ(seen, expected);
}

TEST_P(Disks, ImageIsSeenByThoseWhoMayLaunchIt) {
    write([](Transaction& tx) {
        images::insert(tx, private_image("ami-1"));
        images::insert(tx, private_image("ami-2"));
        images::insert(tx, samples::image("ami-3"));
        images::permit(tx, {"ami-2", "other"});
    });
    read([](Transaction& tx) {
        EXPECT_THAT(ids(images::list_visible(tx, scope, {})),
                    ElementsAre("ami-1", "ami-2", "ami-3"));
        EXPECT_THAT(ids(images::list_visible(tx, other_account, {})),
                    ElementsAre("ami-2", "ami-3"));
        EXPECT_THAT(ids(images::list_visible(tx, other_account, {.limit = 1})),
                    ElementsAre("ami-2"));
        EXPECT_THAT(ids(images::list_visible(tx, {"third", "region"}, {})), ElementsAre("ami-3"));
        EXPECT_TRUE(images::find_visible(tx, other_account, "ami-2"));
        EXPECT_TRUE(images::find_by_name(tx, scope, "name"));
        EXPECT_FALSE(images::find_by_name(tx, other_account, "name"));
        EXPECT_FALSE(images::find_visible(tx, other_account, "ami-1"));
        EXPECT_THAT(images::list_visible(tx, other_region, {}), IsEmpty());
        EXPECT_FALSE(images::find_visible(tx, {"other", "elsewhere"}, "ami-2"));
        EXPECT_THAT(images::list_permitted(tx, "ami-2"), ElementsAre("other"));
        return 0;
    });
    write([](Transaction& tx) { images::withdraw(tx, {"ami-2", "other"}); });
    EXPECT_FALSE(
        read([](Transaction& tx) { return images::find_visible(tx, other_account, "ami-2"); }));
}

TEST_P(Disks, DevicesOfAnImageComeBackInOrder) {
    auto image = private_image("ami-1");
    auto second = samples::image_device();
    second.device = "a-second";
    second.snapshot_id = "snap-2";
    image.devices.push_back(second);
    write([&](Transaction& tx) { images::insert(tx, image); });
    read([](Transaction& tx) {
        const auto found = images::find(tx, "ami-1");
        EXPECT_THAT(found->devices, SizeIs(2));
        EXPECT_EQ(found->devices[1].device, "a-second");
        EXPECT_EQ(images::list_visible(tx, scope, {}).front().devices.size(), 2u);
        EXPECT_THAT(ids(images::list_using_snapshot(tx, "snap-2")), ElementsAre("ami-1"));
        EXPECT_THAT(ids(images::list_using_snapshot(tx, "snapshot_id")), ElementsAre("ami-1"))
            << "once, though its root and a device have it";
        return 0;
    });
    image.devices.pop_back();
    write([&](Transaction& tx) { images::update(tx, image); });
    read([](Transaction& tx) {
        EXPECT_THAT(images::find(tx, "ami-1")->devices, SizeIs(1));
        EXPECT_THAT(images::list_using_snapshot(tx, "snap-2"), IsEmpty());
        return 0;
    });
}

TEST_P(Disks, WarmTemplatesAreFoundByWhatTheyServe) {
    auto shared = samples::warm_template("wt-1");
    shared.account_id = "";
    auto of_one = samples::warm_template("wt-2");
    auto elsewhere = samples::warm_template("wt-3");
    elsewhere.host_id = "other";
    write([&](Transaction& tx) {
        for (const auto& each : {shared, of_one, elsewhere})
            warm_templates::insert(tx, each);
    });
    read([](Transaction& tx) {
        const auto find = [&](const std::string& account) {
            return warm_templates::find(tx, {"host_id", "image_id", "instance_type", account});
        };
        EXPECT_EQ(find("")->id, "wt-1");
        EXPECT_EQ(find("account_id")->id, "wt-2");
        EXPECT_FALSE(find("other"));
        EXPECT_EQ(find("")->state, domain::WarmTemplateState::ready);
        EXPECT_THAT(ids(warm_templates::list_of_host(tx, "host_id")), ElementsAre("wt-1", "wt-2"));
        return 0;
    });
}

TEST_P(Disks, ForkTakesItsDisksWithIt) {
    auto instance = samples::instance("i-1");
    auto disk = samples::fork_disk();
    instance.fork_id = disk.fork_id = "fork-1";
    write([&](Transaction& tx) {
        forks::insert(tx, samples::fork("fork-1"), {disk});
        forks::insert(tx, samples::fork("fork-2"), {});
        instances::insert(tx, instance);
        instances::insert(tx, samples::instance("i-2"));
    });
    read([](Transaction& tx) {
        EXPECT_EQ(forks::find(tx, "fork-1")->state, domain::ForkState::failed);
        EXPECT_EQ(forks::list_disks(tx, "fork-1").at(0).device, "device");
        EXPECT_THAT(ids(forks::list_of_host(tx, "host_id")), ElementsAre("fork-1", "fork-2"));
        EXPECT_THAT(forks::list_of_host(tx, "other"), IsEmpty());
        EXPECT_THAT(ids(instances::list_of_fork(tx, "fork-1")), ElementsAre("i-1"));
        return 0;
    });
    write([](Transaction& tx) { forks::erase(tx, "fork-1"); });
    read([](Transaction& tx) {
        EXPECT_THAT(forks::list_disks(tx, "fork-1"), IsEmpty());
        EXPECT_THAT(ids(forks::list_of_host(tx, "host_id")), ElementsAre("fork-2"));
        return 0;
    });
}

TEST_P(Disks, TasksThatHaveNotEndedAreTheHosts) {
    auto active = samples::disk_task("import-snap-1");
    active.ended_at.reset();
    write([&](Transaction& tx) {
        disk_tasks::insert(tx, active);
        disk_tasks::insert(tx, samples::disk_task("import-snap-2"));
    });
    read([](Transaction& tx) {
        EXPECT_THAT(ids(disk_tasks::list_active(tx, "host_id")), ElementsAre("import-snap-1"));
        EXPECT_THAT(ids(disk_tasks::list(tx, scope, {})), SizeIs(2));
        EXPECT_EQ(disk_tasks::find(tx, "import-snap-2")->kind, domain::DiskTaskKind::export_image);
        for (const auto& foreign : foreign_scopes)
            EXPECT_THAT(disk_tasks::list(tx, foreign, {}), IsEmpty());
        return 0;
    });
}

} // namespace
} // namespace pileus::store
