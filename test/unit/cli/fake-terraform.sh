#!/usr/bin/env bash
# usage: fake-terraform.sh COMMAND [ARGUMENT...]
# A Terraform with nothing deployed. Appends each call to the file $RECORD; $FAKE_VERSION is its version.
# An apply reads an answer when $FAKE_ASKS is set, and lasts until it is interrupted, for $FAKE_LASTS seconds at most.
# A plan prints the place of its state, after the file $FAKE_PLAN_AWAITS is there (3 minutes at most). $FAKE_STATE is
# the file with the state of every stack. An init puts the file $FAKE_REPLACES in the place of the stack that it is for.
set -euo pipefail

record() {
  printf '%s\n' "$*" >>"$RECORD"
}

record "${PWD##*/}: $*"
case "$1" in
  version) printf '{ "terraform_version": "%s" }\n' "${FAKE_VERSION:-1.9.0}" ;;
  init)
    env | grep -E '^(TF_|CHECKPOINT_)' | sort >>"$RECORD.variables"
    if [[ -n "${FAKE_REPLACES:-}" ]]; then
      cp -- "$FAKE_REPLACES" cdk.tf.json
    fi
    ;;
  state) [[ -z "${FAKE_STATE:-}" ]] || cat -- "$FAKE_STATE" ;;
  plan)
    for ((tick = 0; tick < 1800; tick++)); do
      [[ -n "${FAKE_PLAN_AWAITS:-}" && ! -e "$FAKE_PLAN_AWAITS" ]] || break
      sleep 0.1
    done
    grep -o '[^/"]*\.tfstate' cdk.tf.json | sort -u
    ;;
  apply)
    if [[ -n "${FAKE_ASKS:-}" ]]; then
      read -r answer
      record "answer: ${answer}"
    fi
    if [[ -n "${FAKE_LASTS:-}" ]]; then
      interrupted=0
      trap 'record "interrupted"; interrupted=1' INT
      # A signal to the process group ends the sleep too.
      for ((tick = 0; interrupted == 0 && tick < FAKE_LASTS * 10; tick++)); do sleep 0.1 || true; done
      # Long enough to see a second signal.
      sleep 0.5 || true
      record "ended"
      exit 1
    fi
    ;;
esac
