// SPDX-License-Identifier: Apache-2.0
#pragma once

// What EC2's API has no word for, for the command line on the same machine: the state of the
// installation, the running cost, the built images, how to log in. JSON 1.1 as AWS's newer services
// speak it: POST /, `X-Amz-Target: Pileus.<Operation>`, signed for the service "pileus". Any thread
// may call it.

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "cloud/cloud.h"
#include "domain/caller.h"
#include "drivers/network/explain/explain.h"
#include "http/message.h"
#include "meter/books.h"
#include "store/store.h"

#include <boost/json/fwd.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pileus::api::pileus_service {

// What the composition root knows of the installation and the machine; constant while the daemon
// runs.
struct Installation {
    std::string version;
    Time started_at{};
    bool emulated = false;
    std::filesystem::path data_dir;
    bool egress = false;
};

struct Acceleration {
    std::string name; // "kvm", "tcg", "emulated"
    bool proven = false;
    std::string reason;
};

// What is asked of the machine's drivers; joined by the composition root.
struct Machine {
    std::function<Acceleration()>
        acceleration; // may take seconds when it is asked for the first time
    // Takes the disk at `path` over as the snapshot.
    std::function<Result<void>(const std::string& snapshot_id, const std::string& path)>
        import_snapshot;
    // What decides about the caller's packets.
    std::function<drivers::NetworkView(const domain::Caller& caller)> network_view;
    // Compares the rows with the disk: a line for each thing that is not as it should be.
    std::function<Result<std::vector<std::string>>()> check_disks;
};

class Administrator {
  public:
    Administrator(store::Store& store,
                  const Clock& clock,
                  const catalog::Catalog& catalog,
                  meter::Books& books,
                  cloud::Cloud& cloud,
                  const cloud::Settings& settings,
                  Installation installation,
                  Machine machine);

    http::Response handle(const domain::Caller& caller, const http::Request& request);

  private:
    using Arguments = boost::json::object;
    Result<boost::json::object>
    run(const domain::Caller& caller, std::string_view operation, const Arguments& arguments);
    Result<boost::json::object> get_status(const domain::Caller& caller);
    Result<boost::json::object> get_cost(const domain::Caller& caller, const Arguments& arguments);
    Result<boost::json::object> check_ledger();
    Result<boost::json::object> get_login(const domain::Caller& caller, const Arguments& arguments);
    Result<boost::json::object> check_disks();
    Result<boost::json::object> register_image(const Arguments& arguments);

    store::Store& store_;
    const Clock& clock_;
    const catalog::Catalog& catalog_;
    meter::Books& books_;
    cloud::Cloud& cloud_;
    const cloud::Settings& settings_;
    const Installation installation_;
    const Machine machine_;
};

} // namespace pileus::api::pileus_service
