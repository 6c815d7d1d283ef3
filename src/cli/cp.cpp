// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/files/copier.h"
#include "cli/files/limits.h"
#include "cli/files/local_files.h"
#include "cli/files/places.h"
#include "cli/files/remote_files.h"
#include "cli/login.h"
#include "cli/progress.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <sys/stat.h>

namespace pileus::cli {

namespace {

using files::Place;

// Besides login's own: a guest that is gone is noticed, and nothing but SFTP goes through.
const std::vector<std::string> transfer_options{"-T",
                                                "-x",
                                                "-a",
                                                "-o",
                                                "ClearAllForwardings=yes",
                                                "-o",
                                                "ConnectTimeout=20",
                                                "-o",
                                                "ServerAliveInterval=15",
                                                "-o",
                                                "ServerAliveCountMax=4",
                                                "-o",
                                                "LogLevel=ERROR"};

// One SFTP session for each instance that is named.
class Machines {
  public:
    Machines(const Context& context, const CopyOptions& options)
        : context_(context), options_(options), here_(own_umask()) {}

    Result<files::FileSystem*> of(const Place& place) {
        if (place.instance_id.empty())
            return &here_;
        if (const auto found = guests_.find(place.instance_id); found != guests_.end())
            return &found->second.files;
        PILEUS_ASSIGN(auto session, connect(place.instance_id));
        return &guests_.try_emplace(place.instance_id, std::move(session)).first->second.files;
    }

  private:
    struct Guest {
        explicit Guest(std::unique_ptr<files::SftpSession> opened)
            : session(std::move(opened)), files(*session) {}
        std::unique_ptr<files::SftpSession> session;
        files::RemoteFiles files;
    };

    static uint32_t own_umask() {
        const mode_t mask = ::umask(0);
        ::umask(mask);
        return mask;
    }

    Result<std::unique_ptr<files::SftpSession>> connect(const std::string& instance_id) {
        if (!api_) {
            PILEUS_ASSIGN(api_, context_.connect());
        }
        PILEUS_ASSIGN(auto line,
                      prepare_ssh(context_,
                                  *api_,
                                  {instance_id, options_.user, options_.key_path, options_.wait}));
        auto& words = line.words;
        words.insert(words.end(), transfer_options.begin(), transfer_options.end());
        words.insert(words.end(), {"-s", line.destination, "sftp"});
        return files::SftpSession::start(words, instance_id);
    }

    const Context& context_;
    const CopyOptions& options_;
    std::optional<Api> api_;
    files::LocalFiles here_;
    std::map<std::string, Guest> guests_;
};

// A bar for the whole, with the file of the moment beside it.
class Display final : public files::Observer {
  public:
    Display(Progress& progress, uint64_t bytes) : progress_(progress), bytes_(bytes) {}

    void begin_file(const std::string& name, uint64_t resumed_at) override {
        name_ = name;
        if (resumed_at > 0)
            progress_.say(fmt::format(
                "{} goes on at {}", name, format_bytes(static_cast<double>(resumed_at))));
        skipped_ += resumed_at; // says nothing about the speed
    }
    void advance(uint64_t bytes) override {
        done_ += bytes;
        const double seconds = progress_.elapsed_seconds();
        const auto copied = static_cast<double>(done_ - std::min(done_, skipped_));
        const auto note = fmt::format("{}  {}/s  {}",
                                      format_bytes(static_cast<double>(done_)),
                                      format_bytes(seconds > 0 ? copied / seconds : 0),
                                      name_);
        // A file may have grown since it was looked at.
        progress_.update(bytes_ == 0 ? 1 : static_cast<double>(done_) / static_cast<double>(bytes_),
                         note);
    }
    void fault(const std::string& message) override { progress_.say("pileus: " + message); }

  private:
    Progress& progress_;
    const uint64_t bytes_;
    uint64_t done_ = 0, skipped_ = 0;
    std::string name_;
};

// Of this copy: the same words, from the same folder, go on with what they began.
std::filesystem::path journal_path(const Context& context, const CopyOptions& options) {
    auto words = options.places;
    words.push_back(std::filesystem::current_path().string());
    words.push_back(options.user);
    return context.installation.user_dir / "copies" / files::digest_of(words);
}

std::string summary(const files::Plan& plan, const files::Report& report) {
    auto text = fmt::format("{} file{}, {}",
                            report.files_copied,
                            report.files_copied == 1 ? "" : "s",
                            format_bytes(static_cast<double>(report.bytes_copied)));
    if (report.files_skipped > 0)
        text += fmt::format(", {} done before", report.files_skipped);
    if (report.bytes_resumed > 0)
        text += fmt::format(", {} there already",
                            format_bytes(static_cast<double>(report.bytes_resumed)));
    if (plan.special_count > 0)
        text += fmt::format(", {} devices, pipes or sockets left out", plan.special_count);
    if (report.fault_count > 0)
        text += fmt::format(", {} failed", report.fault_count);
    return text;
}

Result<files::Plan>
look(Machines& machines, const std::vector<Place>& places, bool recursive, Progress& progress) {
    files::PlanRequest request;
    request.recursive = recursive;
    for (size_t i = 0; i + 1 < places.size(); ++i) {
        PILEUS_ASSIGN(auto* machine, machines.of(places[i]));
        const auto origin = places[i].instance_id.empty() ? std::filesystem::current_path().string()
                                                          : places[i].instance_id;
        request.sources.push_back({machine, places[i].path, origin});
    }
    PILEUS_ASSIGN(request.destination, machines.of(places.back()));
    request.destination_path = places.back().path;
    uint64_t seen = 0;
    return files::make_plan(request,
                            [&] { progress.tick(fmt::format("{} files looked at", ++seen)); });
}

Error with_advice(Error error) {
    if (error.code == files::connection_broken)
        error.message += ". The same command goes on where this one ended";
    return error;
}

} // namespace

Outcome copy_files(const Context& context, const CopyOptions& options) {
    std::vector<Place> places;
    bool is_remote = false;
    for (const auto& word : options.places) {
        places.push_back(files::parse_place(word));
        is_remote = is_remote || !places.back().instance_id.empty();
    }
    if (places.size() < 2)
        return fail(errors::invalid,
                    "what is to be copied where? pileus cp file i-…:/path, or pileus cp i-…:/path "
                    "file");
    if (!is_remote)
        return fail(errors::invalid,
                    "none of these is in an instance (i-…:/path): use cp for files on this "
                    "machine");

    Machines machines(context, options);
    Progress progress(context.terminal, context.clock);
    progress.begin("looking at what to copy");
    PILEUS_ASSIGN(const auto plan, look(machines, places, options.recursive, progress));
    PILEUS_ASSIGN(auto* destination, machines.of(places.back()));

    progress.begin(fmt::format("copying {}", format_bytes(static_cast<double>(plan.bytes))));
    const auto path = journal_path(context, options);
    PILEUS_TRY(make_users_folder(context.installation.user, path.parent_path()));
    auto journal = files::Journal::open(path);
    Display display(progress, plan.bytes);
    const auto report = files::carry_out(plan, *destination, journal, display);
    if (!report) {
        progress.failed();
        return fail(with_advice(report.error()));
    }
    if (report->fault_count > 0) {
        progress.failed(summary(plan, *report));
        return 1;
    }
    journal.remove();
    progress.done(summary(plan, *report));
    return 0;
}

} // namespace pileus::cli
