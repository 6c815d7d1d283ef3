// SPDX-License-Identifier: Apache-2.0
#include "cloud/disk_tasks.h"

#include "base/text.h"
#include "cloud/images.h"
#include "cloud/listing.h"
#include "cloud/sharing.h"
#include "cloud/snapshots.h"
#include "domain/ids.h"
#include "domain/import_source.h"
#include "store/disk_tasks.h"
#include "store/images.h"
#include "store/snapshots.h"
#include "store/work.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::DiskTask;
using domain::DiskTaskKind;

namespace {

constexpr size_t source_chars_max = 1024;
constexpr size_t file_name_chars_max = 200;
constexpr size_t prefix_chars_max = 200;
constexpr std::string_view imported_root_device = "/dev/sda1"; // as EC2 names it

constexpr FilterField<DiskTaskView> task_filters[]{
    {"task-state", [](const DiskTaskView& v, const Emit& emit) { emit(v.task.state); }},
};

std::string key(const DiskTaskView& v) {
    return v.task.id;
}

struct TaskKind {
    const ResourceKind& resource;
    ListingKind<DiskTaskView> listing;
};

const TaskKind& kind_of(DiskTaskKind kind) {
    static const TaskKind import_image{kinds::import_image_task,
                                       {"DescribeImportImageTasks", task_filters, key, {1, 1000}}};
    static const TaskKind import_snapshot{
        kinds::import_snapshot_task, {"DescribeImportSnapshotTasks", task_filters, key, {1, 1000}}};
    static const TaskKind export_image{kinds::export_image_task,
                                       {"DescribeExportImageTasks", task_filters, key, {1, 500}}};
    switch (kind) {
    case DiskTaskKind::import_image:
        return import_image;
    case DiskTaskKind::import_snapshot:
        return import_snapshot;
    case DiskTaskKind::export_image:
        break;
    }
    return export_image;
}

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._+-").find(c) != std::string_view::npos;
}

bool is_file_name(std::string_view text) {
    return !text.empty() && text.size() <= file_name_chars_max && text.front() != '.' &&
           text.front() != '-' && std::all_of(text.begin(), text.end(), is_plain);
}

Result<std::string> find_format(const DiskImport& request) {
    static constexpr std::array<std::string_view, 4> known{"qcow2", "raw", "vmdk", "ova"};
    auto format = to_lower(request.format);
    if (format.empty())
        for (const auto name : known)
            if (to_lower(request.source).ends_with("." + std::string(name)))
                format = name;
    if (format.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter Format: qcow2, raw, vmdk or ova. It is "
                    "never guessed from what is in the file.");
    if (std::find(known.begin(), known.end(), format) == known.end())
        return fail(codes::invalid_parameter_value,
                    fmt::format("The format '{}' cannot be imported: convert the disk to qcow2, "
                                "raw, vmdk or ova.",
                                request.format));
    return format;
}

// What a request says, completed; the ids are still to be given.
Result<DiskTask> make_import(store::Transaction& tx,
                             const Context& context,
                             const domain::Caller& caller,
                             const DiskImport& request) {
    DiskTask task;
    PILEUS_ASSIGN(task.format, find_format(request));
    PILEUS_TRY(check_import_source(context.settings, request.source));
    task.source = request.source;
    PILEUS_ASSIGN(auto encryption,
                  choose_encryption(tx, scope_of(caller), request.encryption, false));
    task.account_id = caller.account_id;
    task.region = caller.region;
    task.host_id = context.settings.host.host_id;
    task.description = request.description;
    task.status = "pending";
    task.encrypted = encryption.encrypted;
    task.kms_key_id = std::move(encryption.kms_key_id);
    task.snapshot_id = domain::new_id(context.random, domain::prefix::snapshot);
    task.created_at = context.clock.now();
    return task;
}

domain::Snapshot snapshot_of(const DiskTask& task) {
    domain::Snapshot snapshot;
    snapshot.id = task.snapshot_id;
    snapshot.account_id = task.account_id;
    snapshot.region = task.region;
    snapshot.host_id = task.host_id;
    snapshot.volume_id = no_volume_id;
    snapshot.description = task.kind == DiskTaskKind::import_image
                               ? fmt::format("Created by AWS-VMImport service for {}", task.id)
                               : task.description;
    snapshot.state = domain::SnapshotState::pending;
    snapshot.progress_percent = 0;
    snapshot.encrypted = task.encrypted;
    snapshot.kms_key_id = task.kms_key_id;
    snapshot.source_path = task.source;
    snapshot.started_at = task.created_at;
    return snapshot;
}

