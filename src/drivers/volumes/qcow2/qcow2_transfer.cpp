// SPDX-License-Identifier: Apache-2.0
// Disks that come, go and are copied as a whole. What cannot be trusted is opened here and read by
// the contained process only.
#include "drivers/volumes/formats/foreign_disk.h"
#include "drivers/volumes/formats/vhd_footer.h"
#include "drivers/volumes/qcow2/disk_file.h"
#include "drivers/volumes/qcow2/open_chain.h"
#include "drivers/volumes/qcow2/qcow2_volumes.h"
#include "drivers/volumes/qcow2/volume_rules.h"

#include <fcntl.h>
#include <unistd.h>

namespace pileus::drivers {

namespace {

constexpr int64_t vhd_limit_bytes = int64_t{2040} * bytes_per_gib;

Result<void> check_export(const std::string& format, int64_t bytes) {
    if (format != "qcow2" && format != "raw" && format != "vmdk" && format != "vhd")
        return fail(errors::invalid,
                    fmt::format("The format '{}' is not one of qcow2, raw, vmdk, vhd", format));
    if (format == "vhd" && bytes > vhd_limit_bytes)
        return fail(errors::invalid,
                    fmt::format("a disk of {} GiB is too large for VHD: 2040 GiB is the most",
                                gib_of(bytes)));
    return {};
}

// A VHD of fixed size is a raw disk with a footer, and as sparse.
Result<void> write_vhd_footer(const UniqueFd& file, int64_t bytes) {
    const std::string footer = make_vhd_footer(bytes);
    if (::pwrite(file.get(), footer.data(), footer.size(), bytes) !=
        static_cast<ssize_t>(footer.size()))
        return fail(errors::unavailable, "cannot write the end of the new disk");
    return {};
}

} // namespace

Result<void> Qcow2Volumes::import_snapshot(const std::string& snapshot_id,
                                           const std::string& path) {
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    if (has_snapshot(snapshot_id))
        return {};
    PILEUS_ASSIGN(const auto layer, layers_.make_copy_of(path));
    return name_new_layer(snapshot_id, layer, {});
}

Result<void> Qcow2Volumes::import_foreign(const std::string& snapshot_id,
                                          const DiskImport& source,
                                          bool encrypted,
                                          const Progress& progress) {
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    if (has_snapshot(snapshot_id))
        return {};
    PILEUS_ASSIGN(const UniqueFd file, open_disk_file(source.path, O_RDONLY));
    PILEUS_ASSIGN(const DiskBytes bytes, bytes_of_file(file));
    PILEUS_ASSIGN(const ForeignDisk disk, inspect_foreign_disk(source.format, bytes));
    PILEUS_ASSIGN(const auto layer, layers_.make("", disk.virtual_bytes, encrypted));

    const auto fill = [&]() -> Result<void> {
        PILEUS_ASSIGN(const auto target, OpenChain::open_writable(layers_, layer));
        CopyPlan plan;
        const uint64_t part = disk.offset > 0 ? disk.bytes : 0;
        plan.sources.push_back({{{file.get(), disk.driver, "", disk.offset, part}}});
        plan.target = target.files();
        plan.file_limit_bytes = file_limit_of(disk.virtual_bytes);
        PILEUS_TRY(copy_.run(plan, progress));
        return target.sync();
    };
    auto filled = fill();
    if (!filled && filled.error().code == errors::invalid)
        filled = fail(errors::invalid,
                      fmt::format("The disk image cannot be used: {}", filled.error().message));
    return name_new_layer(snapshot_id, layer, filled);
}

Result<void> Qcow2Volumes::export_snapshot(const std::string& snapshot_id,
                                           const std::string& path,
                                           const std::string& format,
                                           const Progress& progress) {
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    PILEUS_ASSIGN(const auto layer, hold_snapshot(snapshot_id));
    const int64_t bytes = layers_.virtual_bytes(layer);
    const auto write = [&]() -> Result<void> {
        PILEUS_TRY(check_export(format, bytes));
        PILEUS_ASSIGN(const auto source, OpenChain::open(layers_, layer));
        PILEUS_ASSIGN(auto target, NewDiskFile::create(path));
        CopyPlan plan;
        plan.sources.push_back({source.files()});
        plan.target = {{target.fd().get(), format == "vhd" ? "raw" : format, ""}};
        plan.create_bytes = bytes;
        plan.file_limit_bytes = file_limit_of(bytes);
        PILEUS_TRY(copy_.run(plan, progress));
        if (format == "vhd")
            PILEUS_TRY(write_vhd_footer(target.fd(), bytes));
        return target.finish();
    };
    const auto written = write();
    PILEUS_TRY(layers_.release(layer));
    return written;
}

Result<void> Qcow2Volumes::copy_snapshot(const std::string& snapshot_id,
                                         const std::string& from_snapshot_id,
                                         bool encrypted,
                                         const Progress& progress) {
    PILEUS_TRY(check_snapshot_id(snapshot_id));
    PILEUS_TRY(check_snapshot_id(from_snapshot_id));
    if (has_snapshot(snapshot_id))
        return {};
    PILEUS_ASSIGN(const auto from, hold_snapshot(from_snapshot_id));
    if (layers_.is_encrypted(from) == encrypted) // the hold is the new snapshot's
        return name_new_layer(snapshot_id, from, {});
    auto copied = [&]() -> Result<void> {
        if (!encrypted)
            return fail(errors::invalid,
                        fmt::format("the copy of the snapshot {} is encrypted, as it is",
                                    from_snapshot_id));
        PILEUS_ASSIGN(const auto layer, layers_.make("", layers_.virtual_bytes(from), true));
        return name_new_layer(snapshot_id, layer, copy_chain(from, layer, progress));
    }();
    PILEUS_TRY(layers_.release(from));
    return copied;
}

Result<void> Qcow2Volumes::copy_chain(const std::string& from_layer,
                                      const std::string& to_layer,
                                      const Progress& progress) {
    PILEUS_ASSIGN(const auto source, OpenChain::open(layers_, from_layer));
    PILEUS_ASSIGN(const auto target, OpenChain::open_writable(layers_, to_layer));
    CopyPlan plan;
    plan.sources.push_back({source.files()});
    plan.target = target.files();
    plan.file_limit_bytes = file_limit_of(layers_.virtual_bytes(to_layer));
    PILEUS_TRY(copy_.run(plan, progress));
    return target.sync();
}

} // namespace pileus::drivers
