// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/acceleration.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "drivers/qmp/json_fields.h"

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <optional>
#include <sys/utsname.h>
#include <system_error>

namespace pileus::drivers {

namespace {

// A kernel without a disk ends in a panic about its root. Any of these is far enough: decompressed,
// with its memory, timers and interrupts set up.
constexpr std::array<std::string_view, 3> signs_of_life = {
    "Unable to mount root fs", "Freeing unused kernel", "Run /init as init process"};

Acceleration tcg(std::string reason) {
    return {"tcg", false, std::move(reason)};
}

std::string kernel_to_try(const AccelerationOptions& options) {
    if (!options.kernel.empty())
        return options.kernel;
    utsname name{};
    ::uname(&name);
    return fmt::format("/boot/vmlinuz-{}", name.release);
}

// What the answer depends on: with another value, it is looked for again.
std::string question(const AccelerationOptions& options) {
    const auto boot_id = read_file("/proc/sys/kernel/random/boot_id");
    const auto kernel = kernel_to_try(options);
    const bool have_kernel = std::filesystem::exists(kernel);
    return fmt::format("{} {} {} {}",
                       boot_id ? trim(*boot_id) : std::string_view(),
                       options.emulator,
                       options.kvm_device,
                       have_kernel ? kernel : "no kernel");
}

std::optional<Acceleration> read_cache(const AccelerationOptions& options) {
    const auto text = read_file(options.cache);
    boost::system::error_code error;
    const auto value = text ? boost::json::parse(*text, error) : boost::json::value();
    if (!text || error || text_at(value, "question") != question(options))
        return std::nullopt;
    return Acceleration{text_at(value, "name"), flag_at(value, "proven"), text_at(value, "reason")};
}

void write_cache(const AccelerationOptions& options, const Acceleration& found) {
    const boost::json::object object{{"question", question(options)},
                                     {"name", found.name},
                                     {"proven", found.proven},
                                     {"reason", found.reason}};
    const auto written = write_file_durably(options.cache, boost::json::serialize(object) + "\n");
    if (!written)
        log_warning("what was found out about KVM cannot be kept",
                    {{"reason", written.error().message}});
}

ProcessSpec boot_under_kvm(const AccelerationOptions& options, const std::string& kernel) {
    ProcessSpec spec;
    spec.argv = {options.emulator,
                 "-nodefaults",
                 "-no-user-config",
                 "-display",
                 "none",
                 "-machine",
                 "q35",
                 "-accel",
                 "kvm",
                 "-cpu",
                 "host",
                 "-m",
                 "256",
                 "-no-reboot",
                 "-serial",
                 "stdio",
                 "-kernel",
                 kernel,
                 "-append",
                 "console=ttyS0 panic=-1",
                 "-sandbox",
                 "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
                 "resourcecontrol=deny"};
    spec.timeout = options.watchdog;
    return spec;
}

Acceleration try_kvm(const AccelerationOptions& options, ProcessRunner& runner) {
    const auto kernel = kernel_to_try(options);
    if (!std::filesystem::exists(kernel))
        return tcg(fmt::format("{} opens, but there is no Linux kernel at {} to prove with that "
                               "guests boot under it",
                               options.kvm_device,
                               kernel));
    const auto booted = runner.run(boot_under_kvm(options, kernel));
    if (!booted && booted.error().code == errors::timeout)
        return tcg(fmt::format("{} opens, but no Linux kernel boots under it within {:g} s",
                               options.kvm_device,
                               std::chrono::duration<double>(options.watchdog).count()));
    if (!booted)
        return tcg(booted.error().message);
    for (const auto sign : signs_of_life)
        if (booted->out.find(sign) != std::string::npos)
            return {"kvm", true, ""};
    const auto words = trim(booted->err);
    return tcg(fmt::format("{} opens, but QEMU ended before a Linux kernel had booted: {}",
                           options.kvm_device,
                           words.substr(0, words.find('\n'))));
}

} // namespace

Acceleration find_acceleration(const AccelerationOptions& options, ProcessRunner& runner) {
    if (options.choice == AccelerationChoice::tcg)
        return tcg("the configuration says so");
    if (options.choice == AccelerationChoice::kvm)
        return {"kvm", false, "not tried: the configuration says so"};
    const UniqueFd device(::open(options.kvm_device.c_str(), O_RDWR | O_CLOEXEC));
    if (!device)
        return tcg(fmt::format(
            "{} cannot be opened: {}", options.kvm_device, std::generic_category().message(errno)));
    if (auto known = read_cache(options))
        return *known;
    auto found = try_kvm(options, runner);
    write_cache(options, found);
    return found;
}

} // namespace pileus::drivers
