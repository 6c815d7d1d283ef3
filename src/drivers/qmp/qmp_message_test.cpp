// SPDX-License-Identifier: Apache-2.0
#include "drivers/qmp/qmp_message.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

using Kind = QmpMessage::Kind;

TEST(QmpLineReader, PutsPiecesTogether) {
    QmpLineReader reader;
    EXPECT_TRUE(reader.append("{\"a\""));
    EXPECT_EQ(reader.next(), std::nullopt);
    EXPECT_TRUE(reader.append(":1}\r\n\n{}\n{"));
    EXPECT_EQ(reader.next(), "{\"a\":1}");
    EXPECT_EQ(reader.next(), "{}");
    EXPECT_EQ(reader.next(), std::nullopt);
    EXPECT_TRUE(reader.append("}\n"));
    EXPECT_EQ(reader.next(), "{}");
}

TEST(QmpLineReader, GivesUpOnALineWithoutEnd) {
    QmpLineReader reader;
    const std::string piece(64 * 1024, 'x');
    size_t taken = 0;
    while (reader.append(piece)) {
        taken += piece.size();
        EXPECT_EQ(reader.next(), std::nullopt);
        ASSERT_LE(taken, qmp_limits::line_bytes);
    }
    EXPECT_EQ(taken, qmp_limits::line_bytes);
}

TEST(QmpMessage, KnowsTheFourKinds) {
    EXPECT_EQ(parse_qmp_message(R"({"QMP": {"version": {}}})")->kind, Kind::greeting);
    const auto reply = parse_qmp_message(R"({"return": {"status": "running"}, "id": 7})");
    EXPECT_EQ(reply->kind, Kind::reply);
    EXPECT_EQ(reply->id, 7);
    EXPECT_EQ(reply->data.at("status"), "running");
    const auto error = parse_qmp_message(
        R"({"id": 8, "error": {"class": "GenericError", "desc": "no such thing"}})");
    EXPECT_EQ(error->kind, Kind::error);
    EXPECT_EQ(error->name, "GenericError");
    EXPECT_EQ(error->description, "no such thing");
    const auto event = parse_qmp_message(
        R"({"timestamp": {"seconds": 1}, "event": "SHUTDOWN", "data": {"guest": true}})");
    EXPECT_EQ(event->kind, Kind::event);
    EXPECT_EQ(event->name, "SHUTDOWN");
    EXPECT_EQ(event->data.at("guest"), true);
}

TEST(QmpMessage, RefusesWhatIsNotQmp) {
    for (const char* text : {"",
                             "x",
                             "[]",
                             "7",
                             "null",
                             "{",
                             "{}",
                             R"({"event": 7})",
                             R"({"error": "text"})",
                             R"({"return": {})",
                             "{\"event\":\"A\"}x"})
        EXPECT_FALSE(parse_qmp_message(text)) << text;
    EXPECT_FALSE(parse_qmp_message("{\"return\":" + std::string(100'000, '[')));
    std::string deep = "{\"return\":";
    for (int i = 0; i < 100; ++i)
        deep += "[";
    for (int i = 0; i < 100; ++i)
        deep += "]";
    EXPECT_FALSE(parse_qmp_message(deep + "}"));
}

TEST(QmpMessage, IdsOfOtherTypesAreNoIds) {
    EXPECT_EQ(parse_qmp_message(R"({"return": {}, "id": "7"})")->id, std::nullopt);
    EXPECT_EQ(parse_qmp_message(R"({"return": {}, "id": 1.5})")->id, std::nullopt);
}

TEST(QmpMessage, WritesCommands) {
    EXPECT_EQ(format_qmp_command(3, "quit", {}), "{\"execute\":\"quit\",\"id\":3}\n");
    EXPECT_EQ(format_qmp_command(4, "x", {{"a", "b\n"}}),
              "{\"execute\":\"x\",\"id\":4,\"arguments\":{\"a\":\"b\\n\"}}\n");
}

} // namespace
} // namespace pileus::drivers
