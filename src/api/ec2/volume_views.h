// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/volumes.h"
#include "model/ec2/attach_volume.h"
#include "model/ec2/create_volume.h"
#include "model/ec2/modify_volume.h"

namespace pileus::api::ec2 {

void write_volume(const cloud::VolumeView& view, model::Volume out);
void write_attachment(const domain::Volume& volume, model::VolumeAttachment out);
void write_modification(const domain::VolumeModification& modification,
                        model::VolumeModification out);

} // namespace pileus::api::ec2
