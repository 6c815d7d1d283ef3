// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "catalog/catalog.h"
#include "cloud/instances.h"
#include "model/ec2/structures/instance.h"
#include "model/ec2/structures/instance_metadata_options_response.h"
#include "model/ec2/structures/instance_state.h"
#include "model/ec2/structures/reservation.h"

namespace pileus::api::ec2 {

// How an instance is written in the answers of RunInstances and DescribeInstances.
void write_reservation(const cloud::ReservationView& reservation,
                       const catalog::Catalog& catalog,
                       model::Reservation out);
void write_volume(const domain::Volume& volume, model::InstanceBlockDeviceMapping out);
void write_state(domain::InstanceState state, model::InstanceState out);
void write_metadata_options(const domain::MetadataOptions& options,
                            std::string_view state,
                            model::InstanceMetadataOptionsResponse out);

} // namespace pileus::api::ec2
