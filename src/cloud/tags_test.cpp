// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/tags.h"
#include "store/tags.h"
#include "store/vpcs.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;

class TagsTest : public CloudFixture {
  protected:
    TagsTest() {
        read([&](auto& tx) {
            vpc_ = store::vpcs::find_default(tx, scope_of(caller_))->id;
            foreign_vpc_ = store::vpcs::find_default(tx, scope_of(foreigner_))->id;
            for (const auto& subnet : store::subnets::list_of_vpc(tx, vpc_))
                subnets_.push_back(subnet.id);
            return 0;
        });
    }
    domain::Tags tags_of(const std::string& id) {
        return read([&](auto& tx) { return store::tags::list_of(tx, id); });
    }
    std::vector<std::string> found(const Filters& filters) {
        std::vector<std::string> found;
        const auto listing = tags_.describe(caller_, filters, {});
        EXPECT_TRUE(listing) << message_of(listing);
        for (const auto& tag : listing->items)
            found.push_back(tag.resource_type + " " + tag.tag.key + "=" + tag.tag.value);
        std::sort(found.begin(), found.end());
        return found;
    }

    Tags tags_{context_};
    std::string vpc_;
    std::string foreign_vpc_;
    std::vector<std::string> subnets_;
};

TEST_F(TagsTest, ReplacesAValueAndKeepsTheRest) {
    ASSERT_TRUE(tags_.create(caller_, {vpc_, subnets_[0]}, {{"a", "1"}, {"b", ""}}));
    ASSERT_TRUE(tags_.create(caller_, {vpc_}, {{"a", "2"}}));
    EXPECT_THAT(tags_of(vpc_), ElementsAre(domain::Tag{"a", "2"}, domain::Tag{"b", ""}));
    EXPECT_THAT(tags_of(subnets_[0]), ElementsAre(domain::Tag{"a", "1"}, domain::Tag{"b", ""}));
}

TEST_F(TagsTest, RefusesBadTagsAndChangesNothing) {
    const std::pair<domain::Tags, std::string> cases[]{
        {{}, "MissingParameter"},
        {{{"", "x"}}, "InvalidParameterValue"},
        {{{std::string(129, 'k'), "x"}}, "InvalidParameterValue"},
        {{{"k", std::string(257, 'v')}}, "InvalidParameterValue"},
        {{{"aws:x", "x"}}, "InvalidParameterValue"},
        {{{"AWS:x", "x"}}, "InvalidParameterValue"},
        {{{"k", "1"}, {"k", "2"}}, "InvalidParameterValue"},
    };
    for (const auto& [tags, code] : cases)
        EXPECT_EQ(code_of(tags_.create(caller_, {vpc_}, tags)), code);
    EXPECT_TRUE(tags_of(vpc_).empty());
    std::string umlauts;
    for (int i = 0; i < 128; ++i)
        umlauts += "\xc3\xbc";
    EXPECT_EQ(code_of(tags_.create(caller_, {vpc_}, {{umlauts, umlauts}})), "")
        << "limits count characters, not bytes";
}

TEST_F(TagsTest, UnknownResourcesAreSpokenOfInTheirOwnWords) {
    const std::pair<std::string, std::string> cases[]{
        {"i-0123456789abcdef0", "InvalidInstanceID.NotFound"},
        {"i-zz", "InvalidInstanceID.Malformed"},
        {"ami-0123456789abcdef0", "InvalidAMIID.NotFound"},
        {"vol-0123456789abcdef0", "InvalidVolume.NotFound"},
        {"snap-0123456789abcdef0", "InvalidSnapshot.NotFound"},
        {"key-0123456789abcdef0", "InvalidKeyPair.NotFound"},
        {"sg-0123456789abcdef0", "InvalidGroup.NotFound"},
        {"sgr-0123456789abcdef0", "InvalidSecurityGroupRuleId.NotFound"},
        {"vpc-0123456789abcdef0", "InvalidVpcID.NotFound"},
        {"subnet-0123456789abcdef0", "InvalidSubnetID.NotFound"},
        {"eni-0123456789abcdef0", "InvalidNetworkInterfaceID.NotFound"},
        {"nonsense", "InvalidID"},
    };
    for (const auto& [id, code] : cases)
        EXPECT_EQ(code_of(tags_.create(caller_, {vpc_, id}, {{"a", "1"}})), code) << id;
    EXPECT_EQ(code_of(tags_.create(caller_, {foreign_vpc_}, {{"a", "1"}})),
              "InvalidVpcID.NotFound");
    EXPECT_TRUE(tags_of(vpc_).empty()) << "an error changes nothing";
}

