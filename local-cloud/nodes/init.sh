#!/usr/bin/env bash
# First process of a machine: makes its network, and its root directory out of its disk and of parts of this computer,
# then runs the machine's supervisor there. Runs inside new user, mount, PID, network, UTS and IPC namespaces.
# Usage: PYTHON=… NAMESPACES=… MACHINE=… init.sh COMMAND…
set -euo pipefail

# The new root directory is that of every process here, of this one, too. Source: pivot_root(2).
"${PYTHON}" -I -S "${NAMESPACES}" machine "${MACHINE}"
cd /
# Not exec: bash stays as the init that reaps orphans. When it ends, the whole machine does.
env -i PATH="${PATH}" LANG=C.UTF-8 "$@"
