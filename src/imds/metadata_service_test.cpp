// SPDX-License-Identifier: Apache-2.0
#include "imds/metadata_service.h"
#include "store/instances.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/sqlite/temporary_store.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/vpcs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::imds {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr uint32_t its_mark = 7, other_mark = 8, unknown_mark = 9, second_mark = 10;

class Metadata : public testing::Test {
  protected:
    Metadata() {
        write([&](store::Transaction& tx) {
            add_instance(tx, "i-0123456789abcdef0", "eni-1", "172.31.0.10");
            add_instance(tx, "i-0123456789abcdef1", "eni-2", "172.31.0.11");
        });
    }

    template <class Body> void write(Body body) {
        EXPECT_TRUE(store_->write([&](store::Transaction& tx) -> Result<void> {
            body(tx);
            return {};
        }));
    }
    void add_instance(store::Transaction& tx,
                      const std::string& id,
                      const std::string& interface_id,
                      const std::string& ip) {
        domain::Instance instance;
        instance.id = id;
        instance.account_id = "111122223333";
        instance.region = "us-east-1";
        instance.zone = "us-east-1a";
        instance.type = "t3.micro";
        instance.image_id = "ami-1";
        instance.key_name = "mine";
        instance.public_key = "ssh-ed25519 AAAA";
        instance.root_device_name = "/dev/xvda";
        instance.state = domain::InstanceState::running;
        instance.user_data = std::string("\x00\xff#!", 4);
        store::instances::insert(tx, instance);
        domain::NetworkInterface interface;
        interface.id = interface_id;
        interface.account_id = instance.account_id;
        interface.region = instance.region;
        interface.mac = "02:00:00:00:00:0" + ip.substr(ip.size() - 1);
        interface.private_ip = ip;
        interface.instance_id = id;
        store::network_interfaces::insert(tx, interface);
        store::tags::put(tx,
                         {instance.account_id, instance.region, id, "instance", {"Name", "web"}});
    }
    void set_options(domain::MetadataOptions options) {
        write([&](store::Transaction& tx) {
            auto instance = *store::instances::find(tx, "i-0123456789abcdef0");
            instance.metadata = options;
            store::instances::update(tx, instance);
        });
    }

    http::Response ask(const std::string& method,
                       const std::string& target,
                       http::Headers headers = {},
                       uint32_t mark = its_mark) {
        http::Request request;
        request.method = method;
        request.target = target;
        request.headers = std::move(headers);
        request.listener_tag = "vpc-1";
        request.socket_mark = mark;
        return service_.handle(request);
    }
    std::string token(int ttl_seconds = 60, uint32_t mark = its_mark) {
        return ask("PUT",
                   "/latest/api/token",
                   {{"X-aws-ec2-metadata-token-ttl-seconds", std::to_string(ttl_seconds)}},
                   mark)
            .body;
    }
    http::Response get(const std::string& target, uint32_t mark = its_mark) {
        const auto its_token = token(60, mark);
        return ask("GET", target, {{"X-aws-ec2-metadata-token", its_token}}, mark);
    }

    ManualClock clock_;
    store::TemporaryStore store_{clock_};
    MetadataService service_{*store_,
                             clock_,
                             std::string(32, 'k'),
                             [](const std::string&, uint32_t mark) -> std::optional<std::string> {
                                 if (mark == its_mark)
                                     return "eni-1";
                                 if (mark == second_mark)
                                     return "eni-3";
                                 return mark == other_mark ? std::optional<std::string>("eni-2")
                                                           : std::nullopt;
                             },
                             [](const std::string&) { return "use1-az1"; }};
};

TEST_F(Metadata, AnswersWhomTheConnectionCameFrom) {
    EXPECT_EQ(get("/latest/meta-data/instance-id").body, "i-0123456789abcdef0");
    EXPECT_EQ(get("/latest/meta-data/instance-id", other_mark).body, "i-0123456789abcdef1");
    EXPECT_EQ(ask("GET", "/latest/meta-data/instance-id", {}, unknown_mark).status, 404);
}

