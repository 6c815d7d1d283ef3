// SPDX-License-Identifier: Apache-2.0
#include "cloud/disk_fixture.h"
#include "cloud/tags.h"
#include "store/tags.h"

#include <fmt/core.h>

namespace pileus::cloud {
namespace {

using domain::SnapshotState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class SnapshotsTest : public DiskFixture {
  protected:
    std::vector<std::string> found(const SnapshotQuery& query,
                                   const domain::Caller* caller = nullptr) {
        const auto listing = snapshots_.describe(caller ? *caller : caller_, query);
        EXPECT_TRUE(listing) << message_of(listing);
        std::vector<std::string> ids;
        if (listing)
            for (const auto& view : listing->items)
                ids.push_back(view.snapshot.id);
        return ids;
    }
    bool is_seen(const domain::Caller& caller, const std::string& id) {
        return snapshots_.describe(caller, {.ids = {id}}).has_value();
    }
};

TEST_F(SnapshotsTest, OneOfAVolumeInUse) {
    add_instance();
    const auto made = snapshots_.create(
        caller_, {data_id, "before the update", {{"snapshot", {{"Name", "monday"}}}}});
    ASSERT_TRUE(made) << message_of(made);
    const auto row = snapshot(made->snapshot.id);
    EXPECT_EQ(row.state, SnapshotState::pending);
    EXPECT_EQ(row.progress_percent, 0);
    EXPECT_EQ(row.volume_id, data_id);
    EXPECT_EQ(row.size_gib, 20);
    EXPECT_EQ(row.host_id, "host-1");
    EXPECT_EQ(row.description, "before the update");
    EXPECT_THAT(made->tags, SizeIs(1));
    EXPECT_THAT(work(), Contains("snapshot " + row.id));
}

TEST_F(SnapshotsTest, TheAnswerWaitsForTheMoment) {
    add_instance();
    const auto before = clock_.now();
    ASSERT_TRUE(snapshots_.create(caller_, {root_id, "", {}}));
    const auto waited = clock_.now() - before;
    EXPECT_GE(waited, std::chrono::milliseconds{1900}) << "nobody takes it here";
    EXPECT_LE(waited, std::chrono::milliseconds{2100});
    const auto settled = clock_.now();
    wait_until_taken(context_, {add_snapshot(caller_, "snap-0000000a"), "snap-0000000b"});
    EXPECT_EQ(clock_.now(), settled) << "taken, and gone: nothing to wait for";
}

TEST_F(SnapshotsTest, RefusedVolumes) {
    add_instance();
    EXPECT_EQ(code_of(snapshots_.create(caller_, {"vol-99999999", "", {}})),
              "InvalidVolume.NotFound");
    EXPECT_EQ(code_of(snapshots_.create(foreigner_, {root_id, "", {}})), "InvalidVolume.NotFound");
    EXPECT_EQ(code_of(snapshots_.create(caller_, {root_id, std::string(256, 'x'), {}})),
              "InvalidParameterValue");
    EXPECT_EQ(code_of(snapshots_.create(caller_, {root_id, "", {{"volume", {{"a", "b"}}}}})),
              "InvalidParameterValue");
    EXPECT_EQ(code_of(snapshots_.create(dry(), {root_id, "", {}})), "DryRunOperation");
    auto creating = make_volume("vol-00000003", "");
    creating.state = domain::VolumeState::creating;
    write([&](auto& tx) { store::volumes::insert(tx, creating); });
    EXPECT_EQ(code_of(snapshots_.create(caller_, {creating.id, "", {}})), "IncorrectState");
    settings_.limits.snapshots = 0;
    EXPECT_EQ(code_of(snapshots_.create(caller_, {root_id, "", {}})), "SnapshotLimitExceeded");
    EXPECT_THAT(found({.owners = {"self"}}), IsEmpty());
}

TEST_F(SnapshotsTest, ASetIsOneMoment) {
    add_instance();
    write([&](auto& tx) {
        store::tags::put(tx, {caller_.account_id, caller_.region, data_id, "volume", {"a", "b"}});
    });
    const auto set = snapshots_.create_set(
        caller_, {.instance_id = instance_id, .copy_tags_from_volumes = true});
    ASSERT_TRUE(set) << message_of(set);
    ASSERT_THAT(*set, SizeIs(2));
    EXPECT_EQ((*set)[0].snapshot.volume_id, root_id) << "the root first";
    EXPECT_EQ((*set)[1].snapshot.volume_id, data_id);
    EXPECT_THAT((*set)[1].tags, ElementsAre(domain::Tag{"a", "b"}));
    EXPECT_FALSE((*set)[0].snapshot.set_id.empty());
    EXPECT_EQ((*set)[0].snapshot.set_id, (*set)[1].snapshot.set_id);

    const auto without_root =
        snapshots_.create_set(caller_, {.instance_id = instance_id, .exclude_boot_volume = true});
    ASSERT_TRUE(without_root);
    EXPECT_THAT(*without_root, SizeIs(1));
    const auto without_data = snapshots_.create_set(
        caller_, {.instance_id = instance_id, .excluded_volume_ids = {data_id}});
    ASSERT_TRUE(without_data);
    EXPECT_EQ(without_data->at(0).snapshot.volume_id, root_id);
}

TEST_F(SnapshotsTest, RefusedSets) {
    add_instance();
    const auto refused = [&](const SnapshotSetCreation& request) {
        return code_of(snapshots_.create_set(caller_, request));
    };
    EXPECT_EQ(refused({.instance_id = "i-99999999"}), "InvalidInstanceID.NotFound");
    EXPECT_EQ(refused({.instance_id = instance_id, .excluded_volume_ids = {root_id}}),
              "InvalidParameterCombination");
    EXPECT_EQ(refused({.instance_id = instance_id, .excluded_volume_ids = {"vol-99999999"}}),
              "InvalidParameterValue");
    EXPECT_EQ(refused({.instance_id = instance_id,
                       .exclude_boot_volume = true,
                       .excluded_volume_ids = {data_id}}),
              "InvalidParameterValue");
}

TEST_F(SnapshotsTest, DeletedIsGoneAtOnce) {
    const auto id = add_snapshot(caller_, "snap-0000000a");
    ASSERT_TRUE(Tags(context_).create(caller_, {id}, {{"a", "b"}}));
    EXPECT_EQ(code_of(snapshots_.erase(dry(), id)), "DryRunOperation");
    ASSERT_TRUE(snapshots_.erase(caller_, id));
    EXPECT_EQ(snapshot(id).state, SnapshotState::deleting);
    EXPECT_THAT(work(), Contains("snapshot " + id));
    EXPECT_THAT(found({}), IsEmpty());
    EXPECT_FALSE(is_seen(caller_, id));
    EXPECT_EQ(code_of(snapshots_.erase(caller_, id)), "InvalidSnapshot.NotFound");
    EXPECT_EQ(code_of(Tags(context_).create(caller_, {id}, {{"a", "b"}})),
              "InvalidSnapshot.NotFound");
    EXPECT_TRUE(read([&](auto& tx) { return store::tags::list_of(tx, id).empty(); }));
    EXPECT_EQ(code_of(snapshots_.erase(caller_, "nonsense")), "InvalidSnapshotID.Malformed");
}

TEST_F(SnapshotsTest, AnImageKeepsItsSnapshots) {
    const auto id = add_snapshot(caller_, "snap-0000000a");
    ImageRegistration registration{.name = "mine", .root_device_name = "/dev/xvda"};
    registration.devices = {{.device = "/dev/xvda", .has_ebs = true, .snapshot_id = id}};
    const auto image_id = images_.register_image(caller_, registration);
    ASSERT_TRUE(image_id) << message_of(image_id);
    const auto refused = snapshots_.erase(caller_, id);
    EXPECT_EQ(code_of(refused), "InvalidSnapshot.InUse");
    EXPECT_THAT(message_of(refused), HasSubstr(*image_id));
    ASSERT_TRUE(images_.deregister(caller_, *image_id, false));
    EXPECT_TRUE(snapshots_.erase(caller_, id));
}

TEST_F(SnapshotsTest, CopiesGoToOtherRegions) {
    const auto id = add_snapshot(caller_, "snap-0000000a");
    auto there = caller_;
    there.region = "eu-west-1";
    const auto copy = snapshots_.copy(there,
                                      {.source_region = "us-east-1",
                                       .source_snapshot_id = id,
                                       .description = "far away",
                                       .encryption = {true, ""}});
    ASSERT_TRUE(copy) << message_of(copy);
    const auto row = snapshot(copy->snapshot.id);
    EXPECT_EQ(row.region, "eu-west-1");
    EXPECT_EQ(row.source_snapshot_id, id);
    EXPECT_EQ(row.volume_id, "vol-ffffffff");
    EXPECT_TRUE(row.encrypted);
    EXPECT_EQ(row.kms_key_id, default_kms_key({caller_.account_id, "eu-west-1"}));
    EXPECT_THAT(work(), Contains("snapshot " + row.id));

    EXPECT_EQ(
        code_of(snapshots_.copy(there, {.source_region = "eu-west-1", .source_snapshot_id = id})),
        "InvalidSnapshot.NotFound");
    EXPECT_EQ(
        code_of(snapshots_.copy(there, {.source_region = "nowhere-1", .source_snapshot_id = id})),
        "InvalidParameterValue");
    EXPECT_EQ(code_of(snapshots_.copy(foreigner_,
                                      {.source_region = "us-east-1", .source_snapshot_id = id})),
              "InvalidSnapshot.NotFound");
    EXPECT_EQ(code_of(snapshots_.copy(
                  there, {.source_region = "eu-west-1", .source_snapshot_id = row.id})),
              "IncorrectState")
        << "it is pending";
    EXPECT_EQ(code_of(snapshots_.copy(caller_,
                                      {.source_region = "us-east-1",
                                       .source_snapshot_id = id,
                                       .encryption = {{}, "alias/aws/ebs"}})),
              "InvalidParameterDependency");
}

TEST_F(SnapshotsTest, SharedWithWhomAndNobodyElse) {
    const auto id = add_snapshot(caller_, "snap-0000000a");
    EXPECT_FALSE(is_seen(foreigner_, id));
    EXPECT_EQ(code_of(snapshots_.grantees(foreigner_, id)), "InvalidSnapshot.NotFound");
    ASSERT_TRUE(snapshots_.change_grantees(caller_, id, {{foreigner_.account_id}, {}}));
    EXPECT_THAT(*snapshots_.grantees(caller_, id), ElementsAre(foreigner_.account_id));
    EXPECT_THAT(found({}, &foreigner_), ElementsAre(id));
    EXPECT_THAT(found({.restorable_users = {"self"}}, &foreigner_), ElementsAre(id));
    EXPECT_THAT(found({.restorable_users = {foreigner_.account_id}}), ElementsAre(id));
    EXPECT_THAT(found({.restorable_users = {"333333333333"}}), IsEmpty());
    EXPECT_FALSE(is_seen(make_caller("333333333333"), id));
    for (const auto& refused : {code_of(snapshots_.erase(foreigner_, id)),
                                code_of(snapshots_.reset_grantees(foreigner_, id)),
                                code_of(snapshots_.grantees(foreigner_, id))})
        EXPECT_EQ(refused, "AuthFailure") << "it is seen, but not owned";
    ASSERT_TRUE(snapshots_.reset_grantees(caller_, id));
    EXPECT_FALSE(is_seen(foreigner_, id));
    EXPECT_EQ(code_of(snapshots_.change_grantees(caller_, id, {{"somebody"}, {}})),
              "InvalidParameterValue");
    EXPECT_EQ(code_of(snapshots_.change_grantees(caller_, id, {})), "MissingParameter");
}

TEST_F(SnapshotsTest, PublicUntilThatIsBlocked) {
    const auto id = add_snapshot(caller_, "snap-0000000a");
    ASSERT_TRUE(snapshots_.change_grantees(caller_, id, {{"all"}, {}}));
    EXPECT_TRUE(is_seen(foreigner_, id));
    EXPECT_THAT(found({.restorable_users = {"all"}}, &foreigner_), ElementsAre(id));
    EXPECT_EQ(*snapshots_.public_access(caller_), "unblocked");
    ASSERT_TRUE(snapshots_.set_public_access(caller_, "block-new-sharing"));
    EXPECT_TRUE(is_seen(foreigner_, id)) << "what was public stays so";
    EXPECT_EQ(code_of(snapshots_.change_grantees(caller_, id, {{"all"}, {}})),
              "OperationNotPermitted");
    ASSERT_TRUE(snapshots_.set_public_access(caller_, "block-all-sharing"));
    EXPECT_FALSE(is_seen(foreigner_, id));
    EXPECT_THAT(found({}, &foreigner_), IsEmpty());
    ASSERT_TRUE(snapshots_.set_public_access(caller_, "unblocked"));
    EXPECT_TRUE(is_seen(foreigner_, id));
    EXPECT_EQ(code_of(snapshots_.set_public_access(caller_, "sometimes")), "InvalidParameterValue");
}

TEST_F(SnapshotsTest, EncryptedOnesStayAtHome) {
    const auto id = add_snapshot(caller_, "snap-0000000a");
    write([&](auto& tx) {
        auto row = store::snapshots::find(tx, id).value();
        row.encrypted = true;
        store::snapshots::update(tx, row);
    });
    EXPECT_EQ(code_of(snapshots_.change_grantees(caller_, id, {{foreigner_.account_id}, {}})),
              "OperationNotPermitted");
}

TEST_F(SnapshotsTest, TagsAreTheOwnersOwn) {
    const auto id = add_snapshot(caller_, "snap-0000000a");
    ASSERT_TRUE(Tags(context_).create(caller_, {id}, {{"secret", "plan"}}));
    ASSERT_TRUE(snapshots_.change_grantees(caller_, id, {{"all"}, {}}));
    EXPECT_THAT(snapshots_.describe(caller_, {.ids = {id}})->items[0].tags, SizeIs(1));
    EXPECT_THAT(snapshots_.describe(foreigner_, {.ids = {id}})->items[0].tags, IsEmpty());
    EXPECT_THAT(found({.filters = {{"tag:secret", {"plan"}}}}, &foreigner_), IsEmpty());
}

TEST_F(SnapshotsTest, EveryFilter) {
    const auto id = add_snapshot(caller_, "snap-0000000a");
    add_snapshot(caller_, "snap-0000000b");
    write([&](auto& tx) {
        auto row = store::snapshots::find(tx, id).value();
        row.description = "the one";
        row.encrypted = true;
        row.volume_id = data_id;
        row.size_gib = 99;
        row.progress_percent = 42;
        row.state = SnapshotState::pending;
        row.started_at = clock_.now() + std::chrono::hours{1};
        row.source_snapshot_id = "snap-0000000b";
        store::snapshots::update(tx, row);
    });
    const auto started = format_iso8601(clock_.now() + std::chrono::hours{1});
    for (const auto& filter : Filters{{"description", {"the*"}},
                                      {"encrypted", {"true"}},
                                      {"progress", {"42%"}},
                                      {"snapshot-id", {id}},
                                      {"start-time", {started}},
                                      {"status", {"pending"}},
                                      {"transfer-type", {"standard"}},
                                      {"volume-id", {data_id}},
                                      {"volume-size", {"99"}}})
        EXPECT_THAT(found({.filters = {filter}}), ElementsAre(id)) << filter.name;
    for (const auto& filter :
         Filters{{"owner-id", {caller_.account_id}}, {"storage-tier", {"standard"}}})
        EXPECT_THAT(found({.filters = {filter}}), SizeIs(2)) << filter.name;
    EXPECT_THAT(found({.filters = {{"owner-alias", {"amazon"}}}}), IsEmpty());
    EXPECT_THAT(found({.owners = {"self"}, .filters = {{"volume-id", {data_id}}}}),
                ElementsAre(id));
    EXPECT_EQ(code_of(snapshots_.describe(caller_, {.filters = {{"colour", {"red"}}}})),
              "InvalidParameterValue");
}

TEST_F(SnapshotsTest, PagesHoldWhatIsVisible) {
    for (int i = 0; i < 12; ++i)
        add_snapshot(i % 2 == 0 ? caller_ : foreigner_, fmt::format("snap-0000000{:x}", i));
    ASSERT_TRUE(snapshots_.erase(caller_, "snap-00000002"));
    ASSERT_TRUE(snapshots_.change_grantees(foreigner_, "snap-00000003", {{"all"}, {}}));
    std::vector<std::string> all;
    PageRequest page{5, ""};
    for (;;) {
        const auto listing = snapshots_.describe(caller_, {.page = page});
        ASSERT_TRUE(listing) << message_of(listing);
        for (const auto& view : listing->items)
            all.push_back(view.snapshot.id);
        page.next_token = listing->next_token;
        if (page.next_token.empty())
            break;
    }
    EXPECT_THAT(all,
                ElementsAre("snap-00000000",
                            "snap-00000003",
                            "snap-00000004",
                            "snap-00000006",
                            "snap-00000008",
                            "snap-0000000a"));
    EXPECT_THAT(found({.owners = {foreigner_.account_id}}), ElementsAre("snap-00000003"));
    EXPECT_THAT(found({.ids = {"snap-00000003"}, .owners = {"self"}}), IsEmpty());
    EXPECT_EQ(code_of(snapshots_.describe(caller_, {.owners = {"nobody"}})),
              "InvalidUserID.Malformed");
    const auto tiers = snapshots_.describe_tiers(caller_, {}, {});
    ASSERT_TRUE(tiers);
    EXPECT_THAT(tiers->items, SizeIs(5)) << "the caller's own";
}

} // namespace
} // namespace pileus::cloud
