#!/usr/bin/env bash
# A part of bootstrap.sh, as machine-checks.sh is: how a node uses a proxy.
# shellcheck disable=SC2153 # HTTP_PROXY is not a typo

readonly PROXIES=/etc/ecs/anywhere.proxies

# Behind a proxy, every program from here on gets it by either name, for both protocols.
use_proxy() {
  local name proxy=${HTTPS_PROXY:-${https_proxy:-${HTTP_PROXY:-${http_proxy:-}}}}
  [[ -n ${proxy} ]] || return 0
  export HTTPS_PROXY=${proxy} HTTP_PROXY=${HTTP_PROXY:-${http_proxy:-${proxy}}}
  # The metadata of machine and tasks, and Docker. Source: Amazon ECS Developer Guide, "Using an HTTP proxy".
  NO_PROXY=${NO_PROXY:-${no_proxy:-}}
  export NO_PROXY=localhost,127.0.0.1,169.254.169.254,169.254.170.2,/var/run/docker.sock${NO_PROXY:+,${NO_PROXY}}
  for name in HTTPS_PROXY HTTP_PROXY NO_PROXY; do
    [[ ! ${!name} =~ [[:space:]\"\'\\] ]] || die "${name} contains a space, a quote or a backslash: write it as %20, %22…"
    export "${name,,}=${!name}"
  done
}

# Both agents and Docker get it from one file, which only root can read: it may contain a password.
hand_on_proxy() {
  local unit name
  [[ -n ${HTTPS_PROXY:-} ]] || return 0
  mkdir -p /etc/ecs
  for name in HTTPS_PROXY HTTP_PROXY NO_PROXY; do
    printf '%s=%s\n' "${name}" "${!name}" "${name,,}" "${!name}"
  done >proxies
  touch /etc/ecs/ecs.config
  chmod 600 /etc/ecs/ecs.config
  set_lines /etc/ecs/ecs.config "HTTPS_PROXY=${HTTPS_PROXY}" "HTTP_PROXY=${HTTP_PROXY}" "NO_PROXY=${NO_PROXY}"
  ! cmp -s proxies "${PROXIES}" || return 0
  install -m 600 proxies "${PROXIES}"
  for unit in docker ecs amazon-ssm-agent; do
    mkdir -p "/etc/systemd/system/${unit}.service.d"
    printf '[Service]\nEnvironmentFile=%s\n' "${PROXIES}" >"/etc/systemd/system/${unit}.service.d/anywhere-proxy.conf"
  done
  systemctl daemon-reload
  # Those that are here already.
  systemctl try-restart docker amazon-ssm-agent ecs || true
}
