// SPDX-License-Identifier: Apache-2.0
#include "cli/login.h"

#include "base/file.h"
#include "cli/commands.h"
#include "cli/known_hosts.h"
#include "cli/programs.h"
#include "cli/progress.h"

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <fmt/core.h>

namespace pileus::cli {

namespace {

constexpr uint16_t ssh_port = 22;
constexpr Duration patience = std::chrono::minutes{5};
constexpr Duration pause = std::chrono::milliseconds{250};

struct Login {
    std::string state, user, key_name, public_ip;
};

Result<Login> find_login(const Api& api, const std::string& instance_id) {
    PILEUS_ASSIGN(const auto answer, api.pileus("GetLogin", {{"instance_id", instance_id}}));
    const auto text = [&](const char* name) { return std::string(answer.at(name).as_string()); };
    return Login{text("state"), text("user"), text("key_name"), text("public_ip")};
}

// Where `./up` and a person keep keys.
Result<std::string> find_key(const Context& context, const std::string& key_name) {
    if (key_name.empty())
        return fail(errors::not_found,
                    "the instance was launched without a key pair: give one with -i");
    const auto ssh_folder = context.installation.user.home / ".ssh";
    const std::array candidates{context.installation.keys_dir() / (key_name + ".pem"),
                                ssh_folder / (key_name + ".pem"),
                                ssh_folder / key_name};
    for (const auto& path : candidates)
        if (std::filesystem::exists(path))
            return path.string();
    return fail(errors::not_found,
                fmt::format("the private key of '{}' is none of {}, {}, {}: give it with -i",
                            key_name,
                            candidates[0].string(),
                            candidates[1].string(),
                            candidates[2].string()));
}

// The host keys that the guest showed on its console: nobody on the network can pretend to be it.
Result<std::string>
write_known_hosts(const Context& context, const Api& api, const std::string& instance_id) {
    PILEUS_ASSIGN(const auto console, console_output(api, instance_id));
    const auto lines = known_hosts_from_console(console, instance_id);
    const auto folder = context.installation.user_dir / "known_hosts";
    const auto path = folder / instance_id;
    // The console forgets; what was learnt from it before still holds.
    if (lines.empty())
        return std::filesystem::exists(path) ? path.string() : std::string();
    PILEUS_TRY(make_users_folder(context.installation.user, folder));
    PILEUS_TRY(write_users_file(context.installation.user, path, lines, 0600));
    return path.string();
}

Result<Login>
wait_until_ready(const Context& context, const Api& api, const std::string& instance_id) {
    Progress progress(context.terminal, context.clock);
    progress.begin("waiting for " + instance_id);
    const auto deadline = context.clock.monotonic() + patience;
    for (;;) {
        PILEUS_ASSIGN(const auto login, find_login(api, instance_id));
        if (login.state == "terminated" || login.state == "shutting-down")
            return fail(errors::invalid, fmt::format("{} is {}", instance_id, login.state));
        if (!login.public_ip.empty() &&
            read_banner(login.public_ip, ssh_port, std::chrono::seconds{2})) {
            progress.done();
            return login;
        }
        if (context.clock.monotonic() > deadline)
            return fail(errors::timeout,
                        fmt::format("{} is {} and does not answer on port 22: see 'pileus console "
                                    "{}', and whether a security "
                                    "group lets port 22 in",
                                    instance_id,
                                    login.state,
                                    instance_id));
        progress.tick(login.state);
        context.clock.sleep(pause);
    }
}

} // namespace

Result<SshLine> prepare_ssh(const Context& context, const Api& api, const LoginOptions& options) {
    PILEUS_ASSIGN(auto login, find_login(api, options.instance_id));
    if (options.wait) {
        PILEUS_ASSIGN(login, wait_until_ready(context, api, options.instance_id));
    }
    if (login.state != "running" && login.state != "pending")
        return fail(
            errors::invalid,
            fmt::format("{0} is {1}. Start it: pileus aws ec2 start-instances --instance-ids {0}",
                        options.instance_id,
                        login.state));
    if (login.public_ip.empty())
        return fail(errors::invalid, fmt::format("{} has no public address", options.instance_id));
    auto key = options.key_path;
    if (key.empty()) {
        PILEUS_ASSIGN(key, find_key(context, login.key_name));
    }
    PILEUS_ASSIGN(const auto known_hosts, write_known_hosts(context, api, options.instance_id));
    const auto program = find_program("ssh", context.environment);
    if (!program)
        return fail(errors::not_found, "ssh is not installed: apt-get install openssh-client");
    const auto user = !options.user.empty() ? options.user
                      : login.user.empty()  ? "root"
                                            : login.user;
    std::vector<std::string> words{*program,
                                   "-i",
                                   key,
                                   "-o",
                                   "IdentitiesOnly=yes", // an agent full of keys uses up the tries
                                   "-o",
                                   "HostKeyAlias=" + options.instance_id};
    if (known_hosts.empty())
        words.insert(words.end(), {"-o", "StrictHostKeyChecking=accept-new"});
    else
        words.insert(
            words.end(),
            {"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + known_hosts});
    return SshLine{std::move(words), user + "@" + login.public_ip};
}

Outcome ssh(const Context& context, const SshOptions& options) {
    PILEUS_ASSIGN(const auto api, context.connect());
    PILEUS_ASSIGN(auto line,
                  prepare_ssh(context,
                              api,
                              {options.instance_id, options.user, options.key_path, options.wait}));
    line.words.push_back(line.destination);
    line.words.insert(line.words.end(), options.command.begin(), options.command.end());
    return fail(exec_program(line.words, context.environment));
}

Result<std::vector<std::string>>
plain_ssh_line(const Context& context, const Api& api, const std::string& instance_id) {
    PILEUS_ASSIGN(const auto login, wait_until_ready(context, api, instance_id));
    PILEUS_ASSIGN(const auto key, find_key(context, login.key_name));
    return std::vector<std::string>{"ssh", "-i", key, login.user + "@" + login.public_ip};
}

Outcome print_console(const Context& context, const std::string& instance_id, bool follow) {
    static constexpr Duration look = std::chrono::milliseconds{500};
    PILEUS_ASSIGN(const auto api, context.connect());
    std::string shown;
    for (;;) {
        PILEUS_ASSIGN(const auto text, console_output(api, instance_id));
        // The window moves when the guest has written more than EC2 hands out: then it is shown
        // from its start.
        const bool continues = text.size() >= shown.size() && text.starts_with(shown);
        const auto fresh =
            continues ? std::string_view(text).substr(shown.size()) : std::string_view(text);
        std::fwrite(fresh.data(), 1, fresh.size(), stdout);
        std::fflush(stdout);
        shown = text;
        if (!follow)
            return 0;
        context.clock.sleep(look);
    }
}

} // namespace pileus::cli
