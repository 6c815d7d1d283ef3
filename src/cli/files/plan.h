// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is to be copied where: a look at the sources and the destination, before anything is
// changed. The names in a guest's listings are checked here, so that nothing can land outside the
// destination.

#include "cli/files/file_system.h"

#include <functional>
#include <string>
#include <vector>

namespace pileus::cli::files {

struct Source {
    FileSystem* files;
    std::string path;
    std::string origin; // "i-…", "" for this machine: tells sources apart
};

struct Item {
    FileSystem* files; // of the source
    std::string source;
    std::string target;
    Attributes attributes;
    std::string origin;
};

struct Plan {
    std::vector<Item> items; // a folder before what is in it
    uint64_t file_count = 0;
    uint64_t bytes = 0;
    std::vector<std::string> faults; // what cannot be copied, and why
    uint64_t special_count = 0;      // devices, pipes and sockets: left out
};

struct PlanRequest {
    std::vector<Source> sources;
    FileSystem* destination;
    std::string destination_path;
    bool recursive = false;
};

// `on_entry` is called while the sources are looked through.
Result<Plan> make_plan(const PlanRequest& request, const std::function<void()>& on_entry);

} // namespace pileus::cli::files
