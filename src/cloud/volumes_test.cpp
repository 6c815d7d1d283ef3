// SPDX-License-Identifier: Apache-2.0
#include "cloud/ebs_defaults.h"
#include "cloud/interface_fixture.h"
#include "cloud/tags.h"
#include "cloud/volumes.h"
#include "store/ledger.h"
#include "store/snapshots.h"
#include "store/volumes.h"

namespace pileus::cloud {
namespace {

using domain::AttachmentState;
using domain::InstanceState;
using domain::Volume;
using domain::VolumeState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class VolumesTest : public InterfaceFixture {
  protected:
    static VolumeCreation creation(int64_t size_gib = 10) {
        VolumeCreation request;
        request.zone = "us-east-1a";
        request.size_gib = size_gib;
        return request;
    }
    // As the engine leaves it.
    std::string create(const VolumeCreation& request) {
        const auto view = volumes_.create(caller_, request);
        EXPECT_TRUE(view) << message_of(view);
        const auto id = view->volume.id;
        change(id, [](Volume& v) { v.state = VolumeState::available; });
        return id;
    }
    std::string create() { return create(creation()); }
    template <class Change> void change(const std::string& id, Change change_row) {
        write([&](auto& tx) {
            auto row = store::volumes::find(tx, id).value();
            change_row(row);
            store::volumes::update(tx, row);
        });
    }
    Volume volume(const std::string& id) {
        return read([&](auto& tx) { return store::volumes::find(tx, id).value(); });
    }
    void end_modification(const std::string& id, const std::string& state = "completed") {
        write([&](auto& tx) {
            auto row = store::volume_modifications::find(tx, id).value();
            row.state = state;
            store::volume_modifications::put(tx, row);
        });
    }
    void add_snapshot(const std::string& id, const domain::Caller& owner, bool encrypted = false) {
        domain::Snapshot snapshot;
        snapshot.id = id;
        snapshot.account_id = owner.account_id;
        snapshot.region = owner.region;
        snapshot.size_gib = 5;
        snapshot.encrypted = encrypted;
        snapshot.taken_at = clock_.now();
        write([&](auto& tx) { store::snapshots::insert(tx, snapshot); });
    }
    std::string attached(const std::string& instance_id, const std::string& device = "/dev/sdf") {
        const auto id = create();
        EXPECT_TRUE(volumes_.attach(caller_, id, instance_id, device));
        change(id, [](Volume& v) { v.attachment = AttachmentState::attached; });
        return id;
    }
    std::string attach_refusal(const std::string& volume_id,
                               const std::string& instance_id,
                               const std::string& device = "/dev/sdf") {
        const auto refused = volumes_.attach(caller_, volume_id, instance_id, device);
        return refused ? "" : refused.error().code + ": " + refused.error().message;
    }
    std::vector<std::string> ledger_of(const std::string& id) {
        std::vector<std::string> events;
        for (const auto& e : read([&](auto& tx) { return store::ledger::list(tx, 0, 1000); }))
            if (e.resource_id == id)
                events.push_back(std::string(to_string(e.kind)) + " " + std::to_string(e.quantity) +
                                 " " + e.detail);
        return events;
    }

    Volumes volumes_{context_};
    EbsDefaults defaults_{context_};
};

// --- CreateVolume ---

TEST_F(VolumesTest, CreateWritesTheRowWorkTagsAndCharge) {
    auto request = creation(10);
    request.type = "gp3";
    request.iops = 4000;
    request.throughput_mib_s = 500;
    request.tag_specifications = {{"volume", {{"Name", "data"}}}};
    const auto view = volumes_.create(caller_, request);
    ASSERT_TRUE(view) << message_of(view);
    const auto row = volume(view->volume.id);
    EXPECT_EQ(row.state, VolumeState::creating);
    EXPECT_EQ(row.zone, "us-east-1a");
    EXPECT_EQ(row.host_id, "host-1");
    EXPECT_EQ(row.iops, 4000);
    EXPECT_EQ(view->zone_id, "use1-az1");
    EXPECT_THAT(view->tags, ElementsAre(domain::Tag{"Name", "data"}));
    EXPECT_TRUE(has_work("volume", row.id));
    EXPECT_THAT(ledger_of(row.id),
                ElementsAre("volume-created 10 gp3",
                            "volume-iops-set 1000 gp3",
                            "volume-throughput-set 375 gp3"));
}

TEST_F(VolumesTest, DefaultsAreEc2s) {
    VolumeCreation request;
    request.zone_id = "use1-az2";
    request.size_gib = 100;
    const auto view = volumes_.create(caller_, request);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->volume.zone, "us-east-1b");
    EXPECT_EQ(view->volume.type, "gp2");
    EXPECT_EQ(view->volume.iops, 300);
    EXPECT_FALSE(view->volume.encrypted);
    EXPECT_THAT(ledger_of(view->volume.id), ElementsAre("volume-created 100 gp2"));
}

TEST_F(VolumesTest, VolumeOfASnapshot) {
    add_snapshot("snap-00000001", caller_);
    add_snapshot("snap-00000002", foreigner_);
    auto request = creation();
    request.size_gib.reset();
    request.snapshot_id = "snap-00000001";
    EXPECT_EQ(volumes_.create(caller_, request)->volume.size_gib, 5);
    request.size_gib = 6;
    EXPECT_EQ(volumes_.create(caller_, request)->volume.size_gib, 6);
    request.size_gib = 4;
    EXPECT_EQ(message_of(volumes_.create(caller_, request)),
              "Volume of size 4GiB is smaller than snapshot 'snap-00000001', expect size >= 5GiB");
    request.snapshot_id = "snap-00000002";
    EXPECT_EQ(code_of(volumes_.create(caller_, request)), "InvalidSnapshot.NotFound");
    request.snapshot_id = "snap-x";
    EXPECT_EQ(code_of(volumes_.create(caller_, request)), "InvalidSnapshotID.Malformed");
}

TEST_F(VolumesTest, CreateRefuses) {
    const auto refusal = [&](auto change) {
        auto request = creation();
        change(request);
        const auto refused = volumes_.create(caller_, request);
        return refused ? "" : refused.error().code + ": " + refused.error().message;
    };
    EXPECT_EQ(refusal([](auto& r) { r.zone = "us-east-1z"; }),
              "InvalidZone.NotFound: The zone 'us-east-1z' does not exist.");
    EXPECT_EQ(refusal([](auto& r) { r.zone.clear(); }),
              "MissingParameter: The request must contain one of the parameters availabilityZone "
              "and availabilityZoneId");
    EXPECT_EQ(
        refusal([](auto& r) { r.zone_id = "use1-az1"; }),
        "InvalidParameterCombination: Only one of AvailabilityZone and AvailabilityZoneId can "
        "be specified.");
    EXPECT_EQ(refusal([](auto& r) { r.size_gib.reset(); }),
              "MissingParameter: The request must contain the parameter size or snapshotId");
    EXPECT_EQ(refusal([](auto& r) { r.type = "gp9"; }),
              "UnknownVolumeType: Unsupported volume type 'gp9' for volume creation.");
    EXPECT_EQ(refusal([](auto& r) { r.encryption.kms_key_id = "alias/aws/ebs"; }),
              "InvalidParameterDependency: The parameter KmsKeyId requires the parameter Encrypted "
              "to be set.");
    EXPECT_THAT(read([&](auto& tx) { return store::volumes::list(tx, scope_of(caller_), {}); }),
                IsEmpty());
}

TEST_F(VolumesTest, ClientTokenAnswersWithTheFirst) {
    auto request = creation();
    request.client_token = {"token", "hash"};
    const auto first = volumes_.create(caller_, request);
    EXPECT_EQ(volumes_.create(caller_, request)->volume.id, first->volume.id);
    request.client_token = {"token", "other"};
    EXPECT_EQ(code_of(volumes_.create(caller_, request)), "IdempotentParameterMismatch");
    EXPECT_THAT(ledger_of(first->volume.id), SizeIs(1));
    EXPECT_NE(volumes_.create(foreigner_, request)->volume.id, first->volume.id);
}

TEST_F(VolumesTest, Quotas) {
    settings_.limits.volume_storage_tib = 1;
    settings_.limits.io1_iops = 1000;
    create(creation(1000));
    EXPECT_EQ(message_of(volumes_.create(caller_, creation(25))),
              "You have exceeded your maximum gp2 storage limit of 1 TiB in this region. The "
              "operator of this installation can raise it.");
    EXPECT_TRUE(volumes_.create(caller_, creation(24)));
    EXPECT_TRUE(volumes_.create(foreigner_, creation(25))) << "another's are another's";
    auto io1 = creation(100);
    io1.type = "io1";
    io1.iops = 600;
    EXPECT_TRUE(volumes_.create(caller_, io1));
    EXPECT_EQ(code_of(volumes_.create(caller_, io1)), "MaxIOPSLimitExceeded");
}

TEST_F(VolumesTest, EncryptionByDefault) {
    EXPECT_FALSE(*defaults_.encryption(caller_));
    EXPECT_TRUE(*defaults_.set_encryption(caller_, true));
    EXPECT_TRUE(*defaults_.encryption(caller_));
    EXPECT_FALSE(*defaults_.encryption(foreigner_));
    const auto encrypted = volume(create());
    EXPECT_TRUE(encrypted.encrypted);
    EXPECT_EQ(encrypted.kms_key_id, *defaults_.kms_key(caller_));
    EXPECT_TRUE(defaults_.set_encryption(caller_, false));
    EXPECT_FALSE(volume(create()).encrypted);
    EXPECT_EQ(*defaults_.set_kms_key(caller_, "alias/aws/ebs"), *defaults_.kms_key(caller_));
    EXPECT_EQ(code_of(defaults_.set_kms_key(caller_, "alias/mine")), "InvalidParameterValue");
    EXPECT_EQ(code_of(defaults_.set_encryption(dry(), true)), "DryRunOperation");
    EXPECT_FALSE(*defaults_.encryption(caller_));
}

TEST_F(VolumesTest, DryRunLeavesNothing) {
    EXPECT_EQ(code_of(volumes_.create(dry(), creation())), "DryRunOperation");
    EXPECT_THAT(read([&](auto& tx) { return store::volumes::list(tx, scope_of(caller_), {}); }),
                IsEmpty());
    const auto id = create();
    EXPECT_EQ(code_of(volumes_.erase(dry(), id)), "DryRunOperation");
    EXPECT_EQ(code_of(volumes_.modify(dry(), id, {.size_gib = 20})), "DryRunOperation");
    EXPECT_EQ(code_of(volumes_.attach(dry(), id, launch(), "/dev/sdf")), "DryRunOperation");
    EXPECT_EQ(volume(id).state, VolumeState::available);
    EXPECT_EQ(volume(id).size_gib, 10);
}

// --- DeleteVolume ---

TEST_F(VolumesTest, DeleteEndsTheChargeAtOnce) {
    const auto id = create();
    ASSERT_TRUE(volumes_.erase(caller_, id));
    EXPECT_EQ(volume(id).state, VolumeState::deleting);
    ASSERT_TRUE(volumes_.erase(caller_, id)) << "asked twice";
    EXPECT_THAT(ledger_of(id), ElementsAre("volume-created 10 gp2", "volume-deleted 10 gp2"));
}

TEST_F(VolumesTest, DeleteOfOneThatCouldNotBeMade) {
    const auto id = create();
    change(id, [](Volume& v) { v.state = VolumeState::error; });
    ASSERT_TRUE(volumes_.erase(caller_, id));
    EXPECT_EQ(volume(id).state, VolumeState::deleting);
    EXPECT_THAT(ledger_of(id), SizeIs(1)) << "the engine ended its charge";
}

TEST_F(VolumesTest, DeleteRefuses) {
    const auto instance = launch();
    const auto id = attached(instance);
    EXPECT_EQ(code_of(volumes_.erase(caller_, id)), "VolumeInUse");
    EXPECT_EQ(message_of(volumes_.erase(caller_, id)),
              "Volume " + id + " is currently attached to " + instance);
    EXPECT_EQ(code_of(volumes_.erase(foreigner_, id)), "InvalidVolume.NotFound");
    EXPECT_EQ(code_of(volumes_.erase(caller_, "vol-1")), "InvalidParameterValue");
    const auto young = volumes_.create(caller_, creation())->volume.id;
    EXPECT_EQ(code_of(volumes_.erase(caller_, young)), "IncorrectState");
}

// --- AttachVolume, DetachVolume ---

TEST_F(VolumesTest, AttachAsksTheEngine) {
    const auto instance = launch();
    const auto id = create();
    const auto row = volumes_.attach(caller_, id, instance, "/dev/sdf");
    ASSERT_TRUE(row) << message_of(row);
    EXPECT_EQ(row->attachment, AttachmentState::attaching);
    EXPECT_EQ(volume(id).state, VolumeState::in_use);
    EXPECT_EQ(volume(id).instance_id, instance);
    EXPECT_FALSE(volume(id).delete_on_termination);
    EXPECT_TRUE(has_work("volume", id));
}

TEST_F(VolumesTest, AttachRefuses) {
    const auto instance = launch();
    const auto id = create();
    attached(instance, "/dev/sdg");
    EXPECT_EQ(attach_refusal(id, instance, "/dev/sdg"),
              "InvalidParameterValue: Invalid value '/dev/sdg' for unixDevice. Attachment point "
              "/dev/sdg is already in use");
    EXPECT_EQ(attach_refusal(id, instance, "/dev/xvda"),
              "InvalidParameterValue: Invalid value '/dev/xvda' for unixDevice. Attachment point "
              "/dev/xvda is already in use");
    EXPECT_EQ(attach_refusal(id, instance, "/dev/sdk1"),
              "InvalidParameterValue: Value (/dev/sdk1) for parameter device is invalid. /dev/sdk1 "
              "is not a valid EBS device name.");
    EXPECT_EQ(attach_refusal(attached(instance), instance).substr(0, 11), "VolumeInUse");
    auto elsewhere = creation();
    elsewhere.zone = "us-east-1b";
    const auto far = create(elsewhere);
    EXPECT_EQ(attach_refusal(far, instance, "/dev/sdh"),
              "InvalidVolume.ZoneMismatch: The volume '" + far +
                  "' is not in the same availability zone as instance '" + instance + "'");
    EXPECT_EQ(attach_refusal(id, "i-00000001", "/dev/sdh"),
              "InvalidInstanceID.NotFound: The instance ID 'i-00000001' does not exist");
    set_state(instance, InstanceState::pending);
    EXPECT_EQ(attach_refusal(id, instance, "/dev/sdh"),
              "IncorrectState: Instance '" + instance + "' is not 'running'.");
    set_state(instance, InstanceState::stopped);
    EXPECT_EQ(attach_refusal(id, instance, "/dev/sdh"), "");
    const auto young = volumes_.create(caller_, creation())->volume.id;
    EXPECT_EQ(attach_refusal(young, instance, "/dev/sdi"),
              "IncorrectState: " + young + " is not 'available'.");
}

TEST_F(VolumesTest, AttachmentsHaveALimitThatInterfacesShare) {
    settings_.limits.attachments_per_instance = 4; // an interface, the root, and two more
    const auto instance = launch();
    attached(instance, "/dev/sdf");
    attached(instance, "/dev/sdg");
    EXPECT_EQ(attach_refusal(create(), instance, "/dev/sdh").substr(0, 23),
              "AttachmentLimitExceeded");
}

TEST_F(VolumesTest, DetachNamesWhatIsAttached) {
    const auto instance = launch();
    const auto id = attached(instance);
    EXPECT_EQ(code_of(volumes_.detach(caller_, {id, instance, "/dev/sdg"})),
              "InvalidAttachment.NotFound");
    EXPECT_EQ(code_of(volumes_.detach(caller_, {id, launch(), ""})), "InvalidAttachment.NotFound");
    EXPECT_EQ(code_of(volumes_.detach(caller_, {id, "i-00000001", ""})),
              "InvalidInstanceID.NotFound");
    const auto row = volumes_.detach(caller_, {id, instance, "/dev/sdf"});
    ASSERT_TRUE(row);
    EXPECT_EQ(row->attachment, AttachmentState::detaching);
    EXPECT_EQ(row->device, "/dev/sdf");
    EXPECT_FALSE(volume(id).force_detach);
    ASSERT_TRUE(volumes_.detach(caller_, {id, "", "", true})) << "now by force";
    EXPECT_TRUE(volume(id).force_detach);
    ASSERT_TRUE(volumes_.detach(caller_, {id}));
    EXPECT_TRUE(volume(id).force_detach) << "force is not taken back";
}

TEST_F(VolumesTest, DetachRefuses) {
    const auto id = create();
    EXPECT_EQ(message_of(volumes_.detach(caller_, {id})),
              "Volume '" + id + "' is in the 'available' state.");
    const auto instance = launch();
    const auto root =
        read([&](auto& tx) { return store::volumes::list_of_instance(tx, instance).at(0).id; });
    change(root, [](Volume& v) {
        v.attachment = AttachmentState::attached;
        v.state = VolumeState::in_use;
    });
    EXPECT_EQ(code_of(volumes_.detach(caller_, {root, "", "", true})), "OperationNotPermitted");
    EXPECT_EQ(message_of(volumes_.detach(caller_, {root})),
              "Unable to detach root volume '" + root + "' from instance '" + instance + "'");
    set_state(instance, InstanceState::stopped);
    EXPECT_TRUE(volumes_.detach(caller_, {root}));
    EXPECT_EQ(code_of(volumes_.detach(foreigner_, {root})), "InvalidVolume.NotFound");
}

// --- ModifyVolume ---

TEST_F(VolumesTest, ModifyWritesTheTargetAndHowItWas) {
    const auto id = create(creation(100));
    const auto modification = volumes_.modify(
        caller_, id, {.size_gib = 200, .type = "gp3", .iops = 5000, .throughput_mib_s = 300});
    ASSERT_TRUE(modification) << message_of(modification);
    EXPECT_EQ(modification->state, "modifying");
    EXPECT_EQ(modification->original_type, "gp2");
    EXPECT_EQ(modification->original_iops, 300);
    EXPECT_EQ(modification->target_iops, 5000);
    EXPECT_EQ(volume(id).size_gib, 200);
    EXPECT_EQ(volume(id).type, "gp3");
    EXPECT_TRUE(has_work("volume", id));
    EXPECT_THAT(ledger_of(id),
                ElementsAre("volume-created 100 gp2",
                            "volume-retyped 200 gp3",
                            "volume-iops-set 2000 gp3",
                            "volume-throughput-set 175 gp3"));
    end_modification(id);
    ASSERT_TRUE(volumes_.modify(caller_, id, {.size_gib = 300}));
    end_modification(id);
    clock_.advance(std::chrono::hours{1});
    ASSERT_TRUE(volumes_.modify(caller_, id, {.type = "gp2"}));
    EXPECT_THAT(ledger_of(id), testing::Contains("volume-resized 300 gp3"));
    EXPECT_THAT(ledger_of(id), testing::Contains("volume-retyped 300 gp2"));
    EXPECT_THAT(ledger_of(id), testing::Contains("volume-iops-set 0 gp2"));
    EXPECT_THAT(ledger_of(id), testing::Contains("volume-throughput-set 0 gp2"));
}

TEST_F(VolumesTest, OneModificationAtATimeAndFourADay) {
    const auto id = create();
    ASSERT_TRUE(volumes_.modify(caller_, id, {.size_gib = 11}));
    EXPECT_EQ(message_of(volumes_.modify(caller_, id, {.size_gib = 12})),
              "Volume " + id + " cannot be modified in modification state MODIFYING");
    end_modification(id, "optimizing");
    EXPECT_EQ(code_of(volumes_.modify(caller_, id, {.size_gib = 12})),
              "IncorrectModificationState");
    for (int64_t size = 12; size < 15; ++size) {
        end_modification(id);
        clock_.advance(std::chrono::hours{1});
        EXPECT_TRUE(volumes_.modify(caller_, id, {.size_gib = size}));
    }
    end_modification(id, "failed");
    EXPECT_EQ(code_of(volumes_.modify(caller_, id, {.size_gib = 20})),
              "VolumeModificationRateExceeded");
    clock_.advance(std::chrono::hours{21});
    EXPECT_TRUE(volumes_.modify(caller_, id, {.size_gib = 20})) << "the first is a day old";
}

TEST_F(VolumesTest, ModifyRefuses) {
    settings_.limits.volume_storage_tib = 1;
    const auto id = create();
    EXPECT_EQ(message_of(volumes_.modify(caller_, id, {.size_gib = 9})),
              "New size cannot be smaller than existing size");
    EXPECT_EQ(code_of(volumes_.modify(caller_, id, {.size_gib = 1025})),
              "VolumeModificationSizeLimitExceeded");
    EXPECT_EQ(code_of(volumes_.modify(foreigner_, id, {.size_gib = 20})), "InvalidVolume.NotFound");
    const auto young = volumes_.create(caller_, creation())->volume.id;
    EXPECT_EQ(code_of(volumes_.modify(caller_, young, {.size_gib = 20})), "IncorrectState");
    const auto instance = launch();
    const auto root =
        read([&](auto& tx) { return store::volumes::list_of_instance(tx, instance).at(0).id; });
    change(root, [](Volume& v) { v.state = VolumeState::in_use; });
    EXPECT_EQ(code_of(volumes_.modify(caller_, root, {.size_gib = 200, .type = "sc1"})),
              "InvalidParameterCombination");
    EXPECT_TRUE(volumes_.modify(caller_, root, {.size_gib = 200}));
}

TEST_F(VolumesTest, ModificationsAreListedAndFiltered) {
    const auto first = create();
    const auto second = create();
    const auto never = create();
    ASSERT_TRUE(volumes_.modify(caller_, first, {.size_gib = 20}));
    ASSERT_TRUE(volumes_.modify(caller_, second, {.type = "gp3"}));
    EXPECT_THAT(volumes_.describe_modifications(caller_, {}, {}, {})->items, SizeIs(2));
    EXPECT_THAT(volumes_.describe_modifications(foreigner_, {}, {}, {})->items, IsEmpty());
    const std::pair<std::string, std::string> filters[]{{"modification-state", "modifying"},
                                                        {"original-size", "10"},
                                                        {"target-size", "20"},
                                                        {"target-volume-type", "gp2"},
                                                        {"original-volume-type", "gp2"},
                                                        {"original-iops", "100"},
                                                        {"target-iops", "100"},
                                                        {"targetMultiAttachEnabled", "false"},
                                                        {"volume-id", first}};
    for (const auto& [name, value] : filters)
        EXPECT_THAT(volumes_.describe_modifications(caller_, {first}, {{name, {value}}}, {})->items,
                    SizeIs(1))
            << name;
    const auto page = volumes_.describe_modifications(caller_, {}, {}, {1, ""});
    EXPECT_THAT(page->items, SizeIs(1));
    EXPECT_THAT(volumes_.describe_modifications(caller_, {}, {}, {1, page->next_token})->items,
                SizeIs(1));
    EXPECT_EQ(message_of(volumes_.describe_modifications(caller_, {never}, {}, {})),
              "Modification for volume '" + never + "' does not exist.");
    EXPECT_EQ(code_of(volumes_.describe_modifications(caller_, {never}, {}, {})),
              "InvalidVolumeModification.NotFound");
    EXPECT_EQ(code_of(volumes_.describe_modifications(foreigner_, {first}, {}, {})),
              "InvalidVolume.NotFound");
    EXPECT_EQ(code_of(volumes_.describe_modifications(caller_, {}, {{"size", {"1"}}}, {})),
              "InvalidParameterValue");
}

// --- DescribeVolumeStatus, attributes ---

TEST_F(VolumesTest, StatusTellsOfAGuestThatCannotWrite) {
    const auto instance = launch();
    const auto id = attached(instance);
    const auto young = volumes_.create(caller_, creation())->volume.id;
    const auto status = [&](const std::string& volume_id) {
        return volumes_.describe_status(caller_, {volume_id}, {}, {})->items.at(0);
    };
    EXPECT_EQ(status(id).status, "ok");
    EXPECT_EQ(status(young).status, "insufficient-data");
    write([&](auto& tx) {
        auto row = *store::instances::find(tx, instance);
        row.impairment = "The disk of the host is full.";
        row.impaired_since = clock_.now();
        store::instances::update(tx, row);
    });
    EXPECT_EQ(status(id).status, "impaired");
    EXPECT_EQ(status(id).stalled, "The disk of the host is full.");
    EXPECT_EQ(status(create()).status, "ok") << "it is attached to nobody";
    const auto impaired =
        volumes_.describe_status(caller_, {}, {{"volume-status.status", {"impaired"}}}, {});
    EXPECT_THAT(impaired->items, SizeIs(2)) << "the root too";
    EXPECT_THAT(
        volumes_
            .describe_status(caller_, {}, {{"event.event-type", {"io-performance:stalled"}}}, {})
            ->items,
        SizeIs(2));
    EXPECT_THAT(volumes_.describe_status(foreigner_, {}, {}, {})->items, IsEmpty());
}

TEST_F(VolumesTest, AutoEnableIoIsKept) {
    const auto id = create();
    EXPECT_FALSE(volumes_.describe_one(caller_, id)->auto_enable_io);
    ASSERT_TRUE(volumes_.set_auto_enable_io(caller_, id, true));
    EXPECT_TRUE(volumes_.describe_one(caller_, id)->auto_enable_io);
    EXPECT_EQ(code_of(volumes_.set_auto_enable_io(foreigner_, id, false)),
              "InvalidVolume.NotFound");
}

// --- DescribeVolumes ---

TEST_F(VolumesTest, EveryFilterOfVolumes) {
    const auto instance = launch();
    const auto id = attached(instance);
    ASSERT_TRUE(Tags(context_).create(caller_, {id}, {{"Name", "data"}}));
    create(creation(77));
    const std::pair<std::string, std::string> filters[]{
        {"attachment.device", "/dev/sdf"},
        {"attachment.status", "attached"},
        {"attachment.delete-on-termination", "false"},
        {"attachment.attach-time", format_iso8601(*volume(id).attached_at)},
        {"tag:Name", "data"},
        {"tag-key", "Name"},
        {"volume-id", id}};
    for (const auto& [name, value] : filters)
        EXPECT_EQ(volumes_.describe(caller_, {}, {{name, {value}}}, {})->items.at(0).volume.id, id)
            << name;
    const auto count = [&](const std::string& name, const std::string& value) {
        return volumes_.describe(caller_, {}, {{name, {value}}}, {})->items.size();
    };
    EXPECT_EQ(count("attachment.instance-id", instance), 2u);
    EXPECT_EQ(count("availability-zone", "us-east-1a"), 3u);
    EXPECT_EQ(count("availability-zone-id", "use1-az1"), 3u);
    EXPECT_EQ(count("encrypted", "false"), 3u);
    EXPECT_EQ(count("size", "77"), 1u);
    EXPECT_EQ(count("status", "available"), 1u);
    EXPECT_EQ(count("volume-type", "gp2"), 2u);
    EXPECT_EQ(count("snapshot-id", "snap-00000000000000001"), 1u);
    EXPECT_EQ(count("fast-restored", "false"), 3u);
    EXPECT_EQ(count("multi-attach-enabled", "true"), 0u);
    EXPECT_EQ(code_of(volumes_.describe(caller_, {}, {{"colour", {"red"}}}, {})),
              "InvalidParameterValue");
}

} // namespace
} // namespace pileus::cloud
