#!/usr/bin/env bash
# Stands in for apt-get, systemctl, iptables and the like on a machine: hands the call to the supervisor and
# gives its answer. Usage: as the program in whose place it is.
set -euo pipefail

main() {
  local -a words=(--data-urlencode "word=${0##*/}")
  local word answer code output
  for word in "$@"; do
    words+=(--data-urlencode "word=${word}")
  done
  answer="$(curl --disable --silent --show-error --max-time 120 \
    --unix-socket /run/anywhere/sockets/control.sock "${words[@]}" http://machine/tool)"
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
