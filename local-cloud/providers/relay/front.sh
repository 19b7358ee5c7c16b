#!/bin/sh
# The AWS provider of Terraform's mirror. Terraform starts a provider for the schema, and again for each walk: to validate,
# to plan, to apply. In one Terraform process they share a relay, and the real provider behind it, one after the other;
# one that is wanted beside another has a relay of its own, and so has one whose log is shown.
# Usage: front.sh COMMAND…, which runs a relay
set -eu

parent="${TMPDIR:-/tmp}"
# Ctrl-C reaches all processes of a terminal, and Terraform asks its providers itself to stop.
trap '' INT

folder="${parent}/anywhere-provider-${PPID}" kind=own
if [ -n "${TF_LOG:-}${TF_LOG_PROVIDER:-}" ]; then
  : # A log must reach Terraform while it is written.
elif mkdir -m 700 "${folder}" 2>/dev/null; then
  kind=first
elif mv "${folder}/free" "${folder}/taken" 2>/dev/null && kill -0 "$(cat "${folder}/taken")" 2>/dev/null; then
  kind=next
fi
if [ "${kind}" = own ]; then
  folder="$(mktemp -d "${parent}/anywhere-provider-XXXXXX")"
fi
fifo="${folder}/$$"
mkfifo "${fifo}"
# Open for both, so that it is never at its end, and no word is lost between two reads.
exec 3<>"${fifo}"
echo "$$" >"${folder}/front"

# run PROCESS COMMAND…: runs a relay that ends with a process; after it, a front that is still there has failed.
run() {
  watched="$1"
  shift
  "$@" "${folder}" "${watched}" || true
  present="${folder}/$(cat "${folder}/front" || true)"
  if [ -p "${present}" ]; then
    # Its reader may be gone, for which this doesn't wait.
    echo failed 1<>"${present}"
  else
    rm -rf "${folder}"
  fi
}

# expect WORD: waits for a word of the relay, and fails with its log if it is another one.
expect() {
  read -r word <&3
  if [ "${word}" != "$1" ]; then
    [ ! -f "${folder}/log" ] || cat "${folder}/log" >&2
    # It has never run, and nobody else removes it.
    [ "$1" != listening ] || rm -rf "${folder}"
    exit 1
  fi
}

case "${kind}" in
  # In subshells: for a function alone, a shell would keep Terraform's pipes open beside.
  own) (run "$$" "$@") 3<&- </dev/null >/dev/null & ;;
  first) (run "${PPID}" "$@") 3<&- </dev/null >"${folder}/log" 2>&1 & ;;
esac
[ "${kind}" = next ] || expect listening
cat "${folder}/line"
expect shutdown
rm -f "${fifo}"