TEST_F(TagsTest, FiftyTagsAndNoMore) {
    domain::Tags fifty;
    for (int i = 0; i < 50; ++i)
        fifty.push_back({"k" + std::to_string(i), "v"});
    ASSERT_TRUE(tags_.create(caller_, {vpc_}, fifty));
    EXPECT_TRUE(tags_.create(caller_, {vpc_}, {{"k7", "again"}})) << "replacing one needs no room";
    EXPECT_EQ(code_of(tags_.create(caller_, {subnets_[0], vpc_}, {{"one more", ""}})),
              "TagLimitExceeded");
    EXPECT_TRUE(tags_of(subnets_[0]).empty());
}

TEST_F(TagsTest, DeletesByKeyByKeyAndValueAndAll) {
    const auto reset = [&] {
        ASSERT_TRUE(tags_.create(caller_, {vpc_}, {{"a", "1"}, {"b", ""}, {"c", "3"}}));
    };
    reset();
    ASSERT_TRUE(tags_.erase(caller_, {vpc_}, {{"a", "other"}, {"b", ""}, {"c", std::nullopt}}));
    EXPECT_THAT(tags_of(vpc_), ElementsAre(domain::Tag{"a", "1"}));
    reset();
    write([&](auto& tx) {
        store::tags::put(tx, {caller_.account_id, caller_.region, vpc_, "vpc", {"aws:stack", "x"}});
    });
    ASSERT_TRUE(tags_.erase(caller_, {vpc_}, {}));
    EXPECT_THAT(tags_of(vpc_), ElementsAre(domain::Tag{"aws:stack", "x"}));
}

TEST_F(TagsTest, DescribesByEveryFilter) {
    ASSERT_TRUE(tags_.create(caller_, {vpc_, subnets_[0]}, {{"team", "red"}}));
    ASSERT_TRUE(tags_.create(caller_, {subnets_[1]}, {{"team", "blue"}, {"Name", "b*"}}));
    ASSERT_TRUE(tags_.create(foreigner_, {foreign_vpc_}, {{"team", "green"}}));
    EXPECT_THAT(
        found({}),
        ElementsAre("subnet Name=b*", "subnet team=blue", "subnet team=red", "vpc team=red"));
    EXPECT_THAT(found({{"key", {"N?me"}}}), ElementsAre("subnet Name=b*"));
    EXPECT_THAT(found({{"value", {"b\\*"}}}), ElementsAre("subnet Name=b*"));
    EXPECT_THAT(found({{"resource-type", {"vpc"}}}), ElementsAre("vpc team=red"));
    EXPECT_THAT(found({{"resource-id", {vpc_, subnets_[1]}}}),
                ElementsAre("subnet Name=b*", "subnet team=blue", "vpc team=red"));
    EXPECT_THAT(found({{"resource-id", {"vpc-*"}}, {"key", {"team"}}}),
                ElementsAre("vpc team=red"));
    EXPECT_THAT(found({{"tag:team", {"blue"}}}), ElementsAre("subnet team=blue"));
    EXPECT_TRUE(found({{"resource-id", {foreign_vpc_}}}).empty());
    EXPECT_EQ(code_of(tags_.describe(caller_, {{"colour", {"x"}}}, {})), "InvalidParameterValue");
}

TEST_F(TagsTest, PagesHoldEveryTagOnce) {
    domain::Tags many;
    for (int i = 0; i < 12; ++i)
        many.push_back({"k" + std::to_string(i), ""});
    ASSERT_TRUE(tags_.create(caller_, {vpc_, subnets_[0]}, many));
    for (const Filters& filters : {Filters{}, Filters{{"resource-id", {vpc_, subnets_[0]}}}}) {
        std::set<std::string> seen;
        PageRequest page{5, ""};
        int pages = 0;
        do {
            const auto listing = tags_.describe(caller_, filters, page);
            ASSERT_TRUE(listing) << message_of(listing);
            EXPECT_LE(listing->items.size(), 5u);
            for (const auto& tag : listing->items)
                EXPECT_TRUE(seen.insert(tag.resource_id + tag.tag.key).second);
            page.next_token = listing->next_token;
            ++pages;
        } while (!page.next_token.empty());
        EXPECT_EQ(seen.size(), 24u);
        EXPECT_EQ(pages, 5);
    }
}

TEST_F(TagsTest, SpecificationsNameAllowedTypesOnce) {
    const std::pair<std::vector<TagSpecification>, std::string> cases[]{
        {{}, ""},
        {{{"vpc", {{"a", "1"}}}}, ""},
        {{{"", {{"a", "1"}}}}, "InvalidParameterValue"},
        {{{"vpc", {}}}, "InvalidParameterValue"},
        {{{"subnet", {{"a", "1"}}}}, "InvalidParameterValue"},
        {{{"vpc", {{"a", "1"}}}, {"vpc", {{"b", "1"}}}}, "InvalidParameterValue"},
        {{{"vpc", {{"aws:a", "1"}}}}, "InvalidParameterValue"},
    };
    for (const auto& [specifications, code] : cases)
        EXPECT_EQ(code_of(check_tag_specifications(context_, specifications, {"vpc"})), code);
}

} // namespace
} // namespace pileus::cloud
