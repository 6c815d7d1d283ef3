// SPDX-License-Identifier: Apache-2.0
//
// Volumes and network interfaces as they are seen: whose they are, and what filters find.

#include "cloud/cloud_fixture.h"
#include "cloud/network_interfaces.h"
#include "cloud/volumes.h"
#include "store/network_interfaces.h"
#include "store/volumes.h"
#include "store/vpcs.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto instance_id = "i-00000000000000001";

class AttachmentsTest : public CloudFixture {
  protected:
    AttachmentsTest() {
        write([&](auto& tx) {
            add_volume(tx, caller_, "vol-00000000000000001", instance_id);
            add_volume(tx, caller_, "vol-00000000000000002", "");
            add_volume(tx, foreigner_, "vol-00000000000000003", instance_id);
            add_interface(tx, caller_, "eni-00000000000000001", instance_id);
            add_interface(tx, foreigner_, "eni-00000000000000002", instance_id);
        });
    }
    void add_volume(store::Transaction& tx,
                    const domain::Caller& owner,
                    const std::string& id,
                    const std::string& instance) {
        domain::Volume volume;
        volume.id = id;
        volume.account_id = owner.account_id;
        volume.region = owner.region;
        volume.zone = "us-east-1b";
        volume.size_gib = 8;
        volume.state =
            instance.empty() ? domain::VolumeState::available : domain::VolumeState::in_use;
        volume.instance_id = instance;
        volume.device = "/dev/xvda";
        volume.attachment = domain::AttachmentState::attached;
        store::volumes::insert(tx, volume);
    }
    void add_interface(store::Transaction& tx,
                       const domain::Caller& owner,
                       const std::string& id,
                       const std::string& instance) {
        domain::NetworkInterface interface;
        interface.id = id;
        interface.account_id = owner.account_id;
        interface.region = owner.region;
        interface.zone = "us-east-1b";
        interface.vpc_id = store::vpcs::find_default(tx, scope_of(owner))->id;
        interface.attached_at = clock_.now();
        interface.subnet_id = "subnet-of-" + owner.account_id;
        interface.private_ip = "172.31.16.9";
        interface.public_ip = "127.64.0." + id.substr(id.size() - 1);
        interface.instance_id = instance;
        store::network_interfaces::insert(tx, interface);
    }
    std::vector<std::string> volume_ids(const Filters& filters) {
        std::vector<std::string> ids;
        const auto listing = volumes_.describe(caller_, {}, filters, {});
        EXPECT_TRUE(listing) << message_of(listing);
        for (const auto& view : listing->items)
            ids.push_back(view.volume.id);
        return ids;
    }
    std::vector<std::string> interface_ids(const Filters& filters) {
        std::vector<std::string> ids;
        const auto listing = interfaces_.describe(caller_, {}, filters, {});
        EXPECT_TRUE(listing) << message_of(listing);
        for (const auto& view : listing->items)
            ids.push_back(view.interface.id);
        return ids;
    }

    Volumes volumes_{context_};
    NetworkInterfaces interfaces_{context_};
};

TEST_F(AttachmentsTest, FiltersFindVolumesOfTheCallerOnly) {
    EXPECT_THAT(volume_ids({}), ElementsAre("vol-00000000000000001", "vol-00000000000000002"));
    const Filter attached[]{
        {"attachment.instance-id", {instance_id}}, // looked up
        {"attachment.instance-id", {"i-*1"}},      // searched for
        {"attachment.status", {"attached"}},
        {"attachment.device", {"/dev/xvd?"}},
        {"status", {"in-use"}},
    };
    for (const auto& filter : attached)
        EXPECT_THAT(volume_ids({filter}), ElementsAre("vol-00000000000000001")) << filter.name;
    EXPECT_THAT(volume_ids({{"availability-zone-id", {"use1-az2"}}, {"size", {"8"}}}).size(), 2u);
    EXPECT_THAT(volume_ids({{"encrypted", {"true"}}}), IsEmpty());
}

TEST_F(AttachmentsTest, FiltersFindInterfacesOfTheCallerOnly) {
    const Filter own[]{
        {"attachment.instance-id", {instance_id}},
        {"addresses.private-ip-address", {"172.31.16.9"}},
        {"association.public-ip", {"127.64.0.*"}},
        {"private-dns-name", {"ip-172-31-16-9.ec2.internal"}},
        {"status", {"in-use"}},
    };
    for (const auto& filter : own)
        EXPECT_THAT(interface_ids({filter}), ElementsAre("eni-00000000000000001")) << filter.name;
    EXPECT_THAT(interface_ids({{"group-id", {"sg-00000000000000001"}}}), IsEmpty());
}

TEST_F(AttachmentsTest, ForeignIdsAreMissingIds) {
    const auto volume = volumes_.describe(caller_, {"vol-00000000000000003"}, {}, {});
    EXPECT_EQ(code_of(volume), "InvalidVolume.NotFound");
    EXPECT_EQ(message_of(volume), "The volume 'vol-00000000000000003' does not exist.");
    EXPECT_EQ(code_of(interfaces_.describe(caller_, {"eni-00000000000000002"}, {}, {})),
              "InvalidNetworkInterfaceID.NotFound");
}

} // namespace
} // namespace pileus::cloud
