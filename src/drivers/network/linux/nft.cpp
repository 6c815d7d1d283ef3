// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/nft.h"

namespace pileus::drivers {

Result<void> run_nft(ProcessRunner& runner,
                     const NetworkNamespace& network_namespace,
                     const std::string& commands) {
    return network_namespace.run([&]() -> Result<void> {
        ProcessSpec spec;
        spec.argv = {"nft", "-f", "-"};
        spec.stdin_text = commands;
        const auto done = run_checked(runner, spec);
        return done ? Result<void>{} : fail(done.error());
    });
}

} // namespace pileus::drivers
