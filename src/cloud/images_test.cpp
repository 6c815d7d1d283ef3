// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/images.h"
#include "store/images.h"
#include "store/snapshots.h"
#include "store/volumes.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

BuiltImage build(const std::string& recipe, const std::string& hash) {
    BuiltImage image;
    image.recipe = recipe;
    image.content_sha256 = hash + std::string(63, '0');
    image.description = recipe + " for tests";
    image.boot_mode = "legacy-bios";
    image.size_gib = 8;
    return image;
}

class ImagesTest : public CloudFixture {
  protected:
    // Registered and published; the id in us-east-1.
    std::string add(const BuiltImage& built) {
        const auto images = images_.register_built(built);
        EXPECT_TRUE(images) << message_of(images);
        std::vector<std::string> ids;
        for (const auto& image : *images)
            ids.push_back(image.id);
        EXPECT_TRUE(images_.publish(ids));
        return ids.at(0);
    }
    std::vector<std::string> found(const ImageQuery& query) {
        const auto listing = images_.describe(caller_, query);
        EXPECT_TRUE(listing) << message_of(listing);
        std::vector<std::string> ids;
        for (const auto& view : listing->items)
            ids.push_back(view.image.id);
        return ids;
    }
    // Of the user's own; there is no operation for it yet.
    std::string add_private(const domain::Caller& owner, const std::string& id) {
        write([&](auto& tx) {
            domain::Image image;
            image.id = id;
            image.account_id = owner.account_id;
            image.region = owner.region;
            image.name = "mine";
            image.created_at = clock_.now();
            store::images::insert(tx, image);
        });
        return id;
    }

    Images images_{context_};
};

TEST_F(ImagesTest, ABuildIsSeenWhenItsDiskIsThere) {
    const auto registered = images_.register_built(build("tiny", "a"));
    ASSERT_TRUE(registered) << message_of(registered);
    ASSERT_EQ(registered->size(), 2u) << "one a region";
    EXPECT_EQ((*registered)[0].state, "pending");
    EXPECT_NE((*registered)[0].snapshot_id, (*registered)[1].snapshot_id);
    EXPECT_TRUE(read([&](auto& tx) {
        return store::snapshots::find(tx, (*registered)[0].snapshot_id).has_value();
    }));
    EXPECT_THAT(found({}), IsEmpty());
    ASSERT_TRUE(images_.publish({(*registered)[0].id, (*registered)[1].id}));
    EXPECT_THAT(found({}), ElementsAre((*registered)[0].id));
}

TEST_F(ImagesTest, OnlyNewContentMakesANewImage) {
    const auto first = add(build("tiny", "a"));
    EXPECT_EQ(add(build("tiny", "a")), first);
    clock_.advance(std::chrono::hours{24});
    const auto second = add(build("tiny", "b"));
    EXPECT_NE(second, first);
    EXPECT_THAT(found({}), ElementsAre(second, first)) << "the newest first";
}

TEST_F(ImagesTest, OperatorsMayChooseAnId) {
    auto declared = build("declared", "a");
    declared.id = "ami-12345678";
    EXPECT_EQ(add(declared), "ami-12345678");
    EXPECT_EQ(add(declared), "ami-12345678");
    auto other = build("declared", "b");
    other.id = "ami-12345678";
    EXPECT_EQ(code_of(images_.register_built(other)), "InvalidParameterValue");
    other.id = "ami-mine";
    EXPECT_EQ(code_of(images_.register_built(other)), "InvalidAMIID.Malformed");
}

TEST_F(ImagesTest, OwnersAndUsersChoose) {
    const auto shipped = add(build("tiny", "a"));
    const auto mine = add_private(caller_, "ami-00000001");
    add_private(foreigner_, "ami-00000002");
    EXPECT_EQ(found({}).size(), 2u);
    EXPECT_THAT(found({.owners = {"self"}}), ElementsAre(mine));
    EXPECT_THAT(found({.owners = {"amazon"}}), ElementsAre(shipped));
    EXPECT_THAT(found({.owners = {settings_.shipped_images_account}}), ElementsAre(shipped));
    EXPECT_THAT(found({.owners = {"aws-marketplace"}}), IsEmpty());
    EXPECT_THAT(found({.executable_users = {"all"}}), ElementsAre(shipped));
    EXPECT_EQ(code_of(images_.describe(caller_, {.owners = {"nobody"}})),
              "InvalidUserID.Malformed");
}

TEST_F(ImagesTest, IdsThatDoNotExist) {
    const auto shipped = add(build("tiny", "a"));
    add_private(foreigner_, "ami-00000002");
    EXPECT_THAT(found({.ids = {shipped}}), ElementsAre(shipped));
    EXPECT_EQ(message_of(images_.describe(caller_, {.ids = {shipped, "ami-00000002"}})),
              "The image id '[ami-00000002]' does not exist");
    EXPECT_EQ(message_of(images_.describe(caller_, {.ids = {"ami-00000002", "ami-00000003"}})),
              "The image ids '[ami-00000002, ami-00000003]' do not exist");
    EXPECT_EQ(code_of(images_.describe(caller_, {.ids = {"nonsense"}})), "InvalidAMIID.Malformed");
}

TEST_F(ImagesTest, FiltersAndPages) {
    std::vector<std::string> ids;
    for (const auto* hash : {"a", "b", "c"}) {
        ids.insert(ids.begin(), add(build("debian-12", hash)));
        clock_.advance(std::chrono::seconds{1});
    }
    add(build("tiny", "a"));
    EXPECT_EQ(found({.filters = {{"name", {"debian-12-amd64-*"}}}}), ids);
    EXPECT_EQ(found({.filters = {{"description", {"tiny*"}}}}).size(), 1u);
    for (const auto* name : {"architecture", "state", "root-device-type", "virtualization-type"})
        EXPECT_THAT(found({.filters = {{name, {"nonsense"}}}}), IsEmpty()) << name;
    const auto page =
        images_.describe(caller_, {.filters = {{"name", {"debian*"}}}, .page = {2, ""}});
    ASSERT_TRUE(page);
    EXPECT_EQ(page->items.size(), 2u);
    EXPECT_THAT(found({.filters = {{"name", {"debian*"}}}, .page = {2, page->next_token}}),
                ElementsAre(ids[2]));
}

} // namespace
} // namespace pileus::cloud
