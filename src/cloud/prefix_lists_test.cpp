// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/prefix_list_entries.h"
#include "cloud/prefix_lists.h"
#include "domain/security_group.h"
#include "store/route_tables.h"
#include "store/security_groups.h"
#include "store/vpcs.h"
#include "store/work.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PrefixListsTest : public CloudFixture {
  protected:
    auto make(std::vector<PrefixListAddition> entries, int max_entries = 10) {
        return lists_.create(caller_,
                             {.name = "office",
                              .address_family = "IPv4",
                              .max_entries = max_entries,
                              .entries = std::move(entries)});
    }
    domain::PrefixList see(const std::string& id) {
        return lists_.describe(caller_, {id}, {}, {})->items.at(0).list;
    }
    std::vector<std::string> blocks(const std::string& id, std::optional<int64_t> version = {}) {
        const auto listing = lists_.entries(caller_, id, version, {});
        EXPECT_TRUE(listing) << message_of(listing);
        std::vector<std::string> blocks;
        for (const auto& entry : listing->items)
            blocks.push_back(entry.cidr +
                             (entry.description.empty() ? "" : " " + entry.description));
        return blocks;
    }
    std::string group_with(const std::string& list_id) {
        const auto vpc =
            read([&](auto& tx) { return store::vpcs::find_default(tx, scope_of(caller_)); });
        return read([&](auto& tx) {
                   return store::security_groups::find_by_name(tx, vpc->id, "default");
               })->id +
               rule_with(list_id, vpc->id);
    }
    std::string rule_with(const std::string& list_id, const std::string& vpc_id) {
        write([&](auto& tx) {
            const auto group = store::security_groups::find_by_name(tx, vpc_id, "default");
            domain::SecurityGroupRule rule;
            rule.id = "sgr-00000000000000001";
            rule.account_id = caller_.account_id;
            rule.region = caller_.region;
            rule.security_group_id = group->id;
            rule.protocol = "-1";
            rule.prefix_list_id = list_id;
            store::security_groups::insert_rule(tx, rule);
            const auto main = store::route_table_associations::find_main(tx, vpc_id);
            store::routes::insert(tx, {main->route_table_id, list_id, "igw-1"});
        });
        return "";
    }

    PrefixLists lists_{context_};
};

TEST_F(PrefixListsTest, HasWhatItWasMadeWith) {
    const auto made = make({{"10.1.2.3/16", "branch"}, {"10.0.0.0/8", ""}});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_EQ(made->list.state, "create-in-progress");
    const auto list = see(made->list.id);
    EXPECT_EQ(list.state, "create-complete");
    EXPECT_EQ(list.version, 1);
    EXPECT_THAT(blocks(list.id), ElementsAre("10.0.0.0/8", "10.1.0.0/16 branch"));
    EXPECT_EQ(lists_.describe(caller_, {}, {{"prefix-list-name", {"off*"}}}, {})->items.size(), 1u);
    EXPECT_EQ(code_of(lists_.describe(foreigner_, {list.id}, {}, {})),
              "InvalidPrefixListID.NotFound");
    EXPECT_EQ(code_of(lists_.entries(foreigner_, list.id, {}, {})), "InvalidPrefixListID.NotFound");
}

TEST_F(PrefixListsTest, ListsThatCannotBe) {
    const PrefixListCreation good{.name = "n", .address_family = "IPv4", .max_entries = 2};
    const auto refused = [&](auto change) {
        auto request = good;
        change(request);
        return code_of(lists_.create(caller_, request));
    };
    EXPECT_EQ(refused([](auto& r) { r.name = ""; }), "MissingParameter");
    EXPECT_EQ(refused([](auto& r) { r.name = "com.amazonaws.x"; }), "InvalidParameterValue");
    EXPECT_EQ(refused([](auto& r) { r.address_family = "ipv4"; }), "InvalidParameterValue");
    EXPECT_EQ(refused([](auto& r) { r.max_entries = 0; }), "InvalidParameterValue");
    EXPECT_EQ(refused([](auto& r) { r.max_entries = 1001; }), "InvalidParameterValue");
    EXPECT_EQ(refused([](auto& r) { r.entries = {{"fd00::/8", ""}}; }), "InvalidParameterValue");
    EXPECT_EQ(refused([](auto& r) { r.entries = {{"10.0.0.1", ""}}; }), "InvalidParameterValue");
    EXPECT_EQ(refused([](auto& r) {
                  r.entries = {{"10.0.0.0/8", ""}, {"10.0.0.1/8", ""}};
              }),
              "InvalidParameterValue");
    EXPECT_EQ(refused([](auto& r) {
                  r.entries = {{"10.0.0.0/8", ""}, {"11.0.0.0/8", ""}, {"12.0.0.0/8", ""}};
              }),
              "PrefixListMaxEntriesExceeded");
    settings_.limits.prefix_lists = 0;
    EXPECT_EQ(refused([](auto&) {}), "PrefixListLimitExceeded");
    EXPECT_THAT(lists_.describe(caller_, {}, {}, {})->items, IsEmpty());
}

