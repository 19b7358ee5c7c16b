#!/usr/bin/env bash
# usage: drift.sh [--dry-run]
# Compares each deployed stack with the output of "npm run synth", and then has "anywhere heal" deregister nodes whose
# agents are lost. With --dry-run it only lists them. Stacks that aren't deployed are skipped.
# Exit codes: 0 no drift; 2 drift, reported in the output; 1 it failed.
set -euo pipefail

# shellcheck source=pipelines/terraform.sh
source "$(dirname "${BASH_SOURCE[0]}")/terraform.sh"

healing=(heal)
if [[ "${1:-}" == --dry-run ]]; then
  healing+=("$1")
  shift
fi
(($# == 0)) || fail "usage: drift.sh [--dry-run]"

failed=0
drifted=0
# note_status STATUS: 0 is no drift, 2 is drift, and anything else is a failure.
note_status() {
  case "$1" in
    0) ;;
    2) drifted=1 ;;
    *) failed=1 ;;
  esac
}

# look STACK FOLDER
look() {
  local id=$1 folder=$2 status=0
  open_stack "${id}" "${folder}" || return 1
  if ! holds_resources "${id}"; then
    say "${id}: not deployed"
    return 0
  fi
  make_plan "${id}" "${folder}" "${work}/${id}.txt" || status=$?
  case "${status}" in
    0) say "${id}: as it should be" ;;
    2)
      cat "${work}/${id}.txt"
      say "${id}: differs, as shown above"
      ;;
  esac
  return "${status}"
}

stacks=$(anywhere stacks --here)
while IFS=$'\t' read -r id folder _ <&3; do
  status=0
  look "${id}" "${folder}" || status=$?
  note_status "${status}"
done 3<<<"${stacks}"

status=0
anywhere "${healing[@]}" || status=$?
note_status "${status}"
((failed == 0)) || exit 1
((drifted == 0)) || exit 2
