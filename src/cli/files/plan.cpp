// SPDX-License-Identifier: Apache-2.0
#include "cli/files/plan.h"

#include "cli/files/limits.h"
#include "cli/files/places.h"

#include <fmt/core.h>
#include <set>

namespace pileus::cli::files {

namespace {

class Planner {
  public:
    Planner(const PlanRequest& request, const std::function<void()>& on_entry)
        : request_(request), on_entry_(on_entry) {}

    Result<Plan> run() {
        PILEUS_ASSIGN(const bool into_folder, look_at_destination());
        for (const auto& source : request_.sources)
            PILEUS_TRY(add_source(source, into_folder));
        return std::move(plan_);
    }

  private:
    // Whether the destination is a folder that the sources go into under their own names.
    Result<bool> look_at_destination() {
        auto& to = *request_.destination;
        target_ = request_.destination_path;
        PILEUS_ASSIGN(const auto found, to.status(target_, true));
        const bool is_folder = found && found->kind == Kind::folder;
        if (!is_folder && ends_with_slash(target_))
            return fail(errors::not_found,
                        fmt::format("{} is not a folder: make it first, or leave the / out",
                                    to.show(target_)));
        if (!is_folder && request_.sources.size() > 1)
            return fail(errors::invalid,
                        fmt::format("{} sources need a folder to go to: {} is none",
                                    request_.sources.size(),
                                    to.show(target_)));
        if (!found)
            PILEUS_TRY(check_parent());
        // Who names a link means what it points to.
        if (found && !is_folder) {
            PILEUS_ASSIGN(target_, to.canonical(target_));
        }
        target_kind_ = found ? std::optional(found->kind) : std::nullopt;
        return is_folder;
    }

    Result<void> check_parent() {
        auto& to = *request_.destination;
        const auto folder = folder_of(target_);
        PILEUS_ASSIGN(const auto found, to.status(folder, true));
        if (!found || found->kind != Kind::folder)
            return fail(errors::not_found,
                        fmt::format("the folder {} is not there: make it first", to.show(folder)));
        return {};
    }

    Result<void> add_source(const Source& source, bool into_folder) {
        PILEUS_ASSIGN(auto found, source.files->status(source.path, true));
        if (!found)
            return fail(errors::not_found,
                        fmt::format("{} is not there", source.files->show(source.path)));
        if (found->kind == Kind::folder && !request_.recursive)
            return fail(errors::invalid,
                        fmt::format("{} is a folder: add -r", source.files->show(source.path)));
        if (found->kind == Kind::other)
            return fail(
                errors::invalid,
                fmt::format("{} is neither a file nor a folder", source.files->show(source.path)));
        // "a/." and "/" stand for what is in them.
        const auto target = into_folder ? join(target_, base_name(source.path)) : target_;
        if (found->kind == Kind::folder && !into_folder && target_kind_)
            return fail(errors::invalid,
                        fmt::format("{} is a folder, and {} is there and is none",
                                    source.files->show(source.path),
                                    request_.destination->show(target_)));
        if (!targets_.insert(target).second)
            return fail(errors::invalid,
                        fmt::format("two sources have the same name: both would become {}",
                                    request_.destination->show(target)));
        return add({source.files, source.path, target, *found, source.origin}, 0);
    }

    Result<void> add(Item item, size_t depth) {
        on_entry_();
        if (item.attributes.kind == Kind::other) {
            ++plan_.special_count;
            return {};
        }
        if (plan_.items.size() >= tree_entries_max || depth > tree_depth_max)
            return fail(errors::invalid,
                        fmt::format("{} holds more than {} files, or more than {} folders in one "
                                    "another: copy it in parts",
                                    item.files->show(item.source),
                                    tree_entries_max,
                                    tree_depth_max));
        const bool is_folder = item.attributes.kind == Kind::folder;
        if (item.attributes.kind == Kind::file) {
            ++plan_.file_count;
            plan_.bytes += item.attributes.size;
        }
        plan_.items.push_back(item);
        return is_folder ? add_content(item, depth) : Result<void>{};
    }

    Result<void> add_content(const Item& folder, size_t depth) {
        auto entries = folder.files->list(folder.source);
        if (!entries)
            return note(std::move(entries.error()));
        std::set<std::string_view> names;
        for (const auto& entry : *entries) {
            const auto source = join(folder.source, entry.name);
            if (!is_entry_name(entry.name) || !names.insert(entry.name).second) {
                plan_.faults.push_back(
                    fmt::format("{} is no name of a file, or is listed twice: it is left out",
                                folder.files->show(source)));
                continue;
            }
            PILEUS_TRY(add({folder.files,
                            source,
                            join(folder.target, entry.name),
                            entry.attributes,
                            folder.origin},
                           depth + 1));
        }
        return {};
    }

    // One folder that may not be read does not end the rest.
    Result<void> note(Error error) {
        if (error.code == connection_broken)
            return fail(std::move(error));
        plan_.faults.push_back(std::move(error.message));
        return {};
    }

    const PlanRequest& request_;
    const std::function<void()>& on_entry_;
    Plan plan_;
    std::string target_;
    std::optional<Kind> target_kind_;
    std::set<std::string> targets_;
};

} // namespace

Result<Plan> make_plan(const PlanRequest& request, const std::function<void()>& on_entry) {
    return Planner(request, on_entry).run();
}

} // namespace pileus::cli::files
