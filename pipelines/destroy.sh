#!/usr/bin/env bash
# usage: destroy.sh DEPLOYMENT [STACK...]
# Destroys what "npm run synth" has written (or these stacks of it), each stack before those that it depends on.
# DEPLOYMENT is its name: nothing is destroyed under another one.
# Exit codes: 0 everything is destroyed; 2 it is refused; 1 it failed.
set -euo pipefail

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
(($# > 0)) || {
  echo "usage: destroy.sh DEPLOYMENT [STACK...]" >&2
  exit 1
}
deployment=$1
shift
listed=$(node "${scripts}/../cli/anywhere.js" stacks --here --json)
own=$(node -p 'JSON.parse(process.argv[1]).deployment' "${listed}")
if [[ "${own}" != "${deployment}" ]]; then
  echo "The environment is of ${own}, not of ${deployment}: choose it by ANYWHERE_ENV. Nothing was destroyed." >&2
  exit 2
fi

plans=$(mktemp -d)
trap 'rm -rf "${plans}"' EXIT
# Of this run alone.
ANYWHERE_PLAN_KEY=$(openssl rand -hex 32)
export ANYWHERE_PLAN_KEY
"${scripts}/plan.sh" --destroy "${plans}" "$@"
"${scripts}/apply.sh" --destroy "${plans}"
