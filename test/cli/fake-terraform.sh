#!/usr/bin/env bash
# usage: fake-terraform.sh COMMAND [ARGUMENT...]
# A Terraform with nothing deployed. Appends each call to the file $RECORD, its begin and end to $RECORD.running, and
# the variables of each plan to $RECORD.variables; $FAKE_VERSION is its version. The command "STACK COMMAND" in
# $FAKE_FAILS fails, and says why by the file $FAKE_REASON. The command "COMMAND SECONDS" in $FAKE_TAKES takes so long.
# A plan has changes when $FAKE_CHANGES is set. It prints the place of its state, after the file $FAKE_PLAN_AWAITS is
# there (3 minutes at most), as an apply ends after $FAKE_APPLY_AWAITS is. An apply prints $FAKE_SAYS, the first 8
# characters of it at once, and lasts until it is interrupted, for $FAKE_LASTS seconds at most. Those of the stacks in
# $FAKE_TOGETHER last until each of them has begun. $FAKE_STATE is the file with the state of every stack. An init puts
# the file $FAKE_REPLACES in the place of the stack that it is for, and removes the file $FAKE_STALE, beside which no
# state can be read.
set -euo pipefail

stack="${PWD##*/}"

record() {
  printf '%s\n' "$*" >>"$RECORD"
}

begin() {
  record "${stack}: $*"
  printf '+ %s %s\n' "$stack" "$1" >>"$RECORD.running"
  # shellcheck disable=SC2064 # The command is known now.
  trap "printf -- '- %s %s\n' '$stack' '$1' >>'$RECORD.running'" EXIT
}

await_file() {
  local tick
  for ((tick = 0; tick < 1800; tick++)); do
    [[ -n "$1" && ! -e "$1" ]] || break
    sleep 0.1
  done
}

await_others() {
  local other tick
  [[ " ${FAKE_TOGETHER:-} " == *" ${stack} "* ]] || return 0
  for other in $FAKE_TOGETHER; do
    for ((tick = 0; tick < 300; tick++)); do
      if grep -q "^${other}: apply" "$RECORD"; then
        continue 2
      fi
      sleep 0.1
    done
    echo "${other} has not begun beside ${stack}." >&2
    exit 1
  done
}

last() {
  local interrupted=0 tick
  trap 'record "interrupted"; interrupted=1' INT
  # A signal to the process group ends the sleep too.
  for ((tick = 0; interrupted == 0 && tick < FAKE_LASTS * 10; tick++)); do sleep 0.1 || true; done
  # Long enough to see a second signal.
  sleep 0.5 || true
  record "ended"
  exit 1
}

begin "$@"
if [[ "${FAKE_FAILS:-}" == "${stack} $1" ]]; then
  echo "$1 of ${stack} fails" >&2
  [[ -z "${FAKE_REASON:-}" ]] || cat -- "$FAKE_REASON" >&2
  exit 1
fi
if [[ "${FAKE_TAKES:-}" == "$1 "* ]]; then
  sleep "${FAKE_TAKES#* }"
fi
case "$1" in
  version) printf '{ "terraform_version": "%s" }\n' "${FAKE_VERSION:-1.9.0}" ;;
  init)
    if [[ -n "${FAKE_REPLACES:-}" ]]; then
      cp -- "$FAKE_REPLACES" cdk.tf.json
    fi
    mkdir -p .terraform
    rm -f -- "${FAKE_STALE:-}"
    ;;
  state)
    if [[ -e "${FAKE_STALE:-}" ]]; then
      echo "Backend initialization required" >&2
      exit 1
    fi
    [[ -z "${FAKE_STATE:-}" ]] || cat -- "$FAKE_STATE"
    ;;
  show) echo '{}' ;;
  plan)
    env | grep -E '^(TF_|CHECKPOINT_|GOGC)' | sort >>"$RECORD.variables"
    await_file "${FAKE_PLAN_AWAITS:-}"
    grep -o '[^/"]*\.tfstate' cdk.tf.json | sort -u
    [[ -z "${FAKE_CHANGES:-}" ]] || exit 2
    ;;
  apply)
    says="${FAKE_SAYS:-}"
    printf '%s' "${says:0:8}"
    printf '%s' "${says:0:8}" >&2
    await_others
    await_file "${FAKE_APPLY_AWAITS:-}"
    printf '%s' "${says:8}"
    printf '%s' "${says:8}" >&2
    [[ -z "${FAKE_LASTS:-}" ]] || last
    ;;
esac
