#!/usr/bin/env bash
# A part of bootstrap.sh, as machine-checks.sh is: a machine's identity at AWS, and its origin.
# shellcheck disable=SC2154 # bootstrap.sh has the settings

readonly USED=/etc/ecs/anywhere.activation # the activation that this machine registered with, its hardware and its id
readonly SSM_VAULT=/var/lib/amazon/ssm/Vault
readonly ECS_DATA=/var/lib/ecs/data
readonly UUID='^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'

# Both agents keep an identity for ever, also one that AWS has forgotten, and the installer believes them: a new
# activation would be used up in vain. Refuses a machine whose identity is not known to be ours to clear.
check_identity() {
  has_identity || return 0
  [[ -e ${USED} || -L ${USED} ]] ||
    die "this machine, or the one it was cloned from, was registered by someone else: deregister it there, and" \
      "remove both ${SSM_VAULT} and ${ECS_DATA}"
  [[ $(marked) =~ ${UUID} ]] ||
    die "${USED} is damaged, and nothing else says who registered this machine. If it may be registered again," \
      "deregister it, and remove ${USED}, ${SSM_VAULT} and ${ECS_DATA}"
  [[ $(marked) != "${ACTIVATION_ID}" ]] || ! is_copy ||
    die "this machine was copied from the node that used this activation, which works once: give it a node of its" \
      "own, or replace the node (npm run deploy -- --replace ${SITE}/${NODE}), and run again with the new activation"
}

has_identity() { [[ -e ${SSM_VAULT}/Store/RegistrationKey || -n $(ls -A "${ECS_DATA}" 2>/dev/null) ]]; }

# Prints the activation that this machine registered with, or was about to.
marked() { head -n 1 "${USED}" 2>/dev/null || true; }

# True where this activation has given this machine its identity.
is_node() { [[ $(marked) == "${ACTIVATION_ID:-}" && -e ${SSM_VAULT}/Store/RegistrationKey ]]; }

# Prints properties of the hardware that are not copied with a disk: nothing where the hardware reports none.
hardware() {
  cat /sys/class/dmi/id/product_uuid /sys/firmware/devicetree/base/serial-number 2>/dev/null | tr -d '\0' | head -n 1 || true
}

# True where a node's disk, with the mark of our bootstrap, has come to another machine: as an image, or as a clone.
is_copy() {
  local made
  made=$(sed -n 2p "${USED}" 2>/dev/null) || true
  [[ -n ${made} && -n $(hardware) && ${made} != "$(hardware)" ]]
}

# Clears the whole identity that another activation gave, or the remains of this one's, and the containers that no agent
# manages any more.
forget_identity() {
  local container
  mkdir -p /etc/ecs
  if has_identity && [[ $(marked) != "${ACTIVATION_ID}" || ! -e ${SSM_VAULT}/Store/RegistrationKey ]]; then
    printf 'leaving the registration of activation %s\n' "$(marked)"
    systemctl stop ecs amazon-ssm-agent || true
    rm -rf "${SSM_VAULT}" "${ECS_DATA}"
    mkdir -p "${ECS_DATA}"
    docker ps --all --quiet --filter label=com.amazonaws.ecs.cluster | while read -r container; do
      docker rm --force "${container}"
    done || true
  fi
  if is_copy && [[ $(sed -n 3p "${USED}") == "$(</etc/machine-id)" ]]; then
    printf 'copied from a node: creating a new machine id\n'
    rm -f /etc/machine-id /var/lib/dbus/machine-id
    systemd-machine-id-setup
  fi
  # All of it or nothing, whenever the power goes.
  printf '%s\n' "${ACTIVATION_ID}" "$(hardware)" "$(cat /etc/machine-id 2>/dev/null)" >"${USED}.new"
  sync "${USED}.new"
  mv -fT "${USED}.new" "${USED}"
}
