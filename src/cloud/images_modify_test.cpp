// SPDX-License-Identifier: Apache-2.0
#include "cloud/disk_fixture.h"
#include "cloud/tags.h"

namespace pileus::cloud {
namespace {

using image_change::Description;
using image_change::LaunchPermissions;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class ImagesModifyTest : public DiskFixture {
  protected:
    void SetUp() override { id_ = add("mine", "snap-00000001"); }

    std::string add(const std::string& name, const std::string& snapshot_id) {
        const auto known = read([&](auto& tx) { return store::snapshots::find(tx, snapshot_id); });
        const auto id = images_.register_image(
            caller_,
            {.name = name,
             .root_device_name = "/dev/xvda",
             .devices = {
                 {.device = "/dev/xvda",
                  .has_ebs = true,
                  .snapshot_id = known ? snapshot_id : add_snapshot(caller_, snapshot_id)}}});
        EXPECT_TRUE(id) << message_of(id);
        return *id;
    }
    std::vector<std::string> found(const domain::Caller& caller, ImageQuery query = {}) {
        const auto listing = images_.describe(caller, query);
        EXPECT_TRUE(listing) << message_of(listing);
        std::vector<std::string> ids;
        if (listing)
            for (const auto& view : listing->items)
                ids.push_back(view.image.id);
        return ids;
    }
    std::string share(std::vector<std::string> added, std::vector<std::string> removed = {}) {
        return code_of(images_.change(caller_, id_, LaunchPermissions{added, removed}));
    }

    std::string id_;
};

TEST_F(ImagesModifyTest, SharedWithAccounts) {
    EXPECT_THAT(found(foreigner_), IsEmpty());
    EXPECT_EQ(code_of(images_.attributes(foreigner_, id_)), "InvalidAMIID.NotFound");
    EXPECT_EQ(share({foreigner_.account_id, "333333333333"}), "");
    EXPECT_THAT(found(foreigner_), ElementsAre(id_));
    EXPECT_THAT(found(foreigner_, {.executable_users = {"self"}}), ElementsAre(id_));
    EXPECT_THAT(found(caller_, {.executable_users = {"333333333333"}}), ElementsAre(id_));
    EXPECT_THAT(found(foreigner_, {.executable_users = {"333333333333"}}), IsEmpty())
        << "that is the owner's to know";
    EXPECT_THAT(found(caller_, {.executable_users = {"self"}}), IsEmpty()) << "owning is no grant";
    EXPECT_THAT(images_.attributes(caller_, id_)->launch_permissions,
                ElementsAre(foreigner_.account_id, "333333333333"));
    EXPECT_EQ(share({}, {"333333333333"}), "");
    EXPECT_THAT(found(make_caller("333333333333")), IsEmpty());
    ASSERT_TRUE(images_.cancel_launch_permission(foreigner_, id_));
    EXPECT_THAT(found(foreigner_), IsEmpty());
    EXPECT_EQ(share({"nobody"}), "InvalidAMIAttributeItemValue");
    EXPECT_EQ(share({}), "MissingParameter");
}

TEST_F(ImagesModifyTest, OnlyTheOwnerChanges) {
    EXPECT_EQ(share({"all"}), "");
    EXPECT_THAT(found(foreigner_, {.executable_users = {"all"}}), ElementsAre(id_));
    EXPECT_THAT(found(foreigner_, {.filters = {{"is-public", {"true"}}}}), ElementsAre(id_));
    for (const auto& code :
         {code_of(images_.change(foreigner_, id_, Description{"taken"})),
          code_of(images_.attributes(foreigner_, id_)),
          code_of(images_.deregister(foreigner_, id_, true)),
          code_of(images_.set_disabled(foreigner_, id_, true)),
          code_of(images_.protect(foreigner_, id_, false)),
          code_of(images_.set_deprecation(foreigner_, id_, clock_.now() + std::chrono::hours{1}))})
        EXPECT_EQ(code, "AuthFailure");
    EXPECT_EQ(code_of(images_.cancel_launch_permission(foreigner_, id_)), "InvalidParameterValue");
    ASSERT_TRUE(images_.reset_launch_permissions(caller_, id_));
    EXPECT_THAT(found(foreigner_), IsEmpty());
}

TEST_F(ImagesModifyTest, BlockedFromBeingPublic) {
    EXPECT_EQ(*images_.public_access(caller_), "unblocked");
    ASSERT_TRUE(images_.set_public_access(caller_, "block-new-sharing"));
    EXPECT_EQ(share({"all"}), "OperationNotPermitted");
    EXPECT_EQ(share({foreigner_.account_id}), "") << "accounts are not everybody";
    EXPECT_EQ(*images_.public_access(foreigner_), "unblocked") << "each account for itself";
    EXPECT_EQ(code_of(images_.set_public_access(caller_, "block-all-sharing")),
              "InvalidParameterValue");
}

TEST_F(ImagesModifyTest, DescriptionAndTags) {
    ASSERT_TRUE(images_.change(caller_, id_, Description{"new words"}));
    EXPECT_EQ(image(id_).description, "new words");
    EXPECT_EQ(code_of(images_.change(caller_, id_, Description{std::string(256, 'x')})),
              "InvalidParameterValue");
    ASSERT_TRUE(images_.change(caller_, id_, image_change::ImdsV2Required{}));
    EXPECT_TRUE(image(id_).imds_v2_required);
    ASSERT_TRUE(Tags(context_).create(caller_, {id_}, {{"secret", "plan"}}));
    EXPECT_EQ(share({"all"}), "");
    EXPECT_THAT(images_.describe(caller_, {.ids = {id_}})->items[0].tags, SizeIs(1));
    EXPECT_THAT(images_.describe(foreigner_, {.ids = {id_}})->items[0].tags, IsEmpty());
    auto dry = caller_;
    dry.dry_run = true;
    EXPECT_EQ(code_of(images_.change(dry, id_, LaunchPermissions{{}, {"all"}})), "DryRunOperation");
    EXPECT_TRUE(image(id_).is_public);
}

TEST_F(ImagesModifyTest, DeprecatedOnesLeaveTheListsOfOthers) {
    EXPECT_EQ(share({"all"}), "");
    const auto at = clock_.now() + std::chrono::hours{1};
    ASSERT_TRUE(images_.set_deprecation(caller_, id_, at));
    EXPECT_THAT(found(foreigner_), ElementsAre(id_)) << "not yet";
    clock_.advance(std::chrono::hours{2});
    EXPECT_THAT(found(foreigner_), IsEmpty());
    EXPECT_THAT(found(foreigner_, {.include_deprecated = true}), ElementsAre(id_));
    EXPECT_THAT(found(foreigner_, {.ids = {id_}}), ElementsAre(id_)) << "who knows it";
    EXPECT_THAT(found(caller_), ElementsAre(id_)) << "its owner";
    ASSERT_TRUE(images_.set_deprecation(caller_, id_, std::nullopt));
    EXPECT_THAT(found(foreigner_), ElementsAre(id_));
    EXPECT_EQ(code_of(images_.set_deprecation(caller_, id_, clock_.now())),
              "InvalidParameterValue");
    EXPECT_EQ(code_of(images_.set_deprecation(
                  caller_, id_, clock_.now() + std::chrono::hours{24 * 3700})),
              "InvalidParameterValue");
}

TEST_F(ImagesModifyTest, DisabledOnesAreHidden) {
    EXPECT_EQ(share({"all", foreigner_.account_id}), "");
    ASSERT_TRUE(images_.set_disabled(caller_, id_, true));
    EXPECT_THAT(found(caller_), IsEmpty());
    const auto listing = images_.describe(caller_, {.include_disabled = true});
    ASSERT_THAT(listing->items, SizeIs(1));
    EXPECT_EQ(listing->items[0].state, "disabled");
    EXPECT_THAT(found(caller_, {.filters = {{"state", {"disabled"}}}, .include_disabled = true}),
                ElementsAre(id_));
    EXPECT_EQ(share({"all"}), "OperationNotPermitted");
    ASSERT_TRUE(images_.set_disabled(caller_, id_, false));
    EXPECT_THAT(found(caller_), ElementsAre(id_));
    EXPECT_THAT(found(foreigner_), IsEmpty()) << "it has become private";
}

TEST_F(ImagesModifyTest, ProtectedOnesStay) {
    ASSERT_TRUE(images_.protect(caller_, id_, false));
    EXPECT_EQ(code_of(images_.deregister(caller_, id_, false)), "OperationNotPermitted");
    ASSERT_TRUE(images_.unprotect(caller_, id_));
    ASSERT_TRUE(images_.protect(caller_, id_, true));
    ASSERT_TRUE(images_.unprotect(caller_, id_));
    EXPECT_EQ(code_of(images_.deregister(caller_, id_, false)), "OperationNotPermitted")
        << "the cooldown";
    clock_.advance(std::chrono::hours{25});
    EXPECT_TRUE(images_.deregister(caller_, id_, false));
}

TEST_F(ImagesModifyTest, DeregisteredIsGoneAndItsSnapshotsStay) {
    ASSERT_TRUE(Tags(context_).create(caller_, {id_}, {{"a", "b"}}));
    const auto done = images_.deregister(caller_, id_, false);
    ASSERT_TRUE(done) << message_of(done);
    EXPECT_THAT(done->snapshots, IsEmpty());
    EXPECT_THAT(found(caller_), IsEmpty());
    EXPECT_EQ(code_of(images_.describe(caller_, {.ids = {id_}})), "InvalidAMIID.NotFound");
    EXPECT_EQ(code_of(images_.deregister(caller_, id_, false)), "InvalidAMIID.NotFound");
    EXPECT_EQ(code_of(Tags(context_).create(caller_, {id_}, {{"a", "b"}})),
              "InvalidAMIID.NotFound");
    EXPECT_EQ(snapshot("snap-00000001").state, domain::SnapshotState::completed);
}

TEST_F(ImagesModifyTest, DeregisteredWithItsSnapshots) {
    const auto other = add("another of the same disk", "snap-00000001");
    const auto first = images_.deregister(caller_, id_, true);
    ASSERT_TRUE(first) << message_of(first);
    ASSERT_THAT(first->snapshots, SizeIs(1));
    EXPECT_EQ(first->snapshots[0].code, "skipped") << "the other image has it";
    const auto second = images_.deregister(caller_, other, true);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->snapshots[0].snapshot_id, "snap-00000001");
    EXPECT_EQ(second->snapshots[0].code, "success");
    EXPECT_EQ(snapshot("snap-00000001").state, domain::SnapshotState::deleting);
}

TEST_F(ImagesModifyTest, APendingOneIsLeftAlone) {
    add_instance();
    const auto pending =
        images_.create(caller_, {.instance_id = instance_id, .name = "soon", .no_reboot = true});
    ASSERT_TRUE(pending);
    EXPECT_EQ(code_of(images_.deregister(caller_, *pending, false)), "InvalidAMIID.Unavailable");
    EXPECT_EQ(code_of(images_.set_disabled(caller_, *pending, true)), "InvalidAMIID.Unavailable");
    make_available(*pending);
    EXPECT_TRUE(images_.deregister(caller_, *pending, true));
}

TEST_F(ImagesModifyTest, FiltersOnWhatUsersMake) {
    add_instance();
    const auto made =
        images_.create(caller_, {.instance_id = instance_id, .name = "made", .no_reboot = true});
    ASSERT_TRUE(made);
    const auto shipped = image(*made).source_image_id;
    const auto root = image(*made).snapshot_id;
    for (const auto& filter : Filters{{"source-instance-id", {instance_id}},
                                      {"source-image-id", {shipped}},
                                      {"source-image-region", {"us-east-1"}},
                                      {"state", {"pending"}},
                                      {"block-device-mapping.snapshot-id", {root}},
                                      {"block-device-mapping.device-name", {"/dev/sdf"}},
                                      {"block-device-mapping.volume-size", {"20"}},
                                      {"block-device-mapping.volume-type", {"gp2"}},
                                      {"block-device-mapping.delete-on-termination", {"false"}},
                                      {"manifest-location", {caller_.account_id + "/made"}}})
        EXPECT_THAT(found(caller_, {.filters = {filter}}), ElementsAre(*made)) << filter.name;
    EXPECT_THAT(found(caller_, {.owners = {"self"}, .filters = {{"owner-id", {"1*"}}}}),
                UnorderedElementsAre(*made, id_));
    EXPECT_THAT(found(foreigner_, {.filters = {{"state", {"pending"}}}}), IsEmpty());
}

} // namespace
} // namespace pileus::cloud