domain::Image image_of(const DiskTask& task, const ImageImport& request) {
    domain::Image image;
    image.id = task.image_id;
    image.account_id = task.account_id;
    image.region = task.region;
    image.name = request.name.empty() ? task.id : request.name;
    image.description = task.description;
    image.architecture = task.architecture;
    image.state = "pending";
    image.boot_mode = task.boot_mode;
    image.root_device_name = imported_root_device;
    image.snapshot_id = task.snapshot_id;
    image.default_user = request.default_user;
    image.created_at = task.created_at;
    domain::ImageDevice root;
    root.device = imported_root_device;
    root.snapshot_id = task.snapshot_id;
    root.type = "gp3";
    root.iops = 3000;
    root.throughput_mib_s = 125;
    root.encrypted = task.encrypted;
    image.devices.push_back(std::move(root));
    return image;
}

Result<void> check_image_import(const ImageImport& request) {
    if (!request.name.empty())
        PILEUS_TRY(check_image_name(request.name));
    PILEUS_TRY(check_image_description(request.disk.description));
    if (request.architecture != "x86_64")
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter architecture is invalid: disks of x86_64 "
                                "machines can be imported.",
                                request.architecture));
    static constexpr std::array<std::string_view, 4> boot_modes{
        "", "legacy-bios", "uefi", "uefi-preferred"};
    if (std::find(boot_modes.begin(), boot_modes.end(), request.boot_mode) == boot_modes.end())
        return fail(
            codes::invalid_parameter_value,
            fmt::format("Value ({}) for parameter bootMode is invalid.", request.boot_mode));
    if (!request.platform.empty() && !equals_ignore_case(request.platform, "linux"))
        return fail(codes::unsupported_operation,
                    fmt::format("The platform '{}' is not supported: Pileus has no licences to "
                                "give. Leave Platform out.",
                                request.platform));
    return {};
}

void enqueue_task(store::Transaction& tx, const Context& context, const DiskTask& task) {
    store::work::enqueue(tx, "disk-task", task.id, task.host_id, context.clock.now());
}

DiskTaskView write_task(store::Transaction& tx,
                        const Context& context,
                        const domain::Caller& caller,
                        const DiskTask& task,
                        const std::vector<TagSpecification>& tags) {
    const auto type = kind_of(task.kind).resource.type;
    store::disk_tasks::insert(tx, task);
    write_tags(tx, caller, tags, type, task.id);
    enqueue_task(tx, context, task);
    return {task, tags_for(tags, type)};
}

Result<DiskTask> find_task(store::Transaction& tx,
                           const domain::Caller& caller,
                           DiskTaskKind kind,
                           const std::string& id) {
    auto task = own(store::disk_tasks::find(tx, id), scope_of(caller));
    if (!task || task->kind != kind)
        return fail(missing_error(kind_of(kind).resource, id));
    return std::move(*task);
}

// What the same token made before.
Result<std::optional<DiskTaskView>> find_earlier_task(store::Transaction& tx,
                                                      const domain::Caller& caller,
                                                      std::string_view operation,
                                                      const ClientToken& token) {
    PILEUS_ASSIGN(const auto earlier, find_earlier(tx, caller, operation, token));
    if (!earlier)
        return std::optional<DiskTaskView>{};
    auto task = store::disk_tasks::find(tx, *earlier);
    if (!task)
        return std::optional<DiskTaskView>{};
    return std::optional{DiskTaskView{std::move(*task), store::tags::list_of(tx, *earlier)}};
}

Result<std::string> begin_cancel(store::Transaction& tx, const Context& context, DiskTask task) {
    if (task.ended_at || task.cancel_requested)
        return fail(codes::incorrect_state,
                    fmt::format("The task '{}' is in the state '{}': it cannot be cancelled.",
                                task.id,
                                task.state));
    auto previous = task.state;
    task.cancel_requested = true;
    task.state = "deleting";
    store::disk_tasks::update(tx, task);
    enqueue_task(tx, context, task);
    return previous;
}

bool is_bucket_name(std::string_view text) {
    return text.size() >= 3 && text.size() <= 63 && is_file_name(text);
}

// "backups/2026-": folders and the beginning of a file's name.
bool is_path_prefix(std::string_view text) {
    if (text.size() > prefix_chars_max)
        return false;
    while (!text.empty()) {
        const auto slash = std::min(text.find('/'), text.size());
        if (!is_file_name(text.substr(0, slash)))
            return false;
        text.remove_prefix(std::min(slash + 1, text.size()));
    }
    return true;
}

