// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/template_store.h"

#include "base/file.h"
#include "base/log.h"
#include "domain/ids.h"
#include "drivers/hypervisor/qemu/guest_memory.h"

#include <fmt/core.h>
#include <sys/stat.h>

namespace pileus::drivers {

namespace {

Result<void> check_id(const std::string& id) {
    if (domain::is_well_formed_id(domain::prefix::warm_template, id))
        return {};
    return fail(errors::invalid, fmt::format("'{}' is not the id of a warm template", id));
}

int64_t bytes_on_disk(const std::filesystem::path& folder) {
    int64_t bytes = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        struct stat status {};
        if (::stat(entry.path().c_str(), &status) == 0)
            bytes += int64_t{status.st_blocks} * 512;
    }
    return bytes;
}

FrozenGuest guest_of(const FrozenTemplate& frozen) {
    return {frozen.id, frozen.memory_bytes, frozen.disk_bytes};
}

} // namespace

std::filesystem::path TemplateStore::record_of(const std::string& id) const {
    return folder_ / id / "template.json";
}

std::filesystem::path TemplateStore::memory_file_of(const std::string& id) const {
    return folder_ / id / "memory";
}

Result<void> TemplateStore::recover() {
    PILEUS_TRY(make_directories(folder_));
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
        const auto id = entry.path().filename().string();
        const auto text = read_file(record_of(id));
        auto frozen = text ? parse_frozen_template(*text) : fail(text.error());
        if (frozen && frozen->id == id && check_id(id)) {
            const std::lock_guard lock(mutex_);
            auto& known = entries_[id];
            if (!known.frozen)
                known.frozen = std::make_shared<FrozenTemplate>(std::move(*frozen));
            continue;
        }
        log_info("an unfinished warm template is removed", {{"template", id}});
        PILEUS_TRY(remove_tree(entry.path()));
    }
    if (error)
        return fail(errors::unavailable,
                    fmt::format("cannot read {}: {}", folder_.string(), error.message()));
    return {};
}

Result<void> TemplateStore::begin(const std::string& id) {
    PILEUS_TRY(remove(id));
    return make_directories(folder_ / id);
}

Result<FrozenGuest> TemplateStore::finish(FrozenTemplate frozen, UniqueFd memory) {
    if (memory) {
        PILEUS_ASSIGN(frozen.in_memory, comb_guest_memory(memory.get(), frozen.marks));
        PILEUS_TRY(seal_guest_memory(memory.get()));
        PILEUS_TRY(save_guest_memory(memory.get(), memory_file_of(frozen.id)));
        frozen.memory_bytes = used_bytes_of(memory.get());
    }
    frozen.has_memory_file = static_cast<bool>(memory);
    frozen.disk_bytes = bytes_on_disk(folder_ / frozen.id);
    PILEUS_TRY(write_file_durably(record_of(frozen.id), format_frozen_template(frozen)));
    const auto guest = guest_of(frozen);
    Entry entry{std::make_shared<FrozenTemplate>(std::move(frozen)), nullptr};
    if (memory)
        entry.memory = std::make_shared<UniqueFd>(std::move(memory));
    const std::lock_guard lock(mutex_);
    entries_[guest.template_id] = std::move(entry);
    return guest;
}

Result<std::shared_ptr<const FrozenTemplate>> TemplateStore::find(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end())
        return fail(errors::not_found, "there is no frozen guest " + id);
    return found->second.frozen;
}

Result<std::shared_ptr<const UniqueFd>> TemplateStore::memory_of(const FrozenTemplate& frozen) {
    const std::lock_guard one_at_a_time(loading_);
    {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(frozen.id);
        if (found != entries_.end() && found->second.memory)
            return found->second.memory;
    }
    PILEUS_ASSIGN(UniqueFd loaded, load_guest_memory(memory_file_of(frozen.id)));
    auto memory = std::make_shared<const UniqueFd>(std::move(loaded));
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(frozen.id); found != entries_.end())
        found->second.memory = memory;
    return memory;
}

std::vector<FrozenGuest> TemplateStore::list() {
    const std::lock_guard lock(mutex_);
    std::vector<FrozenGuest> guests;
    for (const auto& [id, entry] : entries_)
        guests.push_back(guest_of(*entry.frozen));
    return guests;
}

Result<void> TemplateStore::remove(const std::string& id) {
    PILEUS_TRY(check_id(id));
    {
        const std::lock_guard lock(mutex_);
        entries_.erase(id);
    }
    PILEUS_TRY(remove_tree(record_of(id))); // first: half of one is none
    return remove_tree(folder_ / id);
}

void TemplateStore::cool(const std::string& id) {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(id); found != entries_.end())
        found->second.memory.reset();
}

} // namespace pileus::drivers
