// SPDX-License-Identifier: Apache-2.0
#include "cli/files/copier.h"

#include "cli/files/limits.h"
#include "cli/files/places.h"

#include <algorithm>
#include <fmt/core.h>
#include <unordered_set>

namespace pileus::cli::files {

namespace {

constexpr uint32_t usable_folder = 0700; // while it is filled
constexpr uint32_t kept_permissions = 0777;

class Copier {
  public:
    Copier(const Plan& plan, FileSystem& destination, Journal& journal, Observer& observer)
        : plan_(plan), to_(destination), journal_(journal), observer_(observer) {}

    Result<Report> run() {
        for (const auto& fault : plan_.faults)
            tell(fault);
        for (const auto& item : plan_.items)
            PILEUS_TRY(settle(item, copy(item)));
        // A folder that may not be written to gets its permissions when it is full.
        for (auto item = plan_.items.rbegin(); item != plan_.items.rend(); ++item)
            if (item->attributes.kind == Kind::folder && made_folders_.contains(item->target))
                PILEUS_TRY(settle(
                    *item, to_.set_mode(item->target, item->attributes.mode & kept_permissions)));
        return report_;
    }

  private:
    void tell(const std::string& message) {
        ++report_.fault_count;
        observer_.fault(message);
    }

    // What concerns one file is told, and the rest goes on.
    Result<void> settle(const Item& item, Result<void> result) {
        if (result || result.error().code == connection_broken)
            return result;
        if (item.attributes.kind == Kind::folder)
            failed_folders_.insert(item.target);
        tell(result.error().message);
        return {};
    }

    Result<void> copy(const Item& item) {
        if (failed_folders_.contains(folder_of(item.target))) {
            failed_folders_.insert(item.target); // told once
            return {};
        }
        switch (item.attributes.kind) {
        case Kind::folder:
            return copy_folder(item);
        case Kind::link:
            return copy_link(item);
        default:
            return copy_file(item);
        }
    }

    Result<void> copy_folder(const Item& item) {
        // The first is the destination, which may be a link to a folder; in a tree that came from
        // elsewhere a link leads out of it.
        const bool is_named = &item == &plan_.items.front();
        PILEUS_ASSIGN(const auto found, to_.status(item.target, is_named));
        if (found && found->kind == Kind::folder)
            return {};
        if (found)
            return fail(errors::invalid,
                        fmt::format("{} is there and is no folder: {} is left out",
                                    to_.show(item.target),
                                    item.files->show(item.source)));
        made_folders_.insert(item.target);
        return to_.make_folder(item.target,
                               (item.attributes.mode & kept_permissions) | usable_folder);
    }

    Result<void> copy_link(const Item& item) {
        PILEUS_ASSIGN(const auto target, item.files->read_link(item.source));
        PILEUS_ASSIGN(const auto found, to_.status(item.target, false));
        if (found && found->kind == Kind::folder)
            return fail(errors::invalid,
                        fmt::format("{} is a folder: the link {} is left out",
                                    to_.show(item.target),
                                    item.files->show(item.source)));
        if (found)
            PILEUS_TRY(to_.remove_file(item.target));
        return to_.make_link(item.target, target);
    }

    Result<void> copy_file(const Item& item) {
        if (journal_.has(item.target, item.attributes)) {
            PILEUS_ASSIGN(const auto found, to_.status(item.target, false));
            if (found && found->kind == Kind::file && found->size == item.attributes.size) {
                ++report_.files_skipped;
                observer_.advance(item.attributes.size);
                return {};
            }
        }
        if (journal_.is_continued() || item.attributes.size >= resumable_bytes_min)
            PILEUS_TRY(check_target(item));
        const auto part = part_path(item);
        PILEUS_ASSIGN(const auto offset, resume_at(item, part));
        observer_.begin_file(item.files->show(item.source), offset);
        observer_.advance(offset);
        if (auto result = transfer(item, part, offset); !result) {
            // What cannot go on later is of no use.
            if (result.error().code != connection_broken &&
                item.attributes.size < resumable_bytes_min)
                (void)to_.remove_file(part);
            return result;
        }
        journal_.add(item.target, item.attributes);
        ++report_.files_copied;
        report_.bytes_resumed += offset;
        return {};
    }

