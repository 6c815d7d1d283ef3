// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/credentials.h"
#include "cli/progress.h"

#include <boost/json.hpp>
#include <csignal>
#include <fmt/format.h>
#include <iostream>
#include <unistd.h>

namespace pileus::cli {

namespace {

constexpr Duration start_patience = std::chrono::seconds{60};
constexpr Duration stop_patience = std::chrono::seconds{30};
constexpr Duration look = std::chrono::milliseconds{20};

std::filesystem::path pid_path(const Installation& installation) {
    return installation.data_dir / "pileusd.pid";
}

// The daemon that start_daemon() started: its pid with its start time, so that a pid which was
// given to another process is not it.
std::optional<ProcessIdentity> find_daemon(const Installation& installation) {
    const auto text = read_file(pid_path(installation), 256);
    if (!text)
        return std::nullopt;
    const auto words = split(trim(*text), ' ');
    if (words.size() != 3)
        return std::nullopt;
    ProcessIdentity identity;
    identity.pid = static_cast<pid_t>(parse_int(words[0]).value_or(0));
    identity.start_ticks = static_cast<uint64_t>(parse_int(words[1]).value_or(0));
    identity.boot_id = std::string(words[2]);
    if (identity.pid <= 0 || !is_alive(identity))
        return std::nullopt;
    return identity;
}

std::vector<std::string> daemon_words(const Installation& installation) {
    std::vector<std::string> words{(installation.programs_dir / "pileusd").string(),
                                   "--data-dir",
                                   installation.data_dir.string(),
                                   "--run-dir",
                                   installation.run_dir.string()};
    if (!installation.config_path.empty())
        words.insert(words.end(), {"--config", installation.config_path.string()});
    return words;
}

// Asks with the keys in the data folder, and not with the person's own: those may be of another
// installation.
bool answers(const Context& context) {
    const auto path = context.installation.data_dir / "credentials.toml";
    const auto text = read_file(path, 65536);
    if (!text)
        return false;
    auto credentials = parse_credentials(*text, path.string());
    if (!credentials)
        return false;
    const auto api = Api::connect(std::move(*credentials), context.clock);
    return api && api->pileus("GetStatus", {}, std::chrono::seconds{10});
}

// The person who typed sudo gets a copy of the keys that is theirs.
Result<void> hand_over_credentials(const Context& context) {
    const auto& installation = context.installation;
    PILEUS_ASSIGN(const auto content, read_file(installation.data_dir / "credentials.toml", 65536));
    PILEUS_TRY(make_users_folder(installation.user, installation.user_dir));
    return write_users_file(
        installation.user, installation.user_dir / "credentials.toml", content, 0600);
}

// The person's copy may be of another installation, and stays then.
bool users_keys_are_of(const Installation& installation) {
    const auto daemons = read_file(installation.data_dir / "credentials.toml", 65536);
    const auto own = read_file(installation.user_dir / "credentials.toml", 65536);
    return daemons && own && *daemons == *own;
}

// What it said last, for the person who would open the log next.
std::string last_words(const std::filesystem::path& log) {
    static constexpr size_t shown_lines = 5;
    const auto text = read_file(log);
    if (!text)
        return "";
    auto lines = split(trim(*text), '\n');
    if (lines.size() > shown_lines)
        lines.erase(lines.begin(), lines.end() - shown_lines);
    return fmt::format(":\n  {}", fmt::join(lines, "\n  "));
}

Result<void> wait_for_answer(const Context& context, const ProcessIdentity& daemon) {
    const auto deadline = context.clock.monotonic() + start_patience;
    while (!answers(context)) {
        const auto log = context.installation.log_path();
        if (!is_alive(daemon))
            return fail(errors::unavailable,
                        fmt::format("pileusd ended at once; the end of its log ({}){}",
                                    log.string(),
                                    last_words(log)));
        if (context.clock.monotonic() > deadline)
            return fail(errors::timeout,
                        fmt::format("pileusd does not answer; the end of its log ({}){}",
                                    log.string(),
                                    last_words(log)));
        context.clock.sleep(look);
    }
    return {};
}

// Whether there was one to stop.
Result<bool> end_daemon(const Context& context) {
    const auto daemon = find_daemon(context.installation);
    if (!daemon)
        return false;
    if (::kill(daemon->pid, SIGTERM) != 0)
        return fail(errors::unavailable, "pileusd cannot be stopped by you: use sudo");
    const auto deadline = context.clock.monotonic() + stop_patience;
    while (is_alive(*daemon)) {
        if (context.clock.monotonic() > deadline)
            return fail(errors::timeout,
                        fmt::format("pileusd (process {}) does not stop", daemon->pid));
        context.clock.sleep(look);
    }
    return true;
}

} // namespace

Outcome start_daemon(const Context& context, const DaemonOptions& options) {
    const auto& installation = context.installation;
    if (answers(context)) {
        fmt::print("pileusd runs already\n");
        return 0;
    }
    if (!installation.is_root && !options.emulated)
        return fail(errors::invalid,
                    "real guests need root: sudo pileus daemon start (or --emulated)");
    PILEUS_TRY(make_directories(installation.data_dir, 0755));
    ProcessSpec spec;
    spec.argv = daemon_words(installation);
    spec.argv.insert(spec.argv.end(), {"--port", std::to_string(installation.port)});
    spec.argv.insert(spec.argv.end(), {"--log-file", installation.log_path().string()});
    if (options.emulated)
        spec.argv.insert(spec.argv.end(), {"--hypervisor", "emulated"});
    spec.output_path = installation.log_path().string();
    PILEUS_ASSIGN(const auto pid, context.runner.spawn(spec));
    PILEUS_ASSIGN(const auto identity, identify_process(pid));
    PILEUS_TRY(write_file_durably(
        pid_path(installation),
        fmt::format("{} {} {}\n", identity.pid, identity.start_ticks, identity.boot_id),
        0644));
    PILEUS_TRY(wait_for_answer(context, identity));
    PILEUS_TRY(hand_over_credentials(context));
    fmt::print("pileusd answers\n");
    return 0;
}

Outcome stop_daemon(const Context& context) {
    PILEUS_ASSIGN(const bool was_there, end_daemon(context));
    fmt::print("{}\n", was_there ? "pileusd stopped; guests go on" : "pileusd does not run");
    return 0;
}

Outcome print_daemon(const Context& context) {
    const auto daemon = find_daemon(context.installation);
    const bool is_well = answers(context);
    if (daemon)
        fmt::print(
            "pileusd is process {} and {}\n", daemon->pid, is_well ? "answers" : "does not answer");
    else
        fmt::print("{}\n",
                   is_well ? "pileusd answers (somebody else started it)" : "pileusd does not run");
    return is_well ? 0 : 1;
}

Outcome destroy_installation(const Context& context, bool is_confirmed) {
    const auto& installation = context.installation;
    if (!std::filesystem::exists(installation.data_dir / "store.db")) {
        fmt::print("there is nothing in {}\n", installation.data_dir.string());
        return 0;
    }
    if (!is_confirmed) {
        fmt::print("This ends every instance, and removes all volumes, images, keys and networks "
                   "below {}.\nType 'destroy' to "
                   "go on: ",
                   installation.data_dir.string());
        std::fflush(stdout);
        std::string word;
        std::getline(std::cin, word);
        if (word != "destroy") {
            fmt::print("nothing was changed\n");
            return 1;
        }
    }
    PILEUS_TRY(end_daemon(context));
    const bool is_users_own = users_keys_are_of(installation);
    ProcessSpec spec;
    spec.argv = daemon_words(installation);
    spec.argv.push_back("--destroy");
    spec.timeout = std::chrono::minutes{5};
    PILEUS_TRY(run_checked(context.runner, spec));
    PILEUS_TRY(remove_tree(installation.data_dir));
    if (is_users_own) {
        std::error_code ignored;
        std::filesystem::remove(installation.user_dir / "credentials.toml", ignored);
        std::filesystem::remove(installation.keys_dir() / "pileus.pem", ignored);
    }
    fmt::print("everything is gone\n");
    return 0;
}

} // namespace pileus::cli