TEST_F(PrefixListsTest, TokenMakesOneListOnly) {
    PrefixListCreation request{
        .name = "n", .address_family = "IPv4", .max_entries = 2, .client_token = {"token", "hash"}};
    const auto first = lists_.create(caller_, request);
    EXPECT_EQ(lists_.create(caller_, request)->list.id, first->list.id);
    request.client_token.parameters_hash = "another";
    EXPECT_EQ(code_of(lists_.create(caller_, request)), "IdempotentParameterMismatch");
}

TEST_F(PrefixListsTest, EachChangeIsAVersion) {
    const auto id = make({{"10.0.0.0/8", "a"}})->list.id;
    const auto changed = lists_.modify(
        caller_,
        id,
        {.current_version = 1, .additions = {{"11.0.0.0/8", ""}}, .removals = {"10.0.0.0/8"}});
    ASSERT_TRUE(changed) << message_of(changed);
    EXPECT_EQ(changed->list.version, 2);
    EXPECT_THAT(blocks(id), ElementsAre("11.0.0.0/8"));
    EXPECT_THAT(blocks(id, 1), ElementsAre("10.0.0.0/8 a"));
    EXPECT_EQ(code_of(lists_.modify(
                  caller_, id, {.current_version = 1, .additions = {{"12.0.0.0/8", ""}}})),
              "PrefixListVersionMismatch");
    EXPECT_EQ(code_of(lists_.modify(caller_, id, {.additions = {{"12.0.0.0/8", ""}}})),
              "MissingParameter");
    EXPECT_EQ(
        code_of(lists_.modify(caller_, id, {.current_version = 2, .removals = {"99.0.0.0/8"}})),
        "InvalidParameterValue");
    ASSERT_TRUE(lists_.modify(
        caller_, id, {.current_version = 2, .additions = {{"11.0.0.0/8", "described"}}}));
    EXPECT_THAT(blocks(id), ElementsAre("11.0.0.0/8 described"));

    const auto restored = lists_.restore(caller_, id, 1, 3);
    ASSERT_TRUE(restored) << message_of(restored);
    EXPECT_EQ(see(id).version, 4);
    EXPECT_EQ(see(id).state, "restore-complete");
    EXPECT_THAT(blocks(id), ElementsAre("10.0.0.0/8 a"));
    EXPECT_EQ(code_of(lists_.restore(caller_, id, 9, 4)), "InvalidPrefixListVersion.NotFound");
    EXPECT_EQ(code_of(lists_.entries(caller_, id, 9, {})), "InvalidPrefixListVersion.NotFound");
    ASSERT_TRUE(lists_.modify(caller_, id, {.name = "renamed"}));
    EXPECT_EQ(see(id).version, 4) << "a name is not a version";
}

TEST_F(PrefixListsTest, OldVersionsAreForgotten) {
    settings_.limits.versions_per_prefix_list = 2;
    const auto id = make({{"10.0.0.0/8", ""}})->list.id;
    ASSERT_TRUE(lists_.modify(caller_, id, {.current_version = 1, .removals = {"10.0.0.0/8"}}));
    EXPECT_THAT(blocks(id, 1), ElementsAre("10.0.0.0/8"));
    ASSERT_TRUE(
        lists_.modify(caller_, id, {.current_version = 2, .additions = {{"11.0.0.0/8", ""}}}));
    EXPECT_EQ(code_of(lists_.entries(caller_, id, 1, {})), "InvalidPrefixListVersion.NotFound");
}

