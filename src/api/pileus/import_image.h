// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "cloud/cloud.h"
#include "domain/caller.h"

#include <boost/json/object.hpp>

namespace pileus::api::pileus_service {

// ImportImage: what EC2's has no words for, a name and who logs in. {"file": a name in the import
// folder, or "url": one that the operator allowed, "format", "name", "description", "architecture",
// "boot_mode", "default_user"}. Answers with the ids of the task, the image and the snapshot; EC2's
// DescribeImportImageTasks tells how far it is.
Result<boost::json::object> import_image(const domain::Caller& caller,
                                         const boost::json::object& arguments,
                                         cloud::Cloud& cloud);

} // namespace pileus::api::pileus_service
