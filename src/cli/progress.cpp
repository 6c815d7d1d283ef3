// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/core.h>
#include <unistd.h>

namespace pileus::cli {

namespace {

constexpr auto redraw_interval = std::chrono::milliseconds{100};
constexpr auto plain_interval = std::chrono::seconds{15};
constexpr double shown_after_seconds = 1; // what took less needs no time beside it
constexpr int bar_columns = 24;
constexpr const char* erase_line = "\r\x1b[K";

constexpr const char* turning_unicode[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr const char* turning_ascii[] = {"|", "/", "-", "\\"};

std::string render_bar(double fraction, bool unicode) {
    const int full = static_cast<int>(std::lround(fraction * bar_columns));
    std::string bar;
    for (int i = 0; i < bar_columns; ++i)
        bar += i < full ? (unicode ? "█" : "#") : (unicode ? "░" : ".");
    return unicode ? bar : "[" + bar + "]";
}

const char* turning(int frame, bool unicode) {
    if (unicode)
        return turning_unicode[static_cast<size_t>(frame) % std::size(turning_unicode)];
    return turning_ascii[static_cast<size_t>(frame) % std::size(turning_ascii)];
}

void write_to_stderr(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
        if (n <= 0)
            return; // nobody reads; the work goes on
        text.remove_prefix(static_cast<size_t>(n));
    }
}

} // namespace

std::string render_progress(const ProgressView& view, const Terminal& terminal) {
    std::string line = fmt::format("{} {}", turning(view.frame, terminal.unicode), view.title);
    if (view.fraction) {
        const double fraction = std::clamp(*view.fraction, 0.0, 1.0);
        line += fmt::format(
            "  {} {:3.0f} %", render_bar(fraction, terminal.unicode), std::floor(fraction * 100));
    }
    line += "  " + format_elapsed(view.elapsed_seconds);
    if (!view.note.empty())
        line += fmt::format("  {}", view.note);
    // The last column stays free: some terminals wrap when it is written.
    return cut_to_width(line, static_cast<size_t>(terminal.columns - 1));
}

Progress::Progress(const Terminal& terminal, const Clock& clock, Sink sink)
    : terminal_(terminal), clock_(clock), sink_(std::move(sink)) {}

Progress::Progress(const Terminal& terminal, const Clock& clock)
    : Progress(terminal, clock, write_to_stderr) {}

Progress::~Progress() {
    if (open_)
        failed();
}

void Progress::begin(std::string title) {
    if (open_)
        done();
    title_ = std::move(title);
    note_.clear();
    fraction_.reset();
    began_ = clock_.monotonic();
    drawn_.reset();
    told_tenths_ = 0;
    open_ = true;
    draw();
}

void Progress::update(double fraction, std::string_view note) {
    fraction_ = std::clamp(fraction, 0.0, 1.0);
    note_ = note;
    draw();
}

void Progress::tick(std::string_view note) {
    if (!note.empty())
        note_ = note;
    draw();
}

void Progress::done(std::string_view result) {
    end(terminal_.unicode ? "✔" : "ok", result);
}

void Progress::failed(std::string_view result) {
    end(terminal_.unicode ? "✘" : "FAILED", result);
}

double Progress::elapsed_seconds() const {
    return std::chrono::duration<double>(clock_.monotonic() - began_).count();
}

void Progress::say(std::string_view line) {
    const bool redraw = open_ && line_drawn_;
    sink_(fmt::format("{}{}\n", redraw ? erase_line : "", line));
    drawn_.reset();
    if (redraw)
        draw();
}

void Progress::draw() {
    if (!open_)
        return;
    const auto now = clock_.monotonic();
    if (terminal_.interactive) {
        if (drawn_ && now - *drawn_ < redraw_interval)
            return;
        drawn_ = now;
        const ProgressView view{title_, fraction_, note_, elapsed_seconds(), frame_++};
        sink_(erase_line + render_progress(view, terminal_));
        line_drawn_ = true;
        return;
    }
    // In a log: the start, each quarter of a minute, and each fifth of the way.
    const int tenths = fraction_ ? static_cast<int>(*fraction_ * 10) : 0;
    if (drawn_ && now - *drawn_ < plain_interval && tenths < told_tenths_ + 2)
        return;
    std::string line = title_;
    if (!drawn_ && elapsed_seconds() < shown_after_seconds) {
        line += " ...";
    } else {
        line += ": ";
        if (fraction_)
            line += fmt::format("{:.0f} %, ", std::floor(*fraction_ * 100));
        line += format_elapsed(elapsed_seconds());
        if (!note_.empty())
            line += fmt::format(" ({})", note_);
    }
    drawn_ = now;
    told_tenths_ = tenths;
    sink_(line + "\n");
}

void Progress::end(std::string_view mark, std::string_view result) {
    if (!open_)
        return;
    open_ = false;
    std::string line = fmt::format("{} {}", mark, title_);
    if (!result.empty())
        line += fmt::format(": {}", result);
    if (elapsed_seconds() >= shown_after_seconds)
        line += "  " + format_elapsed(elapsed_seconds());
    sink_((line_drawn_ ? erase_line : "") + line + "\n");
    line_drawn_ = false;
}

} // namespace pileus::cli
