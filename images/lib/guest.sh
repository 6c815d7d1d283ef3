# SPDX-License-Identifier: Apache-2.0
# For the customize.sh of recipes: . lib/guest.sh ROOT sets $root, and stops at the first error.
set -euo pipefail
root=$1

in_root() { chroot "$root" /usr/bin/env --unset=TMPDIR LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin "$@"; }
