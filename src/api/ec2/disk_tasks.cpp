// SPDX-License-Identifier: Apache-2.0
//
// ImportImage, ImportSnapshot, ExportImage, their Describes, CancelImportTask, CancelExportTask:
// wire ↔ cloud. What EC2 reads from S3 is read from a folder of this machine here, and is written
// to another.

#include "api/ec2/convert.h"
#include "api/ec2/nothing_here.h"
#include "api/ec2/operations.h"
#include "base/text.h"
#include "cloud/cloud.h"
#include "model/ec2/cancel_export_task.h"
#include "model/ec2/cancel_import_task.h"
#include "model/ec2/describe_conversion_tasks.h"
#include "model/ec2/describe_export_image_tasks.h"
#include "model/ec2/describe_export_tasks.h"
#include "model/ec2/describe_import_image_tasks.h"
#include "model/ec2/describe_import_snapshot_tasks.h"
#include "model/ec2/export_image.h"
#include "model/ec2/import_image.h"
#include "model/ec2/import_instance.h"
#include "model/ec2/import_snapshot.h"
#include "model/ec2/import_volume.h"

#include <fmt/core.h>

namespace pileus::api::ec2 {

namespace codes = domain::codes;
namespace operations = model::operations;
using domain::DiskTask;
using domain::DiskTaskKind;

namespace {

// "qcow2" as EC2 writes formats: "QCOW2".
std::string upper(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return out;
}

// Why it failed, or else what it is at.
std::string message_of(const DiskTask& task) {
    return task.status_message.empty() ? task.status : task.status_message;
}

bool is_completed(const DiskTask& task) {
    return task.state == "completed";
}

// EC2 says how far it is only while it is on its way.
template <class View> void write_progress(const DiskTask& task, View& out) {
    if (!task.ended_at)
        out.set_progress(std::to_string(task.progress_percent));
    if (!is_completed(task))
        out.set_status_message(message_of(task));
}

void write_snapshot_detail(const DiskTask& task, model::SnapshotDetail out) {
    out.set_device_name("/dev/sda1")
        .set_format(upper(task.format))
        .set_status(task.state)
        .set_url(task.source);
    write_progress(task, out);
    if (task.size_bytes > 0)
        out.set_disk_image_size(static_cast<double>(task.size_bytes));
    if (is_completed(task))
        out.set_snapshot_id(task.snapshot_id);
}

template <class View> void write_image_import(const cloud::DiskTaskView& view, View out) {
    const auto& task = view.task;
    out.set_import_task_id(task.id)
        .set_description(task.description)
        .set_architecture(task.architecture)
        .set_platform(task.platform)
        .set_encrypted(task.encrypted)
        .set_license_type("BYOL")
        .set_usage_operation("RunInstances")
        .set_status(task.state);
    write_progress(task, out);
    if (!task.kms_key_id.empty())
        out.set_kms_key_id(task.kms_key_id);
    if (is_completed(task))
        out.set_image_id(task.image_id);
    out.touch_snapshot_details();
    write_snapshot_detail(task, out.add_snapshot_details());
    if constexpr (requires { out.set_boot_mode(""); })
        if (!task.boot_mode.empty())
            out.set_boot_mode(task.boot_mode);
    write_tags(view.tags, out);
}

template <class View> void write_snapshot_import(const cloud::DiskTaskView& view, View out) {
    const auto& task = view.task;
    out.set_import_task_id(task.id).set_description(task.description);
    auto detail = out.set_snapshot_task_detail();
    detail.set_description(task.description)
        .set_format(upper(task.format))
        .set_encrypted(task.encrypted)
        .set_status(task.state)
        .set_url(task.source);
    write_progress(task, detail);
    if (task.size_bytes > 0)
        detail.set_disk_image_size(static_cast<double>(task.size_bytes));
    if (!task.kms_key_id.empty())
        detail.set_kms_key_id(task.kms_key_id);
    if (is_completed(task))
        detail.set_snapshot_id(task.snapshot_id);
    write_tags(view.tags, out);
}

struct ExportPlace {
    std::string bucket;
    std::string prefix;
};

// "…/exports/bucket/a/b-export-ami-1.raw" → "bucket", "a/b-".
ExportPlace place_of(const DiskTask& task, std::string_view export_folder) {
    std::string_view rest = task.destination;
    if (rest.starts_with(export_folder))
        rest.remove_prefix(std::min(export_folder.size() + 1, rest.size()));
    const auto slash = std::min(rest.find('/'), rest.size());
    ExportPlace place{std::string(rest.substr(0, slash)), ""};
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    place.prefix = rest.substr(0, std::min(rest.find(task.id), rest.size()));
    return place;
}

template <class View>
void write_export(const cloud::DiskTaskView& view, std::string_view export_folder, View out) {
    const auto& task = view.task;
    const auto place = place_of(task, export_folder);
    out.set_export_image_task_id(task.id)
        .set_description(task.description)
        .set_image_id(task.image_id)
        .set_status(task.state);
    write_progress(task, out);
    out.set_s3_export_location().set_s3_bucket(place.bucket).set_s3_prefix(place.prefix);
    write_tags(view.tags, out);
}

// ---- Requests

template <class Container> Result<std::string> source_of(const Container& container) {
    if (container.user_bucket())
        return fail(
            codes::unsupported_operation,
            "There is no S3 here: leave UserBucket out. Put the file into the import folder "
            "of this machine and give its name as Url, or a URL that its operator has "
            "allowed.");
    return text(container.url());
}

template <class Request>
Result<cloud::DiskImport>
disk_of(const Call& call, const Request& in, const std::string& source, std::string format) {
    return cloud::DiskImport{.source = source,
                             .format = std::move(format),
                             .description = text(in.description()),
                             .encryption = {in.encrypted(), text(in.kms_key_id())},
                             .tag_specifications = tag_specifications_of(in),
                             .client_token = client_token_of(call, in)};
}

Result<void> check_licence(const model::ImportImageRequest& in) {
    if (in.license_type().value_or("BYOL") != "BYOL" || !in.license_specifications().empty())
        return fail(codes::unsupported_operation,
                    "Pileus has no licences to give: leave LicenseType and LicenseSpecifications "
                    "out.");
    if (in.usage_operation().value_or("RunInstances") != "RunInstances")
        return fail(codes::unsupported_operation,
                    "Pileus has no licences to give: leave UsageOperation out.");
    return {};
}

Result<void> import_image(Call& call, model::ImportImageRequest in, model::ImportImageResult out) {
    PILEUS_TRY(check_licence(in));
    if (in.disk_containers().size() != 1)
        return fail(codes::invalid_parameter_value,
                    "Give one DiskContainer: disks beside the root are imported with "
                    "ImportSnapshot, and joined with RegisterImage.");
    cloud::ImageImport request;
    for (const auto container : in.disk_containers()) {
        if (container.snapshot_id())
            return fail(codes::unsupported_operation,
                        "An image is made of a snapshot by RegisterImage: leave "
                        "DiskContainer.SnapshotId out.");
        PILEUS_ASSIGN(const auto source, source_of(container));
        PILEUS_ASSIGN(request.disk, disk_of(call, in, source, text(container.format())));
    }
    request.architecture = std::string(in.architecture().value_or("x86_64"));
    request.boot_mode = text(in.boot_mode());
    request.platform = text(in.platform());
    PILEUS_ASSIGN(const auto view, call.cloud.disk_tasks.import_image(call.caller, request));
    write_image_import(view, out);
    return {};
}

Result<void>
import_snapshot(Call& call, model::ImportSnapshotRequest in, model::ImportSnapshotResult out) {
    const auto container = in.disk_container();
    PILEUS_ASSIGN(const auto source, source_of(container));
    PILEUS_ASSIGN(auto request, disk_of(call, in, source, text(container.format())));
    if (request.description.empty())
        request.description = text(container.description());
    PILEUS_ASSIGN(const auto view, call.cloud.disk_tasks.import_snapshot(call.caller, request));
    write_snapshot_import(view, out);
    return {};
}

Result<void> export_image(Call& call, model::ExportImageRequest in, model::ExportImageResult out) {
    const auto location = in.s3_export_location();
    const cloud::ImageExport request{.image_id = text(in.image_id()),
                                     .format = text(in.disk_image_format()),
                                     .bucket = text(location.s3_bucket()),
                                     .prefix = text(location.s3_prefix()),
                                     .description = text(in.description()),
                                     .tag_specifications = tag_specifications_of(in),
                                     .client_token = client_token_of(call, in)};
    PILEUS_ASSIGN(const auto view, call.cloud.disk_tasks.export_image(call.caller, request));
    write_export(view, call.cloud.disk_tasks.export_folder(), out);
    out.set_disk_image_format(text(in.disk_image_format()));
    if (in.role_name())
        out.set_role_name(text(in.role_name()));
    return {};
}

Result<void> describe_image_imports(Call& call,
                                    model::DescribeImportImageTasksRequest in,
                                    model::DescribeImportImageTasksResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.disk_tasks.describe(call.caller,
                                       DiskTaskKind::import_image,
                                       {texts(in.import_task_ids()), filters_of(in), page_of(in)}));
    out.touch_import_image_tasks();
    for (const auto& view : listing.items)
        write_image_import(view, out.add_import_image_tasks());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> describe_snapshot_imports(Call& call,
                                       model::DescribeImportSnapshotTasksRequest in,
                                       model::DescribeImportSnapshotTasksResult out) {
    PILEUS_ASSIGN(
        const auto listing,
        call.cloud.disk_tasks.describe(call.caller,
                                       DiskTaskKind::import_snapshot,
                                       {texts(in.import_task_ids()), filters_of(in), page_of(in)}));
    out.touch_import_snapshot_tasks();
    for (const auto& view : listing.items)
        write_snapshot_import(view, out.add_import_snapshot_tasks());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void> describe_image_exports(Call& call,
                                    model::DescribeExportImageTasksRequest in,
                                    model::DescribeExportImageTasksResult out) {
    PILEUS_ASSIGN(const auto listing,
                  call.cloud.disk_tasks.describe(
                      call.caller,
                      DiskTaskKind::export_image,
                      {texts(in.export_image_task_ids()), filters_of(in), page_of(in)}));
    out.touch_export_image_tasks();
    for (const auto& view : listing.items)
        write_export(view, call.cloud.disk_tasks.export_folder(), out.add_export_image_tasks());
    write_next_token(listing.next_token, out);
    return {};
}

Result<void>
cancel_import(Call& call, model::CancelImportTaskRequest in, model::CancelImportTaskResult out) {
    PILEUS_ASSIGN(const auto done,
                  call.cloud.disk_tasks.cancel_import(call.caller, text(in.import_task_id())));
    out.set_import_task_id(done.task_id)
        .set_previous_state(done.previous_state)
        .set_state(done.state);
    return {};
}

Result<void> cancel_export(Call& call, model::CancelExportTaskRequest in, model::Unit) {
    return call.cloud.disk_tasks.cancel_export(call.caller, text(in.export_task_id()));
}

// Of the older way to import, by manifests in S3, there is nothing here.
Result<void> describe_conversions(Call& call,
                                  model::DescribeConversionTasksRequest in,
                                  model::DescribeConversionTasksResult out) {
    for (const auto& id : texts(in.conversion_task_ids()))
        return fail(codes::import_task_not_found,
                    fmt::format("The conversion task ID '{}' does not exist", id));
    PILEUS_TRY(cloud::end_if_dry_run(call.caller));
    out.touch_conversion_tasks();
    return {};
}

Result<void> describe_instance_exports(Call& call,
                                       model::DescribeExportTasksRequest in,
                                       model::DescribeExportTasksResult out) {
    for (const auto& id : texts(in.export_task_ids()))
        return fail(codes::export_task_not_found,
                    fmt::format("The export task ID '{}' does not exist", id));
    PILEUS_TRY(check_empty_list(call, filters_of(in), {}));
    out.touch_export_tasks();
    return {};
}

} // namespace

void register_disk_tasks(Registry& registry) {
    registry.add<operations::ImportImage>(import_image);
    registry.add<operations::ImportSnapshot>(import_snapshot);
    registry.add<operations::ExportImage>(export_image);
    registry.add<operations::DescribeImportImageTasks>(describe_image_imports);
    registry.add<operations::DescribeImportSnapshotTasks>(describe_snapshot_imports);
    registry.add<operations::DescribeExportImageTasks>(describe_image_exports);
    registry.add<operations::CancelImportTask>(cancel_import);
    registry.add<operations::CancelExportTask>(cancel_export);
    registry.add<operations::DescribeConversionTasks>(describe_conversions);
    registry.add<operations::DescribeExportTasks>(describe_instance_exports);
    constexpr const char* older_way =
        "it reads manifests from S3, which is not here. ImportImage and ImportSnapshot read files.";
    registry.refuse<operations::ImportInstance>(older_way);
    registry.refuse<operations::ImportVolume>(older_way);
}

} // namespace pileus::api::ec2