TEST_F(Metadata, HasTheTreeThatClientsRead) {
    const std::pair<const char*, const char*> cases[] = {
        {"/",
         "1.0\n2007-01-19\n2008-02-01\n2009-04-04\n2011-01-01\n2012-01-12\n2014-02-25\n2014-11-"
         "05\n2016-09-02\n2018-03-28\n"
         "2018-08-17\n2018-09-24\n2019-10-01\n2020-10-27\n2021-03-23\nlatest"},
        {"/latest", "dynamic\nmeta-data\nuser-data"},
        {"/latest/meta-data/placement/", "availability-zone\navailability-zone-id\nregion"},
        {"/latest/meta-data/placement/region", "us-east-1"},
        {"/2021-03-23/meta-data/placement/availability-zone-id", "use1-az1"},
        {"/latest/meta-data/public-keys/", "0=mine"},
        {"/latest/meta-data/public-keys/0/", "openssh-key"},
        {"/latest/meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA"},
        {"/latest/meta-data/local-hostname", "ip-172-31-0-10.ec2.internal"},
        {"/latest/meta-data/network/interfaces/macs/", "02:00:00:00:00:00/"},
        {"/latest/meta-data/block-device-mapping/root", "/dev/xvda"},
        {"/latest/meta-data/instance-id/", "i-0123456789abcdef0"},
        {"//latest//meta-data/instance-id", "i-0123456789abcdef0"},
    };
    for (const auto& [path, expected] : cases) {
        const auto response = get(path);
        EXPECT_EQ(response.status, 200) << path;
        EXPECT_EQ(response.body, expected) << path;
    }
    for (const auto* path : {"/latest/meta-data/iam/",
                             "/latest/nothing",
                             "/1999-01-01/",
                             "/latest/meta-data/public-keys/1"})
        EXPECT_EQ(get(path).status, 404) << path;
    EXPECT_EQ(get("/latest/../etc").status, 400);
    EXPECT_THAT(get("/latest/dynamic/instance-identity/document").body,
                HasSubstr("\"instanceId\":\"i-0123456789abcdef0\""));
}

TEST_F(Metadata, TellsEverythingOfEveryInterface) {
    write([&](store::Transaction& tx) {
        store::vpcs::insert(tx,
                            {.id = "vpc-1",
                             .region = "us-east-1",
                             .cidr_block = "10.0.0.0/16",
                             .enable_dns_hostnames = true});
        store::vpc_cidr_blocks::insert(tx, {"vpc-cidr-assoc-1", "vpc-1", "10.1.0.0/16", false});
        store::vpc_cidr_blocks::insert(tx, {"vpc-cidr-assoc-2", "vpc-1", "fd00:1::/56", true});
        store::subnets::insert(tx,
                               {.id = "subnet-1",
                                .vpc_id = "vpc-1",
                                .cidr_block = "10.0.1.0/24",
                                .ipv6_cidr_block = "fd00:1::/64"});
        store::security_groups::insert(tx, {.id = "sg-1", .vpc_id = "vpc-1", .name = "web"});
        domain::NetworkInterface second;
        second.id = "eni-3";
        second.account_id = "111122223333";
        second.region = "us-east-1";
        second.vpc_id = "vpc-1";
        second.subnet_id = "subnet-1";
        second.mac = "02:00:00:00:00:ff";
        second.private_ip = "10.0.1.10";
        second.secondary_addresses = {{"10.0.1.11", "127.64.0.11"}, {"10.0.1.12", ""}};
        second.ipv6_addresses = {"fd00:1::a", "fd00:1::b"};
        second.security_group_ids = {"sg-1"};
        second.public_ip = "127.64.0.10";
        second.instance_id = "i-0123456789abcdef0";
        second.device_index = 1;
        store::network_interfaces::insert(tx, second);
    });
    const std::pair<const char*, const char*> leaves[] = {
        {"device-number", "1"},
        {"interface-id", "eni-3"},
        {"ipv4-associations/", "127.64.0.10\n127.64.0.11"},
        {"ipv4-associations/127.64.0.10", "10.0.1.10"},
        {"ipv4-associations/127.64.0.11", "10.0.1.11"},
        {"ipv6s", "fd00:1::a\nfd00:1::b"},
        {"local-hostname", "ip-10-0-1-10.ec2.internal"},
        {"local-ipv4s", "10.0.1.10\n10.0.1.11\n10.0.1.12"},
        {"mac", "02:00:00:00:00:ff"},
        {"network-card-index", "0"},
        {"owner-id", "111122223333"},
        {"public-hostname", "ec2-127-64-0-10.compute-1.amazonaws.com"},
        {"public-ipv4s", "127.64.0.10\n127.64.0.11"},
        {"security-group-ids", "sg-1"},
        {"security-groups", "web"},
        {"subnet-id", "subnet-1"},
        {"subnet-ipv4-cidr-block", "10.0.1.0/24"},
        {"subnet-ipv6-cidr-blocks", "fd00:1::/64"},
        {"vpc-id", "vpc-1"},
        {"vpc-ipv4-cidr-block", "10.0.0.0/16"},
        {"vpc-ipv4-cidr-blocks", "10.0.0.0/16\n10.1.0.0/16"},
        {"vpc-ipv6-cidr-blocks", "fd00:1::/56"},
    };
    const std::string macs = "/latest/meta-data/network/interfaces/macs/";
    EXPECT_EQ(get(macs).body, "02:00:00:00:00:00/\n02:00:00:00:00:ff/");
    for (const auto& [leaf, expected] : leaves)
        EXPECT_EQ(get(macs + "02:00:00:00:00:ff/" + leaf).body, expected) << leaf;
    // The primary one has no public address here: neither have the keys that speak of it.
    for (const auto* absent : {"public-ipv4s", "public-hostname", "ipv4-associations/", "ipv6s"})
        EXPECT_EQ(get(macs + "02:00:00:00:00:00/" + absent).status, 404) << absent;
    // And who asks over the second one is the same instance.
    EXPECT_EQ(get("/latest/meta-data/instance-id", second_mark).body, "i-0123456789abcdef0");
    EXPECT_EQ(get("/latest/meta-data/mac", second_mark).body, "02:00:00:00:00:00");

    write([&](store::Transaction& tx) {
        auto vpc = *store::vpcs::find(tx, "vpc-1");
        vpc.enable_dns_hostnames = false;
        store::vpcs::update(tx, vpc);
    });
    EXPECT_EQ(get(macs + "02:00:00:00:00:ff/public-hostname").status, 404);
}

