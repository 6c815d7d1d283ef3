// SPDX-License-Identifier: Apache-2.0
#include "cloud/forks.h"
#include "cloud/interface_fixture.h"
#include "store/forks.h"
#include "store/tags.h"
#include "store/volumes.h"

namespace pileus::cloud {
namespace {

using domain::InstanceState;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

class ForksTest : public InterfaceFixture {
  protected:
    ForksTest() { set_agent("1"); }

    void set_agent(const std::string& version) {
        write([&](auto& tx) {
            auto image = *store::images::find(tx, image_id_);
            image.guest_agent = version;
            store::images::update(tx, image);
        });
    }
    // Running, with a root and a data volume, as the engine would have left it.
    std::string source(LaunchRequest request) {
        BlockDeviceRequest data;
        data.device = "/dev/sdf";
        data.has_ebs = true;
        data.size_gib = 20;
        data.delete_on_termination = false;
        data.encryption.encrypted = true;
        request.block_devices = {data};
        const auto id = launch(request);
        write([&](auto& tx) {
            auto row = *store::instances::find(tx, id);
            row.hardware = "of its first start";
            store::instances::update(tx, row);
            for (auto volume : store::volumes::list_of_instance(tx, id)) {
                volume.state = domain::VolumeState::in_use;
                volume.attachment = domain::AttachmentState::attached;
                store::volumes::update(tx, volume);
            }
        });
        return id;
    }
    std::string source() { return source(launch_request()); }
    std::vector<domain::Volume> volumes_of(const std::string& id) {
        auto all = read([&](auto& tx) { return store::volumes::list_of_instance(tx, id); });
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
            return a.device > b.device;
        });
        return all;
    }

    Forks forks_{context_};
};

TEST_F(ForksTest, MakesInstancesLikeTheSourceThatStartFromOneCopy) {
    auto request = launch_request();
    request.user_data = "some data";
    request.tag_specifications = {{"instance", {{"Name", "builder"}}}};
    request.metadata.put_response_hop_limit = 5;
    const auto id = source(request);
    const auto reservation = forks_.fork(caller_, {.instance_id = id, .count = 2});
    ASSERT_TRUE(reservation) << message_of(reservation);
    ASSERT_THAT(reservation->instances, SizeIs(2));
    const auto& copy = reservation->instances[1].instance;
    EXPECT_EQ(copy.state, InstanceState::pending);
    EXPECT_EQ(copy.type, "m5.large");
    EXPECT_EQ(copy.user_data, "some data");
    EXPECT_EQ(copy.metadata.put_response_hop_limit, 5);
    EXPECT_EQ(copy.hardware, "of its first start");
    EXPECT_EQ(copy.launch_index, 1);
    EXPECT_NE(copy.id, id);
    EXPECT_EQ(copy.fork_id, reservation->instances[0].instance.fork_id);
    const auto fork = read([&](auto& tx) { return store::forks::find(tx, copy.fork_id); }).value();
    EXPECT_EQ(fork.source_instance_id, id);
    EXPECT_EQ(fork.state, domain::ForkState::copying);
    EXPECT_THAT(fork.template_id, testing::StartsWith("wt-"));
    EXPECT_TRUE(has_work("fork", fork.id));
    const auto tags = read([&](auto& tx) { return store::tags::list_of(tx, copy.id); });
    EXPECT_THAT(tags, SizeIs(2));
    for (const auto& tag : tags)
        EXPECT_EQ(tag.value, tag.key == "Name" ? "builder" : id);
}

