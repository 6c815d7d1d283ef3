// SPDX-License-Identifier: Apache-2.0
#include "database.h"
#include "samples.h"
#include "store/charged_tags.h"
#include "store/client_tokens.h"
#include "store/connection.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/key_pairs.h"
#include "store/ledger.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/snapshots.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/vpcs.h"

#include <gmock/gmock.h>

namespace pileus::store {
namespace {

using samples::ids;
using samples::other_account;
using samples::other_region;
using samples::scope;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Resources : public StoreContract {};
INSTANTIATE_TEST_SUITE_P(Store, Resources, testing::ValuesIn(kinds), name_of);

// --- network ---

TEST_P(Resources, InterfaceKeepsItsGroupsInOrder) {
    write([](Transaction& tx) {
        network_interfaces::insert(tx, samples::network_interface("eni-1"));
    });
    auto interface = read([](Transaction& tx) { return network_interfaces::find(tx, "eni-1"); });
    ASSERT_TRUE(interface);
    EXPECT_THAT(interface->security_group_ids, ElementsAre("sg-b", "sg-a"));

    interface->security_group_ids = {"sg-a", "sg-c", "sg-b"};
    write([&](Transaction& tx) { network_interfaces::update(tx, *interface); });
    read([](Transaction& tx) {
        EXPECT_THAT(network_interfaces::find(tx, "eni-1")->security_group_ids,
                    ElementsAre("sg-a", "sg-c", "sg-b"));
        EXPECT_THAT(ids(network_interfaces::list_of_security_group(tx, "sg-c")),
                    ElementsAre("eni-1"));
        EXPECT_THAT(network_interfaces::list_of_security_group(tx, "sg-d"), IsEmpty());
        return 0;
    });
    write([](Transaction& tx) { network_interfaces::erase(tx, "eni-1"); });
    EXPECT_THAT(read([](Transaction& tx) {
                    return network_interfaces::list_of_security_group(tx, "sg-c");
                }),
                IsEmpty());
}

TEST_P(Resources, InterfacesAreFoundByWhatTheyBelongTo) {
    auto second = samples::network_interface("eni-2");
    second.private_ip = "10.0.0.2";
    second.public_ip = "";
    second.instance_id = second.attachment_id = "";
    second.secondary_addresses.clear();
    second.ipv6_addresses.clear();
    write([&](Transaction& tx) {
        network_interfaces::insert(tx, samples::network_interface("eni-1"));
        network_interfaces::insert(tx, second);
    });
    read([](Transaction& tx) {
        EXPECT_THAT(ids(network_interfaces::list_of_instance(tx, "instance_id")),
                    ElementsAre("eni-1"));
        EXPECT_THAT(network_interfaces::list_of_instance(tx, ""), IsEmpty())
            << "detached is not an instance";
        EXPECT_THAT(ids(network_interfaces::list_of_host(tx, "host_id")),
                    ElementsAre("eni-1", "eni-2"));
        EXPECT_THAT(ids(network_interfaces::list(tx, scope, {.after_id = "eni-1"})),
                    ElementsAre("eni-2"));
        EXPECT_TRUE(network_interfaces::has_private_ip(tx, "subnet_id", "private_ip"));
        EXPECT_FALSE(network_interfaces::has_private_ip(tx, "another", "private_ip"));
        EXPECT_EQ(network_interfaces::count_in_subnet(tx, "subnet_id"), 4);
        EXPECT_EQ(network_interfaces::count_in_subnet(tx, "another"), 0);
        EXPECT_TRUE(network_interfaces::has_public_ip(tx, "public_ip"));
        EXPECT_FALSE(network_interfaces::has_public_ip(tx, ""));
        return 0;
    });
}

TEST_P(Resources, AddressIsNeverGivenTwice) {
    auto same_private = samples::network_interface("eni-2");
    auto same_public = samples::network_interface("eni-3");
    for (auto* twin : {&same_private, &same_public}) {
        twin->attachment_id = "another";
        twin->secondary_addresses.clear();
        twin->ipv6_addresses.clear();
    }
    same_private.public_ip = "another";
    same_public.private_ip = "another";
    write([](Transaction& tx) {
        network_interfaces::insert(tx, samples::network_interface("eni-1"));
    });
    for (const auto& twin : {same_private, same_public}) {
        const auto body = [&](Transaction& tx) -> Result<void> {
            network_interfaces::insert(tx, twin);
            return {};
        };
        EXPECT_THROW((void)store_->write(body), StoreFailure) << twin.id;
    }
}

TEST_P(Resources, VpcsAndSubnets) {
    write([](Transaction& tx) {
        vpcs::insert(tx, samples::vpc("vpc-1"));
        auto second = samples::vpc("vpc-2");
        second.is_default = false;
        vpcs::insert(tx, second);
        subnets::insert(tx, samples::subnet("subnet-1"));
    });
    read([](Transaction& tx) {
        EXPECT_EQ(vpcs::find_default(tx, scope)->id, "vpc-1");
        EXPECT_EQ(vpcs::find(tx, scope, "vpc-2")->is_default, false);
        EXPECT_THAT(ids(vpcs::list(tx, scope, {})), ElementsAre("vpc-1", "vpc-2"));
        EXPECT_THAT(ids(vpcs::list_all(tx)), ElementsAre("vpc-1", "vpc-2"));
        EXPECT_THAT(ids(subnets::list_of_vpc(tx, "vpc_id")), ElementsAre("subnet-1"));
        EXPECT_EQ(subnets::find(tx, scope, "subnet-1")->zone_id, "zone_id");
        return 0;
    });
    const auto second_default = [](Transaction& tx) -> Result<void> {
        vpcs::insert(tx, samples::vpc("vpc-3"));
        return {};
    };
    EXPECT_THROW((void)store_->write(second_default), StoreFailure)
        << "two default VPCs in a region";
}

TEST_P(Resources, SecurityGroupTakesItsRulesWithIt) {
    auto reference = samples::rule("sgr-2", "sg-2");
    reference.referenced_group_id = "sg-1";
    auto self = samples::rule("sgr-3", "sg-1");
    self.referenced_group_id = "sg-1";
    write([&](Transaction& tx) {
        security_groups::insert(tx, samples::security_group("sg-1", "one"));
        security_groups::insert(tx, samples::security_group("sg-2", "two"));
        security_groups::insert_rule(tx, samples::rule("sgr-1", "sg-1"));
        security_groups::insert_rule(tx, reference);
        security_groups::insert_rule(tx, self);
    });
    read([](Transaction& tx) {
        EXPECT_EQ(security_groups::find_by_name(tx, "vpc_id", "two")->id, "sg-2");
        EXPECT_THAT(ids(security_groups::list_of_vpc(tx, "vpc_id")), ElementsAre("sg-1", "sg-2"));
        EXPECT_THAT(ids(security_groups::list_rules(tx, "sg-1")), ElementsAre("sgr-1", "sgr-3"));
        EXPECT_THAT(ids(security_groups::list_rules_referencing(tx, "sg-1")), ElementsAre("sgr-2"))
            << "of other groups only";
        EXPECT_THAT(security_groups::list_rules_referencing(tx, ""), IsEmpty());
        return 0;
    });
    write([](Transaction& tx) { security_groups::erase(tx, "sg-1"); });
    EXPECT_THAT(
        ids(read([](Transaction& tx) { return security_groups::list_rules(tx, scope, {}); })),
        ElementsAre("sgr-2"));
}

TEST_P(Resources, NameOfAGroupIsItsVpcsOnlyOne) {
    write([](Transaction& tx) { security_groups::insert(tx, samples::security_group("sg-1")); });
    const auto body = [](Transaction& tx) -> Result<void> {
        security_groups::insert(tx, samples::security_group("sg-2"));
        return {};
    };
    EXPECT_THROW((void)store_->write(body), StoreFailure);
}

TEST_P(Resources, RuleCanChange) {
    auto rule = samples::rule("sgr-1", "sg-1");
    write([&](Transaction& tx) {
        security_groups::insert_rule(tx, rule);
        rule.description = "new";
        rule.egress = false;
        security_groups::update_rule(tx, rule);
    });
    const auto found =
        read([](Transaction& tx) { return security_groups::find_rule(tx, scope, "sgr-1"); });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->description, "new");
    EXPECT_FALSE(found->egress);
    write([](Transaction& tx) { security_groups::erase_rule(tx, "sgr-1"); });
    EXPECT_FALSE(
        read([](Transaction& tx) { return security_groups::find_rule(tx, scope, "sgr-1"); }));
}

// --- volumes, keys, tags, tokens, the ledger ---

TEST_P(Resources, VolumesAreFoundByWhatTheyBelongTo) {
    auto loose = samples::volume("vol-2");
    loose.instance_id = "";
    loose.attached_at.reset();
    write([&](Transaction& tx) {
        volumes::insert(tx, samples::volume("vol-1"));
        volumes::insert(tx, loose);
        snapshots::insert(tx, samples::snapshot("snap-1"));
    });
    read([](Transaction& tx) {
        EXPECT_EQ(volumes::find(tx, "vol-1")->state, domain::VolumeState::in_use);
        EXPECT_EQ(volumes::find(tx, "vol-1")->attachment, domain::AttachmentState::attaching);
        EXPECT_EQ(volumes::find(tx, "vol-2")->attached_at, std::nullopt);
        EXPECT_THAT(ids(volumes::list_of_instance(tx, "instance_id")), ElementsAre("vol-1"));
        EXPECT_THAT(volumes::list_of_instance(tx, ""), IsEmpty());
        EXPECT_THAT(ids(volumes::list_of_host(tx, "host_id")), ElementsAre("vol-1", "vol-2"));
        EXPECT_THAT(ids(volumes::list(tx, scope, {.limit = 1})), ElementsAre("vol-1"));
        EXPECT_EQ(snapshots::find(tx, "snap-1")->volume_id, "volume_id");
        return 0;
    });
    write([](Transaction& tx) { snapshots::erase(tx, "snap-1"); });
    EXPECT_FALSE(read([](Transaction& tx) { return snapshots::find(tx, "snap-1"); }));
}

TEST_P(Resources, KeyPairsAreListedByName) {
    write([](Transaction& tx) {
        key_pairs::insert(tx, samples::key_pair("key-1", "zebra"));
        key_pairs::insert(tx, samples::key_pair("key-2", "ant"));
    });
    read([](Transaction& tx) {
        EXPECT_THAT(ids(key_pairs::list(tx, scope)), ElementsAre("key-2", "key-1"));
        EXPECT_EQ(key_pairs::find_by_name(tx, scope, "zebra")->public_key, "public_key");
        return 0;
    });
    write([](Transaction& tx) { key_pairs::erase(tx, "key-1"); });
    EXPECT_FALSE(read([](Transaction& tx) { return key_pairs::find_by_id(tx, scope, "key-1"); }));
}

TEST_P(Resources, TagsOfOneAndOfMany) {
    write([](Transaction& tx) {
        tags::put(tx, samples::tag("i-1", "Name", "web"));
        tags::put(tx, samples::tag("i-1", "Env", "test"));
        tags::put(tx, samples::tag("i-1", "Name", "db"));
        tags::put(tx, samples::tag("i-2", "Name", ""));
    });
    read([](Transaction& tx) {
        EXPECT_THAT(tags::list_of(tx, "i-1"),
                    ElementsAre(domain::Tag{"Env", "test"}, domain::Tag{"Name", "db"}));
        const auto many = tags::list_of(tx, std::vector<std::string>{"i-1", "i-2", "i-3"});
        EXPECT_THAT(many, SizeIs(2));
        EXPECT_EQ(many.at("i-2"), (domain::Tags{{"Name", ""}}));
        return 0;
    });
    write([](Transaction& tx) { tags::erase(tx, scope, "i-1", "Env"); });
    EXPECT_THAT(read([](Transaction& tx) { return tags::list_of(tx, "i-1"); }), SizeIs(1));
    write([](Transaction& tx) { tags::erase_all(tx, "i-1"); });
    EXPECT_THAT(read([](Transaction& tx) { return tags::list_of(tx, "i-1"); }), IsEmpty());
}

TEST_P(Resources, BothSidesOfAPeeringHaveTagsOfTheirOwn) {
    auto theirs = samples::tag("pcx-1", "Name", "theirs");
    theirs.account_id = "other";
    write([&](Transaction& tx) {
        tags::put(tx, samples::tag("pcx-1", "Name", "ours"));
        tags::put(tx, theirs);
        tags::erase(tx, other_region, "pcx-1", "Name");
    });
    read([](Transaction& tx) {
        EXPECT_THAT(tags::list_of(tx, scope, "pcx-1"), ElementsAre(domain::Tag{"Name", "ours"}));
        EXPECT_THAT(tags::list_of(tx, other_account, "pcx-1"),
                    ElementsAre(domain::Tag{"Name", "theirs"}));
        EXPECT_THAT(tags::list_of(tx, "pcx-1"), SizeIs(2));
        return 0;
    });
    write([](Transaction& tx) { tags::erase_all(tx, "pcx-1"); });
    EXPECT_THAT(read([](Transaction& tx) { return tags::list_of(tx, "pcx-1"); }), IsEmpty());
}

TEST_P(Resources, PagesOfTagsContinueInsideAResource) {
    write([](Transaction& tx) {
        for (const auto* id : {"i-1", "i-2"})
            for (const auto* key : {"a", "b", "c"})
                tags::put(tx, samples::tag(id, key));
    });
    std::vector<std::string> seen;
    std::string after_id;
    std::string after_key;
    while (true) {
        const auto page =
            read([&](Transaction& tx) { return tags::list(tx, scope, after_id, after_key, 2); });
        if (page.empty())
            break;
        for (const auto& row : page)
            seen.push_back(row.resource_id + row.tag.key);
        after_id = page.back().resource_id;
        after_key = page.back().tag.key;
    }
    EXPECT_THAT(seen, ElementsAre("i-1a", "i-1b", "i-1c", "i-2a", "i-2b", "i-2c"));
}

TEST_P(Resources, ClientTokensAreForgottenByAge) {
    write([](Transaction& tx) {
        client_tokens::insert(
            tx, scope, {"RunInstances", "old", "hash", "r-1", samples::moment(1)});
        client_tokens::insert(
            tx, scope, {"RunInstances", "new", "hash", "r-2", samples::moment(9)});
    });
    read([](Transaction& tx) {
        const auto token = client_tokens::find(tx, scope, "RunInstances", "old");
        EXPECT_EQ(token->parameters_hash, "hash");
        EXPECT_EQ(token->resource_id, "r-1");
        EXPECT_FALSE(client_tokens::find(tx, scope, "CreateVolume", "old"));
        return 0;
    });
    write([](Transaction& tx) { client_tokens::erase_before(tx, samples::moment(9)); });
    read([](Transaction& tx) {
        EXPECT_FALSE(client_tokens::find(tx, scope, "RunInstances", "old"));
        EXPECT_TRUE(client_tokens::find(tx, scope, "RunInstances", "new"));
        return 0;
    });
}

// Whatever is changed in it, put into it or taken out of it is found.
TEST_P(Resources, LedgerIsChainedByHashes) {
    const auto fill = [&] {
        write([](Transaction& tx) {
            for (int i = 0; i < 5; ++i)
                ledger::append(tx, samples::ledger_event());
        });
    };
    const auto findings = [&] { return read([](Transaction& tx) { return ledger::check(tx); }); };
    EXPECT_THAT(findings(), IsEmpty());
    fill();
    EXPECT_THAT(findings(), IsEmpty());
    const std::pair<const char*, const char*> changes[]{
        {"UPDATE ledger SET quantity = quantity + 1 WHERE sequence = 3",
         "UPDATE ledger SET quantity = quantity - 1 WHERE sequence = 3"},
        {"UPDATE ledger SET at = at + 1 WHERE sequence = 1",
         "UPDATE ledger SET at = at - 1 WHERE sequence = 1"},
        {"UPDATE ledger SET detail = 'x' WHERE sequence = 5",
         "UPDATE ledger SET detail = 'detail' WHERE sequence = 5"},
        {"UPDATE ledger SET sequence = 9 WHERE sequence = 5",
         "UPDATE ledger SET sequence = 5 WHERE sequence = 9"},
        {"UPDATE ledger_head SET sequence = 4", "UPDATE ledger_head SET sequence = 5"},
    };
    for (const auto& [change, undo] : changes) {
        write([&](Transaction& tx) { execute(tx.connection(), change); });
        EXPECT_THAT(findings(), SizeIs(1)) << change;
        write([&](Transaction& tx) { execute(tx.connection(), undo); });
        EXPECT_THAT(findings(), IsEmpty()) << undo;
    }
    write(
        [](Transaction& tx) { execute(tx.connection(), "DELETE FROM ledger WHERE sequence = 2"); });
    EXPECT_THAT(findings(), ElementsAre(testing::HasSubstr("row 3")));
}

TEST_P(Resources, LastRowsOfTheLedgerAreMissed) {
    write([](Transaction& tx) {
        for (int i = 0; i < 3; ++i)
            ledger::append(tx, samples::ledger_event());
        execute(tx.connection(), "DELETE FROM ledger WHERE sequence = 3");
    });
    EXPECT_THAT(read([](Transaction& tx) { return ledger::check(tx); }),
                ElementsAre(testing::HasSubstr("ends at row 2")));
}

// Rows from before the chain get their hashes with the first new one.
TEST_P(Resources, OldRowsOfTheLedgerAreChainedToo) {
    write([](Transaction& tx) {
        for (int i = 1; i <= 3; ++i)
            execute(tx.connection(),
                    "INSERT INTO ledger (sequence, at, account_id, region, resource_id, "
                    "instance_id, kind, quantity, detail) "
                    "VALUES ($1, 5, 'a', 'r', 'i', '', 'volume-created', 1, '')",
                    2 * i);
    });
    write([](Transaction& tx) { ledger::append(tx, samples::ledger_event()); });
    EXPECT_THAT(read([](Transaction& tx) { return ledger::check(tx); }), IsEmpty());
    write([](Transaction& tx) {
        execute(tx.connection(), "UPDATE ledger SET quantity = 2 WHERE sequence = 4");
    });
    EXPECT_THAT(read([](Transaction& tx) { return ledger::check(tx); }),
                ElementsAre(testing::HasSubstr("row 4")));
}

TEST_P(Resources, TagsOfWhatWasChargedOutliveIt) {
    auto tag = samples::tag("i-1", "team", "red");
    write([&](Transaction& tx) {
        tags::put(tx, tag);
        tags::put(tx, samples::tag("sg-1", "team", "red"));
        tags::put(tx, samples::tag("vol-1", "team", "red"));
        tags::erase(tx, Scope{tag.account_id, tag.region}, "vol-1", "team");
        tags::erase_all(tx, "i-1");
    });
    read([&](Transaction& tx) {
        EXPECT_THAT(charged_tags::list(tx, tag.account_id, "team"),
                    ElementsAre(testing::Pair("i-1", "red")));
        EXPECT_THAT(charged_tags::keys(tx, tag.account_id), ElementsAre("team"));
        EXPECT_THAT(charged_tags::keys(tx, "other"), IsEmpty());
        return 0;
    });
}

TEST_P(Resources, LedgerIsReadInOrderFromAnyPlace) {
    write([](Transaction& tx) {
        for (int i = 0; i < 5; ++i) {
            auto event = samples::ledger_event();
            event.account_id = i % 2 == 0 ? "even" : "odd";
            event.quantity = i;
            ledger::append(tx, event);
        }
    });
    read([](Transaction& tx) {
        const auto all = ledger::list(tx, 0, 100);
        EXPECT_THAT(all, SizeIs(5));
        EXPECT_EQ(all[0].kind, domain::LedgerKind::volume_resized);
        EXPECT_EQ(all[0].detail, "detail");
        EXPECT_THAT(ledger::list(tx, all[1].sequence, 2), SizeIs(2));
        const auto odd = ledger::list(tx, "odd", 0, 100);
        EXPECT_THAT(odd, SizeIs(2));
        EXPECT_EQ(odd[1].quantity, 3);
        EXPECT_THAT(ledger::list(tx, "odd", odd[1].sequence, 100), IsEmpty());
        return 0;
    });
}

} // namespace
} // namespace pileus::store
