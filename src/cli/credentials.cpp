// SPDX-License-Identifier: Apache-2.0
#include "cli/credentials.h"

#include "base/file.h"

#include <algorithm>
#include <fmt/core.h>
#include <toml++/toml.h>
#include <unistd.h>
#include <vector>

namespace pileus::cli {

namespace fs = std::filesystem;

namespace {

constexpr size_t file_limit_bytes = 65536;

std::vector<fs::path> places(const Installation& installation) {
    const auto own = installation.user_dir / "credentials.toml";
    const auto daemons = installation.data_dir / "credentials.toml";
    if (installation.data_dir != fs::path(system_data_dir))
        return {daemons, own};
    return {own, daemons};
}

Result<Credentials> read_credentials(const fs::path& path) {
    PILEUS_ASSIGN(const std::string text, read_file(path, file_limit_bytes));
    return parse_credentials(text, path.string());
}

Error nowhere(const Installation& installation) {
    std::string message = "no credentials found; looked for";
    bool unreadable = false;
    std::error_code ignored;
    for (const auto& path : places(installation)) {
        message += fmt::format(" {},", path.string());
        unreadable = unreadable || (::access(path.c_str(), R_OK) != 0 && errno == EACCES);
    }
    message.back() = '.';
    message += unreadable ? " One of them is not yours to read: run this with sudo, or run "
                            "'sudo ./up' once, which gives you your own copy"
                          : " Run 'sudo ./up' (or 'pileus daemon start') first: the daemon makes "
                            "them at its first start";
    return {errors::not_found, message};
}

} // namespace

Result<Credentials> parse_credentials(const std::string& text, const std::string& name) {
    Credentials credentials;
    credentials.source = name;
    try {
        const toml::table table = toml::parse(text, name);
        const auto read = [&](const char* key) {
            return table[key].value<std::string>().value_or("");
        };
        credentials.endpoint = read("endpoint");
        credentials.access_key_id = read("access_key_id");
        credentials.secret_access_key = read("secret_access_key");
        credentials.account_id = read("account_id");
        if (const auto region = read("region"); !region.empty())
            credentials.region = region;
    } catch (const toml::parse_error& error) {
        return fail(errors::invalid, fmt::format("{}: {}", name, error.description()));
    }
    for (const auto& [key, value] : {std::pair{"endpoint", &credentials.endpoint},
                                     {"access_key_id", &credentials.access_key_id},
                                     {"secret_access_key", &credentials.secret_access_key}})
        if (value->empty())
            return fail(errors::invalid, fmt::format("{} does not say {}", name, key));
    return credentials;
}

Result<Credentials> find_credentials(const Installation& installation,
                                     const Environment& environment) {
    const auto endpoint = environment.get_nonempty("AWS_ENDPOINT_URL");
    const auto key = environment.get_nonempty("AWS_ACCESS_KEY_ID");
    const auto secret = environment.get_nonempty("AWS_SECRET_ACCESS_KEY");
    if (endpoint && key && secret) {
        Credentials credentials;
        credentials.endpoint = *endpoint;
        credentials.access_key_id = *key;
        credentials.secret_access_key = *secret;
        credentials.region =
            environment.get_nonempty("AWS_REGION")
                .value_or(
                    environment.get_nonempty("AWS_DEFAULT_REGION").value_or(credentials.region));
        credentials.source = "the environment";
        return credentials;
    }
    if (const auto named = environment.get_nonempty("PILEUS_CREDENTIALS"))
        return read_credentials(*named);
    for (const auto& path : places(installation))
        if (::access(path.c_str(), R_OK) == 0)
            return read_credentials(path);
    return fail(nowhere(installation));
}

} // namespace pileus::cli