Result<std::string> find_destination(const Context& context,
                                     const ImageExport& request,
                                     const std::string& task_id,
                                     const std::string& format) {
    if (!is_bucket_name(request.bucket))
        return fail(codes::invalid_parameter_value,
                    fmt::format("'{}' is no bucket name. There is no S3 here: the bucket is a "
                                "folder of the export folder of this machine ({}).",
                                request.bucket,
                                context.settings.export_folder));
    if (!is_path_prefix(request.prefix))
        return fail(codes::invalid_parameter_value,
                    fmt::format("'{}' is no prefix: write letters, digits, '.', '_', '+', '-' and, "
                                "between folders, '/'.",
                                request.prefix));
    return fmt::format("{}/{}/{}{}.{}",
                       context.settings.export_folder,
                       request.bucket,
                       request.prefix,
                       task_id,
                       format);
}

Result<domain::Snapshot>
find_exported(store::Transaction& tx, const domain::Caller& caller, const std::string& image_id) {
    PILEUS_ASSIGN(const auto image, find_own_image(tx, scope_of(caller), image_id));
    PILEUS_TRY(find_launchable_image(tx, scope_of(caller), image_id));
    const auto devices = devices_of(image);
    const auto disks = std::count_if(devices.begin(), devices.end(), [](const auto& device) {
        return !device.no_device && device.virtual_name.empty();
    });
    if (disks != 1)
        return fail(
            codes::unsupported_operation,
            fmt::format("The image '{}' has {} disks: an image of one disk can be exported.",
                        image_id,
                        disks));
    PILEUS_ASSIGN(auto snapshot, find_own_snapshot(tx, scope_of(caller), image.snapshot_id));
    if (snapshot.encrypted)
        return fail(
            codes::unsupported_operation,
            fmt::format("The image '{}' is encrypted, and such an image cannot be exported.",
                        image_id));
    return snapshot;
}

} // namespace

Result<void> check_import_source(const Settings& settings, const std::string& source) {
    if (source.empty())
        return fail(codes::missing_parameter,
                    "The request must contain the parameter Url: the name of a file in the import "
                    "folder of this machine, or a URL that its operator has allowed.");
    if (source.size() > source_chars_max)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Url has more than {} characters.", source_chars_max));
    if (!domain::is_url(source)) {
        if (!is_file_name(source))
            return fail(codes::invalid_parameter_value,
                        fmt::format("'{}' is not the name of a file in the import folder ({}): "
                                    "letters, digits, '.', '_', '+' and '-'.",
                                    source,
                                    settings.import_folder));
        return {};
    }
    if (source.starts_with("s3://"))
        return fail(codes::unsupported_operation,
                    "There is no S3 here: put the file into the import folder of this machine and "
                    "give its name, or a URL that its operator has allowed.");
    if (!domain::is_allowed_url(source, settings.import_url_prefixes))
        return fail(codes::operation_not_permitted,
                    fmt::format("The operator of this installation has not allowed imports from "
                                "'{}'.",
                                source));
    return {};
}

