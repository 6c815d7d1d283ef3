// SPDX-License-Identifier: Apache-2.0

// pileus-volumes-bench FOLDER ROUNDS
//
// Times the volumes driver by the size of the disk: a volume made of a snapshot, and a snapshot of
// a volume, plain and encrypted. Each round takes all sizes, up and then down again, so that what
// the machine does meanwhile falls on all of them alike. Prints milliseconds as JSON:
//     {"create": {"1": […], "100": […]}, "snapshot": {…}, "create_encrypted": {…}, …}

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/random.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace pileus;
using namespace pileus::drivers;

const std::vector<int64_t> sizes_gib = {1, 100, 1024, 16384};

template <class T> T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "pileus-volumes-bench: %s\n", result.error().message.c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

template <class Function> double milliseconds(Function function) {
    const auto begin = std::chrono::steady_clock::now();
    function();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    return took.count();
}

class Bench {
  public:
    explicit Bench(const std::string& folder) : volumes_(options(folder), runner_, random_) {
        must(volumes_.recover());
        for (const auto size : sizes_gib) {
            must(volumes_.create(base_volume(size), VolumeSpec{size, "", false}));
            snap(base_volume(size), base_snapshot(size));
        }
    }

    void round() {
        auto sizes = sizes_gib;
        for (int direction = 0; direction < 2; ++direction) {
            for (const auto size : sizes)
                for (const bool encrypted : {false, true})
                    measure(size, encrypted);
            std::reverse(sizes.begin(), sizes.end());
        }
    }

    void print() const {
        std::string text;
        for (const auto& [name, by_size] : samples_) {
            std::string rows;
            for (const auto& [size, values] : by_size) {
                std::string list;
                for (const double value : values)
                    list += fmt::format("{}{:.3f}", list.empty() ? "" : ",", value);
                rows += fmt::format("{}\"{}\":[{}]", rows.empty() ? "" : ",", size, list);
            }
            text += fmt::format("{}\"{}\":{{{}}}", text.empty() ? "" : ",", name, rows);
        }
        std::printf("{%s}\n", text.c_str());
    }

  private:
    static Qcow2VolumesOptions options(const std::string& folder) {
        Qcow2VolumesOptions options;
        options.state_folder = folder;
        return options;
    }
    static std::string base_volume(int64_t size) { return fmt::format("vol-{:017x}", size); }
    static std::string base_snapshot(int64_t size) { return fmt::format("snap-{:017x}", size); }

    void snap(const std::string& volume, const std::string& snapshot) {
        must(volumes_.begin_snapshot(volume, snapshot));
        must(volumes_.complete_snapshot(volume, snapshot));
    }

    void measure(int64_t size, bool encrypted) {
        const std::string volume = "vol-0000000000000ffff";
        const std::string snapshot = "snap-0000000000000ffff";
        const std::string ending = encrypted ? "_encrypted" : "";
        samples_["create" + ending][size].push_back(milliseconds([&] {
            must(volumes_.create(volume, VolumeSpec{size, base_snapshot(size), encrypted}));
        }));
        samples_["snapshot" + ending][size].push_back(
            milliseconds([&] { snap(volume, snapshot); }));
        must(volumes_.remove(volume));
        must(volumes_.remove_snapshot(snapshot));
    }

    SystemProcessRunner runner_;
    SystemRandom random_;
    Qcow2Volumes volumes_;
    std::map<std::string, std::map<int64_t, std::vector<double>>> samples_;
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: pileus-volumes-bench FOLDER ROUNDS\n");
        return 2;
    }
    configure_log("warning", "");
    Bench bench(argv[1]);
    for (int round = 0; round < std::atoi(argv[2]); ++round)
        bench.round();
    bench.print();
    return 0;
}
