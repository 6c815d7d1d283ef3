// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/process.h"
#include "base/result.h"
#include "base/unique_fd.h"

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace pileus::engine {

struct ImportSourceOptions {
    std::filesystem::path folder;          // what users may import from by name; "" for nothing
    std::vector<std::string> url_prefixes; // what may be downloaded; none for nothing
    std::filesystem::path downloads;       // of the daemon's own: a file a task, while it runs
    int64_t download_bytes_max = int64_t{512} << 30;
    Duration download_time_max = std::chrono::hours{6};
};

// Where imports read from: files below one folder of the operator's, and URLs that the operator
// allowed. What a user names is opened beneath the folder only, whatever it is made of; a URL is
// fetched by a program without privileges, within limits, and without following it elsewhere. Any
// thread.
class ImportSources {
  public:
    ImportSources(ProcessRunner& runner, ImportSourceOptions options)
        : runner_(runner), options_(std::move(options)) {}

    struct Opened {
        UniqueFd file;
        // By which this process opens the same file again, whatever its name is now.
        std::string path() const;
    };
    // `source` is a name in the folder, or a URL. Until `keep_going` says false.
    Result<Opened> open(const std::string& source,
                        const std::string& task_id,
                        const std::function<bool()>& keep_going);
    // Removes what was downloaded for the task.
    void discard(const std::string& task_id);
    // What tasks left that are not among these: after a crash.
    void discard_all_but(const std::set<std::string>& task_ids);

    // errors::invalid, with what a user can do about it.
    Result<void> check_url(const std::string& url) const;
    // curl's command line for a file that is open as `output_fd`.
    std::vector<std::string>
    download_command(const std::string& url, int output_fd, bool drop_privileges) const;

  private:
    Result<Opened> open_in_folder(const std::string& name) const;
    Result<Opened> download(const std::string& url,
                            const std::string& task_id,
                            const std::function<bool()>& keep_going);

    ProcessRunner& runner_;
    const ImportSourceOptions options_;
};

} // namespace pileus::engine
