// SPDX-License-Identifier: Apache-2.0
#include "cloud/disk_fixture.h"
#include "cloud/disk_tasks.h"
#include "cloud/public_parameters.h"
#include "store/disk_tasks.h"

namespace pileus::cloud {
namespace {

using domain::DiskTaskKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DiskTasksTest : public DiskFixture {
  protected:
    DiskTasksTest() {
        settings_.import_folder = "/srv/imports";
        settings_.export_folder = "/srv/exports";
        settings_.import_url_prefixes = {"https://images.example.org/debian/",
                                         "http://mirror.example.org"};
    }
    std::string source_of(const std::string& source) {
        const auto resolved = check_import_source(settings_, source);
        return resolved ? "" : resolved.error().code;
    }

    DiskTasks tasks_{context_};
};

TEST_F(DiskTasksTest, SourcesThatMayBeRead) {
    EXPECT_EQ(source_of("disk-1.qcow2"), "");
    EXPECT_EQ(source_of("https://images.example.org/debian/12.qcow2"), "");
    EXPECT_EQ(source_of("http://mirror.example.org/a/b.raw"), "");
}

TEST_F(DiskTasksTest, SourcesThatMayNot) {
    for (const auto* source : {"/etc/shadow",
                               "../secret.raw",
                               "a/b.raw",
                               ".hidden",
                               "-option",
                               "disk 1.raw",
                               "..",
                               "a\nb"})
        EXPECT_EQ(source_of(source), "InvalidParameterValue") << source;
    for (const auto* source : {"https://images.example.org/other/12.qcow2",
                               "https://images.example.org/debian/../other/12.qcow2",
                               "https://images.example.org/debian/%2e%2e/12.qcow2",
                               "http://mirror.example.org.evil.net/a.raw",
                               "http://mirror.example.org@evil.net/a.raw",
                               "http://mirror.example.org",
                               "file:///etc/shadow",
                               "ftp://mirror.example.org/a.raw",
                               "https://images.example.org/debian/a b.raw"})
        EXPECT_EQ(source_of(source), "OperationNotPermitted") << source;
    EXPECT_EQ(source_of("s3://bucket/key"), "UnsupportedOperation");
    EXPECT_EQ(source_of(""), "MissingParameter");
}

TEST_F(DiskTasksTest, AnImageThatIsComing) {
    const auto made =
        tasks_.import_image(caller_,
                            {.disk = {.source = "server.ova",
                                      .description = "the old server",
                                      .tag_specifications = {{"import-image-task", {{"a", "b"}}}},
                                      .client_token = {"token", "hash"}},
                             .name = "old server",
                             .boot_mode = "uefi",
                             .default_user = "root"});
    ASSERT_TRUE(made) << message_of(made);
    const auto& task = made->task;
    EXPECT_TRUE(task.id.starts_with("import-ami-"));
    EXPECT_EQ(task.format, "ova");
    EXPECT_EQ(task.source, "server.ova");
    EXPECT_EQ(task.state, "active");
    EXPECT_EQ(task.status, "pending");
    EXPECT_THAT(made->tags, SizeIs(1));
    const auto made_image = image(task.image_id);
    EXPECT_EQ(made_image.state, "pending");
    EXPECT_EQ(made_image.name, "old server");
    EXPECT_EQ(made_image.boot_mode, "uefi");
    EXPECT_EQ(made_image.default_user, "root");
    EXPECT_EQ(made_image.snapshot_id, task.snapshot_id);
    EXPECT_EQ(snapshot(task.snapshot_id).state, domain::SnapshotState::pending);
    EXPECT_THAT(work(), ElementsAre("disk-task " + task.id));

    const auto again = tasks_.import_image(
        caller_, {.disk = {.source = "server.ova", .client_token = {"token", "hash"}}});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->task.id, task.id);
    const auto unnamed = tasks_.import_image(caller_, {.disk = {.source = "other.raw"}});
    ASSERT_TRUE(unnamed);
    EXPECT_EQ(image(unnamed->task.image_id).name, unnamed->task.id) << "as EC2 names it";
}

TEST_F(DiskTasksTest, RefusedImports) {
    const auto refused = [&](const ImageImport& request) {
        return code_of(tasks_.import_image(caller_, request));
    };
    EXPECT_EQ(refused({.disk = {.source = "disk.img"}}), "MissingParameter")
        << "formats are given, never guessed from the content";
    EXPECT_EQ(refused({.disk = {.source = "disk.img", .format = "vhdx"}}), "InvalidParameterValue");
    EXPECT_EQ(refused({.disk = {.source = "disk.raw"}, .architecture = "arm64"}),
              "InvalidParameterValue");
    EXPECT_EQ(refused({.disk = {.source = "disk.raw"}, .platform = "Windows"}),
              "UnsupportedOperation");
    EXPECT_EQ(
        refused({.disk = {.source = "disk.raw", .tag_specifications = {{"image", {{"a", "b"}}}}}}),
        "InvalidParameterValue");
    EXPECT_EQ(code_of(tasks_.import_snapshot(caller_, {.source = "machine.ova"})),
              "InvalidParameterValue");
    EXPECT_EQ(code_of(tasks_.import_image(dry(), {.disk = {.source = "disk.raw"}})),
              "DryRunOperation");
    EXPECT_THAT(work(), IsEmpty());
}

TEST_F(DiskTasksTest, SeenByKindAndState) {
    const auto one = tasks_.import_image(caller_, {.disk = {.source = "a.raw"}});
    const auto two = tasks_.import_snapshot(caller_, {.source = "b.IMG", .format = "RAW"});
    ASSERT_TRUE(one && two);
    const auto listed = [&](DiskTaskKind kind, const DiskTaskQuery& query = {}) {
        std::vector<std::string> ids;
        const auto listing = tasks_.describe(caller_, kind, query);
        EXPECT_TRUE(listing) << message_of(listing);
        for (const auto& view : listing->items)
            ids.push_back(view.task.id);
        return ids;
    };
    EXPECT_THAT(listed(DiskTaskKind::import_image), ElementsAre(one->task.id));
    EXPECT_THAT(listed(DiskTaskKind::import_snapshot), ElementsAre(two->task.id));
    EXPECT_THAT(listed(DiskTaskKind::export_image), IsEmpty());
    EXPECT_THAT(listed(DiskTaskKind::import_image, {.filters = {{"task-state", {"completed"}}}}),
                IsEmpty());
    EXPECT_EQ(
        code_of(tasks_.describe(caller_, DiskTaskKind::import_image, {.ids = {two->task.id}})),
        "InvalidConversionTaskId.Malformed");
    EXPECT_EQ(
        code_of(tasks_.describe(foreigner_, DiskTaskKind::import_image, {.ids = {one->task.id}})),
        "InvalidConversionTaskId");
}

TEST_F(DiskTasksTest, CancelledOnce) {
    const auto made = tasks_.import_snapshot(caller_, {.source = "b.raw"});
    ASSERT_TRUE(made);
    EXPECT_EQ(code_of(tasks_.cancel_import(foreigner_, made->task.id)), "InvalidConversionTaskId");
    const auto done = tasks_.cancel_import(caller_, made->task.id);
    ASSERT_TRUE(done) << message_of(done);
    EXPECT_EQ(done->previous_state, "active");
    EXPECT_EQ(done->state, "deleting");
    EXPECT_EQ(code_of(tasks_.cancel_import(caller_, made->task.id)), "IncorrectState");
    const auto row =
        read([&](auto& tx) { return store::disk_tasks::find(tx, made->task.id); }).value();
    EXPECT_TRUE(row.cancel_requested);
    EXPECT_EQ(code_of(tasks_.cancel_export(caller_, "export-ami-00000001")),
              "InvalidExportTaskID.NotFound");
}

TEST_F(DiskTasksTest, ExportsGoToTheOperatorsFolder) {
    const auto image_id = images_.register_image(
        caller_,
        {.name = "mine",
         .root_device_name = "/dev/xvda",
         .devices = {{.device = "/dev/xvda",
                      .has_ebs = true,
                      .snapshot_id = add_snapshot(caller_, "snap-00000001")}}});
    ASSERT_TRUE(image_id) << message_of(image_id);
    const auto made = tasks_.export_image(
        caller_,
        {.image_id = *image_id, .format = "VMDK", .bucket = "backups", .prefix = "2026/monday-"});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_EQ(made->task.destination,
              "/srv/exports/backups/2026/monday-" + made->task.id + ".vmdk");
    EXPECT_EQ(made->task.snapshot_id, "snap-00000001");
    EXPECT_THAT(work(), Contains("disk-task " + made->task.id));
    const auto refused = [&](ImageExport request) {
        request.image_id = *image_id;
        if (request.format.empty())
            request.format = "RAW";
        return code_of(tasks_.export_image(caller_, request));
    };
    for (const auto* bucket : {"", "..", "a/b", "/etc", ".hidden"})
        EXPECT_EQ(refused({.bucket = bucket}), "InvalidParameterValue") << bucket;
    for (const auto* prefix : {"../x", "/x", "a//b", "a/../b", "a b"})
        EXPECT_EQ(refused({.bucket = "backups", .prefix = prefix}), "InvalidParameterValue")
            << prefix;
    EXPECT_EQ(refused({.format = "ISO", .bucket = "backups"}), "InvalidParameterValue");
    EXPECT_EQ(code_of(tasks_.export_image(
                  caller_, {.image_id = add_shipped(), .format = "RAW", .bucket = "backups"})),
              "AuthFailure");
}

class PublicParametersTest : public DiskFixture {
  protected:
    PublicParameters parameters_{context_};
};

TEST_F(PublicParametersTest, TheNewestDebian) {
    const auto first = add_shipped();
    const auto* latest = "/aws/service/debian/release/12/latest/amd64";
    EXPECT_EQ(parameters_.find(caller_, latest)->value, first);
    EXPECT_EQ(parameters_.find(caller_, "/aws/service/debian/release/bookworm/latest/amd64")->value,
              first);
    EXPECT_FALSE(parameters_.find(
        caller_, "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"));
    EXPECT_FALSE(parameters_.find(caller_, "/aws/service/debian/release/12/latest/arm64"));
    clock_.advance(std::chrono::hours{24});
    BuiltImage newer;
    newer.recipe = "debian-12";
    newer.content_sha256 = std::string(64, 'b');
    newer.size_gib = 8;
    const auto images = images_.register_built(newer);
    ASSERT_TRUE(images);
    EXPECT_EQ(parameters_.find(caller_, latest)->value, first) << "the new one is pending";
    ASSERT_TRUE(images_.publish({images->at(0).id}));
    EXPECT_EQ(parameters_.find(caller_, latest)->value, images->at(0).id);
    EXPECT_EQ(parameters_.find(caller_, latest)->version, 2);
    const auto view = images_.describe(caller_, {.ids = {first}})->items.at(0);
    EXPECT_EQ(parameters_.find(caller_, view.parameter_name)->value, first) << "this very build";
}

TEST_F(PublicParametersTest, ByPathInPages) {
    add_shipped();
    add_shipped("tiny");
    const auto listed = [&](const PublicParameterQuery& query) {
        const auto listing = parameters_.list(caller_, query);
        EXPECT_TRUE(listing) << message_of(listing);
        std::vector<std::string> names;
        for (const auto& parameter : listing->items)
            names.push_back(parameter.name);
        return names;
    };
    EXPECT_THAT(listed({.path = "/aws/service/debian/release/12/latest"}),
                ElementsAre("/aws/service/debian/release/12/latest/amd64"));
    EXPECT_THAT(listed({.path = "/aws/service/debian"}), IsEmpty()) << "only what lies in it";
    EXPECT_THAT(listed({.path = "/aws/service/debian", .recursive = true}), SizeIs(4));
    EXPECT_THAT(listed({.path = "/aws/service/pileus/release/tiny", .recursive = true}), SizeIs(2));
    const auto page =
        parameters_.list(caller_, {.path = "/aws", .recursive = true, .page = {4, ""}});
    ASSERT_TRUE(page);
    EXPECT_THAT(page->items, SizeIs(4));
    EXPECT_THAT(listed({.path = "/aws", .recursive = true, .page = {4, page->next_token}}),
                SizeIs(2));
}

TEST_F(DiskTasksTest, TheKeyOfAnAccount) {
    const store::Scope scope{"111122223333", "us-east-1"};
    const auto key = default_kms_key(scope);
    EXPECT_THAT(key, HasSubstr("arn:aws:kms:us-east-1:111122223333:key/"));
    EXPECT_EQ(key, default_kms_key(scope));
    EXPECT_NE(key, default_kms_key({"111122223333", "eu-west-1"}));
    EXPECT_EQ(find_kms_key(scope, ""), key);
    EXPECT_EQ(find_kms_key(scope, "alias/aws/ebs"), key);
    EXPECT_EQ(find_kms_key(scope, key), key);
    EXPECT_EQ(find_kms_key(scope, key.substr(key.rfind('/') + 1)), key);
    EXPECT_EQ(code_of(find_kms_key(scope, "alias/mine")), "InvalidParameterValue");
}

} // namespace
} // namespace pileus::cloud
