// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the steps of something took, for the log. One thread.

#include <chrono>
#include <fmt/core.h>
#include <string>
#include <string_view>

namespace pileus::drivers {

class StepTimes {
  public:
    // Since the step before this one.
    void note(std::string_view step) {
        const auto now = std::chrono::steady_clock::now();
        text_ +=
            fmt::format("{}{}={:.1f}", text_.empty() ? "" : " ", step, milliseconds(now - last_));
        last_ = now;
    }
    const std::string& text() const { return text_; }
    std::string total_ms() const { return fmt::format("{:.1f}", milliseconds(last_ - begin_)); }

  private:
    using Point = std::chrono::steady_clock::time_point;
    static double milliseconds(Point::duration time) {
        return std::chrono::duration<double, std::milli>(time).count();
    }
    const Point begin_ = std::chrono::steady_clock::now();
    Point last_ = begin_;
    std::string text_;
};

} // namespace pileus::drivers
