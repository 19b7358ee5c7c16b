#!/usr/bin/env bash
# Whether a droplet is on, for await.sh. Sourced, never run.
#
# Expects MACHINE_ID, the droplet's id, and the variables from which Terraform's provider takes its token and address:
# DIGITALOCEAN_TOKEN or DIGITALOCEAN_ACCESS_TOKEN, and DIGITALOCEAN_API_URL where it is not DigitalOcean's own.
# shellcheck disable=SC2034 # results for the script that sources this file

readonly MACHINE="droplet ${MACHINE_ID:?is the id of the droplet}"
readonly REASON_AT="switch it on in DigitalOcean's control panel, and read the reason above the login prompt of its \
Recovery Console or, over SSH (ssh.keys, ssh.allowFrom), in /var/log/anywhere-bootstrap.log"

# machine_power: leaves in POWER one of on, off, gone (there is no such droplet) and unknown, which WHY explains.
machine_power() {
  local token=${DIGITALOCEAN_TOKEN:-${DIGITALOCEAN_ACCESS_TOKEN:-}} answer
  POWER=unknown
  if ! command -v curl >/dev/null; then
    WHY="curl is not on PATH"
  elif [[ -z ${token} ]]; then
    WHY="DIGITALOCEAN_TOKEN is not set"
  # The token must not be in a command line.
  elif ! answer=$(printf 'header = "Authorization: Bearer %s"\n' "${token}" |
    curl --config - --silent --show-error --max-time 20 --write-out '\n%{http_code}' \
      "${DIGITALOCEAN_API_URL:-https://api.digitalocean.com}/v2/droplets/${MACHINE_ID}" 2>&1); then
    # Without the milliseconds that curl adds, which would make each failure another reason.
    WHY="DigitalOcean cannot be reached ($(sed -E '1!d; s/ after [0-9]+ m(s|illiseconds)//' <<<"${answer}"))"
  else
    case "${answer##*$'\n'}" in
      # Nothing else in the answer has that status; an image's are others.
      200)
        POWER=on
        ! grep -Eq '"status": *"off"' <<<"${answer}" || POWER=off
        ;;
      404) POWER=gone ;;
      *) WHY="DigitalOcean answers ${answer##*$'\n'}" ;;
    esac
  fi
}
