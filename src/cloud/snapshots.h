// SPDX-License-Identifier: Apache-2.0
#pragma once

// Snapshots as users see them: rows and work. The engine takes, copies and removes them
// (src/engine), and sets `taken_at`, at which CreateSnapshot answers. Owned by Cloud; any thread;
// everything is in the store.

#include "cloud/client_token.h"
#include "cloud/context.h"
#include "cloud/encryption.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/snapshot.h"
#include "domain/volume.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

struct SnapshotView {
    domain::Snapshot snapshot;
    std::string owner_alias; // "amazon" for those of the images that this installation ships
    domain::Tags tags;       // only the owner's own
};

struct SnapshotCreation {
    std::string volume_id;
    std::string description;
    std::vector<TagSpecification> tag_specifications;
};

// CreateSnapshots: of all volumes of an instance, at one moment.
struct SnapshotSetCreation {
    std::string instance_id;
    bool exclude_boot_volume = false;
    std::vector<std::string> excluded_volume_ids;
    std::string description;
    bool copy_tags_from_volumes = false;
    std::vector<TagSpecification> tag_specifications;
};

struct SnapshotCopy {
    std::string source_region;
    std::string source_snapshot_id;
    std::string description;
    EncryptionRequest encryption;
    std::vector<TagSpecification> tag_specifications;
};

struct SnapshotQuery {
    std::vector<std::string> ids;
    std::vector<std::string> owners;           // account ids, "self", "amazon"
    std::vector<std::string> restorable_users; // account ids, "self", "all"
    Filters filters;
    PageRequest page;
};

// Who may make volumes of a snapshot beside its owner: accounts, and "all".
struct GranteeChange {
    std::vector<std::string> added;
    std::vector<std::string> removed;
};

// "block-all-sharing", "block-new-sharing", "unblocked".
using PublicAccessState = std::string;

class Snapshots {
  public:
    explicit Snapshots(const Context& context) : context_(context) {}

    // Answers when the moment has passed that the snapshot shows.
    Result<SnapshotView> create(const domain::Caller& caller, const SnapshotCreation& request);
    Result<std::vector<SnapshotView>> create_set(const domain::Caller& caller,
                                                 const SnapshotSetCreation& request);
    Result<SnapshotView> copy(const domain::Caller& caller, const SnapshotCopy& request);
    Result<void> erase(const domain::Caller& caller, const std::string& id);
    Result<Listing<SnapshotView>> describe(const domain::Caller& caller,
                                           const SnapshotQuery& query);
    // The caller's own, for operations on the tier, locks and the recycle bin.
    Result<Listing<SnapshotView>>
    describe_tiers(const domain::Caller& caller, const Filters& filters, const PageRequest& page);
    // Refuses an id that is not one of the caller's.
    Result<void> check_own(const domain::Caller& caller, const std::vector<std::string>& ids);

    Result<std::vector<std::string>> grantees(const domain::Caller& caller, const std::string& id);
    Result<void> change_grantees(const domain::Caller& caller,
                                 const std::string& id,
                                 const GranteeChange& change);
    Result<void> reset_grantees(const domain::Caller& caller, const std::string& id);

    Result<PublicAccessState> public_access(const domain::Caller& caller);
    Result<PublicAccessState> set_public_access(const domain::Caller& caller,
                                                const PublicAccessState& state);

  private:
    Result<Listing<SnapshotView>> describe_named(const domain::Caller& caller,
                                                 const SnapshotQuery& query);
    Result<Listing<SnapshotView>> describe_all(const domain::Caller& caller,
                                               const SnapshotQuery& query);

    const Context& context_;
};

// --- What other resources stand on
// -----------------------------------------------------------------

// A snapshot that the caller may see: its own, one shared with it, a public one; none that is being
// deleted.
std::optional<domain::Snapshot>
find_visible_snapshot(store::Transaction& tx, const store::Scope& scope, const std::string& id);
// One of the caller's own. What it may see but does not own is refused in other words (AuthFailure)
// than what it may not see (InvalidSnapshot.NotFound).
Result<domain::Snapshot>
find_own_snapshot(store::Transaction& tx, const store::Scope& scope, const std::string& id);
// A visible one, as a source of volumes: its moment has passed. InvalidSnapshot.NotFound,
// IncorrectState.
Result<domain::Snapshot>
find_usable_snapshot(store::Transaction& tx, const store::Scope& scope, const std::string& id);

// Of what a snapshot needs to be taken of a volume; the row is not written yet.
domain::Snapshot make_snapshot_of(const Context& context,
                                  const domain::Caller& caller,
                                  const domain::Volume& volume,
                                  const std::string& description);
// A row for a copy of `source` in the caller's region; it is pending.
domain::Snapshot make_copy_of(const Context& context,
                              const domain::Caller& caller,
                              const domain::Snapshot& source,
                              const std::string& description,
                              const Encryption& encryption);
void enqueue_snapshot(store::Transaction& tx,
                      const Context& context,
                      const domain::Snapshot& snapshot);
// InvalidSnapshot.InUse while an image has it.
Result<void> check_no_image_uses(store::Transaction& tx, const domain::Snapshot& snapshot);
// Gone for everybody from now on; the engine frees what it held.
void begin_deletion(store::Transaction& tx, const Context& context, domain::Snapshot snapshot);
// Waits, within bounds, until each has its moment behind it (or has failed).
void wait_until_taken(const Context& context, const std::vector<std::string>& snapshot_ids);

// "vol-ffffffff": of a snapshot that was not taken of a volume here, as EC2 has it.
inline constexpr std::string_view no_volume_id = "vol-ffffffff";

} // namespace pileus::cloud
