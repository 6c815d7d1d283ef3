// SPDX-License-Identifier: Apache-2.0
#include "daemon/credentials_file.h"

#include "base/file.h"

#include <fmt/core.h>

#include <array>
#include <toml++/toml.h>

namespace pileus::daemon {

namespace {

std::string random_text(Random& random, std::string_view alphabet, size_t length) {
    std::string text;
    while (text.size() < length) {
        std::array<uint8_t, 64> bytes{};
        random.fill(bytes);
        // Bytes above the last whole multiple are thrown away, so that every character is equally
        // likely.
        const size_t fair = 256 - 256 % alphabet.size();
        for (const auto byte : bytes)
            if (byte < fair && text.size() < length)
                text.push_back(alphabet[byte % alphabet.size()]);
    }
    return text;
}

// In the form of AWS's own: clients and secret scanners know it.
auth::Credential make_credential(Random& random, const std::string& account_id) {
    static constexpr std::string_view base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    static constexpr std::string_view base64 =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    auth::Credential credential;
    credential.access_key_id = "AKIA" + random_text(random, base32, 16);
    credential.secret = random_text(random, base64, 40);
    credential.account_id = account_id;
    return credential;
}

std::optional<auth::Credential> read_credential(const std::filesystem::path& path) {
    const auto text = read_file(path);
    if (!text)
        return std::nullopt;
    toml::table file;
    try {
        file = toml::parse(*text);
    } catch (const toml::parse_error&) {
        return std::nullopt;
    }
    auth::Credential credential;
    credential.access_key_id = file["access_key_id"].value_or(std::string{});
    credential.secret = file["secret_access_key"].value_or(std::string{});
    credential.account_id = file["account_id"].value_or(std::string{});
    if (credential.access_key_id.empty() || credential.secret.empty() ||
        credential.account_id.empty())
        return std::nullopt;
    return credential;
}

} // namespace

Result<auth::Credential> ensure_credentials_file(const std::filesystem::path& path,
                                                 const std::string& endpoint,
                                                 const std::string& region,
                                                 const std::string& account_id,
                                                 const std::vector<auth::Credential>& configured,
                                                 Random& random) {
    auth::Credential credential;
    if (!configured.empty()) {
        credential = configured.front();
    } else if (auto earlier = read_credential(path)) {
        credential = std::move(*earlier);
    } else {
        credential = make_credential(random, account_id);
    }
    credential.user_id = credential.account_id;
    if (credential.arn.empty())
        credential.arn = fmt::format("arn:aws:iam::{}:root", credential.account_id);
    const auto content =
        fmt::format("# Written by pileusd. The keys of this installation: keep them to yourself.\n"
                    "endpoint = \"{}\"\nregion = \"{}\"\naccount_id = \"{}\"\n"
                    "access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
                    endpoint,
                    region,
                    credential.account_id,
                    credential.access_key_id,
                    credential.secret);
    const auto before = read_file(path);
    if (!before || *before != content)
        PILEUS_TRY(write_file_durably(path, content, 0600));
    return credential;
}

} // namespace pileus::daemon
