#!/usr/bin/env bash
# usage: destroy.sh DEPLOYMENT [STACK...]
# Destroys the stacks that "npm run synth" has written, or only these, each before those that it depends on.
# DEPLOYMENT must be the deployment's name: otherwise nothing is destroyed.
# Exit codes: 0 everything is destroyed; 2 it was refused; 1 it failed.
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
  echo "The environment is ${own}, not ${deployment}: select it with ANYWHERE_ENV. Nothing was destroyed." >&2
  exit 2
fi

plans=$(mktemp -d)
trap 'rm -rf "${plans}"' EXIT
# Only for this run.
ANYWHERE_PLAN_KEY=$(openssl rand -hex 32)
export ANYWHERE_PLAN_KEY
"${scripts}/plan.sh" --destroy "${plans}" "$@"
"${scripts}/apply.sh" --destroy "${plans}"