TEST_F(Metadata, GivesUserDataExactly) {
    EXPECT_EQ(get("/latest/user-data").body, std::string("\x00\xff#!", 4));
}

TEST_F(Metadata, TokensAreBoundInTimeAndToTheirInterface) {
    const auto its_token = token(60);
    const http::Headers headers{{"X-aws-ec2-metadata-token", its_token}};
    EXPECT_EQ(ask("GET", "/latest/meta-data/mac", headers).status, 200);
    EXPECT_EQ(ask("GET", "/latest/meta-data/mac", headers, other_mark).status, 401);
    EXPECT_EQ(ask("GET", "/latest/meta-data/mac").status, 401);
    clock_.advance(61s);
    EXPECT_EQ(ask("GET", "/latest/meta-data/mac", headers).status, 401);
}

TEST_F(Metadata, RefusesOddTokenRequests) {
    for (const auto* ttl : {"0", "21601", "-1", "x", ""})
        EXPECT_EQ(
            ask("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", ttl}}).status,
            400)
            << ttl;
    EXPECT_EQ(ask("PUT", "/latest/api/token").status, 400);
    EXPECT_EQ(ask("PUT",
                  "/latest/api/token",
                  {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}, {"X-Forwarded-For", "1.2.3.4"}})
                  .status,
              403);
    EXPECT_EQ(ask("POST", "/latest/api/token").status, 405);
    const auto good =
        ask("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}});
    EXPECT_EQ(good.status, 200);
    EXPECT_EQ(good.ip_ttl, 2); // the instance's hop limit
}

TEST_F(Metadata, FollowsTheInstancesOptions) {
    set_options({.tokens_required = false,
                 .put_response_hop_limit = 1,
                 .endpoint_enabled = true,
                 .tags_enabled = true});
    EXPECT_EQ(ask("GET", "/latest/meta-data/instance-id").status, 200);
    EXPECT_EQ(ask("GET", "/latest/meta-data/tags/instance/Name").body, "web");
    EXPECT_EQ(ask("GET", "/latest/meta-data/instance-id", {{"X-aws-ec2-metadata-token", "forged"}})
                  .status,
              401);
    set_options({.tokens_required = false,
                 .put_response_hop_limit = 1,
                 .endpoint_enabled = false,
                 .tags_enabled = false});
    EXPECT_EQ(ask("GET", "/latest/meta-data/instance-id").status, 403);
}

TEST_F(Metadata, FirstQuestionIsTheSignOfLife) {
    (void)ask("GET", "/latest/meta-data/instance-id");
    const auto instance = store_->read(
        [&](store::Transaction& tx) { return store::instances::find(tx, "i-0123456789abcdef0"); });
    EXPECT_EQ(instance->guest_seen_at, clock_.now());
}

TEST_F(Metadata, NamesTheVolumesInTheOrderOfTheirDevices) {
    write([&](store::Transaction& tx) {
        const auto attach = [&](const char* id, const char* device, domain::AttachmentState state) {
            domain::Volume volume;
            volume.id = id;
            volume.account_id = "111122223333";
            volume.region = "us-east-1";
            volume.state = domain::VolumeState::in_use;
            volume.instance_id = "i-0123456789abcdef0";
            volume.device = device;
            volume.attachment = state;
            store::volumes::insert(tx, volume);
        };
        attach("vol-1", "/dev/sdg", domain::AttachmentState::attached);
        attach("vol-2", "/dev/sdf", domain::AttachmentState::attached);
        attach("vol-3", "/dev/xvda", domain::AttachmentState::attached);
        attach("vol-4", "/dev/sdh", domain::AttachmentState::detaching);
    });
    const std::string folder = "/latest/meta-data/block-device-mapping/";
    EXPECT_EQ(get(folder).body, "ami\nebs1\nebs2\nroot");
    EXPECT_EQ(get(folder + "ebs1").body, "sdf");
    EXPECT_EQ(get(folder + "ebs2").body, "sdg");
}

} // namespace
} // namespace pileus::imds
