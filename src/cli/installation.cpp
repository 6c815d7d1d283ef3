// SPDX-License-Identifier: Apache-2.0
#include "cli/installation.h"

#include "base/file.h"
#include "base/text.h"

#include <cerrno>
#include <fmt/core.h>
#include <limits>
#include <pwd.h>
#include <system_error>
#include <toml++/toml.h>
#include <unistd.h>
#include <vector>

namespace pileus::cli {

namespace fs = std::filesystem;

namespace {

constexpr size_t config_limit_bytes = 1 << 20;

fs::path program_folder() {
    std::error_code ignored;
    return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

// The folder that holds images/build: that of the sources (build/release/bin/pileus), or of an
// installed tree.
fs::path find_project_root(const Environment& environment, const fs::path& programs) {
    std::vector<fs::path> candidates;
    if (const auto root = environment.get_nonempty("PILEUS_ROOT"))
        candidates.emplace_back(*root);
    for (fs::path folder = programs; folder.has_relative_path(); folder = folder.parent_path())
        candidates.push_back(folder);
    candidates.emplace_back(programs / "../share/pileus");
    std::error_code ignored;
    for (const auto& candidate : candidates)
        if (fs::exists(candidate / "images/build", ignored))
            return candidate.lexically_normal();
    return {};
}

fs::path first_of(const std::string& option,
                  const std::optional<std::string>& variable,
                  const std::optional<std::string>& config,
                  const fs::path& otherwise) {
    if (!option.empty())
        return fs::absolute(option);
    if (variable)
        return fs::absolute(*variable);
    return config ? fs::path(*config) : otherwise;
}

fs::path users_folder(const Environment& environment, const User& user, bool is_root) {
    if (const auto folder = environment.get_nonempty("PILEUS_USER_DIR"))
        return fs::absolute(*folder);
    const auto config = environment.get_nonempty("XDG_CONFIG_HOME");
    // Root's environment says nothing about the folders of the person behind sudo.
    if (config && (!is_root || user.uid == 0))
        return fs::path(*config) / "pileus";
    return user.home / ".config/pileus";
}

Result<uint16_t> parse_port(std::string_view text, std::string_view where) {
    const auto number = parse_int(text);
    if (!number || *number < 1 || *number > std::numeric_limits<uint16_t>::max())
        return fail(errors::invalid,
                    fmt::format("{} says port \"{}\": a port is 1 to 65535", where, text));
    return static_cast<uint16_t>(*number);
}

Result<void> give_to(const User& user, const fs::path& path) {
    if (::geteuid() != 0 || user.uid == 0)
        return {};
    if (::lchown(path.c_str(), user.uid, user.gid) != 0)
        return fail(errors::unavailable,
                    fmt::format("cannot give {} to {}: {}",
                                path.string(),
                                user.name,
                                std::generic_category().message(errno)));
    return {};
}

} // namespace

Result<User> User::invoking(const Environment& environment) {
    uid_t uid = ::geteuid();
    if (const auto sudo = environment.get_nonempty("SUDO_UID"); uid == 0 && sudo)
        if (const auto number = parse_int(*sudo); number && *number > 0)
            uid = static_cast<uid_t>(*number);

    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> buffer(16384);
    ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    User user;
    user.uid = uid;
    user.gid = found != nullptr ? entry.pw_gid : ::getegid();
    user.name = found != nullptr ? entry.pw_name : std::to_string(uid);
    if (found != nullptr)
        user.home = entry.pw_dir;
    // One's own HOME counts; under sudo it is root's, or the person's, by sudo's own settings.
    if (const auto home = environment.get_nonempty("HOME"); home && uid == ::geteuid())
        user.home = *home;
    if (user.home.empty())
        return fail(errors::not_found,
                    fmt::format("user {} has no home folder: set HOME, or PILEUS_USER_DIR to a "
                                "folder for credentials and keys",
                                user.name));
    return user;
}

Result<fs::path> find_config(const std::string& named, const Environment& environment) {
    std::error_code ignored;
    const auto variable = environment.get_nonempty("PILEUS_CONFIG");
    if (!named.empty() || variable) {
        const fs::path path = fs::absolute(named.empty() ? *variable : named);
        if (!fs::exists(path, ignored))
            return fail(errors::not_found,
                        fmt::format("the configuration {} ({}) does not exist",
                                    path.string(),
                                    named.empty() ? "PILEUS_CONFIG" : "--config"));
        return path;
    }
    return fs::exists(system_config_path, ignored) ? fs::path(system_config_path) : fs::path();
}

Result<ConfigExcerpt> read_config_excerpt(const std::string& text, const std::string& name) {
    ConfigExcerpt excerpt;
    try {
        const toml::table table = toml::parse(text, name);
        excerpt.data_dir = table["data_dir"].value<std::string>();
        excerpt.run_dir = table["run_dir"].value<std::string>();
        excerpt.import_folder = table["import"]["folder"].value<std::string>();
        if (const auto port = table["api"]["port"].value<int64_t>()) {
            PILEUS_ASSIGN(excerpt.port, parse_port(std::to_string(*port), name));
        }
    } catch (const toml::parse_error& error) {
        return fail(errors::invalid,
                    fmt::format("{}, line {}: {}",
                                name,
                                static_cast<unsigned>(error.source().begin.line),
                                error.description()));
    }
    return excerpt;
}

Result<Installation> Installation::find(const InstallationOptions& options,
                                        const Environment& environment) {
    Installation found;
    found.is_root = ::geteuid() == 0;
    PILEUS_ASSIGN(found.user, User::invoking(environment));
    PILEUS_ASSIGN(found.config_path, find_config(options.config_path, environment));
    ConfigExcerpt config;
    // A file that only root may read holds nothing that the person's commands need.
    if (!found.config_path.empty() && ::access(found.config_path.c_str(), R_OK) == 0) {
        PILEUS_ASSIGN(const std::string text, read_file(found.config_path, config_limit_bytes));
        PILEUS_ASSIGN(config, read_config_excerpt(text, found.config_path.string()));
    }
    found.data_dir = first_of(options.data_dir,
                              environment.get_nonempty("PILEUS_DATA_DIR"),
                              config.data_dir,
                              system_data_dir);
    found.run_dir = first_of(options.run_dir,
                             environment.get_nonempty("PILEUS_RUN_DIR"),
                             config.run_dir,
                             system_run_dir);
    found.import_dir = config.import_folder.value_or("");
    if (found.import_dir.empty())
        found.import_dir = found.data_dir / "imports";
    if (options.port) {
        found.port = *options.port;
    } else if (const auto port = environment.get_nonempty("PILEUS_PORT")) {
        PILEUS_ASSIGN(found.port, parse_port(*port, "PILEUS_PORT"));
    } else if (config.port) {
        found.port = *config.port;
    }
    found.user_dir = users_folder(environment, found.user, found.is_root);
    found.programs_dir = program_folder();
    found.project_root = find_project_root(environment, found.programs_dir);
    return found;
}

Result<void> make_users_folder(const User& user, const fs::path& path) {
    std::vector<fs::path> missing;
    std::error_code ignored;
    for (fs::path folder = path; !folder.empty() && !fs::exists(folder, ignored);
         folder = folder.parent_path())
        missing.push_back(folder);
    PILEUS_TRY(make_directories(path, 0700));
    for (const auto& folder : missing)
        PILEUS_TRY(give_to(user, folder));
    return {};
}

Result<void>
write_users_file(const User& user, const fs::path& path, std::string_view content, unsigned mode) {
    PILEUS_TRY(make_users_folder(user, path.parent_path()));
    PILEUS_TRY(write_file_durably(path, content, mode));
    return give_to(user, path);
}

} // namespace pileus::cli
