// SPDX-License-Identifier: Apache-2.0
#pragma once

// Imports and exports: long jobs that the engine works on (work of kind "disk-task"), and what is
// seen of them. An import's snapshot and image are there from the start, as "pending". Owned by
// Cloud; any thread; everything is in the store.

#include "cloud/client_token.h"
#include "cloud/context.h"
#include "cloud/encryption.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/disk_task.h"
#include "domain/tag.h"

#include <string>
#include <vector>

namespace pileus::cloud {

struct DiskTaskView {
    domain::DiskTask task;
    domain::Tags tags;
};

struct DiskImport {
    std::string source; // the name of a file of the operator's import folder, or an allowed URL
    std::string format; // "qcow2", "raw", "vmdk", "ova", in any case; "" when the name ends in it
    std::string description;
    EncryptionRequest encryption;
    std::vector<TagSpecification> tag_specifications; // of the task
    ClientToken client_token;
};

struct ImageImport {
    DiskImport disk;
    std::string name; // "" for the task's id, as EC2 names what it imports
    std::string architecture = "x86_64";
    std::string boot_mode;
    std::string platform; // "Linux" or ""
    std::string default_user;
};

struct ImageExport {
    std::string image_id;
    std::string format; // "VMDK", "RAW", "VHD"
    // There is no S3 here: the bucket is a folder of the operator's export folder, and the prefix a
    // path in it.
    std::string bucket;
    std::string prefix;
    std::string description;
    std::vector<TagSpecification> tag_specifications;
    ClientToken client_token;
};

struct Cancellation {
    std::string task_id;
    std::string previous_state;
    std::string state;
};

struct DiskTaskQuery {
    std::vector<std::string> ids;
    Filters filters;
    PageRequest page;
};

class DiskTasks {
  public:
    explicit DiskTasks(const Context& context) : context_(context) {}

    Result<DiskTaskView> import_image(const domain::Caller& caller, const ImageImport& request);
    Result<DiskTaskView> import_snapshot(const domain::Caller& caller, const DiskImport& request);
    Result<DiskTaskView> export_image(const domain::Caller& caller, const ImageExport& request);
    Result<Listing<DiskTaskView>>
    describe(const domain::Caller& caller, domain::DiskTaskKind kind, const DiskTaskQuery& query);
    Result<Cancellation> cancel_import(const domain::Caller& caller, const std::string& id);
    Result<void> cancel_export(const domain::Caller& caller, const std::string& id);
    const std::string& export_folder() const { return context_.settings.export_folder; }

  private:
    const Context& context_;
};

// What ImportImage may read: a file of the import folder by its name, and a URL that lies under one
// of the operator's prefixes.
Result<void> check_import_source(const Settings& settings, const std::string& source);

} // namespace pileus::cloud
