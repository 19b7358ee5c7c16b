#!/usr/bin/env bash
# usage: plan.sh [--destroy] [--all-at-once] [--roll-forward] FOLDER [STACK...]
# Plans the output of "npm run synth", stack by stack, into the new folder FOLDER:
#   stacks.txt      a line for each stack: its id, a tab, and "planned", "no changes", "waits for <stack>",
#                   "nothing to destroy" or "failed"
#   <stack>.txt     its plan as Terraform prints it, without secrets
#   <stack>.plan    its plan for apply.sh, encrypted; only with a key, see terraform.sh
#   <stack>.lock    the providers that the plan was made with
#   comment.md      all plans as a comment on a pull request
# It saves no plan that our commands would refuse.
# Exit codes: 0 every stack is planned, or waits; 2 a plan is refused; 1 it failed.
set -euo pipefail

# shellcheck source=pipelines/terraform.sh
source "$(dirname "${BASH_SOURCE[0]}")/terraform.sh"

listing=(stacks --here)
checking=(check)
planning=()
while [[ "${1:-}" == --* ]]; do
  case "$1" in
    --destroy)
      listing+=(--destroy)
      checking+=(--destroy)
      planning+=(-destroy)
      ;;
    --all-at-once | --roll-forward) checking+=("$1") ;;
    *) fail "plan.sh has no option $1." ;;
  esac
  shift
done
(($# > 0)) || fail "usage: plan.sh [--destroy] [--all-at-once] [--roll-forward] FOLDER [STACK...]"
mkdir -p "$1"
folder_of_plans=$(cd "$1" && pwd)
shift
[[ -z "$(ls -A "${folder_of_plans}")" ]] || fail "${folder_of_plans} is not empty: give a new folder, since plans of different runs must not be mixed."

# note STACK TEXT
note() {
  printf '%s\t%s\n' "$1" "$2" >>"${folder_of_plans}/stacks.txt"
  say "$1: $2"
}

# plan_stack STACK FOLDER
plan_stack() {
  local id=$1 folder=$2 text="${folder_of_plans}/$1.txt" status=0
  open_stack "${id}" "${folder}" || return 1
  if ((${#planning[@]} > 0)) && ! holds_resources "${id}"; then
    note "${id}" "nothing to destroy"
    return 0
  fi
  make_plan "${id}" "${folder}" "${text}" ${planning[@]+"${planning[@]}"} || status=$?
  case "${status}" in
    0) note "${id}" "no changes" ;;
    2)
      cat "${text}"
      write_json "${id}" "${folder}" || return 1
      keep_lock_file "${id}" "${folder}" || return 1
      note "${id}" "planned"
      ;;
    *) return 1 ;;
  esac
}

# keep_lock_file STACK FOLDER: a plan can be applied only with exactly these providers. A stack may have none.
keep_lock_file() {
  local lock_file="${project}/$2/.terraform.lock.hcl"
  [[ ! -e "${lock_file}" ]] || cp "${lock_file}" "${folder_of_plans}/$1.lock"
}

# awaited AFTER READS: prints the stacks that a stack has to wait for, because applying them would change its plan.
awaited() {
  local id found
  # shellcheck disable=SC2086 # A list of ids.
  found=$(held_by $1)
  for id in $2; do
    if [[ -z "${found}" && -e "${work}/${id}.json" ]] && changes_outputs "${id}"; then
      found=${id}
    fi
  done
  printf '%s' "${found}"
}

write_comment() {
  local id state text
  printf '| Stack | Plan |\n| --- | --- |\n'
  while IFS=$'\t' read -r id state; do
    printf "| \`%s\` | %s |\n" "${id}" "${state}"
  done <"${folder_of_plans}/stacks.txt"
  # shellcheck disable=SC2016 # Markdown.
  [[ ! -s "${work}/checked" ]] || printf '\n```text\n%s\n```\n' "$(<"${work}/checked")"
  while IFS=$'\t' read -r id state; do
    text="${folder_of_plans}/${id}.txt"
    [[ "${state}" == planned ]] || continue
    # GitHub accepts 65,536 characters.
    if (($(wc -c <"${text}") > 12000)); then
      printf "\nThe plan of \`%s\` is too long for a comment: see the log.\n" "${id}"
    else
      # shellcheck disable=SC2016 # Markdown.
      printf '\n<details><summary>%s</summary>\n\n````text\n%s\n````\n\n</details>\n' "${id}" "$(<"${text}")"
    fi
  done <"${folder_of_plans}/stacks.txt"
}

failed=0
stacks=$(anywhere "${listing[@]}" "$@")
while IFS=$'\t' read -r id folder after reads <&3; do
  producers=$(awaited "${after}" "${reads}")
  if [[ -n "${producers}" ]]; then
    hold "${id}"
    note "${id}" "waits for ${producers}"
  elif ! plan_stack "${id}" "${folder}"; then
    failed=1
    hold "${id}"
    note "${id}" "failed"
  fi
done 3<<<"${stacks}"

refused=0
if compgen -G "${work}/*.json" >/dev/null; then
  anywhere "${checking[@]}" "${work}"/*.json >"${work}/checked" || refused=$?
  cat "${work}/checked"
fi
write_comment >"${work}/comment.md"
mv "${work}/comment.md" "${folder_of_plans}/comment.md"
((refused == 0)) || {
  rm "${folder_of_plans}/stacks.txt"
  fail "Refused: none of these plans is kept." "${refused}"
}
if has_key; then
  for plan in "${work}"/*.json; do
    [[ -e "${plan}" ]] || continue
    id=$(basename "${plan}" .json)
    cipher "${work}/${id}.plan" "${folder_of_plans}/${id}.plan"
  done
else
  say "There is no key to encrypt the plans with, so none is saved: apply.sh --replan makes them again."
fi
exit "${failed}"
