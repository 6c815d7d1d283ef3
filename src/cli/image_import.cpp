// SPDX-License-Identifier: Apache-2.0
//
// `pileus image import`: a disk becomes an image by the service's own ImportImage, which checks and
// converts it. The command line brings a file to where the service may read it, and shows how far
// it is.

#include "cli/image_import.h"

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/progress.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fmt/core.h>
#include <fstream>

namespace pileus::cli {

namespace fs = std::filesystem;

namespace {

constexpr Duration look_interval = std::chrono::milliseconds{500};
constexpr std::string_view qcow2_magic{"QFI\xfb", 4};
constexpr std::string_view vmdk_magic{"KDMV", 4};

// Who cloud-init makes the default user, by the distribution's usual file name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> users_by_name{{
    {"ubuntu", "ubuntu"},
    {"noble", "ubuntu"},
    {"jammy", "ubuntu"},
    {"debian", "debian"},
    {"fedora", "fedora"},
    {"almalinux", "almalinux"},
    {"rocky", "rocky"},
    {"centos", "cloud-user"},
    {"alpine", "alpine"},
    {"al2023", "ec2-user"},
    {"amzn2", "ec2-user"},
}};

bool is_url(std::string_view source) {
    return source.find("://") != std::string_view::npos;
}

// The part of a path or URL that names the file.
std::string_view file_name(std::string_view source) {
    if (is_url(source))
        source = source.substr(0, source.find_first_of("?#"));
    return source.substr(source.rfind('/') + 1);
}

std::string read_start(const fs::path& path, size_t size) {
    std::string start(size, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(start.data(), static_cast<std::streamsize>(size));
    start.resize(static_cast<size_t>(file.gcount()));
    return start;
}

// Here until the import has ended.
class StagedFile {
  public:
    explicit StagedFile(fs::path path) : path_(std::move(path)) {}
    ~StagedFile() {
        std::error_code ignored;
        fs::remove(path_, ignored);
    }
    StagedFile(const StagedFile&) = delete;
    StagedFile& operator=(const StagedFile&) = delete;
    const fs::path& path() const { return path_; }

  private:
    const fs::path path_;
};

// A name that nobody else's import has, of the characters that the service takes.
std::string staged_name(const fs::path& file, const Clock& clock, std::string_view format) {
    std::string name = fmt::format("{}-", to_microseconds(clock.now()));
    for (char c : file.stem().string())
        name += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
    return name + "." + std::string(format);
}

Result<std::unique_ptr<StagedFile>>
stage(const Context& context, const fs::path& file, std::string_view format, Progress& progress) {
    const auto& folder = context.installation.import_dir;
    std::error_code fault;
    if (!fs::is_directory(folder, fault))
        return fail(errors::not_found,
                    fmt::format("the import folder {} is not there: does this installation's "
                                "daemon use another data folder? (--data-dir)",
                                folder.string()));
    auto staged = std::make_unique<StagedFile>(folder / staged_name(file, context.clock, format));
    progress.begin("bringing " + file.filename().string() + " to the import folder");
    // A second name costs nothing; on another file system it must be a copy.
    fs::create_hard_link(file, staged->path(), fault);
    if (fault) {
        fault.clear();
        fs::copy_file(file, staged->path(), fault);
    }
    if (fault)
        return fail(
            errors::unavailable,
            fmt::format(
                "cannot bring {} to {}: {}", file.string(), folder.string(), fault.message()));
    progress.done();
    return staged;
}

// Until the task has ended, well or not.
Result<void>
follow(const Context& context, const Api& api, const std::string& task_id, Progress& progress) {
    for (;;) {
        PILEUS_ASSIGN(const auto answer,
                      api.ec2("DescribeImportImageTasks", {{"ImportTaskId.1", task_id}}));
        const auto tasks = answer.items("importImageTaskSet");
        if (tasks.empty())
            return fail(errors::unavailable, fmt::format("the import {} is gone", task_id));
        const auto& task = *tasks.front();
        const auto& status = task["status"].text;
        const auto& message = task["statusMessage"].text;
        if (status == "completed")
            return {};
        if (status == "deleted" || status == "deleting") {
            progress.failed();
            return fail(errors::unavailable,
                        fmt::format("the import {} failed: {}",
                                    task_id,
                                    message.empty() ? "no reason was given" : message));
        }
        if (const auto percent = parse_int(task["progress"].text))
            progress.update(static_cast<double>(*percent) / 100, message);
        else
            progress.tick(message);
        context.clock.sleep(look_interval);
    }
}

} // namespace

