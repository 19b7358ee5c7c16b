#!/usr/bin/env bash
# Makes this machine a node: registers it with Systems Manager and with an ECS cluster. Can be run again at any time; a
# second run at the same time fails at once.
# Ubuntu 22.04 and 24.04, Debian 12; x86_64 and arm64; as root. Needs identity.sh, machine-checks.sh and proxies.sh:
# beside it, or before it in the same file.
#
# Usage: NAME=… SITE=… NODE=… GENERATION=… CLUSTER=… AWS_REGION=… ACTIVATION_ID=… ACTIVATION_CODE=… SIGNING_KEY=…
#        ATTRIBUTES=… bootstrap.sh
#   NAME, SITE, NODE, GENERATION    the node: deployment, site, name and incarnation
#   CLUSTER, AWS_REGION             where it registers
#   ACTIVATION_ID, ACTIVATION_CODE  its hybrid activation, which works once
#   SIGNING_KEY                     fingerprint of the primary key that must have signed AWS's installer
#   ATTRIBUTES                      its ECS attributes and tags, a JSON object on one line, anywhere.* included
#   HTTPS_PROXY, HTTP_PROXY, NO_PROXY  may be set: both agents and Docker get them, too
#   ON_FAILURE                      power-off: a machine that can't become a node any more switches itself off, and
#                                   shows why above its login prompt. For machines that nobody logs in to
#
# The last line says `anywhere: READY …` or `anywhere: FAILED step: reason`; the log has everything but the code.
# shellcheck disable=SC1090,SC2329 # the parts are checked by themselves; step, retry and trap call functions by name
set -euo pipefail

if ! declare -F check_machine >/dev/null; then
  for part in identity machine-checks proxies; do
    . "$(dirname "${BASH_SOURCE[0]}")/${part}.sh"
  done
fi

readonly LOG=/var/log/anywhere-bootstrap.log
readonly ISSUE=/etc/issue.d/anywhere.issue # what agetty shows above the login prompt
readonly INSTALLER=https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh
readonly KEY=https://raw.githubusercontent.com/aws/amazon-ecs-agent/master/scripts/amazon-ecs-agent.gpg
# Units that take the package manager's lock, which the installer does not wait for.
readonly UPDATES=(apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service)

main() {
  STEP=settings REASON="" STOPPED=() ASKED=""
  trap finish EXIT
  check_settings
  step system check_system
  # cloud-init sets none, and the installer's gpg needs it.
  export HOME=${HOME:-/root} DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
  step proxy use_proxy
  step machine check_machine
  step identity check_identity
  step network check_network
  step docker check_docker
  FOLDER=$(mktemp -d)
  cd "${FOLDER}" # the installer leaves its downloads where it runs
  step updates stop_updates
  step updates hold_back_docker
  step packages retry 5 install_packages
  [[ -n ${ASKED} ]] || step network check_network
  step installer fetch_installer
  step signature verify_installer
  step metadata block_metadata
  step proxy hand_on_proxy
  step identity forget_identity
  step configuration configure
  step registration retry 3 register
  # The installer skips it when it finds its own package installed.
  step configuration configure
  step agent systemctl enable --now ecs
  STEP=""
}

step() {
  STEP=$1
  printf 'anywhere: %s\n' "$1"
  # Without the lock, which a program that stays would keep.
  "${@:2}" 4>&-
}

die() {
  REASON="$*"
  exit 1
}

