// SPDX-License-Identifier: Apache-2.0
#include "database.h"
#include "samples.h"
#include "store/client_tokens.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/key_pairs.h"
#include "store/ledger.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/vpcs.h"

#include <gmock/gmock.h>

namespace pileus::store {
namespace {

using samples::scope;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Scope other_account{"other", "region"};
const Scope other_region{"account_id", "elsewhere"};
const Scope foreign_scopes[]{other_account, other_region};

template <class Rows> std::vector<std::string> ids(const Rows& rows) {
    std::vector<std::string> all;
    for (const auto& row : rows)
        all.push_back(row.id);
    return all;
}

class Tables : public StoreContract {};
INSTANTIATE_TEST_SUITE_P(Store, Tables, testing::ValuesIn(kinds), name_of);

// --- instances ---

TEST_P(Tables, InstanceComesBackAsItWentIn) {
    write([](Transaction& tx) { instances::insert(tx, samples::instance("i-1")); });
    reopen();
    const auto i = read([](Transaction& tx) { return instances::find(tx, scope, "i-1"); });
    ASSERT_TRUE(i);
    const auto expected = samples::instance("i-1");
    EXPECT_EQ(i->zone, "zone");
    EXPECT_EQ(i->state, domain::InstanceState::shutting_down);
    EXPECT_EQ(i->launch_time, expected.launch_time);
    EXPECT_EQ(i->terminated_at, expected.terminated_at);
    EXPECT_EQ(i->stop_deadline, expected.stop_deadline);
    EXPECT_EQ(i->shutdown_behavior, domain::ShutdownBehavior::terminate);
    EXPECT_EQ(i->metadata, expected.metadata);
    EXPECT_EQ(i->user_data, expected.user_data) << "to the byte, zeros and all";
}

TEST_P(Tables, InstanceFieldsMayBeEmpty) {
    domain::Instance bare;
    bare.id = "i-1";
    write([&](Transaction& tx) { instances::insert(tx, bare); });
    const auto i = read([](Transaction& tx) { return instances::find(tx, "i-1"); });
    ASSERT_TRUE(i);
    EXPECT_EQ(i->user_data, "");
    EXPECT_EQ(i->key_name, "");
    EXPECT_EQ(i->terminated_at, std::nullopt);
}

TEST_P(Tables, UpdateWritesEveryField) {
    write([](Transaction& tx) {
        domain::Instance bare;
        bare.id = "i-1";
        instances::insert(tx, bare);
        instances::update(tx, samples::instance("i-1"));
    });
    const auto i = read([](Transaction& tx) { return instances::find(tx, scope, "i-1"); });
    ASSERT_TRUE(i);
    EXPECT_EQ(i->user_data, samples::instance("i-1").user_data);
    EXPECT_EQ(i->state, domain::InstanceState::shutting_down);
    EXPECT_TRUE(i->disable_api_stop);
}

TEST_P(Tables, UpdateOfWhatIsNotThereIsAFailure) {
    const auto body = [](Transaction& tx) -> Result<void> {
        instances::update(tx, samples::instance("i-1"));
        return {};
    };
    EXPECT_THROW((void)store_->write(body), StoreFailure);
}

TEST_P(Tables, ErasedInstanceIsGone) {
    write([](Transaction& tx) { instances::insert(tx, samples::instance("i-1")); });
    write([](Transaction& tx) { instances::erase(tx, "i-1"); });
    EXPECT_FALSE(read([](Transaction& tx) { return instances::find(tx, "i-1"); }));
}

TEST_P(Tables, PagesOfInstancesHaveNoGapsAndNoRepeats) {
    write([](Transaction& tx) {
        for (int i = 100; i < 125; ++i)
            instances::insert(tx, samples::instance("i-" + std::to_string(i)));
    });
    std::vector<std::string> seen;
    Page page{.after_id = "", .limit = 10};
    while (true) {
        const auto rows =
            read([&](Transaction& tx) { return instances::list(tx, scope, {}, page); });
        if (rows.empty())
            break;
        for (const auto& id : ids(rows))
            seen.push_back(id);
        page.after_id = seen.back();
    }
    ASSERT_THAT(seen, SizeIs(25));
    for (int i = 100; i < 125; ++i)
        EXPECT_EQ(seen[static_cast<size_t>(i - 100)], "i-" + std::to_string(i));
}

TEST_P(Tables, EveryNarrowingOfInstancesWorksAloneAndTogether) {
    auto different = samples::instance("i-2");
    different.state = domain::InstanceState::running;
    different.subnet_id = different.vpc_id = different.image_id = different.type = "x";
    different.reservation_id = different.client_token = "x";
    write([&](Transaction& tx) {
        instances::insert(tx, samples::instance("i-1"));
        instances::insert(tx, different);
    });
    const instances::Narrowing each[]{{.state = "running"},
                                      {.subnet_id = "x"},
                                      {.vpc_id = "x"},
                                      {.image_id = "x"},
                                      {.type = "x"},
                                      {.reservation_id = "x"},
                                      {.client_token = "x"},
                                      {"running", "x", "x", "x", "x", "x", "x"}};
    for (const auto& narrowing : each)
        EXPECT_THAT(
            ids(read([&](Transaction& tx) { return instances::list(tx, scope, narrowing, {}); })),
            ElementsAre("i-2"));
    const instances::Narrowing none{.state = "running", .type = "type"};
    EXPECT_THAT(read([&](Transaction& tx) { return instances::list(tx, scope, none, {}); }),
                IsEmpty());
}

TEST_P(Tables, InstancesByStateForTheEngineAndTheQuota) {
    const auto with =
        [](const std::string& id, domain::InstanceState state, const std::string& type) {
            auto i = samples::instance(id);
            i.state = state;
            i.type = type;
            i.terminated_at.reset();
            if (state == domain::InstanceState::terminated)
                i.terminated_at = samples::moment(10);
            return i;
        };
    using domain::InstanceState;
    write([&](Transaction& tx) {
        instances::insert(tx, with("i-pending", InstanceState::pending, "t3.micro"));
        instances::insert(tx, with("i-running", InstanceState::running, "t3.micro"));
        instances::insert(tx, with("i-stopped", InstanceState::stopped, "t3.micro"));
        instances::insert(tx, with("i-stopping", InstanceState::stopping, "m5.large"));
        instances::insert(tx, with("i-terminated", InstanceState::terminated, "m5.large"));
    });
    read([&](Transaction& tx) {
        EXPECT_THAT(ids(instances::list_live(tx, "host_id")),
                    ElementsAre("i-pending", "i-running", "i-stopped", "i-stopping"));
        EXPECT_THAT(instances::list_live(tx, "another"), IsEmpty());
        for (const auto& counts : {instances::count_active_by_type(tx, "host_id"),
                                   instances::count_active_by_type(tx, scope)}) {
            std::map<std::string, int> by_type;
            for (const auto& count : counts)
                by_type[count.type] = count.count;
            EXPECT_EQ(by_type, (std::map<std::string, int>{{"t3.micro", 2}, {"m5.large", 1}}));
        }
        EXPECT_THAT(instances::count_active_by_type(tx, other_account), IsEmpty());
        EXPECT_THAT(instances::count_by_state(tx, "host_id"), SizeIs(5));
        EXPECT_THAT(instances::list_terminated_before(tx, samples::moment(10), 9), IsEmpty());
        EXPECT_THAT(ids(instances::list_terminated_before(tx, samples::moment(11), 9)),
                    ElementsAre("i-terminated"));
        return 0;
    });
}

// --- another account, another region ---

TEST_P(Tables, ForeignScopeSeesNothing) {
    write([](Transaction& tx) {
        instances::insert(tx, samples::instance("i-1"));
        auto image = samples::image("ami-1");
        image.is_public = false;
        images::insert(tx, image);
        volumes::insert(tx, samples::volume("vol-1"));
        key_pairs::insert(tx, samples::key_pair("key-1"));
        vpcs::insert(tx, samples::vpc("vpc-1"));
        subnets::insert(tx, samples::subnet("subnet-1"));
        network_interfaces::insert(tx, samples::network_interface("eni-1"));
        security_groups::insert(tx, samples::security_group("sg-1"));
        security_groups::insert_rule(tx, samples::rule("sgr-1", "sg-1"));
        tags::put(tx, samples::tag("i-1"));
        client_tokens::insert(
            tx, scope, {"RunInstances", "token", "hash", "r-1", samples::moment(1)});
    });
    for (const auto& foreign : foreign_scopes)
        read([&](Transaction& tx) {
            EXPECT_FALSE(instances::find(tx, foreign, "i-1"));
            EXPECT_THAT(instances::list(tx, foreign, {}, {}), IsEmpty());
            EXPECT_THAT(instances::list(tx, foreign, {.reservation_id = "reservation_id"}, {}),
                        IsEmpty());
            EXPECT_THAT(instances::list(tx, foreign, {.client_token = "client_token"}, {}),
                        IsEmpty());
            EXPECT_FALSE(images::find_visible(tx, foreign, "ami-1"));
            EXPECT_THAT(images::list_visible(tx, foreign, {}), IsEmpty());
            EXPECT_THAT(volumes::list(tx, foreign, {}), IsEmpty());
            EXPECT_FALSE(key_pairs::find_by_id(tx, foreign, "key-1"));
            EXPECT_FALSE(key_pairs::find_by_name(tx, foreign, "name"));
            EXPECT_THAT(key_pairs::list(tx, foreign), IsEmpty());
            EXPECT_FALSE(vpcs::find(tx, foreign, "vpc-1"));
            EXPECT_FALSE(vpcs::find_default(tx, foreign));
            EXPECT_THAT(vpcs::list(tx, foreign, {}), IsEmpty());
            EXPECT_FALSE(subnets::find(tx, foreign, "subnet-1"));
            EXPECT_THAT(subnets::list(tx, foreign, {}), IsEmpty());
            EXPECT_THAT(network_interfaces::list(tx, foreign, {}), IsEmpty());
            EXPECT_FALSE(security_groups::find(tx, foreign, "sg-1"));
            EXPECT_THAT(security_groups::list(tx, foreign, {}), IsEmpty());
            EXPECT_FALSE(security_groups::find_rule(tx, foreign, "sgr-1"));
            EXPECT_THAT(security_groups::list_rules(tx, foreign, {}), IsEmpty());
            EXPECT_THAT(tags::list(tx, foreign, "", "", 10), IsEmpty());
            EXPECT_FALSE(client_tokens::find(tx, foreign, "RunInstances", "token"));
            return 0;
        });
}

TEST_P(Tables, PublicImageIsSeenByAllInItsRegion) {
    write([](Transaction& tx) { images::insert(tx, samples::image("ami-1")); });
    read([](Transaction& tx) {
        EXPECT_TRUE(images::find_visible(tx, other_account, "ami-1"));
        EXPECT_THAT(ids(images::list_visible(tx, other_account, {})), ElementsAre("ami-1"));
        EXPECT_FALSE(images::find_visible(tx, other_region, "ami-1"));
        return 0;
    });
}

// --- network ---

TEST_P(Tables, InterfaceKeepsItsGroupsInOrder) {
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

TEST_P(Tables, InterfacesAreFoundByWhatTheyBelongTo) {
    auto second = samples::network_interface("eni-2");
    second.private_ip = "10.0.0.2";
    second.public_ip = "";
    second.instance_id = "";
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
        EXPECT_THAT(network_interfaces::list_private_ips(tx, "subnet_id"),
                    testing::UnorderedElementsAre("private_ip", "10.0.0.2"));
        EXPECT_EQ(network_interfaces::count_in_subnet(tx, "subnet_id"), 2);
        EXPECT_EQ(network_interfaces::count_in_subnet(tx, "another"), 0);
        EXPECT_THAT(network_interfaces::list_public_ips(tx), ElementsAre("public_ip"));
        return 0;
    });
}

TEST_P(Tables, AddressIsNeverGivenTwice) {
    auto same_private = samples::network_interface("eni-2");
    same_private.public_ip = "another";
    auto same_public = samples::network_interface("eni-3");
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

TEST_P(Tables, VpcsAndSubnets) {
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

TEST_P(Tables, SecurityGroupTakesItsRulesWithIt) {
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

TEST_P(Tables, NameOfAGroupIsItsVpcsOnlyOne) {
    write([](Transaction& tx) { security_groups::insert(tx, samples::security_group("sg-1")); });
    const auto body = [](Transaction& tx) -> Result<void> {
        security_groups::insert(tx, samples::security_group("sg-2"));
        return {};
    };
    EXPECT_THROW((void)store_->write(body), StoreFailure);
}

TEST_P(Tables, RuleCanChange) {
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

TEST_P(Tables, VolumesAreFoundByWhatTheyBelongTo) {
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

TEST_P(Tables, KeyPairsAreListedByName) {
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

TEST_P(Tables, TagsOfOneAndOfMany) {
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
    write([](Transaction& tx) { tags::erase(tx, "i-1", "Env"); });
    EXPECT_THAT(read([](Transaction& tx) { return tags::list_of(tx, "i-1"); }), SizeIs(1));
    write([](Transaction& tx) { tags::erase_all(tx, "i-1"); });
    EXPECT_THAT(read([](Transaction& tx) { return tags::list_of(tx, "i-1"); }), IsEmpty());
}

TEST_P(Tables, PagesOfTagsContinueInsideAResource) {
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

TEST_P(Tables, ClientTokensAreForgottenByAge) {
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

TEST_P(Tables, LedgerIsReadInOrderFromAnyPlace) {
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
