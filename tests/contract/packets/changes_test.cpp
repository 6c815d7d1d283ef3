// SPDX-License-Identifier: Apache-2.0
// While everything changes: what no state allows never passes, what every state allows is never
// lost.
#include "matrix_fixture.h"

#include <atomic>
#include <thread>

namespace pileus::drivers {
namespace {

constexpr int udp = protocols::udp;
constexpr int always = 300, never = 400; // ports
constexpr int changes = 1000;

// Sends connections that must pass and ones that must not, until it is told to stop. The fleet's
// view stands still meanwhile.
class Prober {
  public:
    explicit Prober(Fleet& fleet) : fleet_(fleet), thread_([this] { run(); }) {}
    ~Prober() { stop(); }
    void stop() {
        is_stopping_ = true;
        if (thread_.joinable())
            thread_.join();
    }
    // After stop().
    void expect_none_wrong(size_t at_least) {
        fleet_.settle();
        int leaked = 0, lost = 0;
        for (const auto number : denied_)
            leaked += fleet_.has_arrived(number) ? 1 : 0;
        for (const auto number : allowed_)
            lost += fleet_.has_arrived(number) ? 0 : 1;
        EXPECT_EQ(leaked, 0) << "of " << denied_.size();
        EXPECT_EQ(lost, 0) << "of " << allowed_.size();
        EXPECT_GT(denied_.size(), at_least);
    }

  private:
    void run() {
        int port = 0;
        while (!is_stopping_) {
            for (const auto& [from, to] :
                 {std::pair{"eni-a", "eni-b"}, std::pair{"eni-a", "eni-c"}}) {
                auto packet = between(from, to, udp, always);
                packet.source_port = 20000 + port++ % 40000;
                allowed_.push_back(fleet_.send(packet));
                packet.port = never;
                denied_.push_back(fleet_.send(packet));
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }

    Fleet& fleet_;
    std::vector<uint32_t> allowed_, denied_;
    std::atomic<bool> is_stopping_ = false;
    std::thread thread_;
};

class Changes : public PacketTest {
  protected:
    SecurityGroupSpec group(int turn) const {
        SecurityGroupSpec spec{"sg-turning", "vpc-m", {rule_of(true, -1, -1, -1, "0.0.0.0/0")}};
        for (int i = 0; i < 20; ++i) // others come and go around the one that stays
            spec.rules.push_back(rule_of(
                false, udp, 1000 + turn % 7 * 50 + i, 1000 + turn % 7 * 50 + i, "10.1.0.0/16"));
        spec.rules.insert(
            spec.rules.begin() + turn % 20,
            rule_of(false, udp, always, always, turn % 2 == 0 ? "0.0.0.0/0" : "10.1.1.0/24"));
        return spec;
    }
    VpcSpec vpc(int turn) const {
        auto spec = vpc_;
        for (auto& acl : spec.network_acls)
            for (int i = 0; i < turn % 5; ++i)
                acl.entries.insert(acl.entries.begin(),
                                   {90 - i,
                                    turn % 2 == 0,
                                    false,
                                    udp,
                                    *parse_cidr("10.1.0.0/16"),
                                    never + i,
                                    never + i});
        spec.route_tables[0].routes.push_back(
            {Ipv4Cidr{Ipv4{0xc633'6400u + static_cast<uint32_t>(turn % 9) * 4}, 30},
             RouteTarget::blackhole,
             ""});
        return spec;
    }
    void make_turning() {
        make_sample();
        fleet_->apply_groups({group(0), {"sg-second", "vpc-m", {}}});
        for (const auto* id : {"eni-b", "eni-c"}) {
            auto interface = fleet_->interface(id);
            interface.security_group_ids = {"sg-turning"};
            fleet_->ensure_interface(interface);
        }
    }
    Result<void> change(int turn) {
        auto& network = fleet_->network();
        if (turn % 10 == 8)
            return network.ensure_vpc(vpc(turn));
        if (turn % 10 == 9) {
            auto interface = fleet_->interface(turn % 20 == 9 ? "eni-b" : "eni-c");
            if (turn % 3 == 0)
                interface.security_group_ids.push_back("sg-second");
            if (turn % 4 == 0)
                interface.addresses[0].public_ip.reset();
            return network.ensure_interface(interface);
        }
        return network.apply_security_groups({group(turn)});
    }
};

TEST_F(Changes, AThousandOfThemForwardNothingWrong) {
    make_turning();
    Prober prober(*fleet_);
    for (int turn = 1; turn <= changes; ++turn)
        ASSERT_OK(change(turn));
    prober.stop();
    prober.expect_none_wrong(changes / 2);
}

TEST_F(Changes, ADriverThatStartsAnewForwardsNothingWrong) {
    make_turning();
    Prober prober(*fleet_);
    for (int turn = 1; turn <= 60; ++turn) {
        ASSERT_OK(change(turn));
        if (turn % 6 == 0)
            fleet_->restart_driver();
    }
    prober.stop();
    prober.expect_none_wrong(100);
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
TEST_F(Changes, ARevokedRuleEndsNewConnectionsAndNotTrackedOnes) {
    make_sample();
    const std::vector<TrafficRule> out{rule_of(true, -1, -1, -1, "0.0.0.0/0")};
    auto in = out;
    in.push_back(rule_of(false, udp, 53, 53, "10.1.1.10/32"));
    fleet_->apply_groups({{"sg-dns", "vpc-m", in}});
    auto c = fleet_->interface("eni-c");
    c.security_group_ids = {"sg-dns"};
    fleet_->ensure_interface(c);
    auto old_flow = between("eni-a", "eni-c", udp, 53), new_flow = old_flow;
    old_flow.source_port = 15000;
    new_flow.source_port = 15001;
    const auto arrives = [&](const Packet& packet) {
        const auto number = fleet_->send(packet);
        fleet_->settle();
        return fleet_->has_arrived(number);
    };
    ASSERT_TRUE(arrives(old_flow));
    fleet_->apply_groups({{"sg-dns", "vpc-m", out}});
    EXPECT_TRUE(arrives(old_flow)) << "it is tracked";
    EXPECT_FALSE(arrives(new_flow));
    // An ACL keeps no state.
    auto closed = vpc_;
    closed.network_acls[1].entries.insert(closed.network_acls[1].entries.begin(),
                                          {1, false, false, udp, *parse_cidr("0.0.0.0/0"), 53, 53});
    fleet_->ensure_vpc(closed);
    EXPECT_FALSE(arrives(old_flow));
    fleet_->ensure_vpc(vpc_);
    EXPECT_TRUE(arrives(old_flow));
    // The next owner of the address inherits nothing.
    fleet_->remove_interface("eni-c");
    c.id = "eni-next";
    fleet_->ensure_interface(c);
    old_flow.to.interface_id = "eni-next";
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    EXPECT_FALSE(arrives(old_flow));
}

} // namespace
} // namespace pileus::drivers
