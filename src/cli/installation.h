// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where things are: the daemon's folders, the person's own folder, the project's own files. Found
// from options, the environment and the daemon's configuration file, in this order. A value;
// nothing is made or changed by looking.

#include "base/result.h"
#include "cli/environment.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>

namespace pileus::cli {

// The person at the keyboard: under sudo, the one who typed it.
struct User {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string name;
    std::filesystem::path home;

    static Result<User> invoking(const Environment& environment);
};

struct InstallationOptions {
    std::string config_path;
    std::string data_dir;
    std::string run_dir;
    std::optional<uint16_t> port;
};

struct Installation {
    std::filesystem::path config_path; // empty: there is none, the daemon's defaults hold
    std::filesystem::path data_dir;
    std::filesystem::path run_dir;
    std::filesystem::path import_dir; // what ImportImage reads
    uint16_t port = 4566;
    std::filesystem::path user_dir;     // ~/.config/pileus
    std::filesystem::path programs_dir; // where `pileus` and `pileusd` stand
    std::filesystem::path project_root; // holds images/; empty when it cannot be found
    User user;
    bool is_root = false;

    static Result<Installation> find(const InstallationOptions& options,
                                     const Environment& environment);

    std::filesystem::path keys_dir() const { return user_dir / "keys"; }
    std::filesystem::path log_path() const { return data_dir / "pileusd.log"; }
};

inline constexpr const char* system_config_path = "/etc/pileus/pileus.toml";
inline constexpr const char* system_data_dir = "/var/lib/pileus";
inline constexpr const char* system_run_dir = "/run/pileus";

// The configuration file that the daemon would read; an empty path when there is none. A file that
// was named and does not exist is an error.
Result<std::filesystem::path> find_config(const std::string& named, const Environment& environment);

// What the command line needs to know of the daemon's configuration.
struct ConfigExcerpt {
    std::optional<std::string> data_dir;
    std::optional<std::string> run_dir;
    std::optional<std::string> import_folder;
    std::optional<uint16_t> port;
};
Result<ConfigExcerpt> read_config_excerpt(const std::string& text, const std::string& name);

// Writes a file or makes a folder that belongs to the person, also when root does it for them.
Result<void> write_users_file(const User& user,
                              const std::filesystem::path& path,
                              std::string_view content,
                              unsigned mode);
Result<void> make_users_folder(const User& user, const std::filesystem::path& path);

} // namespace pileus::cli
