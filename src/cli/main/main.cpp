// SPDX-License-Identifier: Apache-2.0
//
// pileus: the command line. Reads the arguments and calls one of the functions in cli/commands.h.

#include "cli/commands.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>

using namespace pileus;
using namespace pileus::cli;

namespace {

using Command = std::function<Outcome(const Context&)>;

// Each adds its subcommand, and sets `chosen` when it is the one.
void add_clients(CLI::App& app, Command& chosen) {
    app.add_subcommand("env", "Print export lines for your own tools: eval \"$(pileus env)\"")
        ->callback([&] { chosen = print_environment; });
    auto* aws = app.add_subcommand(
        "aws", "Run the AWS CLI against this installation: pileus aws ec2 describe-instances");
    aws->prefix_command();
    aws->callback([&chosen, aws] {
        chosen = [words = aws->remaining()](const Context& context) {
            return run_aws(context, words);
        };
    });
}

void add_login(CLI::App& app, Command& chosen) {
    auto options = std::make_shared<SshOptions>();
    auto* login = app.add_subcommand("ssh", "Log in to an instance: pileus ssh i-… [command]");
    login->add_option("instance", options->instance_id, "i-…")->required();
    login->add_option("-i,--identity",
                      options->key_path,
                      "The private key (default: found by the key pair's name)");
    login->add_option("-l,--user", options->user, "Who logs in (default: the image's own user)");
    login->add_flag("-w,--wait", options->wait, "Wait until the instance is ready");
    login->prefix_command();
    login->callback([&chosen, login, options] {
        chosen = [options, words = login->remaining()](const Context& context) {
            auto filled = *options;
            filled.command = words;
            return ssh(context, filled);
        };
    });

    auto copy = std::make_shared<CopyOptions>();
    auto* cp = app.add_subcommand(
        "cp",
        "Copy files and folders to, from and between instances: pileus cp SRC… DST\n"
        "i-…:/path is in an instance, i-…:path in the home of who logs in there");
    cp->add_option("places", copy->places, "The sources, and last the destination")->required();
    cp->add_flag("-r,--recursive", copy->recursive, "Folders too");
    cp->add_option(
        "-i,--identity", copy->key_path, "The private key (default: found by the key pair's name)");
    cp->add_option("-l,--user", copy->user, "Who logs in (default: the image's own user)");
    cp->add_flag("-w,--wait", copy->wait, "Wait until the instances are ready");
    cp->callback([&chosen, copy] {
        chosen = [copy](const Context& context) { return copy_files(context, *copy); };
    });

    auto* console =
        app.add_subcommand("console", "Print what an instance wrote to its serial console");
    auto instance = std::make_shared<std::string>();
    auto follow = std::make_shared<bool>(false);
    console->add_option("instance", *instance, "i-…")->required();
    console->add_flag("-f,--follow", *follow, "Go on printing what comes");
    console->callback([&chosen, instance, follow] {
        chosen = [instance, follow](const Context& context) {
            return print_console(context, *instance, *follow);
        };
    });
}

void add_reports(CLI::App& app, Command& chosen) {
    app.add_subcommand("status", "What runs, on what, and what is left")->callback([&] {
        chosen = print_status;
    });
    auto* templates = app.add_subcommand(
        "templates", "The warm templates: what launches are started from, and the time saved");
    auto templates_as_json = std::make_shared<bool>(false);
    templates->add_flag("--json", *templates_as_json, "For programs");
    templates->callback([&chosen, templates_as_json] {
        chosen = [templates_as_json](const Context& context) {
            return print_templates(context, *templates_as_json);
        };
    });
    auto* cost = app.add_subcommand("cost", "What was charged: today, this month, from now on");
    const auto options = std::make_shared<CostOptions>();
    cost->add_option(
        "--by", options->by, "instance, type, service, usage-type, region, account or tag:KEY");
    cost->add_flag_callback(
        "--json", [options] { options->format = CostFormat::json; }, "For programs");
    cost->add_flag_callback(
        "--csv", [options] { options->format = CostFormat::csv; }, "For a spreadsheet");
    cost->add_flag("--watch", options->watch, "Anew every two seconds, until Ctrl-C");
    cost->callback([&chosen, options] {
        chosen = [options](const Context& context) { return print_cost(context, *options); };
    });
    auto* fsck = app.add_subcommand(
        "fsck", "Whether every disk belongs to something, and everything has its disk");
    auto fsck_json = std::make_shared<bool>(false);
    fsck->add_flag("--json", *fsck_json, "For programs");
    fsck->callback([&chosen, fsck_json] {
        chosen = [fsck_json](const Context& context) { return check_disks(context, *fsck_json); };
    });
    app.add_subcommand("doctor", "What this machine can do, and how to mend what it cannot")
        ->callback([&] { chosen = doctor; });
}

void add_fork(CLI::App& app, Command& chosen) {
    auto* fork = app.add_subcommand(
        "fork", "Running copies of a running instance: pileus fork i-… --count 3");
    auto options = std::make_shared<ForkOptions>();
    fork->add_option("instance", options->instance_id, "i-…")->required();
    fork->add_option("-n,--count", options->count, "How many (default: 1)");
    fork->callback([&chosen, options] {
        chosen = [options](const Context& context) { return fork_instance(context, *options); };
    });
}

void add_explain(CLI::App& app, Command& chosen) {
    auto* explain = app.add_subcommand("explain", "Why something is as it is");
    explain->require_subcommand(1);
    auto* packet = explain->add_subcommand(
        "packet",
        "What lets a packet pass or stops it, and the command that changes it:\n"
        "pileus explain packet --from i-… --to i-… --port 443");
    auto question = std::make_shared<PacketQuestion>();
    packet->add_option("--from", question->from, "i-…, eni-…, an address, or outside")->required();
    packet->add_option("--to", question->to, "i-…, eni-… or an address")->required();
    packet->add_option("--protocol", question->protocol, "tcp, udp, icmp, or a number");
    packet->add_option("--port", question->port, "The destination port (tcp and udp)");
    packet->add_option("--type", question->type, "The type of ICMP (default: ping)");
    packet->add_flag("--json", question->as_json, "For programs");
    packet->callback([&chosen, question] {
        chosen = [question](const Context& context) { return explain_packet(context, *question); };
    });
}

void add_images(CLI::App& app, Command& chosen) {
    auto* image = app.add_subcommand("image", "Machine images");
    image->require_subcommand(1);
    auto* build =
        image->add_subcommand("build", "Build images from their recipes and register them (root)");
    auto recipes = std::make_shared<std::vector<std::string>>();
    build
        ->add_option("recipes", *recipes, "debian-12, tiny, web, …: pileus image list has them all")
        ->required();
    build->callback([&chosen, recipes] {
        chosen = [recipes](const Context& context) { return build_images(context, *recipes); };
    });
    auto* import = image->add_subcommand(
        "import", "Make an image of a disk: a cloud image as its distribution offers it (root)");
    auto imported = std::make_shared<ImageImport>();
    import->add_option("source", imported->source, "A file (qcow2, raw, VMDK, OVA), or its URL")
        ->required();
    import->add_option("--name", imported->name, "Of the image (default: the file's)");
    import->add_option("--description", imported->description, "Of the image");
    import->add_option(
        "-l,--user", imported->user, "Who logs in (default: debian, ubuntu, … by name)");
    import->add_option("--format", imported->format, "qcow2, raw, vmdk or ova (default: by name)");
    import->callback([&chosen, imported] {
        chosen = [imported](const Context& context) { return import_image(context, *imported);
};
} // namespace
);
image->add_subcommand("list", "The recipes, and the images that you can launch")->callback([&] {
    chosen = list_images;
});
}

void add_daemon(CLI::App& app, Command& chosen) {
    auto* daemon = app.add_subcommand("daemon", "Start and stop pileusd");
    daemon->require_subcommand(1);
    auto* start = daemon->add_subcommand("start", "Start it, and wait until it answers");
    auto emulated = std::make_shared<bool>(false);
    start->add_flag(
        "--emulated", *emulated, "No guests, no networks: for tests of infrastructure code");
    start->callback([&chosen, emulated] {
        chosen = [emulated](const Context& context) { return start_daemon(context, {*emulated}); };
    });
    daemon->add_subcommand("stop", "Stop it; guests go on")->callback([&] {
        chosen = stop_daemon;
    });
    daemon->add_subcommand("status", "Whether it runs")->callback([&] { chosen = print_daemon; });

    auto* destroy = app.add_subcommand(
        "destroy", "Remove everything: instances, volumes, networks, the data folder");
    auto is_confirmed = std::make_shared<bool>(false);
    destroy->add_flag("--yes", *is_confirmed, "Do not ask");
    destroy->callback([&chosen, is_confirmed] {
        chosen = [is_confirmed](const Context& context) {
            return destroy_installation(context, *is_confirmed);
        };
    });

    auto* quick = app.add_subcommand(
        "quickstart", "From nothing to a server to log in to: what ./up does after the build");
    auto options = std::make_shared<QuickstartOptions>();
    auto skip = std::make_shared<bool>(false);
    quick->add_option("--image", options->recipe, "The recipe of the image");
    quick->add_flag("--emulated", options->emulated, "No guests, no networks");
    quick->add_flag("--no-instance", *skip, "Launch nothing");
    quick->callback([&chosen, options, skip] {
        chosen = [options, skip](const Context& context) {
            auto filled = *options;
            filled.launch = !*skip;
            return quickstart(context, filled);
        };
    });
}

int report(const Error& error) {
    std::fprintf(stderr, "pileus: %s\n", error.message.c_str());
    return 1;
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app{"Pileus: Amazon EC2 on the machine you already have.\n"
                 "Begin with `sudo ./up`; then `pileus aws ec2 …`, `pileus ssh i-…`, `pileus "
                 "status`, `pileus cost`."};
    app.require_subcommand(1);
    InstallationOptions options;
    app.add_option("--config", options.config_path, "The daemon's configuration file");
    app.add_option("--data-dir", options.data_dir, "The installation's data folder");
    app.add_option("--run-dir", options.run_dir, "The installation's run folder");
    app.add_option("--port", options.port, "The port of the API");
    Command chosen;
    add_clients(app, chosen);
    add_login(app, chosen);
    add_images(app, chosen);
    add_reports(app, chosen);
    add_fork(app, chosen);
    add_explain(app, chosen);
    add_daemon(app, chosen);
    CLI11_PARSE(app, argc, argv);

    const auto environment = Environment::of_this_process();
    const auto installation = Installation::find(options, environment);
    if (!installation)
        return report(installation.error());
    SystemClock clock;
    SystemProcessRunner runner;
    const Context context{*installation, environment, Terminal::detect(environment), clock, runner};
    const auto outcome = chosen(context);
    return outcome ? *outcome : report(outcome.error());
}
