// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.h"

#include "api/ce/cost_explorer.h"
#include "api/ec2/operations.h"
#include "api/endpoint.h"
#include "api/pileus/administrator.h"
#include "api/pricing/price_service.h"
#include "api/ssm/parameter_store.h"
#include "api/sts/operations.h"
#include "auth/authenticator.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "cloud/cloud.h"
#include "daemon/credentials_file.h"
#include "daemon/drivers.h"
#include "daemon/machine.h"
#include "domain/ids.h"
#include "engine/disk_check.h"
#include "engine/disk_tasks.h"
#include "engine/disks.h"
#include "engine/engine.h"
#include "engine/guest_starter.h"
#include "engine/housekeeping.h"
#include "engine/images.h"
#include "engine/import_sources.h"
#include "engine/instances.h"
#include "engine/keyed_locks.h"
#include "engine/layers.h"
#include "engine/long_work.h"
#include "engine/nat_gateways.h"
#include "engine/network_interfaces.h"
#include "engine/network_view.h"
#include "engine/recovery.h"
#include "engine/security_groups.h"
#include "engine/snapshots.h"
#include "engine/volumes.h"
#include "engine/vpcs.h"
#include "engine/warm_keeping.h"
#include "engine/warm_launches.h"
#include "engine/warm_templates.h"
#include "http/server.h"
#include "imds/metadata_service.h"
#include "meter/books.h"
#include "store/client_tokens.h"
#include "store/sqlite/sqlite_store.h"

#include <fmt/core.h>
#include <unistd.h>

namespace pileus::daemon {

namespace {

// Imports, exports, copies and merges; the other threads of the engine are for what is quick.
constexpr int long_work_at_once = 2;

// Asks this host's own drivers. On many machines another implementation will ask the host's daemon.
class LocalHost final : public cloud::Host {
  public:
    explicit LocalHost(drivers::Hypervisor& hypervisor) : hypervisor_(hypervisor) {}
    Result<std::string>
    console_output(const std::string&, const std::string& instance_id, size_t limit) override {
        return hypervisor_.console_output(instance_id, limit);
    }
    Result<std::string>
    screenshot(const std::string&, const std::string& instance_id, bool wake_up) override {
        return hypervisor_.screenshot(instance_id, wake_up);
    }

  private:
    drivers::Hypervisor& hypervisor_;
};

// A secret of the installation: made once, the same ever after.
Result<std::string> ensure_key(store::Store& store, Random& random, const std::string& name) {
    static constexpr size_t key_bytes = 32;
    return store.write([&](store::Transaction& tx) -> Result<std::string> {
        if (const auto stored = store::settings::get(tx, name))
            if (auto key = hex_decode(*stored))
                return std::move(*key);
        std::string key = random.bytes(key_bytes);
        store::settings::put(tx, name, hex_encode(key));
        return key;
    });
}

// Whether the machine was restarted since this store was last used; notes the present boot.
Result<bool> note_boot(store::Store& store) {
    return store.write([&](store::Transaction& tx) -> Result<bool> {
        const auto now = boot_id();
        const auto before = store::settings::get(tx, "boot-id");
        if (before == now)
            return false;
        store::settings::put(tx, "boot-id", now);
        return before.has_value();
    });
}

std::string endpoint_of(const Config& config, int port) {
    return fmt::format(
        "{}://{}:{}", config.tls_key_path.empty() ? "http" : "https", config.address, port);
}

} // namespace

// Members stand in the order in which they are made; they go in the reverse order.
struct Daemon::Parts {
    Config config;
    Clock& clock;
    Random& random;

