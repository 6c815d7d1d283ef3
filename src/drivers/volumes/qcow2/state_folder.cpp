// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/qcow2/state_folder.h"

#include "drivers/volumes/qcow2/disk_file.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

Result<std::vector<std::filesystem::path>> list(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        paths.push_back(entry.path());
    if (error)
        return fail(errors::unavailable,
                    fmt::format("cannot read {}: {}", folder.string(), error.message()));
    std::sort(paths.begin(), paths.end());
    return paths;
}

} // namespace

Result<std::vector<std::string>> list_names(const std::filesystem::path& folder,
                                            std::string_view ending) {
    PILEUS_ASSIGN(const auto paths, list(folder));
    std::vector<std::string> names;
    for (const auto& path : paths)
        if (path.extension() == ending && is_layer_name(path.stem().string()))
            names.push_back(path.stem().string());
    return names;
}

Result<void> remove_unfinished(const std::filesystem::path& folder) {
    PILEUS_ASSIGN(const auto paths, list(folder));
    for (const auto& path : paths) {
        if (!is_unfinished(path))
            continue;
        log_info("removing a disk file that was never finished", {{"path", path.string()}});
        PILEUS_TRY(remove_tree(path));
    }
    return {};
}

} // namespace pileus::drivers