TEST_F(ForksTest, CopiesEveryVolumeOfTheSource) {
    const auto id = source();
    const auto reservation = forks_.fork(caller_, {.instance_id = id});
    ASSERT_TRUE(reservation) << message_of(reservation);
    const auto& copy = reservation->instances[0].instance;
    const auto from = volumes_of(id), to = volumes_of(copy.id);
    ASSERT_THAT(to, SizeIs(2));
    const auto disks = read([&](auto& tx) { return store::forks::list_disks(tx, copy.fork_id); });
    ASSERT_THAT(disks, SizeIs(2));
    for (size_t i = 0; i < to.size(); ++i) {
        EXPECT_EQ(to[i].device, from[i].device);
        EXPECT_EQ(to[i].size_gib, from[i].size_gib);
        EXPECT_EQ(to[i].encrypted, from[i].encrypted);
        EXPECT_EQ(to[i].snapshot_id, from[i].snapshot_id);
        EXPECT_NE(to[i].id, from[i].id);
        EXPECT_EQ(to[i].state, domain::VolumeState::creating);
        EXPECT_TRUE(to[i].delete_on_termination) << "a copy leaves nothing behind";
        EXPECT_TRUE(std::any_of(disks.begin(), disks.end(), [&](const auto& disk) {
            return disk.volume_id == from[i].id && disk.device == to[i].device;
        }));
    }
}

TEST_F(ForksTest, GivesEachCopyAddressesOfItsOwn) {
    const auto id = source();
    const auto reservation = forks_.fork(caller_, {.instance_id = id, .count = 2});
    ASSERT_TRUE(reservation) << message_of(reservation);
    std::set<std::string> private_ips{primary_of(id).private_ip}, macs{primary_of(id).mac};
    for (const auto& view : reservation->instances) {
        const auto primary = primary_of(view.instance.id);
        EXPECT_EQ(primary.subnet_id, primary_of(id).subnet_id);
        EXPECT_EQ(primary.security_group_ids, primary_of(id).security_group_ids);
        EXPECT_NE(primary.public_ip, "");
        private_ips.insert(primary.private_ip);
        macs.insert(primary.mac);
    }
    EXPECT_THAT(private_ips, SizeIs(3));
    EXPECT_THAT(macs, SizeIs(3));
}

TEST_F(ForksTest, RefusesWhatCannotBeCopied) {
    const auto id = source();
    const auto refusal = [&](const ForkRequest& request) {
        const auto refused = forks_.fork(caller_, request);
        EXPECT_FALSE(refused);
        return code_of(refused) + ": " + message_of(refused);
    };
    EXPECT_THAT(refusal({.instance_id = id, .count = 0}), HasSubstr("InvalidParameterValue"));
    EXPECT_THAT(refusal({.instance_id = "i-0123456789abcdef0"}),
                HasSubstr("InvalidInstanceID.NotFound"));
    EXPECT_EQ(code_of(forks_.fork(foreigner_, {.instance_id = id})), "InvalidInstanceID.NotFound");
    set_agent("");
    EXPECT_THAT(refusal({.instance_id = id}), HasSubstr("UnsupportedOperation"));
    set_agent("1");
    set_state(id, InstanceState::stopped);
    EXPECT_THAT(refusal({.instance_id = id}), HasSubstr("only a running one has a memory to copy"));
    set_state(id, InstanceState::running);
    write([&](auto& tx) {
        auto volume = store::volumes::list_of_instance(tx, id).front();
        volume.attachment = domain::AttachmentState::detaching;
        store::volumes::update(tx, volume);
    });
    EXPECT_THAT(refusal({.instance_id = id}), HasSubstr("being attached or detached"));
    EXPECT_THAT(read([](auto& tx) { return store::forks::list_of_host(tx, "host-1"); }),
                testing::IsEmpty());
}

TEST_F(ForksTest, TokenMakesItRepeatableAndQuotaCounts) {
    const auto id = source();
    ForkRequest request{.instance_id = id, .count = 1, .client_token = "t", .parameters_hash = "1"};
    const auto once = forks_.fork(caller_, request);
    const auto again = forks_.fork(caller_, request);
    ASSERT_TRUE(once && again);
    EXPECT_EQ(once->instances[0].instance.id, again->instances[0].instance.id);
    request.parameters_hash = "2";
    EXPECT_EQ(code_of(forks_.fork(caller_, request)), "IdempotentParameterMismatch");
    settings_.limits.running_vcpus = 6;
    EXPECT_EQ(code_of(forks_.fork(caller_, {.instance_id = id, .count = 2})), "VcpuLimitExceeded");
}

} // namespace
} // namespace pileus::cloud