    std::unique_ptr<store::SqliteStore> store;
    std::unique_ptr<catalog::Catalog> catalog;
    std::unique_ptr<meter::Books> books;
    Drivers drivers;
    std::unique_ptr<LocalHost> host;
    std::unique_ptr<cloud::Context> context;
    std::unique_ptr<cloud::Cloud> cloud;
    std::unique_ptr<auth::InMemoryCredentialStore> credentials;
    std::unique_ptr<auth::Authenticator> authenticator;
    std::unique_ptr<imds::MetadataService> metadata;
    engine::KeyedLocks instance_locks;
    std::unique_ptr<engine::VpcNetwork> vpc_network;
    engine::WarmUses warm_uses;
    IdleCpus idle_cpus;
    std::unique_ptr<engine::WarmLaunches> warm_launches;
    std::unique_ptr<engine::WarmTemplateController> warm_templates;
    std::unique_ptr<engine::WarmTemplateKeeper> warm_keeper;
    std::unique_ptr<engine::Forks> forks;
    std::unique_ptr<engine::ForkController> fork_controller;
    std::unique_ptr<engine::Hibernations> hibernations;
    std::unique_ptr<engine::GuestStarter> guest_starter;
    std::unique_ptr<engine::InstanceController> instances;
    std::unique_ptr<engine::SecurityGroupController> security_groups;
    std::unique_ptr<engine::NetworkInterfaceController> network_interfaces;
    std::unique_ptr<engine::VpcController> vpcs;
    std::unique_ptr<engine::NatGatewayController> nat_gateways;
    std::unique_ptr<engine::HousekeepingController> housekeeping;
    engine::LongWork long_work{long_work_at_once};
    std::unique_ptr<engine::Disks> disks;
    std::unique_ptr<engine::ImportSources> import_sources;
    std::unique_ptr<engine::VolumeController> volumes;
    std::unique_ptr<engine::SnapshotController> snapshots;
    std::unique_ptr<engine::ImageController> images;
    std::unique_ptr<engine::LayerController> layers;
    std::unique_ptr<engine::DiskTaskController> disk_tasks;
    std::unique_ptr<engine::DiskCheckController> disk_check;
    std::unique_ptr<engine::Engine> engine;
    api::Registry registry;
    std::unique_ptr<api::pileus_service::Administrator> administrator;
    std::unique_ptr<api::Endpoint> endpoint;
    // Guests cannot hold up the API: their server has threads of its own.
    std::unique_ptr<http::Server> metadata_server;
    std::unique_ptr<http::Server> api_server;
    int port = 0;

    Parts(Config c, Clock& cl, Random& r) : config(std::move(c)), clock(cl), random(r) {}

