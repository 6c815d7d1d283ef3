// SPDX-License-Identifier: Apache-2.0
#pragma once

// What lies in the folders of the driver, listed and read with the faults of a crash in mind. Any
// thread.

#include "base/file.h"
#include "base/log.h"
#include "drivers/volumes/qcow2/disk_records.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::drivers {

// The names of the files of `folder` with this ending (which is cut off), sorted; hidden ones and
// those that could not be a layer's are left out.
Result<std::vector<std::string>> list_names(const std::filesystem::path& folder,
                                            std::string_view ending);
// Removes files that a crash left half made.
Result<void> remove_unfinished(const std::filesystem::path& folder);

// A record, or why it cannot be read: which is logged, for a person has to see to it.
template <class Parser>
auto read_record(const std::filesystem::path& path, Parser parse) -> decltype(parse("")) {
    const auto text = read_file(path, record_limit_bytes);
    using Parsed = decltype(parse(""));
    Parsed record = text ? parse(*text) : Parsed(fail(text.error()));
    if (!record)
        log_error("the record of a disk cannot be read",
                  {{"path", path.string()}, {"reason", record.error().message}});
    return record;
}

} // namespace pileus::drivers
