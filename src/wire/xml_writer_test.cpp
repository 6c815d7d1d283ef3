// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "model/ec2/create_route.h"
#include "model/ec2/delete_volume.h"
#include "model/ec2/describe_instance_attribute.h"
#include "model/ec2/describe_spot_price_history.h"
#include "model/ec2/describe_vpcs.h"
#include "model/ec2/run_instances.h"
#include "model/sts/assume_role.h"
#include "model/sts/get_caller_identity.h"
#include "wire/scalar.h"
#include "wire/xml_writer.h"

#include <chrono>
#include <gtest/gtest.h>

namespace pileus::wire {
namespace {

constexpr std::string_view declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

// The response to an operation, without the parts that every response has; checks those.
template <class Operation> std::string body_of(const model::Record* output) {
    std::string xml = write_response(Operation::schema(), output, "2016-11-15", "req-1");
    std::string name(Operation::name);
    std::string head =
        std::string(declaration) + "<" + name +
        "Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>req-1</requestId>";
    std::string tail = "</" + name + "Response>";
    EXPECT_TRUE(xml.starts_with(head)) << xml;
    EXPECT_TRUE(xml.ends_with(tail)) << xml;
    return xml.substr(head.size(), xml.size() - head.size() - tail.size());
}

TEST(XmlWriter, WritesNestedStructuresListsAndScalars) {
    model::Arena arena;
    auto out = model::Reservation::make(arena);
    out.set_reservation_id("r-1").set_owner_id("000000000000");
    model::Instance instance = out.add_instances();
    instance.set_instance_id("i-1")
        .set_public_dns_name("")
        .set_ebs_optimized(false)
        .set_ami_launch_index(0);
    instance.set_launch_time(Time{std::chrono::milliseconds{1'324'369'771'000}});
    instance.set_state().set_code(0).set_name("pending");
    instance.add_tags().set_key("Name").set_value("a<b");
    instance.touch_block_device_mappings();
    EXPECT_EQ(body_of<model::operations::RunInstances>(out.record()),
              "<reservationId>r-1</reservationId><ownerId>000000000000</ownerId><groupSet/>"
              "<instancesSet><item><blockDeviceMapping/><ebsOptimized>false</ebsOptimized>"
              "<tagSet><item><key>Name</key><value>a&lt;b</value></item></tagSet>"
              "<instanceId>i-1</instanceId>"
              "<instanceState><code>0</code><name>pending</name></instanceState>"
              "<dnsName></dnsName><amiLaunchIndex>0</amiLaunchIndex>"
              "<launchTime>2011-12-20T08:29:31.000Z</launchTime></item></instancesSet>");
}

TEST(XmlWriter, RendersTheListsOfTheOutputEvenWhenNobodyTouchedThem) {
    model::Arena arena;
    auto out = model::DescribeVpcsResult::make(arena);
    EXPECT_EQ(body_of<model::operations::DescribeVpcs>(out.record()), "<vpcSet/>");
    out.add_vpcs().set_vpc_id("vpc-1");
    EXPECT_EQ(body_of<model::operations::DescribeVpcs>(out.record()),
              "<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>");
}

TEST(XmlWriter, RendersOnlyTheAttributeThatWasAskedFor) {
    model::Arena arena;
    auto out = model::InstanceAttribute::make(arena);
    out.set_instance_id("i-1").set_disable_api_termination().set_value(false);
    EXPECT_EQ(body_of<model::operations::DescribeInstanceAttribute>(out.record()),
              "<disableApiTermination><value>false</value></disableApiTermination><instanceId>i-1</"
              "instanceId>");
}

TEST(XmlWriter, SaysReturnTrue) {
    EXPECT_EQ(body_of<model::operations::DeleteVolume>(nullptr), "<return>true</return>");
    model::Arena arena;
    auto out = model::CreateRouteResult::make(arena);
    EXPECT_EQ(body_of<model::operations::CreateRoute>(out.record()), "<return>true</return>");
    out.set_return_(false);
    EXPECT_EQ(body_of<model::operations::CreateRoute>(out.record()), "<return>false</return>");
}

TEST(XmlWriter, NamesTheRequestedVersion) {
    std::string xml =
        write_response(model::operations::DeleteVolume::schema(), nullptr, "2014-10-01", "r");
    EXPECT_NE(xml.find("xmlns=\"http://ec2.amazonaws.com/doc/2014-10-01/\""), std::string::npos)
        << xml;
}

TEST(XmlWriter, WritesErrorsWithoutANamespace) {
    EXPECT_EQ(write_error(model::ec2_service(),
                          {"InvalidVpcID.NotFound", "The vpc ID 'vpc-<1>' does not exist"},
                          "req-1"),
              std::string(declaration) +
                  "<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code>"
                  "<Message>The vpc ID &apos;vpc-&lt;1&gt;&apos; does not "
                  "exist</Message></Error></Errors>"
                  "<RequestID>req-1</RequestID></Response>");
}

TEST(XmlWriter, WritesSts) {
    model::Arena arena;
    auto out = model::sts::GetCallerIdentityResponse::make(arena);
    out.set_account("000000000000")
        .set_arn("arn:aws:iam::000000000000:root")
        .set_user_id("000000000000");
    EXPECT_EQ(write_response(model::sts::operations::GetCallerIdentity::schema(),
                             out.record(),
                             "2011-06-15",
                             "req-1"),
              std::string(declaration) +
                  "<GetCallerIdentityResponse "
                  "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
                  "<UserId>000000000000</UserId><Account>000000000000</"
                  "Account><Arn>arn:aws:iam::000000000000:root</Arn>"
                  "</GetCallerIdentityResult><ResponseMetadata><RequestId>req-1</RequestId></"
                  "ResponseMetadata></GetCallerIdentityResponse>");
    EXPECT_EQ(write_error(model::sts_service(), {"InvalidClientTokenId", "No"}, "req-1"),
              std::string(declaration) +
                  "<ErrorResponse "
                  "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
                  "<Code>InvalidClientTokenId</Code><Message>No</Message></Error><RequestId>req-1</"
                  "RequestId></ErrorResponse>");
    EXPECT_NE(write_error(model::sts_service(), {"InternalError", "No"}, "r", true)
                  .find("<Type>Receiver</Type>"),
              std::string::npos);
}

TEST(XmlWriter, EscapesWhatXmlGivesAMeaning) {
    struct Case {
        std::string_view text;
        std::string_view expected;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"", ""},
             {"a<b>&\"'", "a&lt;b&gt;&amp;&quot;&apos;"},
             {"]]>", "]]&gt;"},
             {"a\tb\nc\rd", "a\tb\nc&#xD;d"},
             {std::string_view("a\0b\x01\x1f"
                               "c\x7f",
                               7),
              "abc\x7f"},
             {"\xC3\xA9\xF0\x9F\x94\x91", "\xC3\xA9\xF0\x9F\x94\x91"},
             {"a\xFF"
              "b",
              "a\xEF\xBF\xBD"
              "b"},
             {"\xC3", "\xEF\xBF\xBD"},
             {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},
             {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
             {"\xEF\xBF\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
         }) {
        std::string out;
        append_escaped(out, c.text);
        EXPECT_EQ(out, c.expected) << c.text;
    }
}

// What an XML parser reads back from escaped text.
std::string unescaped(std::string_view text) {
    static constexpr std::pair<std::string_view, char> entities[] = {{"&amp;", '&'},
                                                                     {"&lt;", '<'},
                                                                     {"&gt;", '>'},
                                                                     {"&quot;", '"'},
                                                                     {"&apos;", '\''},
                                                                     {"&#xD;", '\r'}};
    std::string out;
    while (!text.empty()) {
        size_t used = 1;
        char c = text[0];
        for (const auto& [entity, meant] : entities) {
            if (text.starts_with(entity)) {
                used = entity.size();
                c = meant;
            }
        }
        EXPECT_TRUE(used > 1 || (c != '&' && c != '<'));
        out += c;
        text.remove_prefix(used);
    }
    return out;
}

TEST(XmlWriter, KeepsEveryTextThatXmlCanCarryAndMakesTheRestReadable) {
    SeededRandom random(20261123);
    static constexpr std::string_view pieces[] = {"a",
                                                  "<",
                                                  ">",
                                                  "&",
                                                  "&amp;",
                                                  "\"",
                                                  "'",
                                                  "\r",
                                                  "\n",
                                                  "\t",
                                                  "]]>",
                                                  "\xC3\xA9",
                                                  "\xE2\x82\xAC",
                                                  "\xF0\x9F\x94\x91",
                                                  "\xC3",
                                                  "\xFF",
                                                  "\x01",
                                                  "\xED\xA0\x80",
                                                  "\xEF\xBF\xBF",
                                                  "\x80"};
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (uint64_t n = random.next_u64() % 12; n > 0; --n)
            text += pieces[random.next_u64() % std::size(pieces)];
        std::string out;
        append_escaped(out, text);
        std::string back = unescaped(out);
        EXPECT_TRUE(is_wire_text(back));
        if (is_wire_text(text)) {
            EXPECT_EQ(back, text);
        }
    }
}

TEST(XmlWriter, WritesFractionsShort) {
    model::Arena arena;
    auto out = model::sts::AssumeRoleResponse::make(arena);
    out.set_packed_policy_size(5);
    std::string xml = write_response(
        model::sts::operations::AssumeRole::schema(), out.record(), "2011-06-15", "r");
    EXPECT_NE(xml.find("<PackedPolicySize>5</PackedPolicySize>"), std::string::npos) << xml;
}

} // namespace
} // namespace pileus::wire
