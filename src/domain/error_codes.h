// SPDX-License-Identifier: Apache-2.0
#pragma once

// EC2's error codes, spelled as EC2 spells them
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html). The spelling is
// irregular and clients match it to the letter: use these, never a literal.

namespace pileus::domain::codes {

inline constexpr const char* dry_run_operation = "DryRunOperation";
inline constexpr const char* auth_failure = "AuthFailure";
inline constexpr const char* operation_not_permitted = "OperationNotPermitted";
inline constexpr const char* unsupported_operation = "UnsupportedOperation";
inline constexpr const char* unsupported_hibernation_configuration =
    "UnsupportedHibernationConfiguration";
inline constexpr const char* invalid_action = "InvalidAction";
inline constexpr const char* missing_parameter = "MissingParameter";
inline constexpr const char* unknown_parameter = "UnknownParameter";
inline constexpr const char* invalid_parameter = "InvalidParameter";
inline constexpr const char* invalid_parameter_value = "InvalidParameterValue";
inline constexpr const char* invalid_parameter_combination = "InvalidParameterCombination";
inline constexpr const char* invalid_parameter_dependency = "InvalidParameterDependency";
inline constexpr const char* invalid_filter = "InvalidFilter";
inline constexpr const char* filter_limit_exceeded = "FilterLimitExceeded";
inline constexpr const char* invalid_next_token = "InvalidNextToken";
inline constexpr const char* invalid_id = "InvalidID";
inline constexpr const char* tag_limit_exceeded = "TagLimitExceeded";
inline constexpr const char* idempotent_parameter_mismatch = "IdempotentParameterMismatch";
inline constexpr const char* request_limit_exceeded = "RequestLimitExceeded";
inline constexpr const char* resource_limit_exceeded = "ResourceLimitExceeded";
inline constexpr const char* dependency_violation = "DependencyViolation";

inline constexpr const char* instance_not_found = "InvalidInstanceID.NotFound";
inline constexpr const char* instance_malformed = "InvalidInstanceID.Malformed";
inline constexpr const char* incorrect_instance_state = "IncorrectInstanceState";
inline constexpr const char* incorrect_state = "IncorrectState";
inline constexpr const char* invalid_user_data = "InvalidUserData.Malformed";
inline constexpr const char* insufficient_instance_capacity = "InsufficientInstanceCapacity";
inline constexpr const char* vcpu_limit_exceeded = "VcpuLimitExceeded";
inline constexpr const char* instance_limit_exceeded = "InstanceLimitExceeded";
inline constexpr const char* invalid_instance_type = "InvalidInstanceType";

inline constexpr const char* user_id_malformed = "InvalidUserID.Malformed";
inline constexpr const char* image_not_found = "InvalidAMIID.NotFound";
inline constexpr const char* image_malformed = "InvalidAMIID.Malformed";
inline constexpr const char* image_unavailable = "InvalidAMIID.Unavailable";
inline constexpr const char* invalid_block_device_mapping = "InvalidBlockDeviceMapping";
inline constexpr const char* volume_not_found = "InvalidVolume.NotFound";
inline constexpr const char* volume_malformed = "InvalidParameterValue";
inline constexpr const char* volume_in_use = "VolumeInUse";
inline constexpr const char* volume_zone_mismatch = "InvalidVolume.ZoneMismatch";
inline constexpr const char* volume_attachment_not_found = "InvalidAttachment.NotFound";
inline constexpr const char* volume_limit_exceeded = "VolumeLimitExceeded";
inline constexpr const char* iops_limit_exceeded = "MaxIOPSLimitExceeded";
inline constexpr const char* unknown_volume_type = "UnknownVolumeType";
inline constexpr const char* incorrect_modification_state = "IncorrectModificationState";
inline constexpr const char* volume_modification_not_found = "InvalidVolumeModification.NotFound";
inline constexpr const char* volume_modification_rate_exceeded = "VolumeModificationRateExceeded";
inline constexpr const char* volume_modification_size_limit_exceeded =
    "VolumeModificationSizeLimitExceeded";
inline constexpr const char* zone_not_found = "InvalidZone.NotFound";
inline constexpr const char* invalid_instance_attribute_value = "InvalidInstanceAttributeValue";
inline constexpr const char* snapshot_not_found = "InvalidSnapshot.NotFound";
inline constexpr const char* snapshot_malformed = "InvalidSnapshotID.Malformed";
inline constexpr const char* snapshot_in_use = "InvalidSnapshot.InUse";
inline constexpr const char* snapshot_limit_exceeded = "SnapshotLimitExceeded";
inline constexpr const char* image_name_malformed = "InvalidAMIName.Malformed";
inline constexpr const char* image_name_duplicate = "InvalidAMIName.Duplicate";
inline constexpr const char* invalid_image_attribute_value = "InvalidAMIAttributeItemValue";
inline constexpr const char* import_task_not_found = "InvalidConversionTaskId";
inline constexpr const char* import_task_malformed = "InvalidConversionTaskId.Malformed";
inline constexpr const char* export_task_not_found = "InvalidExportTaskID.NotFound";
inline constexpr const char* export_task_malformed = "InvalidExportTaskID.Malformed";
inline constexpr const char* invalid_region = "InvalidRegion";

inline constexpr const char* key_pair_not_found = "InvalidKeyPair.NotFound";
inline constexpr const char* key_pair_duplicate = "InvalidKeyPair.Duplicate";
inline constexpr const char* key_pair_format = "InvalidKeyPair.Format";
inline constexpr const char* key_format = "InvalidKey.Format";
inline constexpr const char* key_pair_id_malformed = "InvalidParameterValue";

inline constexpr const char* group_not_found = "InvalidGroup.NotFound";
inline constexpr const char* group_id_malformed = "InvalidGroupId.Malformed";
inline constexpr const char* group_duplicate = "InvalidGroup.Duplicate";
inline constexpr const char* group_in_use = "InvalidGroup.InUse";
inline constexpr const char* group_reserved = "InvalidGroup.Reserved";
inline constexpr const char* cannot_delete = "CannotDelete";
inline constexpr const char* permission_not_found = "InvalidPermission.NotFound";
inline constexpr const char* permission_duplicate = "InvalidPermission.Duplicate";
inline constexpr const char* permission_malformed = "InvalidPermission.Malformed";
inline constexpr const char* security_group_rule_not_found = "InvalidSecurityGroupRuleId.NotFound";
inline constexpr const char* security_group_rule_malformed = "InvalidSecurityGroupRuleId.Malformed";
inline constexpr const char* prefix_list_not_found = "InvalidPrefixListId.NotFound";
inline constexpr const char* rules_limit_exceeded = "RulesPerSecurityGroupLimitExceeded";
inline constexpr const char* groups_per_interface_limit_exceeded =
    "SecurityGroupsPerInterfaceLimitExceeded";
inline constexpr const char* group_limit_exceeded = "SecurityGroupLimitExceeded";

inline constexpr const char* vpc_not_found = "InvalidVpcID.NotFound";
inline constexpr const char* vpc_malformed = "InvalidVpcID.Malformed";
inline constexpr const char* vpc_id_not_specified = "VPCIdNotSpecified";
inline constexpr const char* subnet_not_found = "InvalidSubnetID.NotFound";
inline constexpr const char* subnet_malformed = "InvalidSubnetID.Malformed";
inline constexpr const char* missing_default_subnet = "MissingInput";
inline constexpr const char* insufficient_addresses = "InsufficientFreeAddressesInSubnet";
inline constexpr const char* insufficient_public_addresses = "InsufficientAddressCapacity";
inline constexpr const char* ip_address_in_use = "InvalidIPAddress.InUse";
inline constexpr const char* interface_not_found = "InvalidNetworkInterfaceID.NotFound";
inline constexpr const char* interface_malformed = "InvalidNetworkInterfaceId.Malformed";
inline constexpr const char* interface_in_use = "InvalidNetworkInterface.InUse";
inline constexpr const char* interface_limit_exceeded = "NetworkInterfaceLimitExceeded";
inline constexpr const char* attachment_not_found =
    "InvalidAttachmentID.NotFound"; // of an interface
inline constexpr const char* attachment_malformed = "InvalidNetworkInterfaceAttachmentId.Malformed";
inline constexpr const char* attachment_limit_exceeded = "AttachmentLimitExceeded";
inline constexpr const char* private_address_limit_exceeded = "PrivateIpAddressLimitExceeded";
inline constexpr const char* address_limit_exceeded = "AddressLimitExceeded";
inline constexpr const char* public_pool_not_found = "InvalidPublicIpv4PoolID.NotFound";
inline constexpr const char* address_not_found = "InvalidAddress.NotFound";
inline constexpr const char* allocation_not_found = "InvalidAllocationID.NotFound";
inline constexpr const char* resource_not_found = "InvalidID";

inline constexpr const char* association_not_found = "InvalidAssociationID.NotFound";
inline constexpr const char* route_table_not_found = "InvalidRouteTableID.NotFound";
inline constexpr const char* route_table_malformed = "InvalidRouteTableId.Malformed";
inline constexpr const char* route_table_limit_exceeded = "RouteTableLimitExceeded";
inline constexpr const char* route_not_found = "InvalidRoute.NotFound";
inline constexpr const char* route_already_exists = "RouteAlreadyExists";
inline constexpr const char* route_limit_exceeded = "RouteLimitExceeded";
inline constexpr const char* invalid_instance_id = "InvalidInstanceID";
inline constexpr const char* internet_gateway_not_found = "InvalidInternetGatewayID.NotFound";
inline constexpr const char* internet_gateway_malformed = "InvalidInternetGatewayId.Malformed";
inline constexpr const char* internet_gateway_limit_exceeded = "InternetGatewayLimitExceeded";
inline constexpr const char* egress_only_gateway_malformed =
    "InvalidEgressOnlyInternetGatewayId.Malformed";
inline constexpr const char* egress_only_gateway_limit_exceeded =
    "EgressOnlyInternetGatewayLimitExceeded";
inline constexpr const char* gateway_not_found = "InvalidGatewayID.NotFound";
inline constexpr const char* gateway_not_attached = "Gateway.NotAttached";
inline constexpr const char* resource_already_associated = "Resource.AlreadyAssociated";
inline constexpr const char* nat_gateway_not_found = "NatGatewayNotFound";
inline constexpr const char* nat_gateway_id_not_found =
    "InvalidNatGatewayID.NotFound"; // of a route
inline constexpr const char* elastic_ip_not_found =
    "InvalidElasticIpID.NotFound"; // of a NAT gateway
inline constexpr const char* elastic_ip_malformed = "InvalidElasticIpID.Malformed";
inline constexpr const char* nat_gateway_malformed = "NatGatewayMalformed";
inline constexpr const char* nat_gateway_limit_exceeded = "NatGatewayLimitExceeded";
inline constexpr const char* peering_not_found = "InvalidVpcPeeringConnectionID.NotFound";
inline constexpr const char* network_acl_not_found = "InvalidNetworkAclID.NotFound";
inline constexpr const char* network_acl_malformed = "InvalidNetworkAclId.Malformed";
inline constexpr const char* network_acl_limit_exceeded = "NetworkAclLimitExceeded";
inline constexpr const char* network_acl_entry_not_found = "InvalidNetworkAclEntry.NotFound";
inline constexpr const char* network_acl_entry_already_exists = "NetworkAclEntryAlreadyExists";
inline constexpr const char* network_acl_entry_limit_exceeded = "NetworkAclEntryLimitExceeded";

inline constexpr const char* vpc_range = "InvalidVpc.Range";
inline constexpr const char* vpc_limit_exceeded = "VpcLimitExceeded";
inline constexpr const char* vpc_cidr_association_not_found =
    "InvalidVpcCidrBlockAssociationID.NotFound";
inline constexpr const char* cidr_block_in_use = "InvalidCidrBlock.InUse";
inline constexpr const char* cidr_limit_exceeded = "CidrLimitExceeded";
inline constexpr const char* insufficient_cidr_blocks = "InsufficientCidrBlocks";
inline constexpr const char* default_vpc_already_exists = "DefaultVpcAlreadyExists";
inline constexpr const char* default_vpc_does_not_exist = "DefaultVpcDoesNotExist";
inline constexpr const char* default_subnet_already_exists =
    "DefaultSubnetAlreadyExistsInAvailabilityZone";
inline constexpr const char* subnet_range = "InvalidSubnet.Range";
inline constexpr const char* subnet_conflict = "InvalidSubnet.Conflict";
inline constexpr const char* subnet_limit_exceeded = "SubnetLimitExceeded";
inline constexpr const char* subnet_cidr_association_not_found =
    "InvalidSubnetCidrBlockAssociationID.NotFound";
inline constexpr const char* dhcp_options_not_found = "InvalidDhcpOptionID.NotFound";
inline constexpr const char* dhcp_options_malformed = "InvalidDhcpOptionsId.Malformed";
inline constexpr const char* dhcp_options_limit_exceeded = "DhcpOptionsLimitExceeded";
inline constexpr const char* peering_malformed = "InvalidVpcPeeringConnectionId.Malformed";
inline constexpr const char* peering_already_exists = "VpcPeeringConnectionAlreadyExists";
inline constexpr const char* peering_limit_exceeded = "VpcPeeringConnectionsPerVpcLimitExceeded";
inline constexpr const char* outstanding_peering_limit_exceeded =
    "OutstandingVpcPeeringConnectionLimitExceeded";
inline constexpr const char* invalid_state_transition = "InvalidStateTransition";
inline constexpr const char* managed_prefix_list_not_found = "InvalidPrefixListID.NotFound";
inline constexpr const char* prefix_list_malformed = "InvalidPrefixListID.Malformed";
inline constexpr const char* prefix_list_limit_exceeded = "PrefixListLimitExceeded";
inline constexpr const char* prefix_list_max_entries_exceeded = "PrefixListMaxEntriesExceeded";
inline constexpr const char* prefix_list_version_mismatch = "PrefixListVersionMismatch";
inline constexpr const char* prefix_list_version_not_found = "InvalidPrefixListVersion.NotFound";
inline constexpr const char* vpc_endpoint_not_found = "InvalidVpcEndpointId.NotFound";
inline constexpr const char* flow_log_not_found = "InvalidFlowLogId.NotFound";

} // namespace pileus::domain::codes
