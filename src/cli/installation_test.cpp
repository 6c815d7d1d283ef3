// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/temporary_folder.h"
#include "cli/credentials.h"
#include "cli/http_client.h"
#include "cli/installation.h"
#include "cli/quote.h"
#include "cli/xml_reader.h"

#include <gtest/gtest.h>
#include <string>

namespace pileus::cli {
namespace {

std::string credentials_text(const std::string& key) {
    return "endpoint = \"http://127.0.0.1:4566\"\nregion = \"eu-west-1\"\naccess_key_id = \"" +
           key + "\"\nsecret_access_key = \"s\"\n";
}

TEST(Installation, AnOptionComesBeforeTheEnvironmentAndThatBeforeTheFile) {
    TemporaryFolder folder;
    ASSERT_TRUE(
        write_file_durably(folder / "p.toml", "data_dir = \"/from/file\"\n[api]\nport = 5000\n"));
    Environment environment({{"PILEUS_CONFIG", (folder / "p.toml").string()}, {"HOME", "/h"}});
    EXPECT_EQ(Installation::find({}, environment)->data_dir, "/from/file");
    EXPECT_EQ(Installation::find({}, environment)->port, 5000);
    environment.set("PILEUS_DATA_DIR", "/from/environment");
    environment.set("PILEUS_PORT", "5001");
    EXPECT_EQ(Installation::find({}, environment)->data_dir, "/from/environment");
    EXPECT_EQ(Installation::find({}, environment)->port, 5001);
    InstallationOptions options;
    options.data_dir = "/from/option";
    EXPECT_EQ(Installation::find(options, environment)->data_dir, "/from/option");
}

TEST(Installation, ANamedFileThatIsNotThereAndAPortThatIsNoneAreErrors) {
    const Environment missing({{"PILEUS_CONFIG", "/nonexistent.toml"}, {"HOME", "/h"}});
    EXPECT_EQ(Installation::find({}, missing).error().code, errors::not_found);
    EXPECT_FALSE(read_config_excerpt("[api]\nport = 70000\n", "f"));
    EXPECT_FALSE(read_config_excerpt("[api]\nport = \n", "f"));
}

TEST(Credentials, AreThoseOfTheEnvironmentOnlyWhenAllAreSet) {
    TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "c.toml", credentials_text("FILE")));
    Environment environment({{"AWS_ENDPOINT_URL", "http://127.0.0.1:1"},
                             {"AWS_ACCESS_KEY_ID", "ENVIRONMENT"},
                             {"PILEUS_CREDENTIALS", (folder / "c.toml").string()}});
    const Installation installation;
    const auto from_file = find_credentials(installation, environment);
    ASSERT_TRUE(from_file);
    EXPECT_EQ(from_file->access_key_id, "FILE");
    EXPECT_EQ(from_file->region, "eu-west-1");
    environment.set("AWS_SECRET_ACCESS_KEY", "s");
    EXPECT_EQ(find_credentials(installation, environment)->access_key_id, "ENVIRONMENT");
}

TEST(Credentials, OfANamedInstallationComeBeforeThePersonsOwn) {
    TemporaryFolder folder;
    Installation installation;
    installation.data_dir = folder / "data";
    installation.user_dir = folder / "user";
    ASSERT_TRUE(make_directories(installation.data_dir));
    ASSERT_TRUE(make_directories(installation.user_dir));
    const auto none = find_credentials(installation, Environment());
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("./up"), std::string::npos);
    ASSERT_TRUE(
        write_file_durably(installation.user_dir / "credentials.toml", credentials_text("OWN")));
    EXPECT_EQ(find_credentials(installation, Environment())->access_key_id, "OWN");
    ASSERT_TRUE(
        write_file_durably(installation.data_dir / "credentials.toml", credentials_text("DATA")));
    EXPECT_EQ(find_credentials(installation, Environment())->access_key_id, "DATA");
}

TEST(ShellQuote, LeavesPlainWordsAndQuotesTheRest) {
    EXPECT_EQ(shell_quote("http://127.0.0.1:4566"), "http://127.0.0.1:4566");
    EXPECT_EQ(shell_quote(""), "''");
    EXPECT_EQ(shell_quote("a b$(c)"), "'a b$(c)'");
    EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
}

TEST(Endpoint, TakesAHostAndAPortAndSaysWhyItRefusesOthers) {
    EXPECT_EQ(Endpoint::parse("http://127.0.0.1:4566/")->authority(), "127.0.0.1:4566");
    EXPECT_EQ(Endpoint::parse("http://[::1]:81")->host, "::1");
    EXPECT_EQ(Endpoint::parse("http://[::1]:81")->authority(), "[::1]:81");
    for (const char* bad : {"https://a",
                            "127.0.0.1:1",
                            "http://",
                            "http://a:0",
                            "http://a:x",
                            "http://a/path",
                            "http://a\r\nX: y"})
        EXPECT_FALSE(Endpoint::parse(bad)) << bad;
}

TEST(HttpAnswer, IsReadByItsLengthAndRefusedWhenBroken) {
    const auto answer = parse_answer("HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\nabc");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    EXPECT_EQ(answer->body, "ab");
    EXPECT_FALSE(parse_answer(""));
    EXPECT_FALSE(parse_answer("SSH-2.0-x\r\n\r\n"));
    EXPECT_FALSE(parse_answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"));
}

TEST(XmlReader, ReadsListsTextAndEntities) {
    const auto root =
        parse_xml("<?xml version=\"1.0\"?>\n<R xmlns=\"u\"><set><item><n>a&amp;&#x20AC;"
                  "</n></item><item/></set></R>");
    ASSERT_TRUE(root);
    ASSERT_EQ(root->items("set").size(), 2u);
    EXPECT_EQ((*root->items("set")[0])["n"].text, "a&\u20AC");
    EXPECT_EQ((*root)["absent"]["deeper"].text, "");
    EXPECT_FALSE(root->has("absent"));
}

TEST(XmlReader, RefusesWhatIsMalformedOrTooDeep) {
    std::string deep;
    for (size_t i = 0; i <= xml_depth_limit; ++i)
        deep += "<a>";
    for (const std::string& bad : {std::string(),
                                   std::string("<a>"),
                                   std::string("<a></b>"),
                                   std::string("<a>&x;</a>"),
                                   std::string("<a/><b/>"),
                                   std::string("<!DOCTYPE a><a/>"),
                                   deep})
        EXPECT_FALSE(parse_xml(bad)) << bad;
}

} // namespace
} // namespace pileus::cli
