// SPDX-License-Identifier: Apache-2.0
#include "engine/import_sources.h"

#include "base/file.h"
#include "base/text.h"
#include "domain/import_source.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace pileus::engine {

namespace {

constexpr uid_t nobody = 65534;
constexpr int child_output_fd = 3;

std::string errno_text() {
    return std::generic_category().message(errno);
}

Result<void> check_regular(const UniqueFd& file, const std::string& name) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return fail(errors::invalid, fmt::format("'{}' is not a file.", name));
    return {};
}

} // namespace

std::string ImportSources::Opened::path() const {
    return fmt::format("/proc/self/fd/{}", file.get());
}

Result<ImportSources::Opened> ImportSources::open(const std::string& source,
                                                  const std::string& task_id,
                                                  const std::function<bool()>& keep_going) {
    if (!domain::is_url(source))
        return open_in_folder(source);
    PILEUS_TRY(check_url(source));
    return download(source, task_id, keep_going);
}

// The kernel sees to it that no "..", link or mount leads out of the folder.
Result<ImportSources::Opened> ImportSources::open_in_folder(const std::string& name) const {
    if (options_.folder.empty())
        return fail(errors::invalid, "The operator of this installation has no import folder.");
    const UniqueFd folder(::open(options_.folder.c_str(),
                                 O_PATH | O_DIRECTORY | O_CLOEXEC)); // the operator's own path
    if (!folder)
        return fail(errors::unavailable, "cannot open the import folder: " + errno_text());
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY; // a pipe must not make us wait
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    Opened opened{UniqueFd(
        static_cast<int>(::syscall(SYS_openat2, folder.get(), name.c_str(), &how, sizeof how)))};
    if (!opened.file)
        return fail(errors::invalid,
                    fmt::format("'{}' cannot be read in the import folder: {}. A link is not "
                                "followed.",
                                name,
                                errno_text()));
    PILEUS_TRY(check_regular(opened.file, name));
    return opened;
}

Result<void> ImportSources::check_url(const std::string& url) const {
    if (domain::is_allowed_url(url, options_.url_prefixes))
        return {};
    return fail(errors::invalid,
                "The operator of this installation has not allowed this URL: see "
                "import.url_prefixes in its configuration.");
}

std::vector<std::string>
ImportSources::download_command(const std::string& url, int output_fd, bool drop_privileges) const {
    std::vector<std::string> words;
    if (drop_privileges)
        words = {"setpriv",
                 fmt::format("--reuid={}", nobody),
                 fmt::format("--regid={}", nobody),
                 "--clear-groups",
                 "--no-new-privs",
                 "--inh-caps=-all",
                 "--bounding-set=-all",
                 "--"};
    // curl knows the size beforehand only when the server tells it: the kernel's limit counts.
    const auto limit = std::to_string(options_.download_bytes_max);
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(options_.download_time_max).count();
    // clang-format off
    const std::vector<std::string> fetch{
        "prlimit", fmt::format("--fsize={0}:{0}", limit), "--core=0", "--",
        "curl", "--disable", // no configuration of whoever runs us
        "--silent", "--show-error", "--fail", "--globoff", "--path-as-is",
        "--proto", url.starts_with("https:") ? "=https" : "=http",
        "--max-redirs", "0",
        "--max-filesize", limit,
        "--connect-timeout", "30",
        "--max-time", std::to_string(seconds),
        "--speed-limit", "1", "--speed-time", "120", // the server is gone
        "--output", fmt::format("/dev/fd/{}", output_fd),
        "--write-out", "%{http_code}",
        "--url", url};
    // clang-format on
    words.insert(words.end(), fetch.begin(), fetch.end());
    return words;
}

Result<ImportSources::Opened> ImportSources::download(const std::string& url,
                                                      const std::string& task_id,
                                                      const std::function<bool()>& keep_going) {
    PILEUS_TRY(make_directories(options_.downloads, 0700));
    discard(task_id); // half of it, from before a crash
    const auto path = options_.downloads / task_id;
    Opened opened{
        UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600))};
    if (!opened.file)
        return fail(errors::unavailable, "cannot make the file of a download: " + errno_text());
    const bool is_root = ::geteuid() == 0;
    if (is_root && ::fchown(opened.file.get(), nobody, nobody) != 0)
        return fail(errors::unavailable, "cannot give a download's file away: " + errno_text());
    ProcessSpec spec;
    spec.argv = download_command(url, child_output_fd, is_root);
    spec.fds = {{opened.file.get(), child_output_fd}};
    spec.timeout = options_.download_time_max + std::chrono::minutes{1};
    spec.keep_going = keep_going;
    PILEUS_ASSIGN(const auto output, runner_.run(spec));
    if (output.exit_code != 0)
        return fail(errors::invalid,
                    fmt::format("The download failed: {}",
                                trim(output.err).empty() ? fmt::format("exit code {}; it may be "
                                                                       "larger than {} bytes",
                                                                       output.exit_code,
                                                                       options_.download_bytes_max)
                                                         : std::string(trim(output.err))));
    if (trim(output.out) != "200")
        return fail(errors::invalid,
                    fmt::format("The download failed: the server answered {}, which is not "
                                "followed.",
                                trim(output.out)));
    return opened;
}

void ImportSources::discard(const std::string& task_id) {
    std::error_code ignored;
    std::filesystem::remove(options_.downloads / task_id, ignored);
}

void ImportSources::discard_all_but(const std::set<std::string>& task_ids) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(options_.downloads, error))
        if (!task_ids.contains(entry.path().filename().string()))
            discard(entry.path().filename().string());
}

} // namespace pileus::engine
