#!/usr/bin/env bash
# Runs a command as root of a new user namespace, which has all users that root of this one has; started by anybody
# else, it has that one user.
# Usage: users.sh COMMAND…
set -euo pipefail

# identities MAP: every id of this user namespace stands for itself in a new one.
identities() {
  local first count
  while read -r first _ count; do
    printf '%s %s %s\n' "${first}" "${first}" "${count}"
  done <"$1"
}

# map PID OLD: once the process has left the user namespace OLD.
map() {
  local users groups
  users="$(identities /proc/self/uid_map)"
  groups="$(identities /proc/self/gid_map)"
  while [[ "$(readlink "/proc/$1/ns/user")" == "$2" ]]; do
    sleep 0.005
  done
  printf '%s\n' "${groups}" >"/proc/$1/gid_map" || echo "0 0 1" >"/proc/$1/gid_map"
  printf '%s\n' "${users}" >"/proc/$1/uid_map" || echo "0 0 1" >"/proc/$1/uid_map"
}

main() {
  if ((EUID != 0)); then
    exec unshare --user --map-root-user -- "$@"
  fi
  local old
  old="$(readlink "/proc/$$/ns/user")"
  (map "$$" "${old}" </dev/null &)
  # A program that is started before root is mapped has none of root's rights. Without --norc bash may read the user's
  # ~/.bashrc, since a socket as standard input looks to it like a remote shell's.
  # shellcheck disable=SC2016 # Expanded by the shell inside.
  exec unshare --user -- bash --norc -c 'until [[ -n "$(</proc/self/uid_map)" ]]; do sleep 0.005; done; exec "$@"' bash "$@"
}

main "$@"
