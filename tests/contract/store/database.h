// SPDX-License-Identifier: Apache-2.0
#pragma once

// A database of a test's own, for each implementation of the store.

#include "base/file.h"
#include "store/sqlite/sqlite_store.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <stdexcept>

namespace pileus::store {

enum class Kind { sqlite };
inline constexpr Kind kinds[]{Kind::sqlite};

inline std::string name_of(const testing::TestParamInfo<Kind>&) {
    return "sqlite";
}

class Database {
  public:
    explicit Database(Kind) {
        auto folder =
            (std::filesystem::temp_directory_path() / "pileus-contract-store.XXXXXX").string();
        if (::mkdtemp(folder.data()) == nullptr)
            throw std::runtime_error("cannot make a folder for the test");
        folder_ = folder;
    }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database() { (void)remove_tree(folder_); }

    // The same database each time; only one store may have it open.
    std::unique_ptr<Store> open() {
        SqliteOptions options;
        options.path = (folder_ / "pileus.db").string();
        auto store = SqliteStore::open(options, clock_);
        if (!store)
            throw std::runtime_error(store.error().message);
        return std::move(*store);
    }

  private:
    ManualClock clock_;
    std::filesystem::path folder_;
};

class StoreContract : public testing::TestWithParam<Kind> {
  protected:
    template <class Body> void write(Body body) {
        const auto result = store_->write([&](Transaction& tx) -> Result<void> {
            body(tx);
            return {};
        });
        ASSERT_TRUE(result);
    }
    template <class Body> auto read(Body body) { return store_->read(body); }
    void reopen() {
        store_.reset();
        store_ = database_.open();
    }

    Database database_{GetParam()};
    std::unique_ptr<Store> store_ = database_.open();
};

} // namespace pileus::store
