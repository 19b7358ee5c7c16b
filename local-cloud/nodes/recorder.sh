#!/usr/bin/env bash
# Stands in for apt-get, systemctl, iptables and the like on a machine: passes the call to the supervisor and prints its
# answer. Usage: as the program that it replaces.
set -euo pipefail

main() {
  local answer code output
  answer="$(printf '%s\0' "${0##*/}" "$@" | curl --disable --silent --show-error --max-time 120 \
    --unix-socket /run/anywhere/sockets/control.sock --data-binary @- http://machine/tool)"
  code="${answer%%$'\n'*}"
  output="${answer#*$'\n'}"
  if [[ "${output}" != "${answer}" && -n "${output}" ]]; then
    if ((code == 0)); then
      printf '%s\n' "${output}"
    else
      printf '%s\n' "${output}" >&2
    fi
  fi
  exit "${code}"
}

main "$@"
