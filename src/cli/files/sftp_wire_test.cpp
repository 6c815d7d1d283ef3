// SPDX-License-Identifier: Apache-2.0
#include "cli/files/limits.h"
#include "cli/files/sftp_wire.h"

#include <gtest/gtest.h>

namespace pileus::cli::files::sftp {
namespace {

using namespace std::literals;

std::vector<Packet> packets_of(PacketReader& reader) {
    std::vector<Packet> packets;
    for (;;) {
        auto packet = reader.next();
        EXPECT_TRUE(packet.has_value());
        if (!packet || !*packet)
            return packets;
        packets.push_back(std::move(**packet));
    }
}

TEST(SftpWire, RequestsHaveTheirLengthTypeAndNumberInFront) {
    EXPECT_EQ(encode(Type::mkdir, 7, Request().text("a b").number(0)),
              "\0\0\0\x10\x0e\0\0\0\x07\0\0\0\x03"
              "a b\0\0\0\0"s);
}

TEST(SftpWire, CutsPacketsWhereverTheNetworkCutThem) {
    const auto bytes = encode(Type::data, 1, Request().text("first")) +
                       encode(Type::data, 2, Request().text("second"));
    PacketReader reader;
    std::vector<std::string> seen;
    for (const char byte : bytes) {
        reader.append(std::string_view(&byte, 1));
        for (const auto& packet : packets_of(reader))
            seen.push_back(read_data(packet).value());
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"first", "second"}));
}

TEST(SftpWire, RefusesWhatIsNoPacket) {
    // What a start-up file prints comes first: "Welc" would be a length of 1.4 GB.
    for (const auto bytes : {"Welcome to this server"sv, "\0\0\0\0\0"sv, "\0\x05\0\0"sv}) {
        PacketReader reader;
        reader.append(bytes);
        const auto packet = reader.next();
        ASSERT_FALSE(packet.has_value());
        EXPECT_EQ(packet.error().code, connection_broken);
    }
}

TEST(SftpWire, ReadsAListing) {
    Request fields;
    fields.number(2);
    fields.text("a\nb").text("-rw-r--r-- 1 …").number(1 | 2 | 4 | 8);
    fields.number64(5'000'000'000).number(1000).number(1000).number(0100644).number(1).number(99);
    fields.text("link").text("").number(4).number(0120777);
    const auto entries = read_names({Type::name, 1, fields.fields()});
    ASSERT_TRUE(entries.has_value());
    ASSERT_EQ(entries->size(), 2u);
    EXPECT_EQ(entries->at(0).name, "a\nb");
    EXPECT_EQ(entries->at(0).attributes.kind, Kind::file);
    EXPECT_EQ(entries->at(0).attributes.size, 5'000'000'000u);
    EXPECT_EQ(entries->at(0).attributes.mode, 0644u);
    EXPECT_EQ(entries->at(0).attributes.modified_seconds, 99);
    EXPECT_EQ(entries->at(1).attributes.kind, Kind::link);
}

TEST(SftpWire, RefusesAnswersThatAreCutOffOrTooMany) {
    const auto whole = Request().number(1).text("name").text("").number(1).number64(7).fields();
    EXPECT_TRUE(read_names({Type::name, 1, whole}).has_value());
    for (size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(read_names({Type::name, 1, whole.substr(0, size)}).has_value()) << size;
    EXPECT_FALSE(read_names({Type::name, 1, Request().number(names_per_reply_max + 1).fields()})
                     .has_value());
    EXPECT_FALSE(
        read_handle({Type::handle, 1, Request().text(std::string(300, 'h')).fields()}).has_value());
    EXPECT_FALSE(read_data({Type::handle, 1, Request().text("x").fields()}).has_value());
    EXPECT_FALSE(read_status({Type::status, 1, "\0\0"s}).has_value());
}

TEST(SftpWire, ReadsTheGreetingsExtensions) {
    const auto fields = Request().text("posix-rename@openssh.com").text("1").fields();
    EXPECT_TRUE(
        read_extensions({Type::version, 3, fields}).value().contains("posix-rename@openssh.com"));
    EXPECT_TRUE(read_extensions({Type::version, 3, ""}).value().empty());
    EXPECT_FALSE(read_extensions({Type::status, 3, fields}).has_value());
}

} // namespace
} // namespace pileus::cli::files::sftp
