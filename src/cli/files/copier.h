// SPDX-License-Identifier: Apache-2.0
#pragma once

// Carries a plan out. Each file is written beside its place and takes it when it is whole; what an
// earlier run of the same copy has done is not done again. A file that fails does not stop the
// others; a broken connection does. One thread.

#include "cli/files/journal.h"
#include "cli/files/plan.h"

#include <string>

namespace pileus::cli::files {

class Observer {
  public:
    virtual ~Observer() = default;
    virtual void begin_file(const std::string& name, uint64_t resumed_at) = 0;
    // Bytes that need not be copied any more: copied now, or there already.
    virtual void advance(uint64_t bytes) = 0;
    virtual void fault(const std::string& message) = 0;
};

struct Report {
    uint64_t files_copied = 0;
    uint64_t bytes_copied = 0;
    uint64_t files_skipped = 0; // done by an earlier run
    uint64_t bytes_resumed = 0; // of parts that an earlier run had written
    uint64_t fault_count = 0;
};

// An error means that the copy cannot go on; the same copy goes on later where it ended.
Result<Report>
carry_out(const Plan& plan, FileSystem& destination, Journal& journal, Observer& observer);

// Where a file is written until it is whole: it follows from what is copied, and is found again.
std::string part_path(const Item& item);

} // namespace pileus::cli::files