# Prints the status line, however the script ends.
finish() {
  local status=$?
  trap - EXIT
  ((${#STOPPED[@]} == 0)) || systemctl start --no-block "${STOPPED[@]}" || true
  [[ -z ${FOLDER:-} ]] || rm -rf "${FOLDER}"
  if [[ ${status} -eq 0 && -z ${STEP} ]]; then
    printf 'anywhere: READY %s/%s of %s, generation %s, in the cluster %s\n' \
      "${SITE}" "${NODE}" "${NAME}" "${GENERATION}" "${CLUSTER}"
  else
    printf 'anywhere: FAILED %s: %s\n' "${STEP}" "${REASON:-a command ended with status ${status}; see ${LOG}}"
    exit 1
  fi
}

# retry ATTEMPTS COMMAND…: repeats the command, with a pause that doubles from 2 s, plus jitter.
retry() {
  local attempts=$1 attempt
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    # In a subshell, so that `set -e` applies inside.
    set +e
    (
      set -e
      "${@:2}"
    )
    local status=$?
    set -e
    ((status != 0)) || return 0
    ((attempt == attempts)) || sleep "$((2 ** attempt + RANDOM % 3))"
  done
  die "${*:2} failed ${attempts} times, the last time with status ${status}; see ${LOG}"
}

check_settings() {
  local setting
  for setting in NAME SITE NODE GENERATION CLUSTER AWS_REGION ACTIVATION_ID ACTIVATION_CODE SIGNING_KEY ATTRIBUTES; do
    [[ -n ${!setting:-} ]] || die "${setting} is not set"
    [[ ${!setting} != *$'\n'* ]] || die "${setting} has more than one line"
  done
  [[ ${ACTIVATION_ID} =~ ${UUID} ]] || die "ACTIVATION_ID must be a UUID in lower case (got ${ACTIVATION_ID})"
  [[ ${SIGNING_KEY} =~ ^[0-9A-Fa-f]{40}$ ]] || die "SIGNING_KEY must have 40 hexadecimal digits (got ${SIGNING_KEY})"
  [[ ${ATTRIBUTES} == "{"*"}" ]] || die "ATTRIBUTES must be a JSON object (got ${ATTRIBUTES})"
  [[ ${ON_FAILURE:-power-off} == power-off ]] || die "ON_FAILURE must be power-off or unset (got ${ON_FAILURE})"
}

stop_updates() {
  local unit
  for unit in "${UPDATES[@]}"; do
    ! systemctl is-active --quiet "${unit}" || STOPPED+=("${unit}")
  done
  # Each finishes the package at hand; a unit that this system lacks is no failure.
  systemctl stop "${UPDATES[@]}" apt-daily.service apt-daily-upgrade.service || true
  # For every apt below, the installer's own included.
  printf '%s\n' 'DPkg::Lock::Timeout "300";' 'Acquire::Retries "3";' \
    'Dpkg::Options { "--force-confdef"; "--force-confold"; };' >apt.conf
  export APT_CONFIG="${FOLDER}/apt.conf"
}

# An update of Docker stops all containers of a node, and would reach every node within the hour.
hold_back_docker() {
  mkdir -p /etc/apt/apt.conf.d
  cat >/etc/apt/apt.conf.d/60anywhere-docker <<'CONF'
// Nodes get a newer Docker by being replaced, one at a time.
Unattended-Upgrade::Package-Blacklist { "docker\.io$"; "docker-ce"; "containerd"; "runc$"; };
CONF
}

# Completes an interrupted update. Unlike apt, dpkg does not wait for its lock.
configure_packages() {
  local attempt said
  for ((attempt = 0; attempt < 60; attempt++)); do
    said=$(LC_ALL=C dpkg --configure -a </dev/null 2>&1) && return
    printf '%s\n' "${said}"
    [[ ${said} == *"locked by another process"* ]] || return 1
    sleep 5
  done
  return 1
}

install_packages() {
  configure_packages
  apt-get update -q </dev/null
  apt-get install -q -y --no-install-recommends ca-certificates curl gnupg iptables </dev/null
}

fetch_installer() {
  retry 5 download "${INSTALLER}" installer
  retry 5 download "${KEY}" key
  retry 5 download "${INSTALLER}.asc" installer.asc
}

download() { curl --fail --silent --show-error --proto '=https' --tlsv1.2 --connect-timeout 10 --max-time 120 -o "$2" "$1"; }

# Refuses an installer that the pinned key has not signed. gpg's exit status is not enough: it is 0 for a signature
# of an expired or revoked key, and for any other key in the file that was downloaded.
verify_installer() {
  export GNUPGHOME="${FOLDER}/gnupg"
  mkdir -m 700 gnupg
  gpg --batch --no-autostart --import key || die "the signing key cannot be read"
  local status signers
  status=$(gpg --batch --no-autostart --trust-model always --status-fd 1 --verify installer.asc installer) || true
  printf '%s\n' "${status}"
  case "${status}" in
    *"] BADSIG "*) die "the installer does not match its signature: refused" ;;
    *"] EXPSIG "*) die "the installer's signature has expired: refused" ;;
    *"] EXPKEYSIG "*) die "the installer's signing key has expired: refused" ;;
    *"] REVKEYSIG "* | *"] KEYREVOKED"*) die "the installer's signing key has been revoked: refused" ;;
    *"] NO_PUBKEY "*) die "the installer was signed by an unknown key: refused" ;;
    *"] ERRSIG "*) die "the installer's signature cannot be checked: refused" ;;
  esac
  signers=$(awk '$2 == "VALIDSIG" { print $NF }' <<<"${status}" | sort -u)
  [[ ${status} == *"] GOODSIG "* && -n ${signers} ]] || die "the installer has no valid signature: refused"
  [[ ${signers} == "${SIGNING_KEY^^}" ]] ||
    die "the installer was signed by ${signers//$'\n'/ }, not by ${SIGNING_KEY^^}: refused"
}

