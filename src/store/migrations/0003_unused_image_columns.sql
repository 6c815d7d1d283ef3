-- SPDX-License-Identifier: Apache-2.0
-- Nothing ever set them: there is no virtual TPM, and UEFI variables belong to an instance.

ALTER TABLE images DROP COLUMN tpm_support;
ALTER TABLE images DROP COLUMN uefi_data;
