// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"
#include "cli/credentials.h"
#include "cli/programs.h"
#include "cli/quote.h"

#include <cstdio>
#include <fmt/core.h>
#include <utility>

namespace pileus::cli {

namespace {

std::vector<std::pair<std::string, std::string>> variables_of(const Credentials& credentials) {
    return {{"AWS_ENDPOINT_URL", credentials.endpoint},
            {"AWS_ACCESS_KEY_ID", credentials.access_key_id},
            {"AWS_SECRET_ACCESS_KEY", credentials.secret_access_key},
            {"AWS_DEFAULT_REGION", credentials.region}};
}

} // namespace

Outcome print_environment(const Context& context) {
    PILEUS_ASSIGN(const auto credentials,
                  find_credentials(context.installation, context.environment));
    for (const auto& [name, value] : variables_of(credentials))
        fmt::print("export {}={}\n", name, shell_quote(value));
    return 0;
}

// Debian's AWS CLI 2.9 knows no AWS_ENDPOINT_URL: the endpoint is given as an option as well.
Outcome run_aws(const Context& context, const std::vector<std::string>& words) {
    PILEUS_ASSIGN(const auto credentials,
                  find_credentials(context.installation, context.environment));
    const auto program = find_program("aws", context.environment);
    if (!program)
        return fail(errors::not_found, "the AWS CLI is not installed: apt-get install awscli");
    auto environment = context.environment;
    for (auto& [name, value] : variables_of(credentials))
        environment.set(name, std::move(value));
    environment.unset("AWS_SESSION_TOKEN");
    environment.unset("AWS_PROFILE");
    // Its answers go through `less`, which a small machine may lack.
    if (!find_program("less", context.environment) && !environment.get("AWS_PAGER"))
        environment.set("AWS_PAGER", "");
    std::vector<std::string> argv{*program, "--endpoint-url", credentials.endpoint};
    argv.insert(argv.end(), words.begin(), words.end());
    return fail(exec_program(argv, environment));
}

} // namespace pileus::cli