Result<DiskTaskView> DiskTasks::import_image(const domain::Caller& caller,
                                             const ImageImport& request) {
    static constexpr std::string_view operation = "ImportImage";
    const auto& disk = request.disk;
    PILEUS_TRY(check_image_import(request));
    PILEUS_TRY(check_tag_specifications(
        context_, disk.tag_specifications, {kinds::import_image_task.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<DiskTaskView> {
        PILEUS_ASSIGN(auto earlier, find_earlier_task(tx, caller, operation, disk.client_token));
        if (earlier)
            return std::move(*earlier);
        PILEUS_ASSIGN(auto task, make_import(tx, context_, caller, disk));
        task.kind = DiskTaskKind::import_image;
        task.id = domain::new_id(context_.random, domain::prefix::import_image_task);
        task.image_id = domain::new_id(context_.random, domain::prefix::image);
        task.architecture = request.architecture;
        task.boot_mode = request.boot_mode;
        task.platform = "Linux";
        const auto image = image_of(task, request);
        PILEUS_TRY(check_image_name_is_free(tx, caller, image.name));
        PILEUS_TRY(check_image_room(tx, context_, caller));
        PILEUS_TRY(end_if_dry_run(caller));
        store::snapshots::insert(tx, snapshot_of(task));
        store::images::insert(tx, image);
        remember(tx, context_, caller, operation, disk.client_token, task.id);
        return write_task(tx, context_, caller, task, disk.tag_specifications);
    });
}

Result<DiskTaskView> DiskTasks::import_snapshot(const domain::Caller& caller,
                                                const DiskImport& request) {
    static constexpr std::string_view operation = "ImportSnapshot";
    PILEUS_TRY(check_tag_specifications(
        context_, request.tag_specifications, {kinds::import_snapshot_task.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<DiskTaskView> {
        PILEUS_ASSIGN(auto earlier, find_earlier_task(tx, caller, operation, request.client_token));
        if (earlier)
            return std::move(*earlier);
        PILEUS_ASSIGN(auto task, make_import(tx, context_, caller, request));
        if (task.format == "ova")
            return fail(codes::invalid_parameter_value,
                        "An OVA holds a machine: import it with ImportImage.");
        task.kind = DiskTaskKind::import_snapshot;
        task.id = domain::new_id(context_.random, domain::prefix::import_snapshot_task);
        PILEUS_TRY(end_if_dry_run(caller));
        store::snapshots::insert(tx, snapshot_of(task));
        remember(tx, context_, caller, operation, request.client_token, task.id);
        return write_task(tx, context_, caller, task, request.tag_specifications);
    });
}

Result<DiskTaskView> DiskTasks::export_image(const domain::Caller& caller,
                                             const ImageExport& request) {
    static constexpr std::string_view operation = "ExportImage";
    static constexpr std::array<std::string_view, 3> formats{"vmdk", "raw", "vhd"};
    const auto format = to_lower(request.format);
    if (std::find(formats.begin(), formats.end(), format) == formats.end())
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value ({}) for parameter diskImageFormat is invalid. Expecting "
                                "VMDK, RAW or VHD.",
                                request.format));
    PILEUS_TRY(check_tag_specifications(
        context_, request.tag_specifications, {kinds::export_image_task.type}));
    return context_.store.write([&](store::Transaction& tx) -> Result<DiskTaskView> {
        PILEUS_ASSIGN(auto earlier, find_earlier_task(tx, caller, operation, request.client_token));
        if (earlier)
            return std::move(*earlier);
        PILEUS_ASSIGN(const auto snapshot, find_exported(tx, caller, request.image_id));
        DiskTask task;
        task.kind = DiskTaskKind::export_image;
        task.id = domain::new_id(context_.random, domain::prefix::export_image_task);
        task.account_id = caller.account_id;
        task.region = caller.region;
        task.host_id = snapshot.host_id;
        task.description = request.description;
        task.status = "pending";
        task.format = format;
        task.snapshot_id = snapshot.id;
        task.image_id = request.image_id;
        PILEUS_ASSIGN(task.destination, find_destination(context_, request, task.id, format));
        task.created_at = context_.clock.now();
        PILEUS_TRY(end_if_dry_run(caller));
        remember(tx, context_, caller, operation, request.client_token, task.id);
        return write_task(tx, context_, caller, task, request.tag_specifications);
    });
}

Result<Listing<DiskTaskView>>
DiskTasks::describe(const domain::Caller& caller, DiskTaskKind kind, const DiskTaskQuery& query) {
    const auto scope = scope_of(caller);
    const auto& task_kind = kind_of(kind);
    const auto view = [](store::Transaction& tx, std::vector<DiskTask> rows) {
        std::vector<DiskTaskView> views;
        for (auto& row : rows)
            views.push_back({std::move(row), {}});
        attach_tags(tx, views, [](const DiskTaskView& v) { return v.task.id; });
        return views;
    };
    if (!query.ids.empty())
        return list_named(context_,
                          caller,
                          task_kind.listing,
                          task_kind.resource,
                          query.ids,
                          query.filters,
                          query.page,
                          [&](store::Transaction& tx, const std::string& id) {
                              auto row = own(store::disk_tasks::find(tx, id), scope);
                              if (row && row->kind != kind)
                                  row.reset();
                              return view_one(tx, std::move(row), view);
                          });
    return list_matching(context_,
                         caller,
                         task_kind.listing,
                         query.filters,
                         query.page,
                         [&](store::Transaction& tx, const store::Page& page) {
                             return view(
                                 tx,
                                 list_wanted(
                                     page,
                                     [&](const store::Page& part) {
                                         return store::disk_tasks::list(tx, scope, part);
                                     },
                                     [&](const DiskTask& task) { return task.kind == kind; }));
                         });
}

Result<Cancellation> DiskTasks::cancel_import(const domain::Caller& caller, const std::string& id) {
    const auto kind = id.starts_with(domain::prefix::import_snapshot_task)
                          ? DiskTaskKind::import_snapshot
                          : DiskTaskKind::import_image;
    return context_.store.write([&](store::Transaction& tx) -> Result<Cancellation> {
        PILEUS_ASSIGN(auto task, find_task(tx, caller, kind, id));
        PILEUS_TRY(end_if_dry_run(caller));
        PILEUS_ASSIGN(auto previous, begin_cancel(tx, context_, std::move(task)));
        return Cancellation{id, std::move(previous), "deleting"};
    });
}

Result<void> DiskTasks::cancel_export(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto task, find_task(tx, caller, DiskTaskKind::export_image, id));
        PILEUS_TRY(end_if_dry_run(caller));
        PILEUS_TRY(begin_cancel(tx, context_, std::move(task)));
        return {};
    });
}

} // namespace pileus::cloud