TEST_F(PrefixListsTest, SizeChangesAlone) {
    const auto id = make({{"10.0.0.0/8", ""}, {"11.0.0.0/8", ""}})->list.id;
    EXPECT_EQ(code_of(lists_.modify(
                  caller_,
                  id,
                  {.current_version = 1, .max_entries = 20, .additions = {{"12.0.0.0/8", ""}}})),
              "InvalidParameterCombination");
    EXPECT_EQ(code_of(lists_.modify(caller_, id, {.max_entries = 1})),
              "PrefixListMaxEntriesExceeded");
    ASSERT_TRUE(lists_.modify(caller_, id, {.max_entries = 200}));
    EXPECT_EQ(see(id).max_entries, 200);
    EXPECT_EQ(see(id).version, 1);
}

TEST_F(PrefixListsTest, ThoseThatNameItAreToldAndKeepIt) {
    const auto id = make({{"10.0.0.0/8", ""}})->list.id;
    const auto group = group_with(id);
    const auto associations = lists_.associations(caller_, id, {});
    ASSERT_TRUE(associations);
    ASSERT_EQ(associations->items.size(), 2u);
    EXPECT_EQ(associations->items[1].resource_id, group) << "after the route table";
    EXPECT_EQ(associations->items[1].owner_id, caller_.account_id);
    ASSERT_TRUE(
        lists_.modify(caller_, id, {.current_version = 1, .additions = {{"11.0.0.0/8", ""}}}));
    const auto work = read([](auto& tx) { return store::work::list(tx, 100); });
    std::vector<std::string> kinds;
    for (const auto& item : work)
        kinds.push_back(item.kind);
    EXPECT_THAT(kinds, testing::UnorderedElementsAre("security-group", "vpc"));
    EXPECT_EQ(code_of(lists_.erase(caller_, id)), "DependencyViolation");
    EXPECT_EQ(code_of(lists_.modify(caller_, id, {.max_entries = 61})),
              "RulesPerSecurityGroupLimitExceeded");
    write([](auto& tx) {
        store::security_groups::erase_rule(tx, "sgr-00000000000000001");
        store::work::release_leases(tx, "host-1");
    });
    EXPECT_EQ(code_of(lists_.erase(caller_, id)), "DependencyViolation") << "a route still does";
}

TEST_F(PrefixListsTest, GoesWithItsEntries) {
    const auto id = make({{"10.0.0.0/8", ""}})->list.id;
    EXPECT_EQ(code_of(lists_.erase(foreigner_, id)), "InvalidPrefixListID.NotFound");
    EXPECT_EQ(code_of(lists_.erase(dry(), id)), "DryRunOperation");
    EXPECT_EQ(lists_.erase(caller_, id)->list.state, "delete-in-progress");
    EXPECT_EQ(code_of(lists_.erase(caller_, id)), "InvalidPrefixListID.NotFound");
    EXPECT_EQ(code_of(lists_.erase(caller_, "pl-x")), "InvalidPrefixListID.Malformed");
}

TEST_F(PrefixListsTest, PagesOfEntries) {
    std::vector<PrefixListAddition> entries;
    for (int i = 0; i < 7; ++i)
        entries.push_back({"10." + std::to_string(i) + ".0.0/16", ""});
    const auto id = make(entries)->list.id;
    const auto first = lists_.entries(caller_, id, {}, {5, ""});
    ASSERT_TRUE(first);
    EXPECT_EQ(first->items.size(), 5u);
    const auto rest = lists_.entries(caller_, id, {}, {5, first->next_token});
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->items.size(), 2u);
    EXPECT_EQ(code_of(lists_.entries(caller_, id, {}, {101, ""})), "InvalidParameterValue");
}

TEST_F(PrefixListsTest, NoServiceHasAList) {
    EXPECT_TRUE(lists_.describe_services(caller_, {}, {}, {}));
    EXPECT_EQ(code_of(lists_.describe_services(caller_, {"pl-01234567"}, {}, {})),
              "InvalidPrefixListId.NotFound");
    EXPECT_EQ(code_of(lists_.describe_services(caller_, {}, {{"nonsense", {"x"}}}, {})),
              "InvalidParameterValue");
}

} // namespace
} // namespace pileus::cloud
