-- SPDX-License-Identifier: Apache-2.0
-- Times are microseconds since 1970 (UTC), booleans 0 and 1, "none" is the empty text except where a column may be NULL.
-- The subset of SQL that PostgreSQL shares: there INTEGER becomes BIGINT, BLOB becomes BYTEA, and STRICT goes.
-- Lists of a caller run over (account_id, region, …, id), so that a page is one range of an index.

CREATE TABLE instances (
    id                       TEXT PRIMARY KEY,
    account_id               TEXT NOT NULL,
    region                   TEXT NOT NULL,
    zone                     TEXT NOT NULL,
    reservation_id           TEXT NOT NULL,
    requester_id             TEXT NOT NULL,
    host_id                  TEXT NOT NULL,
    vpc_id                   TEXT NOT NULL,
    subnet_id                TEXT NOT NULL,
    image_id                 TEXT NOT NULL,
    type                     TEXT NOT NULL,
    architecture             TEXT NOT NULL,
    key_name                 TEXT NOT NULL,
    public_key               TEXT NOT NULL,
    root_device_name         TEXT NOT NULL,
    client_token             TEXT NOT NULL,
    launch_index             INTEGER NOT NULL,
    state                    TEXT NOT NULL,
    state_reason_code        TEXT NOT NULL,
    state_reason_message     TEXT NOT NULL,
    transition_reason        TEXT NOT NULL,
    launch_time              INTEGER NOT NULL,
    created_at               INTEGER NOT NULL,
    terminated_at            INTEGER,
    start_count              INTEGER NOT NULL,
    force_stop               INTEGER NOT NULL,
    restart_when_stopped     INTEGER NOT NULL,
    stop_deadline            INTEGER,
    guest_seen_at            INTEGER,
    reboots_requested        INTEGER NOT NULL,
    reboots_done             INTEGER NOT NULL,
    shutdown_behavior        TEXT NOT NULL,
    disable_api_termination  INTEGER NOT NULL,
    disable_api_stop         INTEGER NOT NULL,
    source_dest_check        INTEGER NOT NULL,
    ebs_optimized            INTEGER NOT NULL,
    monitoring               INTEGER NOT NULL,
    unlimited_credits        INTEGER NOT NULL,
    metadata_tokens_required INTEGER NOT NULL,
    metadata_hop_limit       INTEGER NOT NULL,
    metadata_enabled         INTEGER NOT NULL,
    metadata_tags_enabled    INTEGER NOT NULL,
    user_data                BLOB NOT NULL
) STRICT;
CREATE INDEX instances_page ON instances (account_id, region, id);
CREATE INDEX instances_by_state ON instances (account_id, region, state, id);
CREATE INDEX instances_by_type ON instances (account_id, region, type, id);
CREATE INDEX instances_by_image ON instances (account_id, region, image_id, id);
CREATE INDEX instances_by_subnet ON instances (account_id, region, subnet_id, id);
CREATE INDEX instances_by_vpc ON instances (account_id, region, vpc_id, id);
CREATE INDEX instances_by_reservation ON instances (reservation_id);
CREATE INDEX instances_by_client_token ON instances (account_id, region, client_token, id) WHERE client_token <> '';
CREATE INDEX instances_on_host ON instances (host_id, state, type);
CREATE INDEX instances_counted ON instances (account_id, region, state, type);
CREATE INDEX instances_terminated ON instances (terminated_at) WHERE terminated_at IS NOT NULL;

