// SPDX-License-Identifier: Apache-2.0
//
// pileusd: the daemon. Runs in the foreground until SIGTERM or SIGINT; the guests go on.

#include "base/log.h"
#include "daemon/config.h"
#include "daemon/daemon.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <cstdio>

using namespace pileus;

namespace {

struct Options {
    std::optional<std::filesystem::path> config;
    std::string data_dir, run_dir, share_dir, installation, hypervisor, log_file, log_level;
    int port = -1;
    bool destroy = false;
};

// What the command line says counts more than the file.
daemon::Config apply(const Options& options, daemon::Config config) {
    const auto set = [](const std::string& value, auto& out) {
        if (!value.empty())
            out = value;
    };
    set(options.data_dir, config.data_dir);
    set(options.run_dir, config.run_dir);
    set(options.share_dir, config.share_dir);
    set(options.installation, config.installation);
    set(options.hypervisor, config.hypervisor);
    set(options.log_level, config.log_level);
    if (options.port >= 0)
        config.port = options.port;
    return config;
}

int report(const Error& error) {
    std::fprintf(stderr, "pileusd: %s\n", error.message.c_str());
    return 1;
}

// Blocked in every thread, so that only wait_for_signal() gets them.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

int run(const daemon::Config& config) {
    SystemClock clock;
    SystemRandom random;
    SystemProcessRunner runner;
    const auto signals = block_signals();
    const auto running = daemon::Daemon::start(config, clock, random, runner);
    if (!running)
        return report(running.error());
    int received = 0;
    sigwait(&signals, &received);
    log_info("pileusd stops; guests go on", {{"signal", std::to_string(received)}});
    return 0;
}

int destroy(const daemon::Config& config) {
    SystemClock clock;
    SystemProcessRunner runner;
    const auto destroyed = daemon::destroy_installation(config, clock, runner);
    return destroyed ? 0 : report(destroyed.error());
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"pileusd: Amazon EC2 on the machine you already have. Runs in the foreground "
                 "until SIGTERM; the guests go on."};
    app.add_option("--config",
                   options.config,
                   "The configuration file (default: $PILEUS_CONFIG, /etc/pileus/pileus.toml)");
    app.add_option("--data-dir",
                   options.data_dir,
                   "Where everything that must last is kept (default: /var/lib/pileus)");
    app.add_option("--run-dir",
                   options.run_dir,
                   "Sockets and what may be lost when the machine restarts (default: /run/pileus)");
    app.add_option("--share-dir", options.share_dir, "The folder that holds data/ and prices/");
    app.add_option("--installation",
                   options.installation,
                   "The name in everything that is made on the machine (default: pileus)");
    app.add_option("--port",
                   options.port,
                   "The port of the API on 127.0.0.1; 0 takes a free one (default: 4566)");
    app.add_option("--hypervisor",
                   options.hypervisor,
                   "auto, kvm, tcg, or emulated: no guests and no networks")
        ->check(CLI::IsMember({"auto", "kvm", "tcg", "emulated"}));
    app.add_option("--log-file", options.log_file, "Append the log to this file (default: stderr)");
    app.add_option("--log-level", options.log_level, "debug, info, warning, error or off");
    app.add_flag("--destroy",
                 options.destroy,
                 "End all guests and remove all networks of the installation, then exit");
    CLI11_PARSE(app, argc, argv);

    const auto loaded = daemon::load_config(options.config);
    if (!loaded)
        return report(loaded.error());
    const auto config = apply(options, *loaded);
    configure_log(config.log_level, options.log_file);
    return options.destroy ? destroy(config) : run(config);
}
