// SPDX-License-Identifier: Apache-2.0
#pragma once

// The generated tables that schema.cpp reads (generate.py writes their definitions). Private to
// this folder.

#include "model/schema.h"

namespace pileus::model::tables {

extern const ServiceSchema services[2];
extern const OperationSchema operations[];
extern const StructureSchema structures[];
extern const MemberSchema members[];
extern const uint8_t query_order[]; // per structure: its members' indexes, sorted by query name
extern const EnumSchema enums[];
extern const NameRef enum_values[];
extern const uint32_t enum_value_count;
extern const Bounds bounds[];

} // namespace pileus::model::tables