CREATE TABLE images (
    id                 TEXT PRIMARY KEY,
    account_id         TEXT NOT NULL,
    region             TEXT NOT NULL,
    name               TEXT NOT NULL,
    description        TEXT NOT NULL,
    owner_alias        TEXT NOT NULL,
    architecture       TEXT NOT NULL,
    state              TEXT NOT NULL,
    is_public          INTEGER NOT NULL,
    platform_details   TEXT NOT NULL,
    boot_mode          TEXT NOT NULL,
    root_device_name   TEXT NOT NULL,
    snapshot_id        TEXT NOT NULL,
    size_gib           INTEGER NOT NULL,
    default_user       TEXT NOT NULL,
    minimum_memory_mib INTEGER NOT NULL,
    recipe             TEXT NOT NULL,
    content_sha256     TEXT NOT NULL,
    created_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX images_page ON images (region, id);

CREATE TABLE volumes (
    id                    TEXT PRIMARY KEY,
    account_id            TEXT NOT NULL,
    region                TEXT NOT NULL,
    zone                  TEXT NOT NULL,
    host_id               TEXT NOT NULL,
    snapshot_id           TEXT NOT NULL,
    size_gib              INTEGER NOT NULL,
    type                  TEXT NOT NULL,
    iops                  INTEGER NOT NULL,
    throughput_mib_s      INTEGER NOT NULL,
    encrypted             INTEGER NOT NULL,
    state                 TEXT NOT NULL,
    created_at            INTEGER NOT NULL,
    instance_id           TEXT NOT NULL,
    device                TEXT NOT NULL,
    delete_on_termination INTEGER NOT NULL,
    attachment            TEXT NOT NULL,
    attached_at           INTEGER
) STRICT;
CREATE INDEX volumes_page ON volumes (account_id, region, id);
CREATE INDEX volumes_of_instance ON volumes (instance_id, id) WHERE instance_id <> '';
CREATE INDEX volumes_on_host ON volumes (host_id, id);

CREATE TABLE snapshots (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    region      TEXT NOT NULL,
    volume_id   TEXT NOT NULL,
    size_gib    INTEGER NOT NULL,
    description TEXT NOT NULL,
    started_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE key_pairs (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    region      TEXT NOT NULL,
    name        TEXT NOT NULL,
    type        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX key_pairs_by_name ON key_pairs (account_id, region, name);

CREATE TABLE vpcs (
    id                  TEXT PRIMARY KEY,
    account_id          TEXT NOT NULL,
    region              TEXT NOT NULL,
    cidr_block          TEXT NOT NULL,
    cidr_association_id TEXT NOT NULL,
    dhcp_options_id     TEXT NOT NULL,
    tenancy             TEXT NOT NULL,
    is_default          INTEGER NOT NULL,
    enable_dns_support  INTEGER NOT NULL,
    enable_dns_hostnames INTEGER NOT NULL,
    enable_network_address_usage_metrics INTEGER NOT NULL,
    created_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX vpcs_page ON vpcs (account_id, region, id);
CREATE UNIQUE INDEX vpcs_default ON vpcs (account_id, region) WHERE is_default = 1;
CREATE INDEX vpcs_by_dhcp_options ON vpcs (dhcp_options_id);

CREATE TABLE vpc_cidr_blocks (
    association_id TEXT PRIMARY KEY,
    vpc_id         TEXT NOT NULL,
    cidr_block     TEXT NOT NULL,
    is_ipv6        INTEGER NOT NULL
) STRICT;
CREATE INDEX vpc_cidr_blocks_of_vpc ON vpc_cidr_blocks (vpc_id, association_id);
-- IPv6 blocks come from one pool of the installation.
CREATE UNIQUE INDEX vpc_cidr_blocks_ipv6 ON vpc_cidr_blocks (cidr_block) WHERE is_ipv6 = 1;

CREATE TABLE dhcp_options (
    id                   TEXT PRIMARY KEY,
    account_id           TEXT NOT NULL,
    region               TEXT NOT NULL,
    domain_name          TEXT NOT NULL,
    domain_name_servers  TEXT NOT NULL, -- lists: with spaces between
    ntp_servers          TEXT NOT NULL,
    netbios_name_servers TEXT NOT NULL,
    netbios_node_type    INTEGER NOT NULL,
    ipv6_address_preferred_lease_seconds INTEGER NOT NULL,
    created_at           INTEGER NOT NULL
) STRICT;
CREATE INDEX dhcp_options_page ON dhcp_options (account_id, region, id);

CREATE TABLE subnets (
    id                      TEXT PRIMARY KEY,
    account_id              TEXT NOT NULL,
    region                  TEXT NOT NULL,
    vpc_id                  TEXT NOT NULL,
    zone                    TEXT NOT NULL,
    zone_id                 TEXT NOT NULL,
    cidr_block              TEXT NOT NULL,
    ipv6_cidr_block         TEXT NOT NULL,
    ipv6_cidr_association_id TEXT NOT NULL,
    is_default              INTEGER NOT NULL,
    map_public_ip_on_launch INTEGER NOT NULL,
    assign_ipv6_address_on_creation INTEGER NOT NULL,
    enable_dns64            INTEGER NOT NULL,
    host_name_type          TEXT NOT NULL,
    resource_name_dns_a_record    INTEGER NOT NULL,
    resource_name_dns_aaaa_record INTEGER NOT NULL,
    created_at              INTEGER NOT NULL
) STRICT;
CREATE INDEX subnets_page ON subnets (account_id, region, id);
CREATE INDEX subnets_of_vpc ON subnets (vpc_id, id);
CREATE UNIQUE INDEX subnets_by_ipv6_association ON subnets (ipv6_cidr_association_id)
    WHERE ipv6_cidr_association_id <> '';

CREATE TABLE route_tables (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region     TEXT NOT NULL,
    vpc_id     TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX route_tables_page ON route_tables (account_id, region, id);
CREATE INDEX route_tables_of_vpc ON route_tables (vpc_id, id);

CREATE TABLE route_table_associations (
    id             TEXT PRIMARY KEY,
    route_table_id TEXT NOT NULL,
    vpc_id         TEXT NOT NULL,
    subnet_id      TEXT NOT NULL -- '' in the main association
) STRICT;
CREATE INDEX route_table_associations_of_table ON route_table_associations (route_table_id, id);
CREATE UNIQUE INDEX route_table_associations_of_subnet ON route_table_associations (vpc_id, subnet_id);

CREATE TABLE routes (
    route_table_id TEXT NOT NULL,
    destination    TEXT NOT NULL,
    target_id      TEXT NOT NULL,
    PRIMARY KEY (route_table_id, destination)
) STRICT;
CREATE INDEX routes_by_target ON routes (target_id);
CREATE INDEX routes_by_destination ON routes (destination);

CREATE TABLE internet_gateways (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region     TEXT NOT NULL,
    vpc_id     TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX internet_gateways_page ON internet_gateways (account_id, region, id);
CREATE UNIQUE INDEX internet_gateways_of_vpc ON internet_gateways (vpc_id) WHERE vpc_id <> '';

CREATE TABLE egress_only_internet_gateways (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region     TEXT NOT NULL,
    vpc_id     TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX egress_only_internet_gateways_page ON egress_only_internet_gateways (account_id, region, id);
CREATE INDEX egress_only_internet_gateways_of_vpc ON egress_only_internet_gateways (vpc_id, id);

CREATE TABLE nat_gateways (
    id                   TEXT PRIMARY KEY,
    account_id           TEXT NOT NULL,
    region               TEXT NOT NULL,
    vpc_id               TEXT NOT NULL,
    subnet_id            TEXT NOT NULL,
    is_public            INTEGER NOT NULL,
    state                TEXT NOT NULL,
    failure_code         TEXT NOT NULL,
    failure_message      TEXT NOT NULL,
    network_interface_id TEXT NOT NULL,
    allocation_id        TEXT NOT NULL,
    association_id       TEXT NOT NULL,
    private_ip           TEXT NOT NULL,
    public_ip            TEXT NOT NULL,
    client_token         TEXT NOT NULL,
    created_at           INTEGER NOT NULL,
    deleted_at           INTEGER
) STRICT;
CREATE INDEX nat_gateways_page ON nat_gateways (account_id, region, id);
CREATE INDEX nat_gateways_of_vpc ON nat_gateways (vpc_id, id);
CREATE INDEX nat_gateways_of_subnet ON nat_gateways (subnet_id, id);

CREATE TABLE network_acls (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    region     TEXT NOT NULL,
    vpc_id     TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX network_acls_page ON network_acls (account_id, region, id);
CREATE INDEX network_acls_of_vpc ON network_acls (vpc_id, id);
CREATE UNIQUE INDEX network_acls_default ON network_acls (vpc_id) WHERE is_default = 1;

CREATE TABLE network_acl_associations (
    id             TEXT PRIMARY KEY,
    network_acl_id TEXT NOT NULL,
    subnet_id      TEXT NOT NULL
) STRICT;
CREATE INDEX network_acl_associations_of_acl ON network_acl_associations (network_acl_id, id);
CREATE UNIQUE INDEX network_acl_associations_of_subnet ON network_acl_associations (subnet_id);

CREATE TABLE network_acl_entries (
    network_acl_id TEXT NOT NULL,
    egress         INTEGER NOT NULL,
    number         INTEGER NOT NULL,
    allow          INTEGER NOT NULL,
    protocol       INTEGER NOT NULL,
    cidr_block     TEXT NOT NULL,
    from_port      INTEGER NOT NULL,
    to_port        INTEGER NOT NULL,
    PRIMARY KEY (network_acl_id, egress, number)
) STRICT;

CREATE TABLE vpc_peering_connections (
    id                     TEXT PRIMARY KEY,
    requester_account_id   TEXT NOT NULL,
    requester_region       TEXT NOT NULL,
    requester_vpc_id       TEXT NOT NULL,
    accepter_account_id    TEXT NOT NULL,
    accepter_region        TEXT NOT NULL,
    accepter_vpc_id        TEXT NOT NULL,
    state                  TEXT NOT NULL,
    message                TEXT NOT NULL,
    requester_resolves_dns INTEGER NOT NULL,
    accepter_resolves_dns  INTEGER NOT NULL,
    created_at             INTEGER NOT NULL,
    expires_at             INTEGER NOT NULL,
    ended_at               INTEGER
) STRICT;
CREATE INDEX vpc_peering_connections_of_requester ON vpc_peering_connections (requester_account_id, requester_region, id);
CREATE INDEX vpc_peering_connections_of_accepter ON vpc_peering_connections (accepter_account_id, accepter_region, id);
CREATE INDEX vpc_peering_connections_by_requester_vpc ON vpc_peering_connections (requester_vpc_id, id);
CREATE INDEX vpc_peering_connections_by_accepter_vpc ON vpc_peering_connections (accepter_vpc_id, id);

CREATE TABLE prefix_lists (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    region      TEXT NOT NULL,
    name        TEXT NOT NULL,
    is_ipv6     INTEGER NOT NULL,
    max_entries INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    state       TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX prefix_lists_page ON prefix_lists (account_id, region, id);

CREATE TABLE prefix_list_entries (
    prefix_list_id TEXT NOT NULL,
    cidr           TEXT NOT NULL,
    since          INTEGER NOT NULL,
    until          INTEGER NOT NULL,
    description    TEXT NOT NULL,
    PRIMARY KEY (prefix_list_id, cidr, since)
) STRICT;

CREATE TABLE addresses (
    allocation_id        TEXT PRIMARY KEY,
    account_id           TEXT NOT NULL,
    region               TEXT NOT NULL,
    public_ip            TEXT NOT NULL,
    association_id       TEXT NOT NULL,
    network_interface_id TEXT NOT NULL,
    private_ip           TEXT NOT NULL,
    domain_name          TEXT NOT NULL,
    is_service_managed   INTEGER NOT NULL,
    created_at           INTEGER NOT NULL
) STRICT;
CREATE INDEX addresses_page ON addresses (account_id, region, allocation_id);
CREATE UNIQUE INDEX addresses_by_public_ip ON addresses (public_ip);
CREATE UNIQUE INDEX addresses_by_association ON addresses (association_id) WHERE association_id <> '';
CREATE INDEX addresses_of_interface ON addresses (network_interface_id, private_ip) WHERE network_interface_id <> '';

CREATE TABLE network_interfaces (
    id                    TEXT PRIMARY KEY,
    account_id            TEXT NOT NULL,
    region                TEXT NOT NULL,
    zone                  TEXT NOT NULL,
    host_id               TEXT NOT NULL,
    vpc_id                TEXT NOT NULL,
    subnet_id             TEXT NOT NULL,
    description           TEXT NOT NULL,
    kind                  TEXT NOT NULL,
    client_token          TEXT NOT NULL,
    mac                   TEXT NOT NULL,
    private_ip            TEXT NOT NULL,
    source_dest_check     INTEGER NOT NULL,
    created_at            INTEGER NOT NULL,
    public_ip             TEXT NOT NULL,
    allocation_id         TEXT NOT NULL,
    wants_public_ip       INTEGER NOT NULL,
    has_more_addresses    INTEGER NOT NULL, -- whether network_interface_addresses has rows of it
    instance_id           TEXT NOT NULL,
    detaching             INTEGER NOT NULL,
    attachment_id         TEXT NOT NULL,
    device_index          INTEGER NOT NULL,
    delete_on_termination INTEGER NOT NULL,
    attached_at           INTEGER
) STRICT;
CREATE INDEX network_interfaces_page ON network_interfaces (account_id, region, id);
CREATE INDEX network_interfaces_of_instance ON network_interfaces (instance_id, id) WHERE instance_id <> '';
CREATE INDEX network_interfaces_on_host ON network_interfaces (host_id, id);
CREATE INDEX network_interfaces_of_vpc ON network_interfaces (vpc_id, id);
CREATE UNIQUE INDEX network_interfaces_by_attachment ON network_interfaces (attachment_id) WHERE attachment_id <> '';
-- An address is never given twice, whatever the code above believes.
CREATE UNIQUE INDEX network_interfaces_private_ip ON network_interfaces (subnet_id, private_ip);
CREATE UNIQUE INDEX network_interfaces_public_ip ON network_interfaces (public_ip) WHERE public_ip <> '';

-- Secondary IPv4 addresses, and IPv6 addresses.
CREATE TABLE network_interface_addresses (
    network_interface_id TEXT NOT NULL,
    position             INTEGER NOT NULL, -- the order in which they were given
    subnet_id            TEXT NOT NULL,
    address              TEXT NOT NULL,
    is_ipv6              INTEGER NOT NULL,
    public_ip            TEXT NOT NULL,
    PRIMARY KEY (network_interface_id, is_ipv6, position)
) STRICT;
CREATE UNIQUE INDEX network_interface_addresses_by_address ON network_interface_addresses (subnet_id, address);

CREATE TABLE network_interface_groups (
    network_interface_id TEXT NOT NULL,
    position             INTEGER NOT NULL, -- the order in which they were given
    security_group_id    TEXT NOT NULL,
    PRIMARY KEY (network_interface_id, position)
) STRICT;
CREATE INDEX network_interface_groups_by_group ON network_interface_groups (security_group_id, network_interface_id);

CREATE TABLE security_groups (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL,
    region      TEXT NOT NULL,
    vpc_id      TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX security_groups_page ON security_groups (account_id, region, id);
CREATE UNIQUE INDEX security_groups_by_name ON security_groups (vpc_id, name);

CREATE TABLE security_group_rules (
    id                  TEXT PRIMARY KEY,
    account_id          TEXT NOT NULL,
    region              TEXT NOT NULL,
    security_group_id   TEXT NOT NULL,
    egress              INTEGER NOT NULL,
    protocol            TEXT NOT NULL,
    from_port           INTEGER NOT NULL,
    to_port             INTEGER NOT NULL,
    cidr_ipv4           TEXT NOT NULL,
    cidr_ipv6           TEXT NOT NULL,
    prefix_list_id      TEXT NOT NULL,
    referenced_group_id TEXT NOT NULL,
    peer_account_id     TEXT NOT NULL, -- of a group in a peered VPC
    peer_vpc_id         TEXT NOT NULL,
    peering_connection_id TEXT NOT NULL,
    description         TEXT NOT NULL
) STRICT;
CREATE INDEX security_group_rules_page ON security_group_rules (account_id, region, id);
CREATE INDEX security_group_rules_of_group ON security_group_rules (security_group_id, id);
CREATE INDEX security_group_rules_referencing ON security_group_rules (referenced_group_id, id)
    WHERE referenced_group_id <> '';
CREATE INDEX security_group_rules_by_prefix_list ON security_group_rules (prefix_list_id, id) WHERE prefix_list_id <> '';

-- By owner too: each side of a peering connection has tags of its own on it.
CREATE TABLE tags (
    resource_id   TEXT NOT NULL,
    account_id    TEXT NOT NULL,
    region        TEXT NOT NULL,
    key           TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    value         TEXT NOT NULL,
    PRIMARY KEY (resource_id, account_id, region, key)
) STRICT;
CREATE INDEX tags_page ON tags (account_id, region, resource_id, key);

-- Never changed and never deleted: usage and money are a replay of these rows.
CREATE TABLE ledger (
    sequence    INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    account_id  TEXT NOT NULL,
    region      TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    kind        TEXT NOT NULL,
    quantity    INTEGER NOT NULL,
    detail      TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_of_account ON ledger (account_id, sequence);

-- One row a resource that somebody must look at. While it is leased, ready_at is the end of the lease, and again_due says when
-- it is wanted again by those who enqueued it meanwhile.
CREATE TABLE work_items (
    kind        TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    host_id     TEXT NOT NULL,
    due         INTEGER NOT NULL,
    ready_at    INTEGER NOT NULL,
    again_due   INTEGER,
    generation  INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    last_error  TEXT NOT NULL,
    lease       INTEGER NOT NULL, -- counts the leases: only the last one may complete or retry
    lease_owner TEXT NOT NULL,
    PRIMARY KEY (kind, resource_id)
) STRICT;
CREATE INDEX work_items_ready ON work_items (host_id, ready_at);
CREATE INDEX work_items_leased ON work_items (host_id) WHERE lease_owner <> '';

CREATE TABLE client_tokens (
    account_id      TEXT NOT NULL,
    region          TEXT NOT NULL,
    operation       TEXT NOT NULL,
    token           TEXT NOT NULL,
    parameters_hash TEXT NOT NULL,
    resource_id     TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (account_id, region, operation, token)
) STRICT;
CREATE INDEX client_tokens_by_age ON client_tokens (created_at);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
