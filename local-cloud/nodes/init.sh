#!/usr/bin/env bash
# First process of a machine: makes its root directory out of its disk and of parts of this computer, then
# runs the machine's supervisor there. Runs inside new user, mount, PID, network, UTS and IPC namespaces.
# Usage: DISK=… MACHINE_HOSTNAME=… MACHINE_PRIVATE_IP=[10.100.0.2/20] PYTHON=… NAMESPACES=…/namespaces.py \
#   init.sh [ro|rw SOURCE TARGET]… -- COMMAND…
set -euo pipefail

# bind MODE SOURCE TARGET: shows SOURCE of this computer at TARGET of the machine.
bind() {
  local mode="$1" source="$2" target="${DISK}$3"
  if [[ -d "${source}" ]]; then
    mkdir -p "${target}"
  else
    mkdir -p "${target%/*}"
    [[ -e "${target}" ]] || : >"${target}"
  fi
  mount --rbind "${source}" "${target}"
  if [[ "${mode}" == ro ]]; then
    mount -o remount,bind,ro "${target}"
  fi
}

devices() {
  local device
  mount -t tmpfs -o mode=755 tmpfs "${DISK}/dev"
  for device in null zero full random urandom tty; do
    bind rw "/dev/${device}" "/dev/${device}"
  done
  ln -s /proc/self/fd "${DISK}/dev/fd"
  ln -s /proc/self/fd/0 "${DISK}/dev/stdin"
  ln -s /proc/self/fd/1 "${DISK}/dev/stdout"
  ln -s /proc/self/fd/2 "${DISK}/dev/stderr"
  mkdir -m 1777 "${DISK}/dev/shm"
}

main() {
  "${PYTHON}" -I -S "${NAMESPACES}" machine "${MACHINE_HOSTNAME}" "${MACHINE_PRIVATE_IP}"
  mount --bind "${DISK}" "${DISK}"
  devices
  # A container runtime that masks parts of /proc forbids a new one; the outer one serves for /proc/self.
  mount -t proc -o ro,nosuid,nodev,noexec proc "${DISK}/proc" 2>/dev/null || bind ro /proc /proc
  mount -t tmpfs -o mode=755 tmpfs "${DISK}/run"
  mount -t tmpfs -o mode=1777 tmpfs "${DISK}/tmp"
  mkdir -p "${DISK}/run/systemd/system" "${DISK}/run/outside"
  # All of this computer's memory counts as free: the machine hasn't filled it.
  awk '$1 == "MemTotal:" { total = $2 } $1 == "MemAvailable:" { $2 = total } { print }' /proc/meminfo >"${DISK}/run/meminfo"
  bind ro "${DISK}/run/meminfo" /proc/meminfo
  while [[ "$1" != -- ]]; do
    bind "$1" "$2" "$3"
    shift 3
  done
  shift
  cd "${DISK}"
  pivot_root . run/outside
  cd /
  umount -l /run/outside
  rmdir /run/outside
  # Not exec: bash stays as the init that reaps orphans. When it ends, the whole machine does.
  env -i PATH="${PATH}" LANG=C.UTF-8 "$@"
}

main "$@"
