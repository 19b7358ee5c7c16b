#!/usr/bin/env bash
# usage: apply.sh [--destroy] [--replan] [--all-at-once] [--roll-forward] FOLDER
# Applies the plans that plan.sh has saved in FOLDER, stack by stack; works in another checkout of the same sources, after
# "npm run synth". With --replan it makes them again, and applies those whose text is the same as the approved one.
# A stack that fails holds up those that come after it. Stacks that waited for another are left to the next round.
# Exit codes: 0 everything is applied; 3 every plan is applied, but some stacks still wait: plan again; 2 a plan is
# refused, or the state has changed since; 1 it failed.
set -euo pipefail

# shellcheck source=pipelines/terraform.sh
source "$(dirname "${BASH_SOURCE[0]}")/terraform.sh"

listing=(stacks --here)
checking=(check)
planning=()
replan=0
while [[ "${1:-}" == --* ]]; do
  case "$1" in
    --destroy)
      listing+=(--destroy)
      checking+=(--destroy)
      planning+=(-destroy)
      ;;
    --replan) replan=1 ;;
    --all-at-once | --roll-forward) checking+=("$1") ;;
    *) fail "apply.sh has no option $1." ;;
  esac
  shift
done
(($# == 1)) || fail "usage: apply.sh [--destroy] [--replan] [--all-at-once] [--roll-forward] FOLDER"
[[ -e "$1/stacks.txt" ]] || fail "$1 has no plans from plan.sh: they were refused, or never made."
folder_of_plans=$(cd "$1" && pwd)

# Prints plan.sh's note about a stack; nothing if it wasn't planned.
noted() {
  awk -F '\t' -v id="$1" '$1 == id { print $2 }' "${folder_of_plans}/stacks.txt"
}

# get_plan STACK FOLDER: writes the approved plan to $work/STACK.plan.
get_plan() {
  local id=$1 folder=$2 status=0
  if [[ -e "${folder_of_plans}/${id}.lock" ]]; then
    cp "${folder_of_plans}/${id}.lock" "${project}/${folder}/.terraform.lock.hcl" || return 1
  fi
  open_stack "${id}" "${folder}" || return 1
  if ((replan)); then
    make_plan "${id}" "${folder}" "${work}/${id}.txt" ${planning[@]+"${planning[@]}"} || status=$?
    ((status == 0 || status == 2)) || return 1
    diff -u "${folder_of_plans}/${id}.txt" "${work}/${id}.txt" >&2 ||
      fail "${id}: the plan has changed since it was approved, as shown above, and was not applied: run plan.sh again, and have the new plan approved." 2
  else
    [[ -e "${folder_of_plans}/${id}.plan" ]] ||
      fail "${folder_of_plans} holds no plan of ${id}: give plan.sh a key (see terraform.sh), or add --replan."
    has_key || fail "The plans are encrypted: ANYWHERE_PLAN_KEY or ANYWHERE_PLAN_KEY_FILE must hold their key."
    cipher "${folder_of_plans}/${id}.plan" "${work}/${id}.plan" -d ||
      fail "${folder_of_plans}/${id}.plan can't be decrypted: the key is wrong, or the file is damaged."
  fi
  write_json "${id}" "${folder}"
}

# apply_plan STACK FOLDER
apply_plan() {
  local id=$1 folder=$2 status=0
  say "${id}: applying"
  told "${id}" "${folder}" apply -input=false -no-color -lock-timeout="${lock_timeout}" "${work}/${id}.plan" |
    tee "${work}/said" || status=$?
  ((status != 0)) || return 0
  if grep -qE 'Saved plan (is stale|does not match the given state)' "${work}/said"; then
    say "${id}: its state has changed since the plan was made. Nothing in it was changed: run plan.sh again, and have the new plan approved."
    return 2
  fi
  explain_lock "${id}" "${folder}" "${work}/said"
  return 1
}

stacks=$(anywhere "${listing[@]}")
while IFS=$'\t' read -r id state <&3; do
  [[ "${state}" != planned ]] || cut -f1 <<<"${stacks}" | grep -qxF "${id}" ||
    fail "${folder_of_plans} holds a plan of ${id}, which is not synthesised here: synthesise the sources that were planned."
done 3<"${folder_of_plans}/stacks.txt"
while IFS=$'\t' read -r id folder _ <&3; do
  [[ "$(noted "${id}")" != planned ]] || get_plan "${id}" "${folder}"
done 3<<<"${stacks}"

# The clouds may have changed since the plans were made.
if compgen -G "${work}/*.json" >/dev/null; then
  refused=0
  anywhere "${checking[@]}" "${work}"/*.json || refused=$?
  ((refused == 0)) || fail "Refused: nothing was changed." "${refused}"
fi

failed=0
refused=0
waiting=0
while IFS=$'\t' read -r id folder after _ <&3; do
  state=$(noted "${id}")
  # shellcheck disable=SC2086 # A list of ids.
  held=$(held_by ${after})
  if [[ "${state}" == "waits for "* ]]; then
    waiting=1
    hold "${id}"
    say "${id}: ${state}: run plan.sh again."
  elif [[ "${state}" == failed ]]; then
    failed=1
    hold "${id}"
    say "${id}: could not be planned."
  elif [[ "${state}" == planned && -n "${held}" ]]; then
    hold "${id}"
    say "${id}: not started, since it comes after ${held}."
  elif [[ "${state}" == planned ]]; then
    status=0
    apply_plan "${id}" "${folder}" || status=$?
    case "${status}" in
      0) say "${id}: applied" ;;
      2) refused=1 ;;
      *) failed=1 ;;
    esac
    ((status == 0)) || hold "${id}"
  fi
done 3<<<"${stacks}"

((failed == 0)) || fail "Not everything was applied. Fix the cause and run plan.sh again: it continues where this stopped." 1
((refused == 0)) || exit 2
((waiting == 0)) || exit 3