    Result<void> open(ProcessRunner& runner);
    Result<void> load_data();
    Result<void> set_prices(const std::filesystem::path& folder);
    Result<void> make_cloud();
    Result<void> make_engine(ProcessRunner& runner);
    void make_controllers(const std::string& host_id);
    void make_warm_controllers(const std::string& host_id);
    void make_disk_controllers(const std::string& host_id, ProcessRunner& runner);
    engine::DiskCheckOptions disk_check_options() const;
    Result<void> make_metadata_service();
    Result<void> make_api(const auth::Credential& credential);
    Result<void> recover();
    Result<void> declare_images();
    Result<void> listen();
    ~Parts();
};

Daemon::Parts::~Parts() {
    if (api_server)
        api_server->stop(std::chrono::seconds{2});
    if (metadata_server)
        metadata_server->stop(std::chrono::milliseconds{200});
    if (engine)
        engine->stop();
}

Result<void> Daemon::Parts::open(ProcessRunner& runner) {
    // Searchable by others: the guests' DHCP server drops its privileges before it reads its files.
    PILEUS_TRY(make_directories(config.data_dir, 0755));
    PILEUS_TRY(make_directories(config.run_dir, 0755));
    PILEUS_ASSIGN(store,
                  store::SqliteStore::open(
                      {.path = (config.data_dir / "store.db").string(), .vfs = ""}, clock));
    PILEUS_ASSIGN(drivers, make_drivers(config, clock, runner));
    return {};
}

Result<void> Daemon::Parts::load_data() {
    PILEUS_ASSIGN(const auto share, find_share_dir(config));
    PILEUS_ASSIGN(auto types, catalog::Catalog::load(share / "data" / "instance_types.toml"));
    catalog = std::make_unique<catalog::Catalog>(std::move(types));
    PILEUS_TRY(set_prices(config.prices_folder.empty() ? share / "prices" : config.prices_folder));
    complete_capacity(config.cloud.host);
    if (config.cloud.import_folder.empty())
        config.cloud.import_folder = config.data_dir / "imports";
    if (config.cloud.export_folder.empty())
        config.cloud.export_folder = config.data_dir / "exports";
    PILEUS_TRY(make_directories(config.cloud.import_folder));
    return {};
}

// The prices of the folder are in force from now on, where they differ from those of the last
// start.
Result<void> Daemon::Parts::set_prices(const std::filesystem::path& folder) {
    PILEUS_ASSIGN(auto lists, meter::load_price_lists(folder));
    for (auto& list : lists)
        list.price_by_capacity(catalog->all());
    PILEUS_ASSIGN(const auto schedule, meter::schedule_of(lists, clock.now()));
    books = std::make_unique<meter::Books>(*store, clock);
    return books->set_prices(schedule);
}

Result<void> Daemon::Parts::make_cloud() {
    host = std::make_unique<LocalHost>(*drivers.hypervisor);
    PILEUS_ASSIGN(auto page_key, ensure_key(*store, random, "page-key"));
    context = std::make_unique<cloud::Context>(
        cloud::Context{*store, clock, random, *catalog, *host, config.cloud, std::move(page_key)});
    cloud = std::make_unique<cloud::Cloud>(*context);
    return {};
}

Result<void> Daemon::Parts::make_engine(ProcessRunner& runner) {
    const auto& host_id = config.cloud.host.host_id;
    vpc_network = std::make_unique<engine::VpcNetwork>(*store, *drivers.network, host_id);
    make_disk_controllers(host_id, runner);
    make_warm_controllers(host_id);
    make_controllers(host_id);
    engine::EngineOptions options;
    options.host_id = host_id;
    options.owner = fmt::format("{}-{}", ::getpid(), random.hex(8));
    options.threads = config.engine_threads;
    engine =
        std::make_unique<engine::Engine>(*store,
                                         clock,
                                         options,
                                         std::vector<engine::Controller*>{instances.get(),
                                                                          fork_controller.get(),
                                                                          security_groups.get(),
                                                                          network_interfaces.get(),
                                                                          vpcs.get(),
                                                                          nat_gateways.get(),
                                                                          volumes.get(),
                                                                          snapshots.get(),
                                                                          images.get(),
                                                                          layers.get(),
                                                                          disk_tasks.get(),
                                                                          disk_check.get(),
                                                                          warm_templates.get(),
                                                                          warm_keeper.get(),
                                                                          housekeeping.get()});
    store->on_work([this] { engine->wake(); });
    drivers.hypervisor->on_change([this](const std::string& id) {
        const bool is_template = id.starts_with(domain::prefix::warm_template);
        engine->look_at(
            std::string(is_template ? engine::WarmTemplateController::work_kind : "instance"), id);
    });
    return {};
}

void Daemon::Parts::make_warm_controllers(const std::string& host_id) {
    auto options = config.warm;
    options.host_id = host_id;
    options.starts_at_once = cpus_of_machine();
    if (options.memory_bytes_max == 0)
        options.memory_bytes_max = (memory_mib_of_machine() << 20) / 4;
    options.room = [this] {
        return engine::MachineRoom{idle_cpus.look(), available_memory_bytes()};
    };
    warm_launches = std::make_unique<engine::WarmLaunches>(*store,
                                                           clock,
                                                           random,
                                                           *drivers.hypervisor,
                                                           *drivers.volumes,
                                                           warm_uses,
                                                           options,
                                                           config.mtu);
    warm_templates = std::make_unique<engine::WarmTemplateController>(*store,
                                                                      clock,
                                                                      random,
                                                                      *catalog,
                                                                      *drivers.hypervisor,
                                                                      *drivers.volumes,
                                                                      instance_locks,
                                                                      warm_uses,
                                                                      options);
    warm_keeper = std::make_unique<engine::WarmTemplateKeeper>(
        *store, clock, *drivers.hypervisor, warm_uses, options);
    forks = std::make_unique<engine::Forks>(*store, random, *drivers.hypervisor, config.mtu);
    fork_controller =
        std::make_unique<engine::ForkController>(*store,
                                                 clock,
                                                 *drivers.hypervisor,
                                                 *drivers.volumes,
                                                 *disks,
                                                 instance_locks,
                                                 engine::ForkControllerOptions{.host_id = host_id});
    hibernations = std::make_unique<engine::Hibernations>(
        *store, clock, *drivers.hypervisor, config.cloud.stop_timeout);
    guest_starter = std::make_unique<engine::GuestStarter>(*store,
                                                           *catalog,
                                                           *drivers.hypervisor,
                                                           *drivers.network,
                                                           *vpc_network,
                                                           *disks,
                                                           instance_locks,
                                                           *warm_launches,
                                                           *forks,
                                                           *hibernations,
                                                           config.mtu);
}

void Daemon::Parts::make_controllers(const std::string& host_id) {
    engine::InstanceControllerOptions options;
    options.host_id = host_id;
    options.stop_timeout = config.cloud.stop_timeout;
    options.terminated_visible = config.terminated_visible;
    options.restart_after_boot = config.restart_after_boot;
    options.emulated = config.is_emulated();
    options.free_bytes = [folder = config.data_dir / "volumes"] { return free_bytes_of(folder); };
    instances = std::make_unique<engine::InstanceController>(*store,
                                                             clock,
                                                             *drivers.hypervisor,
                                                             *vpc_network,
                                                             *disks,
                                                             *guest_starter,
                                                             *warm_launches,
                                                             *hibernations,
                                                             instance_locks,
                                                             options);
    network_interfaces = std::make_unique<engine::NetworkInterfaceController>(
        *store,
        clock,
        *drivers.hypervisor,
        *drivers.network,
        *vpc_network,
        instance_locks,
        engine::NetworkInterfaceControllerOptions{.host_id = host_id, .mtu = config.mtu});
    security_groups = std::make_unique<engine::SecurityGroupController>(*vpc_network);
    vpcs = std::make_unique<engine::VpcController>(*vpc_network, *store, clock);
    nat_gateways = std::make_unique<engine::NatGatewayController>(
        *store,
        clock,
        *vpc_network,
        engine::NatGatewayControllerOptions{.host_id = host_id,
                                            .deleted_visible = config.terminated_visible});
    housekeeping = std::make_unique<engine::HousekeepingController>(
        *store,
        clock,
        engine::HousekeepingOptions{.host_id = host_id,
                                    .terminated_visible = config.terminated_visible});
}

void Daemon::Parts::make_disk_controllers(const std::string& host_id, ProcessRunner& runner) {
    disks = std::make_unique<engine::Disks>(
        *store, clock, *drivers.hypervisor, *drivers.volumes, host_id);
    import_sources = std::make_unique<engine::ImportSources>(
        runner,
        engine::ImportSourceOptions{.folder = config.cloud.import_folder,
                                    .url_prefixes = config.cloud.import_url_prefixes,
                                    .downloads = config.data_dir / "downloads"});
    volumes = std::make_unique<engine::VolumeController>(
        *store,
        clock,
        *drivers.hypervisor,
        *drivers.volumes,
        *disks,
        instance_locks,
        engine::VolumeControllerOptions{.host_id = host_id});
    snapshots = std::make_unique<engine::SnapshotController>(
        *store,
        clock,
        *drivers.volumes,
        *disks,
        instance_locks,
        long_work,
        engine::SnapshotControllerOptions{.host_id = host_id});
    images = std::make_unique<engine::ImageController>(*store, clock, host_id);
    layers = std::make_unique<engine::LayerController>(*store,
                                                       clock,
                                                       *drivers.hypervisor,
                                                       *drivers.volumes,
                                                       *disks,
                                                       instance_locks,
                                                       long_work,
                                                       host_id);
    disk_tasks = std::make_unique<engine::DiskTaskController>(
        *store,
        clock,
        *drivers.volumes,
        *import_sources,
        long_work,
        engine::DiskTaskControllerOptions{.host_id = host_id,
                                          .export_folder = config.cloud.export_folder});
    disk_check = std::make_unique<engine::DiskCheckController>(
        *store, clock, *drivers.volumes, disk_check_options());
}

engine::DiskCheckOptions Daemon::Parts::disk_check_options() const {
    return {.host_id = config.cloud.host.host_id,
            .instances_folder = config.data_dir / "instances",
            .downloads = config.data_dir / "downloads",
            .templates_folder = config.data_dir / "templates",
            .is_emulated = config.is_emulated()};
}

Result<void> Daemon::Parts::make_metadata_service() {
    PILEUS_ASSIGN(auto key, ensure_key(*store, random, "metadata-token-key"));
    metadata = std::make_unique<imds::MetadataService>(
        *store,
        clock,
        std::move(key),
        [this](const std::string& vpc_id, uint32_t mark) {
            return drivers.network->interface_of_mark(vpc_id, mark);
        },
        [this](const std::string& zone) { return cloud::zone_id(config.cloud, zone); });
    metadata_server = std::make_unique<http::Server>(http::ServerOptions{}, clock, random);
    drivers.network->on_metadata_listener(
        [this](drivers::MetadataListener listener) {
            http::ListenerOptions options;
            options.tag = listener.vpc_id;
            options.handler = [this](const http::Request& request) {
                return metadata->handle(request);
            };
            if (const auto adopted =
                    metadata_server->adopt_listener(std::move(listener.socket), std::move(options));
                !adopted)
                log_error("metadata service",
                          {{"vpc", listener.vpc_id}, {"error", adopted.error().message}});
        },
        [this](const std::string& vpc_id) { (void)metadata_server->remove_listener(vpc_id); });
    return {};
}

Result<void> Daemon::Parts::make_api(const auth::Credential& credential) {
    auto keys = config.credentials;
    if (keys.empty())
        keys.push_back(credential);
    credentials = std::make_unique<auth::InMemoryCredentialStore>(std::move(keys));
    auth::AuthenticatorOptions options;
    options.regions.clear();
    for (const auto& region : config.cloud.regions)
        options.regions.push_back(region.name);
    options.services.push_back("pileus");
    options.services.push_back("ssm");
    options.services.push_back("ce");
    options.services.push_back("pricing");
    authenticator = std::make_unique<auth::Authenticator>(clock, *credentials, std::move(options));

    api::pileus_service::Installation installation;
    installation.version = PILEUS_VERSION;
    installation.started_at = clock.now();
    installation.emulated = config.is_emulated();
    installation.data_dir = config.data_dir;
    installation.egress = config.egress && !config.is_emulated();
    administrator = std::make_unique<api::pileus_service::Administrator>(
        *store,
        clock,
        *catalog,
        *books,
        *cloud,
        config.cloud,
        std::move(installation),
        api::pileus_service::Machine{
            [this] {
                const auto found = drivers.hypervisor->probe();
                return api::pileus_service::Acceleration{found.name, found.proven, found.reason};
            },
            [this](const std::string& snapshot_id, const std::string& path) {
                return drivers.volumes->import_snapshot(snapshot_id, path);
            },
            [this](const domain::Caller& caller) {
                return store->read([&](store::Transaction& tx) {
                    return engine::make_network_view(
                        tx, {caller.account_id, caller.region}, config.egress);
                });
            },
            [this] {
                return engine::check_disks(*store, *drivers.volumes, disk_check_options());
            }});
    api::ec2::register_all(registry);
    api::sts::register_identity(registry);
    endpoint = std::make_unique<api::Endpoint>(
        *authenticator,
        registry,
        *cloud,
        *catalog,
        clock,
        std::map<std::string, api::RawService>{
            {"pileus",
             [this](const domain::Caller& caller, const http::Request& request) {
                 return administrator->handle(caller, request);
             }},
            {"ce",
             [this](const domain::Caller& caller, const http::Request& request) {
                 return api::ce::CostExplorer(*store, *books).handle(caller, request);
             }},
            {"pricing",
             [this](const domain::Caller& caller, const http::Request& request) {
                 return api::pricing::PriceService(*catalog, *books).handle(caller, request);
             }},
            {"ssm", [this](const domain::Caller& caller, const http::Request& request) {
                 return api::ssm::ParameterStore(*cloud).handle(caller, request);
             }}});
    return {};
}

// What outlived the last daemon is taken over before anything new is done.
Result<void> Daemon::Parts::recover() {
    PILEUS_ASSIGN(const bool machine_restarted, note_boot(*store));
    PILEUS_TRY(drivers.volumes->recover());
    PILEUS_TRY(drivers.network->recover());
    PILEUS_ASSIGN(const auto guests, drivers.hypervisor->recover());
    PILEUS_TRY(instances->recover(guests, machine_restarted));
    const auto& host_id = config.cloud.host.host_id;
    PILEUS_TRY(engine::recover_network(*store, *drivers.network, clock, host_id));
    PILEUS_TRY(engine::recover_warm_templates(*store, *drivers.hypervisor, clock, host_id));
    PILEUS_TRY(engine::recover_disks(*store, *import_sources, clock, host_id));
    engine->start();
    return {};
}

// Images without a disk, for the emulation mode.
Result<void> Daemon::Parts::declare_images() {
    for (const auto& declared : config.declared_images) {
        cloud::BuiltImage build;
        build.id = declared.id;
        build.name = declared.name;
        build.recipe = declared.name;
        build.content_sha256 = declared.id;
        build.region =
            declared.region.empty() ? config.cloud.regions.front().name : declared.region;
        build.root_device_name = declared.root_device_name;
        build.size_gib = declared.size_gib;
        build.guest_agent = declared.has_guest_agent ? "1" : "";
        PILEUS_ASSIGN(const auto registered, cloud->images.register_built(build));
        for (const auto& image : registered)
            PILEUS_TRY(cloud->images.publish({image.id}));
    }
    return {};
}

Result<void> Daemon::Parts::listen() {
    http::ServerOptions server_options;
    server_options.workers = static_cast<size_t>(config.api_threads);
    api_server = std::make_unique<http::Server>(server_options, clock, random);
    http::ListenerOptions options;
    options.tag = "api";
    options.handler = [this](const http::Request& request) { return endpoint->handle(request); };
    options.render_failure = [this](const http::Failure& failure) {
        return endpoint->render_failure(failure);
    };
    if (!config.tls_key_path.empty())
        options.tls = http::TlsFiles{config.tls_certificate_path, config.tls_key_path};
    PILEUS_ASSIGN(
        port,
        api_server->listen(config.address, static_cast<uint16_t>(config.port), std::move(options)));
    return {};
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

int Daemon::port() const {
    return parts_->port;
}

Result<std::unique_ptr<Daemon>>
Daemon::start(Config config, Clock& clock, Random& random, ProcessRunner& runner) {
    auto parts = std::make_unique<Parts>(std::move(config), clock, random);
    PILEUS_TRY(parts->open(runner));
    PILEUS_TRY(parts->load_data());
    PILEUS_TRY(parts->make_cloud());
    PILEUS_TRY(parts->make_engine(runner));
    PILEUS_TRY(parts->make_metadata_service());
    const auto& settings = parts->config;
    const auto credentials_path = settings.data_dir / "credentials.toml";
    const auto write_credentials = [&](int port) {
        return ensure_credentials_file(credentials_path,
                                       endpoint_of(settings, port),
                                       settings.cloud.regions.front().name,
                                       settings.default_account_id,
                                       settings.credentials,
                                       random);
    };
    PILEUS_ASSIGN(const auto credential, write_credentials(settings.port));
    PILEUS_TRY(parts->make_api(credential));
    if (settings.is_emulated())
        PILEUS_TRY(parts->declare_images());
    PILEUS_TRY(parts->recover());
    PILEUS_TRY(parts->listen());
    if (parts->port != settings.port)
        PILEUS_TRY(write_credentials(parts->port));
    log_info(
        "pileusd answers",
        {{"endpoint", endpoint_of(settings, parts->port)}, {"hypervisor", settings.hypervisor}});
    return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

Result<void> destroy_installation(const Config& config, Clock& clock, ProcessRunner& runner) {
    if (!std::filesystem::exists(config.data_dir / "store.db"))
        return {};
    // Taking the store makes sure that no daemon is running.
    PILEUS_ASSIGN(const auto store,
                  store::SqliteStore::open(
                      {.path = (config.data_dir / "store.db").string(), .vfs = ""}, clock));
    PILEUS_ASSIGN(const auto drivers, make_drivers(config, clock, runner));
    PILEUS_ASSIGN(const auto guests, drivers.hypervisor->recover());
    for (const auto& guest : guests) {
        PILEUS_TRY(drivers.hypervisor->destroy(guest));
        PILEUS_TRY(drivers.hypervisor->forget(guest));
    }
    PILEUS_TRY(drivers.network->remove_all());
    return remove_tree(config.run_dir);
}

} // namespace pileus::daemon