    // Better told before a long copy than after it.
    Result<void> check_target(const Item& item) {
        PILEUS_ASSIGN(const auto found, to_.status(item.target, false));
        if (found && found->kind == Kind::folder)
            return fail(errors::invalid,
                        fmt::format("{} is a folder: {} is left out",
                                    to_.show(item.target),
                                    item.files->show(item.source)));
        return {};
    }

    // Its name says of what file, as it is now, the part is; its end is compared all the same: a
    // guest that lost its power may have lost what it took.
    Result<uint64_t> resume_at(const Item& item, const std::string& part) {
        if (item.attributes.size < resumable_bytes_min)
            return 0;
        PILEUS_ASSIGN(const auto found, to_.status(part, false));
        if (!found || found->kind != Kind::file || found->size > item.attributes.size ||
            found->size < compared_bytes)
            return 0;
        const uint64_t from = found->size - compared_bytes;
        PILEUS_ASSIGN(const auto there, piece_of(to_, part, from));
        PILEUS_ASSIGN(const auto here, piece_of(*item.files, item.source, from));
        return there == here ? found->size : 0;
    }

    static Result<std::string>
    piece_of(FileSystem& files, const std::string& path, uint64_t offset) {
        PILEUS_ASSIGN(const auto reader, files.read(path, offset, compared_bytes));
        std::string piece;
        while (piece.size() < compared_bytes) {
            PILEUS_ASSIGN(const auto bytes, reader->next());
            if (bytes.empty())
                break;
            piece += bytes;
        }
        piece.resize(std::min<size_t>(piece.size(), compared_bytes));
        return piece;
    }

    Result<void> transfer(const Item& item, const std::string& part, uint64_t offset) {
        PILEUS_ASSIGN(const auto reader,
                      item.files->read(item.source, offset, item.attributes.size - offset));
        PILEUS_ASSIGN(const auto writer, open_part(item, part, offset));
        for (;;) {
            PILEUS_ASSIGN(const auto bytes, reader->next());
            if (bytes.empty())
                break;
            PILEUS_TRY(writer->write(bytes));
            report_.bytes_copied += bytes.size();
            observer_.advance(bytes.size());
        }
        auto attributes = item.attributes;
        attributes.mode &= kept_permissions;
        return writer->finish(attributes, item.target);
    }

    // Nobody knows the part by its name.
    Result<std::unique_ptr<Writer>>
    open_part(const Item& item, const std::string& part, uint64_t offset) {
        auto writer = to_.write(part, offset);
        if (!writer) {
            auto& message = writer.error().message;
            const auto shown = to_.show(part);
            if (const auto at = message.find(shown); at != std::string::npos)
                message.replace(at, shown.size(), to_.show(item.target));
        }
        return writer;
    }

    const Plan& plan_;
    FileSystem& to_;
    Journal& journal_;
    Observer& observer_;
    Report report_;
    std::unordered_set<std::string> made_folders_;
    std::unordered_set<std::string> failed_folders_;
};

} // namespace

std::string part_path(const Item& item) {
    const auto digest = digest_of({item.origin,
                                   item.source,
                                   base_name(item.target),
                                   std::to_string(item.attributes.size),
                                   std::to_string(item.attributes.modified_seconds),
                                   std::to_string(item.attributes.modified_nanoseconds)});
    return join(folder_of(item.target), ".pileus-" + digest + ".part");
}

Result<Report>
carry_out(const Plan& plan, FileSystem& destination, Journal& journal, Observer& observer) {
    return Copier(plan, destination, journal, observer).run();
}

} // namespace pileus::cli::files