# Containers must not read the machine's user-data, which holds the code, from the metadata address: neither now, nor
# before Docker has started for the first time, nor after a reboot. Docker does not start without the rule.
block_metadata() {
  local rule="DOCKER-USER -d 169.254.169.254/32 -j REJECT"
  local block="iptables -w -N DOCKER-USER 2>/dev/null; iptables -w -C ${rule} 2>/dev/null || iptables -w -I ${rule}"
  cat >/etc/systemd/system/anywhere-metadata.service <<UNIT
[Unit]
Description=Keep containers from the metadata address
Before=docker.service
After=nftables.service netfilter-persistent.service ufw.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c '${block}'

[Install]
RequiredBy=docker.service
UNIT
  systemctl daemon-reload
  systemctl enable anywhere-metadata.service
  sh -c "${block}"
}

# The agent reads both files; it sends attributes and tags at its first registration only. Containers see the tags.
configure() {
  mkdir -p /var/lib/ecs
  set_lines /etc/ecs/ecs.config "ECS_CLUSTER=${CLUSTER}" "ECS_INSTANCE_ATTRIBUTES=${ATTRIBUTES}" \
    "ECS_CONTAINER_INSTANCE_TAGS=${ATTRIBUTES}"
  set_lines /var/lib/ecs/ecs.config "AWS_DEFAULT_REGION=${AWS_REGION}" ECS_EXTERNAL=true
}

# set_lines FILE NAME=VALUE…: gives these settings their values, once each, and keeps all others.
set_lines() {
  local file=$1 line
  shift
  touch "${file}"
  cp "${file}" config
  for line in "$@"; do
    grep -v "^${line%%=*}=" config >config.rest || true
    mv config.rest config
  done
  printf '%s\n' "$@" >>config
  cmp -s config "${file}" || cat config >"${file}"
}

# Sourced with its options by a shell that reads the code, so that it is in no arguments and no environment of ours. The
# installer itself passes it as an argument to the Systems Manager agent, which accepts it in no other way. Where an
# earlier run has installed the ECS agent, it must run, or the installer waits for it in vain.
register() {
  [[ ! -x /usr/libexec/amazon-ecs-init ]] || systemctl enable --now ecs
  # shellcheck disable=SC2016 # expanded by the inner shell
  bash -c 'IFS= read -r ACTIVATION_CODE; exec </dev/null; . ./installer --region "${AWS_REGION}" --cluster "${CLUSTER}" \
    --activation-id "${ACTIVATION_ID}" --activation-code "${ACTIVATION_CODE}" --docker-install-source distro' \
    < <(printf '%s\n' "${SECRET}")
}

# Copies its input to the console and to the log, without the code.
record() {
  local line
  while IFS= read -r line || [[ -n ${line} ]]; do
    line=${line//"${SECRET}"/(activation code)}
    printf '%s\n' "${line}"
    TZ=UTC printf '%(%FT%TZ)T %s\n' -1 "${line}" >&3
  done
}

# Shows the reason at the next power-on, and first lets Terraform's provider see that the machine was on.
switch_off() {
  mkdir -p "${ISSUE%/*}"
  # agetty replaces sequences that begin with a backslash.
  tail -n 1 "${LOG}" | sed 's/\\/&&/g' >"${ISSUE}"
  systemd-run --on-active=15 systemctl poweroff
}

# No child finds the code in its environment.
readonly SECRET=${ACTIVATION_CODE:-}
export -n ACTIVATION_CODE
(umask 077 && : >>"${LOG}")
chmod 600 "${LOG}"
# Two runs at once would register twice, and disturb each other's packages. The systems that check_system accepts all
# have flock, in an essential package; on others, it is for check_system to refuse them.
exec 4>>"${LOG}"
if command -v flock >/dev/null && ! flock --nonblock 4; then
  # Nothing is switched off: the other run may yet make the machine a node.
  printf 'anywhere: FAILED lock: another run is at work on this machine: %s\n' \
    "wait until it has ended; ${LOG} shows its steps" | record 3>>"${LOG}"
  exit 1
fi
set +e
(
  set -e
  main
) 2>&1 | record 3>>"${LOG}"
readonly ENDED=${PIPESTATUS[0]}
if ((ENDED == 0)); then
  rm -f "${ISSUE}"
# A machine that has registered may still come up on its own.
elif [[ ${ON_FAILURE:-} == power-off ]] && ! is_node; then
  switch_off
fi
exit "${ENDED}"