std::string user_for(std::string_view source) {
    const auto name = to_lower(file_name(source));
    for (const auto& [part, user] : users_by_name)
        if (name.find(part) != std::string::npos)
            return std::string(user);
    return "";
}

std::string image_name_for(std::string_view source) {
    auto name = std::string(file_name(source));
    if (const auto dot = name.rfind('.'); dot != std::string::npos && dot > 0)
        name.erase(dot);
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c)) &&
            std::string_view("()[]./-_'@ ").find(c) == std::string_view::npos)
            c = '-';
    while (name.size() < 3) // EC2's least
        name += "-";
    return name.substr(0, 128);
}

Result<std::string>
disk_format(std::string_view source, std::string_view start, const std::string& named) {
    const auto name = to_lower(file_name(source));
    const std::string format = named.empty() ? name.substr(name.rfind('.') + 1) : to_lower(named);
    for (const auto* known : {"qcow2", "raw", "vmdk", "ova"})
        if (format == known)
            return format;
    if (!named.empty())
        return fail(errors::invalid,
                    fmt::format("--format is qcow2, raw, vmdk or ova, not {}", named));
    // Ubuntu calls its qcow2 files .img, others their raw ones.
    if (start.starts_with(qcow2_magic))
        return "qcow2";
    if (start.starts_with(vmdk_magic))
        return "vmdk";
    return fail(errors::invalid,
                fmt::format("the name {} does not say what it is: give --format qcow2, raw, vmdk "
                            "or ova",
                            file_name(source)));
}

Outcome import_image(const Context& context, const ImageImport& import) {
    PILEUS_ASSIGN(const auto api, context.connect());
    Progress progress(context.terminal, context.clock);
    const bool from_web = is_url(import.source);
    if (!from_web && !fs::is_regular_file(import.source))
        return fail(errors::not_found, fmt::format("{} is not a file", import.source));
    if (!from_web && !context.installation.is_root)
        return fail(errors::invalid,
                    "bringing a file to the import folder needs root: sudo pileus image import " +
                        import.source);
    const auto start = from_web ? std::string() : read_start(import.source, qcow2_magic.size());
    PILEUS_ASSIGN(const auto format, disk_format(import.source, start, import.format));
    boost::json::object request{
        {"format", format},
        {"name", import.name.empty() ? image_name_for(import.source) : import.name},
        {"description", import.description},
        {"default_user", import.user.empty() ? user_for(import.source) : import.user}};

    std::unique_ptr<StagedFile> staged;
    if (from_web) {
        request["url"] = import.source;
    } else {
        PILEUS_ASSIGN(staged, stage(context, import.source, format, progress));
        request["file"] = staged->path().filename().string();
    }
    PILEUS_ASSIGN(const auto task, api.pileus("ImportImage", request));
    const auto text = [&](const char* key) { return std::string(task.at(key).as_string()); };
    progress.begin("importing " + std::string(request["name"].as_string()));
    PILEUS_TRY(follow(context, api, text("task_id"), progress));
    progress.done();
    fmt::print("{}  {}\n", text("image_id"), std::string_view(request["name"].as_string()));
    if (request["default_user"].as_string().empty())
        fmt::print("  who logs in is not known: give it to pileus ssh with -l\n");
    return 0;
}

} // namespace pileus::cli
