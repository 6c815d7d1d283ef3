// SPDX-License-Identifier: Apache-2.0
// Network ACLs: stateless, at the borders of subnets, in the order of their numbers.
#include "linux_fixture.h"

namespace pileus::drivers {
namespace {

using namespace std::chrono_literals;

AclEntrySpec
entry(int number, bool egress, bool allow, int protocol, const char* peer, int from, int to) {
    return {number, egress, allow, protocol, *parse_cidr(peer), from, to};
}

class AclTest : public LinuxNetworkTest {
  protected:
    void use(std::vector<AclEntrySpec> entries) {
        vpc_.network_acls = {{"acl-1", std::move(entries)}};
        vpc_.subnets[0].network_acl_id = "acl-1";
        ASSERT_OK(network_->ensure_vpc(vpc_));
    }
};

TEST_F(AclTest, AnswersNeedTheirOwnEntry) {
    const auto server = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto near = sample_interface(vpc_, 11, 0, {"sg-open"});
    const auto far = sample_interface(vpc_, 12, 1, {"sg-open"});
    const auto a = guest(server), n = guest(near), f = guest(far);
    const auto ssh = a->listen(22), web = a->listen(80);
    ASSERT_TRUE(f->reaches(server.private_ip(), 22));

    use({});
    EXPECT_TRUE(f->is_refused(server.private_ip(), 22)) << "what no entry matches is denied";
    EXPECT_TRUE(n->reaches(server.private_ip(), 22)) << "neighbours do not cross the border";
    EXPECT_TRUE(n->reaches(*Ipv4::parse("169.254.169.254"), 80)) << "nor do local services";
    EXPECT_EQ(n->resolve(far.host_name + ".ec2.internal", *Ipv4::parse("172.31.0.2")),
              far.private_ip());

    const auto in = entry(100, false, true, 6, "172.31.16.0/20", 22, 22);
    use({in});
    EXPECT_TRUE(f->is_refused(server.private_ip(), 22)) << "the answer may not leave";
    use({in, entry(100, true, true, 6, "172.31.16.0/20", 1024, 65535)});
    EXPECT_TRUE(f->reaches(server.private_ip(), 22));
    EXPECT_TRUE(f->is_refused(server.private_ip(), 80));
    EXPECT_TRUE(a->is_refused(far.private_ip(), 22)) << "its own connections may not leave";

    use({entry(50, false, false, 6, "172.31.16.0/24", 22, 22),
         in,
         entry(100, true, true, -1, "0.0.0.0/0", -1, -1)});
    EXPECT_TRUE(f->is_refused(server.private_ip(), 22)) << "the lower number decides";
}

TEST_F(AclTest, AnEstablishedConnectionStopsWithItsEntry) {
    const auto all = std::vector{entry(100, false, true, -1, "0.0.0.0/0", -1, -1),
                                 entry(100, true, true, -1, "0.0.0.0/0", -1, -1)};
    use(all);
    const auto server = sample_interface(vpc_, 10, 0, {"sg-open"});
    const auto far = sample_interface(vpc_, 12, 1, {"sg-open"});
    const auto a = guest(server), f = guest(far);
    const auto ssh = a->listen(22);
    const auto connection = f->connect(server.private_ip(), 22, 3s);
    ASSERT_TRUE(connection);
    const UniqueFd accepted(::accept(ssh.get(), nullptr, nullptr));
    const int runs = runner_.runs;
    use({all[1]});
    EXPECT_EQ(runner_.runs - runs, 1) << "one transaction";
    ASSERT_EQ(::send(connection.get(), "x", 1, MSG_NOSIGNAL), 1);
    pollfd polled{accepted.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&polled, 1, 300), 0) << "it has no memory";
    use(all);
    EXPECT_EQ(::poll(&polled, 1, 3000), 1) << "and goes on when it may";
}

TEST_F(AclTest, PublicTrafficCrossesTheBorder) {
    auto server = sample_interface(vpc_, 10, 0, {"sg-open"});
    server.addresses[0].public_ip = *Ipv4::parse("127.99.0.10");
    const auto a = guest(server);
    const auto ssh = a->listen(22);
    use({entry(100, false, true, 6, "0.0.0.0/0", 22, 22),
         entry(100, true, true, 6, "0.0.0.0/0", 1024, 65535)});
    EXPECT_TRUE(connect_to(*server.addresses[0].public_ip, 22, 3s));
    use({entry(100, false, true, 6, "172.31.0.0/16", 22, 22),
         entry(100, true, true, 6, "0.0.0.0/0", 1024, 65535)});
    EXPECT_FALSE(connect_to(*server.addresses[0].public_ip, 22, 250ms));
}

} // namespace
} // namespace pileus::drivers
