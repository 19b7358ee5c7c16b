#!/usr/bin/env bash
# Undoes what bootstrap.sh has done to a server: removes both agents and their identity, the containers of ECS, and our
# units and settings. Docker stays, with whatever else it runs. Can be run again at any time.
#
# Usage: NAME=… SITE=… NODE=… leave.sh, as root. Refuses a server that is another node, or that somebody else has
# registered.
#
# The last line says `anywhere: LEFT …` or `anywhere: FAILED step: reason`.
set -euo pipefail

readonly USED=/etc/ecs/anywhere.activation
readonly SSM=/var/lib/amazon/ssm
readonly ECS=/var/lib/ecs
readonly CONFIG=/etc/ecs/ecs.config
readonly CREDENTIALS=/root/.aws/credentials

die() {
  printf 'anywhere: FAILED leave: %s\n' "$*"
  exit 1
}

main() {
  local drop_in
  ((EUID == 0)) || die "must run as root"
  check_node
  systemctl disable --now ecs amazon-ssm-agent || true # one of them may never have been installed
  remove_containers
  # Without the identity, nothing on this server belongs to a node.
  rm -rf "${SSM}/Vault" "${ECS}/data"
  forget_credentials
  rm -f "${CONFIG}" "${ECS}/ecs.config" /etc/ecs/anywhere.proxies /etc/apt/apt.conf.d/60anywhere-docker \
    /etc/issue.d/anywhere.issue
  for drop_in in docker ecs amazon-ssm-agent; do
    rm -f "/etc/systemd/system/${drop_in}.service.d/anywhere-proxy.conf"
  done
  systemctl disable anywhere-metadata.service || true
  rm -f /etc/systemd/system/anywhere-metadata.service
  iptables -w -D DOCKER-USER -d 169.254.169.254/32 -j REJECT || true
  systemctl daemon-reload
  # Last: until then a second run can tell which node the server is.
  rm -f "${USED}"
  printf 'anywhere: LEFT %s/%s of %s\n' "${SITE}" "${NODE}" "${NAME}"
}

# The agents' configuration says which node it is, and the mark that our bootstrap made it one.
check_node() {
  local attribute
  if [[ ! -e ${USED} ]]; then
    [[ ! -e ${SSM}/Vault/Store/RegistrationKey && -z $(ls -A "${ECS}/data" 2>/dev/null) ]] ||
      die "someone else has registered this server"
    return 0
  fi
  [[ -e ${CONFIG} ]] || return 0
  for attribute in "deployment\":\"${NAME}\"" "site\":\"${SITE}\"" "node\":\"${NODE}\""; do
    grep -qF "\"anywhere.${attribute}" "${CONFIG}" ||
      die "this server is not ${SITE}/${NODE} of ${NAME}: ${CONFIG} says which node it is"
  done
}

# The Systems Manager agent keeps the node's own there, as the profile `default`, and leaves them behind; the next
# bootstrap would refuse them as somebody else's.
forget_credentials() {
  local rest
  [[ -e ${USED} && -e ${CREDENTIALS} ]] || return 0
  rest=$(awk '/^[ \t]*\[/ { own = /^[ \t]*\[[ \t]*default[ \t]*\]/ } !own' "${CREDENTIALS}")
  if [[ -n ${rest} ]]; then
    printf '%s\n' "${rest}" >"${CREDENTIALS}"
  else
    rm -f "${CREDENTIALS}"
  fi
}

remove_containers() {
  local container
  command -v docker >/dev/null || return 0
  docker ps --all --quiet --filter label=com.amazonaws.ecs.cluster | while read -r container; do
    docker rm --force "${container}"
  done || true
}

main
