// SPDX-License-Identifier: Apache-2.0
#pragma once

// A SqliteStore in a folder of its own that goes with it: for the tests of the floors above.

#include "base/file.h"
#include "store/sqlite/sqlite_store.h"

#include <cstdlib>
#include <filesystem>

namespace pileus::store {

class TemporaryStore {
  public:
    explicit TemporaryStore(const Clock& clock)
        : folder_(make_folder()), store_(open(folder_, clock)) {}
    TemporaryStore(const TemporaryStore&) = delete;
    TemporaryStore& operator=(const TemporaryStore&) = delete;
    ~TemporaryStore() {
        store_.reset();
        (void)remove_tree(folder_);
    }

    SqliteStore& operator*() { return *store_; }
    SqliteStore* operator->() { return store_.get(); }

  private:
    static std::filesystem::path make_folder() {
        std::string folder =
            (std::filesystem::temp_directory_path() / "pileus-store-XXXXXX").string();
        if (::mkdtemp(folder.data()) == nullptr)
            throw StoreFailure("cannot make the folder " + folder);
        return folder;
    }
    static std::unique_ptr<SqliteStore> open(const std::filesystem::path& folder,
                                             const Clock& clock) {
        SqliteOptions options;
        options.path = (folder / "pileus.db").string();
        auto store = SqliteStore::open(options, clock);
        if (!store)
            throw StoreFailure(store.error().message);
        return std::move(*store);
    }

    std::filesystem::path folder_;
    std::unique_ptr<SqliteStore> store_;
};

} // namespace pileus::store
