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

using samples::foreign_scopes;
using samples::ids;
using samples::other_account;
using samples::other_region;
using samples::scope;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

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
    EXPECT_EQ(i->hibernation, domain::Hibernation::saved);
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

} // namespace
} // namespace pileus::store
