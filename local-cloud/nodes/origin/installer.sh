#!/usr/bin/env bash
# Installs and registers the agents of ECS Anywhere in the local cloud like AWS's ecs-anywhere-install.sh, in the same
# order and with the same shortcuts, which its users have to live with.
# Usage: installer.sh --region R --cluster C --activation-id ID --activation-code CODE
#          [--docker-install-source all|docker|distro|none] [--ecs-version V] [--skip-registration] [--no-start]
set -euo pipefail

SSM_KEY=/var/lib/amazon/ssm/Vault/Store/RegistrationKey

fail() {
  printf '%s\n\nInstallation Failed\n' "$1"
  exit 1
}

download() {
  curl -o "$1" "$2" -fSs || fail "Failed to download $2"
}

install_ssm_agent() {
  if ! systemctl is-enabled amazon-ssm-agent &>/dev/null; then
    download "$1/ssm-agent.deb" "https://s3.amazonaws.com/ec2-downloads-windows/SSMAgent/latest/amazon-ssm-agent.deb"
    dpkg -i "$1/ssm-agent.deb"
  fi
  # It checks only the disk, never AWS: a machine that AWS has deregistered counts as registered.
  if [[ -f "${SSM_KEY}" ]]; then
    printf 'SSM agent is already registered.\n'
    return
  fi
  systemctl stop amazon-ssm-agent &>/dev/null || true
  amazon-ssm-agent -register -code "${ACTIVATION_CODE}" -id "${ACTIVATION_ID}" -region "${REGION}"
  systemctl enable amazon-ssm-agent
  "${NO_START}" || systemctl start amazon-ssm-agent
}

install_docker() {
  # bash finds the path even of a program that can't be run, such as this computer's that a fresh machine lacks.
  if [[ -x "$(command -v docker)" || "${DOCKER_SOURCE}" == none ]]; then
    return
  fi
  apt install -y docker.io
}

install_ecs_agent() {
  # The real one also returns here: before the configuration and the service.
  if [[ -x /usr/libexec/amazon-ecs-init ]]; then
    printf 'ecs agent is already installed\n'
    return
  fi
  local package="amazon-ecs-init-${ECS_VERSION}.deb"
  download "$1/${package}" "https://amazon-ecs-agent.s3.amazonaws.com/${package}"
  apt install -y "$1/${package}"
  mkdir -p /etc/ecs /var/lib/ecs
  printf 'ECS_CLUSTER=%s\n' "${CLUSTER}" >>/etc/ecs/ecs.config
  printf 'AWS_DEFAULT_REGION=%s\nECS_EXTERNAL=true\n' "${REGION}" >>/var/lib/ecs/ecs.config
  systemctl enable ecs
  "${NO_START}" || systemctl start ecs
}

wait_for_agent() {
  local attempt metadata
  for ((attempt = 0; attempt < 100; attempt++)); do
    metadata="$(curl --disable -s --max-time 10 http://localhost:51678/v1/metadata || true)"
    if [[ "${metadata}" == *'"ContainerInstanceArn":"'* ]]; then
      printf 'Ping ECS Agent registered successfully! %s\n' "${metadata}"
      return
    fi
    sleep 1
  done
  fail "Timed out waiting for ECS Agent to start."
}

main() {
  REGION="" ACTIVATION_ID="" ACTIVATION_CODE="" CLUSTER=default DOCKER_SOURCE=all ECS_VERSION=latest
  NO_START=false
  local register=true
  while (($# > 0)); do
    case "$1" in
      --region) REGION="${2:?}" && shift ;;
      --cluster) CLUSTER="${2:?}" && shift ;;
      --activation-id) ACTIVATION_ID="${2:?}" && shift ;;
      --activation-code) ACTIVATION_CODE="${2:?}" && shift ;;
      --docker-install-source) DOCKER_SOURCE="${2:?}" && shift ;;
      --ecs-version) ECS_VERSION="${2:?}" && shift ;;
      --skip-registration) register=false ;;
      --no-start) NO_START=true ;;
      *) fail "invalid option: [$1]" ;;
    esac
    shift
  done
  [[ "$(id -u)" == 0 ]] || fail "Please run as root."
  [[ -d /run/systemd/system ]] || fail "The install script currently supports only systemd."
  [[ -n "${REGION}" ]] || fail "--region is required"
  local directory
  directory="$(mktemp -d)"
  apt update -y
  apt-get install -y curl jq
  if "${register}"; then
    [[ -n "${ACTIVATION_ID}" && -n "${ACTIVATION_CODE}" ]] ||
      fail "Both --activation-id and --activation-code are required unless --skip-registration is specified."
    install_ssm_agent "${directory}"
  fi
  install_docker
  install_ecs_agent "${directory}"
  rm -rf "${directory}"
  "${NO_START}" || wait_for_agent
}

main "$@"
