// SPDX-License-Identifier: Apache-2.0
#include "cloud/hibernation.h"
#include "cloud/interface_fixture.h"
#include "cloud/volumes.h"
#include "store/ledger.h"
#include "store/volumes.h"

namespace pileus::cloud {
namespace {

using domain::Hibernation;
using domain::InstanceState;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* unsupported = "UnsupportedHibernationConfiguration";

class HibernationTest : public InterfaceFixture {
  protected:
    // m5.large has 8 GiB.
    LaunchRequest with_root(std::optional<bool> encrypted, const std::string& type = "gp3") {
        auto request = launch_request();
        BlockDeviceRequest root;
        root.device = "/dev/xvda";
        root.has_ebs = true;
        root.type = type;
        root.encryption.encrypted = encrypted;
        request.block_devices = {root};
        request.hibernation_configured = true;
        return request;
    }
    std::string launch_hibernating() { return launch(with_root(true)); }
    domain::Instance row(const std::string& id) {
        return read([&](auto& tx) { return store::instances::find(tx, id); }).value();
    }
    void change(const std::string& id, const std::function<void(domain::Instance&)>& body) {
        auto changed = row(id);
        body(changed);
        write([&](auto& tx) { store::instances::update(tx, changed); });
    }
    // As the engine leaves it.
    void save(const std::string& id) {
        change(id, [](auto& i) {
            i.state = InstanceState::stopped;
            i.hibernation = Hibernation::saved;
        });
    }
    std::vector<std::string> ledger_of(const std::string& id) {
        std::vector<std::string> kinds;
        for (const auto& event : read([](auto& tx) { return store::ledger::list(tx, 0, 100); }))
            if (event.resource_id == id)
                kinds.emplace_back(to_string(event.kind));
        return kinds;
    }

    Volumes volumes_{context_};
};

TEST_F(HibernationTest, NeedsAnEncryptedRootThatHoldsTheMemoryOfATypeThatCan) {
    const auto refused = [&](const LaunchRequest& request) {
        const auto reservation = instances_.launch(caller_, request);
        EXPECT_EQ(code_of(reservation), unsupported);
        return message_of(reservation);
    };
    EXPECT_EQ(refused(with_root({})), "For hibernation, the root device volume must be encrypted.");
    EXPECT_THAT(refused(with_root(true, "standard")), HasSubstr("gp2, gp3, io1 or io2"));
    auto large = with_root(true);
    large.type = "m5.xlarge";
    EXPECT_THAT(refused(large), HasSubstr("large enough for the memory: m5.xlarge has 16384 MiB"));
    EXPECT_TRUE(row(launch_hibernating()).hibernation_configured);
    EXPECT_FALSE(row(launch()).hibernation_configured);
}

TEST_F(HibernationTest, StopThatHibernatesSaysSoAndIsCharged) {
    const auto id = launch_hibernating();
    const auto changes = instances_.stop(caller_, {id}, StopKind::hibernate);
    ASSERT_TRUE(changes) << message_of(changes);
    EXPECT_EQ(changes->at(0).current, InstanceState::stopping);
    EXPECT_EQ(row(id).hibernation, Hibernation::saving);
    EXPECT_EQ(row(id).state_reason_code, "Client.UserInitiatedHibernate");
    EXPECT_EQ(row(id).state_reason_message,
              "Client.UserInitiatedHibernate: User initiated hibernate");
    EXPECT_TRUE(has_work("instance", id));
    EXPECT_THAT(ledger_of(id), testing::IsEmpty()) << "it is still charged";
}

TEST_F(HibernationTest, CutOffEndsTheSavingAndTheCharge) {
    const auto id = launch_hibernating();
    ASSERT_TRUE(instances_.stop(caller_, {id}, StopKind::hibernate));
    ASSERT_TRUE(instances_.stop(caller_, {id}, StopKind::cut_off));
    EXPECT_EQ(row(id).hibernation, Hibernation::none);
    EXPECT_TRUE(row(id).force_stop);
    EXPECT_THAT(ledger_of(id), ElementsAre("instance-ended"));
}

TEST_F(HibernationTest, OrdinaryStopKeepsNothing) {
    const auto id = launch_hibernating();
    ASSERT_TRUE(instances_.stop(caller_, {id}, StopKind::shut_down));
    EXPECT_EQ(row(id).hibernation, Hibernation::none);
    EXPECT_EQ(row(id).state_reason_code, "Client.UserInitiatedShutdown");
    EXPECT_THAT(ledger_of(id), ElementsAre("instance-ended"));
}

TEST_F(HibernationTest, OnlyWhatWasLaunchedForItHibernates) {
    const auto id = launch_hibernating();
    const auto other = launch();
    const auto refused = instances_.stop(caller_, {id, other}, StopKind::hibernate);
    EXPECT_EQ(code_of(refused), unsupported);
    EXPECT_EQ(message_of(refused),
              "The instance can't be hibernated because it was not configured at launch for "
              "hibernation: " +
                  other);
    EXPECT_EQ(row(id).state, InstanceState::running) << "all or nothing";
}

TEST_F(HibernationTest, NothingOfAKeptMachineIsChanged) {
    const auto id = launch_hibernating();
    save(id);
    const auto root =
        read([&](auto& tx) { return store::volumes::list_of_instance(tx, id); }).at(0);
    const auto type = instances_.modify(caller_, id, change::Type{"m5.xlarge"});
    EXPECT_EQ(code_of(type), "IncorrectInstanceState");
    EXPECT_THAT(message_of(type), HasSubstr("hibernates"));
    write([&](auto& tx) {
        auto attached = root;
        attached.attachment = domain::AttachmentState::attached;
        store::volumes::update(tx, attached);
    });
    EXPECT_EQ(code_of(volumes_.detach(caller_, {.volume_id = root.id})), "IncorrectInstanceState");
    const auto interface = create_interface();
    EXPECT_EQ(
        code_of(interfaces_.attach(
            caller_, {.network_interface_id = interface, .instance_id = id, .device_index = 1})),
        "IncorrectInstanceState");
}

TEST_F(HibernationTest, StartKeepsTheMemoryAndTerminationDoesNot) {
    const auto id = launch_hibernating();
    save(id);
    ASSERT_TRUE(instances_.start(caller_, {id}));
    EXPECT_EQ(row(id).hibernation, Hibernation::saved) << "the engine wakes it";
    ASSERT_TRUE(instances_.terminate(caller_, {id}));
    EXPECT_EQ(row(id).hibernation, Hibernation::none);
}

} // namespace
} // namespace pileus::cloud
