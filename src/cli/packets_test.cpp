// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace pileus::cli {
namespace {

boost::json::object answer_of(const char* text) {
    return boost::json::parse(text).as_object();
}

TEST(RenderExplanation, ShowsTheWayAndTheCommand) {
    const auto answer = answer_of(R"({"arrives": false, "answered": false, "hops": [
        {"kind": "security-group-egress", "id": "sg-1", "direction": "there", "passes": true, "text": "its rule allows everything to 0.0.0.0/0"},
        {"kind": "network-acl-ingress", "id": "acl-1", "direction": "there", "passes": false, "text": "into subnet-1: no entry",
         "command": "aws ec2 create-network-acl-entry"}]})");
    Terminal terminal;
    terminal.unicode = true;
    EXPECT_EQ(render_explanation(answer, terminal),
              "  ✓ security group, out  sg-1: its rule allows everything to 0.0.0.0/0\n"
              "  ✗ network acl, in      acl-1: into subnet-1: no entry\n"
              "It does not arrive.\n"
              "This would change it:\n"
              "  pileus aws ec2 create-network-acl-entry\n");
}

TEST(RenderExplanation, TellsTheAnswerApartAndSpeaksAscii) {
    const auto answer = answer_of(R"({"arrives": true, "answered": true, "hops": [
        {"kind": "interface", "id": "eni-1", "direction": "there", "passes": true, "text": "tcp 10.0.0.4 → 10.0.0.5 port 22"},
        {"kind": "destination", "id": "", "direction": "back", "passes": true, "text": "the answer comes back"}]})");
    EXPECT_EQ(render_explanation(answer, Terminal{}),
              "  ok interface            eni-1: tcp 10.0.0.4 -> 10.0.0.5 port 22\n"
              "  and the answer:\n"
              "  ok destination          the answer comes back\n"
              "It passes, and so does what comes back.\n");
}

} // namespace
} // namespace pileus::cli
