# shellcheck shell=bash
# Sourced by the scripts beside it: runs plain Terraform in the stacks' folders, hides secrets in its output, and keeps
# plans encrypted.
# Reads: ANYWHERE_ENV, TERRAFORM_BINARY_NAME (terraform), LOCK_TIMEOUT (5m), and the key of saved plans, which is
# ANYWHERE_PLAN_KEY or the first line of the file ANYWHERE_PLAN_KEY_FILE.

# Plans and states hold secrets: nobody else may read the files written from here on.
umask 077
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
terraform=${TERRAFORM_BINARY_NAME:-terraform}
# It runs in the stacks' folders.
[[ ${terraform} != */* || ${terraform} == /* ]] || terraform=${PWD}/${terraform}
lock_timeout=${LOCK_TIMEOUT:-5m}
# Not for Terraform, its providers and their scripts.
plan_key=${ANYWHERE_PLAN_KEY:-}
unset ANYWHERE_PLAN_KEY
# Each stack has its own, in its folder.
unset TF_DATA_DIR
export TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1

work=$(mktemp -d)
trap 'rm -rf "${work}"' EXIT
# Terraform also gets these signals. The script waits for it to end, and then starts nothing else.
trap 'exit 130' INT
trap 'exit 143' TERM

say() {
  printf '%s\n' "$*" >&2
}

fail() {
  say "$1"
  exit "${2:-1}"
}

anywhere() {
  node "${project}/cli/anywhere.js" "$@"
}

# in_folder FOLDER COMMAND...: runs Terraform in a stack's folder, which is relative to the project's.
in_folder() {
  local folder=$1
  shift
  (cd "${project}/${folder}" && exec "${terraform}" "$@")
}

# open_stack STACK FOLDER [OPTION...]: initialises a stack, and reads its state.
open_stack() {
  local id=$1 folder=$2
  shift 2
  in_folder "${folder}" init -input=false -no-color "$@" >"${work}/said" 2>&1 &&
    in_folder "${folder}" state pull >"${work}/${id}.state" 2>"${work}/said" && return
  say "${id}: ${terraform} can't read its state:"
  cat "${work}/said" >&2
  return 1
}

holds_resources() {
  grep -q '"mode": *"managed"' "${work}/$1.state"
}

# told STACK FOLDER COMMAND...: runs Terraform, and prints its output without the secrets of the stack's state.
told() {
  local id=$1 folder=$2
  shift 2
  in_folder "${folder}" "$@" 2>&1 | anywhere redact "${work}/${id}.state"
}

# make_plan STACK FOLDER TEXT [OPTION...]: plans a stack that is open, into $work/STACK.plan and, for people, the file
# TEXT. Returns 0 without changes, 2 with, 1 on an error.
make_plan() {
  local id=$1 folder=$2 text=$3 status=0
  shift 3
  told "${id}" "${folder}" plan -input=false -no-color -detailed-exitcode -lock-timeout="${lock_timeout}" \
    -out="${work}/${id}.plan" "$@" >"${work}/said" || status=$?
  # The order of refreshes differs from run to run.
  sed -E '/: (Refreshing state\.\.\.|Reading\.\.\.|Still reading\.\.\.|Read complete after )/d' "${work}/said" >"${text}" || return 1
  if ((status != 0 && status != 2)); then
    cat "${text}" >&2
    explain_lock "${id}" "${folder}" "${text}"
  fi
  return "${status}"
}

# explain_lock STACK FOLDER TEXT
explain_lock() {
  if grep -q 'Error acquiring the state lock' "$3"; then
    say "$1: somebody else is working on it, as shown above. Wait for that run to end, and run this again. Only" \
      "if that run is dead: run \"${terraform} force-unlock <ID>\" in $2."
  fi
}

# write_json STACK FOLDER: writes $work/STACK.plan as JSON to $work/STACK.json.
write_json() {
  in_folder "$2" show -json "${work}/$1.plan" >"${work}/$1.json"
}

# Whether outputs will change, on which the plans of other stacks depend.
changes_outputs() {
  node -e 'const { output_changes: all = {} } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
    process.exitCode = Object.values(all).some(({ actions }) => !actions.includes("no-op")) ? 0 : 1;' "${work}/$1.json"
}

has_key() {
  [[ -n "${plan_key}${ANYWHERE_PLAN_KEY_FILE:-}" ]]
}

# cipher IN OUT [-d]: encrypts, or decrypts. The key is in no command line and no environment.
cipher() {
  local in=$1 out=$2 source=stdin
  shift 2
  [[ -n "${plan_key}" ]] || source="file:${ANYWHERE_PLAN_KEY_FILE:-}"
  openssl enc -aes-256-cbc -pbkdf2 -iter 600000 -salt "$@" \
    -in "${in}" -out "${out}" -pass "${source}" < <(printf '%s\n' "${plan_key}")
}

# held_by STACK...: lists those of these stacks that hold up the stacks after them.
held_by() {
  local id found=
  for id in "$@"; do
    [[ ! -e "${work}/${id}.holds" ]] || found="${found:+${found}, }${id}"
  done
  printf '%s' "${found}"
}

hold() {
  : >"${work}/$1.holds"
}
