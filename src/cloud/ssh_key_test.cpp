// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/process.h"
#include "base/temporary_folder.h"
#include "base/text.h"
#include "cloud/ssh_key.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::cloud {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string test_key(const std::string& name) {
    return read_file(std::string(PILEUS_CLOUD_TESTDATA) + "/keys/" + name).value();
}

// "ssh-rsa AAAA…" of a line that also has a comment.
std::string without_comment(std::string_view line) {
    const auto words = split(trim(line), ' ');
    return std::string(words[0]) + " " + std::string(words[1]);
}

// What `openssl rsa -pubin -outform DER | openssl md5 -c` says of the test key.
constexpr auto rsa_fingerprint = "d8:79:1f:be:64:06:77:64:a9:74:ef:25:6f:be:12:1e";

TEST(SshKey, ReadsEveryFormThatEc2Takes) {
    const auto expected = without_comment(test_key("rsa.pub"));
    std::string der; // base64 of DER is a PEM block without its first and last line
    const auto pem = test_key("rsa.pem");
    for (const auto line : split(pem, '\n'))
        if (!line.starts_with("-----"))
            der += line;
    const std::pair<std::string, std::string> forms[]{
        {"OpenSSH", test_key("rsa.pub")},
        {"without a comment", expected},
        {"RFC 4716", test_key("rsa.rfc4716")},
        {"PEM", test_key("rsa.pem")},
        {"PKCS#1 PEM", test_key("rsa.pkcs1.pem")},
        {"DER", der},
    };
    for (const auto& [form, material] : forms) {
        const auto key = import_ssh_key(material);
        ASSERT_TRUE(key) << form << ": " << key.error().message;
        EXPECT_EQ(key->type, KeyType::rsa) << form;
        EXPECT_EQ(key->openssh, expected) << form;
        EXPECT_EQ(key->fingerprint, rsa_fingerprint) << form;
    }
}

TEST(SshKey, Ed25519FingerprintIsThatOfSshKeygenPadded) {
    const auto key = import_ssh_key(test_key("ed25519.pub"));
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->type, KeyType::ed25519);
    EXPECT_EQ(key->fingerprint, "8jS2Us3eIn2/tVbS2aoVB0J6XYNWn50JBxiVKM4vp5s=");
}

TEST(SshKey, RefusesWhatIsNoUsableKey) {
    const auto rsa = test_key("rsa.pub");
    const std::string cases[]{
        "",
        "not a key",
        "ssh-rsa",
        "ssh-rsa !!!",
        rsa.substr(0, rsa.size() / 2),
        "ssh-rsa " + base64_encode(std::string("\0\0\0\7ssh-rsa\xff\xff\xff\xff", 15)),
        "ssh-ed25519 " + base64_encode(std::string("\0\0\0\13ssh-ed25519\0\0\0\1x", 20)),
        test_key("ecdsa.pub"),
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        std::string(20000, 'A'),
    };
    for (const auto& material : cases) {
        const auto key = import_ssh_key(material);
        ASSERT_FALSE(key) << material;
        EXPECT_EQ(key.error().code, "InvalidKey.Format") << material;
    }
}

// What other programs make of a private key that we made.
class GeneratedSshKeyTest : public testing::TestWithParam<KeyType> {
  protected:
    // Standard output of a program; the test is skipped where the program is not there.
    std::string ask(const std::vector<std::string>& argv) {
        const auto out = runner_.run({.argv = argv});
        if (!out)
            return "";
        EXPECT_EQ(out->exit_code, 0) << out->err;
        return std::string(trim(out->out));
    }
    bool has(const std::string& program) {
        return runner_.run({.argv = {program, "-?"}}).has_value();
    }
    std::string save(const std::string& text) {
        const auto path = (folder_ / "key").string();
        EXPECT_TRUE(write_file_durably(path, text));
        return path;
    }

    SystemProcessRunner runner_;
    TemporaryFolder folder_;
};

TEST_P(GeneratedSshKeyTest, SshKeygenReadsIt) {
    if (!has("ssh-keygen"))
        GTEST_SKIP() << "ssh-keygen is not installed";
    const auto made = generate_ssh_key(GetParam(), PrivateKeyFormat::pem, "web");
    ASSERT_TRUE(made) << made.error().message;
    const auto path = save(made->private_key);
    EXPECT_EQ(without_comment(ask({"ssh-keygen", "-y", "-P", "", "-f", path})),
              made->public_key.openssh);
}

TEST_P(GeneratedSshKeyTest, PuttygenReadsIt) {
    if (!has("puttygen"))
        GTEST_SKIP() << "puttygen is not installed";
    const auto made = generate_ssh_key(GetParam(), PrivateKeyFormat::ppk, "web");
    ASSERT_TRUE(made) << made.error().message;
    const auto path = save(made->private_key);
    EXPECT_EQ(ask({"puttygen", path, "-L"}), made->public_key.openssh + " web");
}

INSTANTIATE_TEST_SUITE_P(Types,
                         GeneratedSshKeyTest,
                         testing::Values(KeyType::rsa, KeyType::ed25519),
                         [](const auto& type) {
                             return type.param == KeyType::rsa ? "Rsa" : "Ed25519";
                         });

TEST(SshKey, MadeRsaFingerprintIsSha1OfThePkcs8Form) {
    SystemProcessRunner runner;
    const TemporaryFolder folder;
    const auto made = generate_ssh_key(KeyType::rsa, PrivateKeyFormat::pem, "web");
    ASSERT_TRUE(made);
    EXPECT_THAT(made->private_key, StartsWith("-----BEGIN RSA PRIVATE KEY-----\n"));
    const auto pem = (folder / "key").string();
    const auto der = (folder / "der").string();
    ASSERT_TRUE(write_file_durably(pem, made->private_key));
    // The line that EC2's documentation gives to check a fingerprint.
    const auto converted = runner.run({.argv = {"openssl",
                                                "pkcs8",
                                                "-in",
                                                pem,
                                                "-inform",
                                                "PEM",
                                                "-outform",
                                                "DER",
                                                "-topk8",
                                                "-nocrypt",
                                                "-out",
                                                der}});
    if (!converted)
        GTEST_SKIP() << "openssl is not installed";
    const auto digest = runner.run({.argv = {"openssl", "sha1", "-c", der}});
    ASSERT_TRUE(digest);
    EXPECT_THAT(digest->out, HasSubstr("= " + made->public_key.fingerprint + "\n"));
}

} // namespace
} // namespace pileus::cloud
