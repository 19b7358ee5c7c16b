#!/usr/bin/env bash
# Stands in for apt-get, systemctl, iptables and the like on a machine: passes the call to the supervisor and prints its
# answer. Usage: as the program that it replaces. A machine's boot makes some twenty calls, so that it starts no program.
set -euo pipefail

main() {
  local LC_ALL=C word length=0 line code output
  set -- "${0##*/}" "$@"
  for word in "$@"; do
    length=$((length + ${#word} + 1))
  done
  exec 3<>/dev/tcp/127.0.0.1/51680
  printf 'POST /tool HTTP/1.0\r\nContent-Length: %d\r\n\r\n' "${length}" >&3
  printf '%s\0' "$@" >&3
  while IFS= read -r -t 120 line <&3 && [[ ${line} != $'\r' ]]; do :; done
  read -r -t 120 code <&3
  IFS= read -r -t 120 -d '' output <&3 || true
  exec 3>&-
  while [[ ${output} == *$'\n' ]]; do
    output=${output%$'\n'}
  done
  if [[ -n "${output}" ]]; then
    if ((code == 0)); then
      printf '%s\n' "${output}"
    else
      printf '%s\n' "${output}" >&2
    fi
  fi
  exit "${code}"
}

main "$@"
