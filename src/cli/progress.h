// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tells a person what the program is doing and for how long: a bar where the length is known, a
// turning mark and the time where it is not, plain lines when nobody looks on. Used by one thread,
// which calls update() or tick() while it waits; nothing is drawn more often than eyes can follow.

#include "base/clock.h"
#include "cli/terminal.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pileus::cli {

struct ProgressView {
    std::string_view title;
    std::optional<double> fraction; // 0..1; nullopt: nobody knows how long it takes
    std::string_view note;          // what is being done just now
    double elapsed_seconds = 0;
    int frame = 0; // counts the drawings, for the turning mark
};

// One line without its end, at most `terminal.columns` wide. Pure.
std::string render_progress(const ProgressView& view, const Terminal& terminal);

class Progress {
  public:
    using Sink = std::function<void(std::string_view)>;

    Progress(const Terminal& terminal, const Clock& clock, Sink sink);
    Progress(const Terminal& terminal, const Clock& clock); // writes to stderr
    ~Progress();                                            // an open step has failed
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // Starts a step; one that is still open is ended as done.
    void begin(std::string title);
    void update(double fraction, std::string_view note = {});
    void tick(std::string_view note = {});
    // End the step. `result` follows the title: "image debian-12: there already".
    void done(std::string_view result = {});
    void failed(std::string_view result = {});
    // A line between steps, or above the one that runs.
    void say(std::string_view line);
    double elapsed_seconds() const;

  private:
    void draw();
    void end(std::string_view mark, std::string_view result);

    const Terminal terminal_;
    const Clock& clock_;
    const Sink sink_;
    std::string title_;
    std::string note_;
    std::optional<double> fraction_;
    MonotonicTime began_{};
    std::optional<MonotonicTime> drawn_;
    int told_tenths_ = 0; // how much of it plain lines have told
    int frame_ = 0;
    bool open_ = false;
    bool line_drawn_ = false;
};

} // namespace pileus::cli
