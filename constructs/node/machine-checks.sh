#!/usr/bin/env bash
# A part of bootstrap.sh, beside it or before it in the same file: checks a machine before its activation is used. Each
# refusal is one line with its remedy, and leaves the machine as it was.
# shellcheck disable=SC2034,SC2154 # bootstrap.sh has the settings and the places, and uses the results

# Settings that give a program AWS credentials.
readonly CREDENTIALS='AWS_(ACCESS_KEY(_ID)?|SECRET(_ACCESS)?_KEY|SESSION_TOKEN|(DEFAULT_)?PROFILE|SHARED_CREDENTIALS_FILE|CONFIG_FILE|CONTAINER_[A-Z_]+|WEB_IDENTITY_TOKEN_FILE|ROLE_ARN)'

check_system() {
  local system
  ((EUID == 0)) || die "must run as root"
  # shellcheck source=/dev/null
  system=$(. /etc/os-release && echo "${ID} ${VERSION_ID:-}") || die "/etc/os-release cannot be read"
  case "${system} $(uname -m)" in
    "ubuntu 22.04 "* | "ubuntu 24.04 "* | "debian 12 "*) ;;
    *) die "Ubuntu 22.04, Ubuntu 24.04 or Debian 12 is needed (this is ${system})" ;;
  esac
  case "$(uname -m)" in
    x86_64 | aarch64) ;;
    *) die "x86_64 or aarch64 is needed (this is $(uname -m))" ;;
  esac
}

# Conditions under which the agents would fail on this machine after using up its activation.
check_machine() {
  check_limits
  # One that has been a node had room for it, and has been filled since by its own tasks.
  [[ -e ${USED} ]] || check_room
  check_credentials
}

check_limits() {
  local controllers
  if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
    controllers=$(</sys/fs/cgroup/cgroup.controllers)
  else
    controllers=$(awk '$4 == 1 { print $1 }' /proc/cgroups | tr '\n' ' ')
  fi
  [[ " ${controllers} " == *" memory "* ]] || die "the kernel does not limit containers' memory: add" \
    "cgroup_enable=memory to its command line, restart, and run again"
}

check_room() {
  local disk memory
  disk=$(df --output=avail -k /var/lib/ | tail -n 1)
  ((disk >= 2097152)) || die "/var/lib has $((disk / 1024)) MiB left, and agents and images need 2048: free some space"
  memory=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
  ((memory >= 524288)) || die "$((memory / 1024)) MiB of memory are free, and agents and tasks need 512: stop the programs that" \
    "use it, or choose a larger machine"
}

# The agents would take any other credentials for the node's own. Source: Amazon ECS Developer Guide, "Amazon ECS
# clusters for external instances", Considerations.
check_credentials() {
  local name found mistaken="which the agents would take for the node's"
  # Credentials in this process's environment are passed to no other.
  for name in "${!AWS_@}"; do
    [[ ! ${name} =~ ^${CREDENTIALS}$ ]] || unset "${name}"
  done
  # The Systems Manager agent keeps the node's own there too, but only where a bootstrap has run.
  [[ -e ${USED} || ! -e /root/.aws/credentials ]] ||
    die "/root/.aws/credentials holds other AWS credentials, ${mistaken}: move them away"
  ! grep -qsE '^ *(aws_access_key_id|credential_process|role_arn|sso_[a-z_]+) *=' /root/.aws/config ||
    die "/root/.aws/config leads to other AWS credentials, ${mistaken}: move it away"
  found=$(grep -rlsE "^([^#]*[^A-Z_#])?${CREDENTIALS}=" /etc/ecs/ecs.config /var/lib/ecs/ecs.config \
    /etc/systemd/system.conf /etc/systemd/system.conf.d/ /etc/systemd/system/ecs.service.d/ \
    /etc/systemd/system/amazon-ssm-agent.service.d/ | head -n 1) || true
  [[ -z ${found} ]] || die "${found} holds AWS credentials, ${mistaken}: remove them"
}

# The machine's surroundings. Needs curl, which minimal systems get only with their packages.
check_network() {
  check_addresses
  command -v curl >/dev/null || return 0
  ASKED=true
  step clock check_clock
  step credentials check_metadata
}

# AWS's endpoints for the agents have only IPv4 addresses. A proxy reaches them, and so does NAT64, with its own
# addresses for names.
check_addresses() {
  awk '$2 == "00000000" && $8 == "00000000" { found = 1 } END { exit !found }' /proc/net/route && return
  awk '$1 ~ /^0+$/ && $2 == "00" && $NF != "lo" { found = 1 } END { exit !found }' /proc/net/ipv6_route 2>/dev/null ||
    return 0
  [[ -z ${HTTPS_PROXY:-} ]] || return 0
  ! getent ahostsv6 "ssm.${AWS_REGION}.amazonaws.com" | grep -qv '^::ffff:' ||
    return 0
  die "this machine reaches the internet only over IPv6, and AWS serves the agents over IPv4: give it an IPv4 address, NAT64" \
    "with DNS64, or HTTPS_PROXY"
}

# AWS refuses calls from clocks that are five minutes off; S3 reports the time. The certificate isn't checked, since
# none is valid with a wrong clock; a wrong answer could only refuse a machine.
check_clock() {
  local now off
  now=$(curl --silent --head --insecure --proto '=https' --suppress-connect-headers --connect-timeout 5 --max-time 10 \
    "${INSTALLER}" | sed -n 's/^[Dd]ate: *//p' | tr -d '\r' | tail -n 1) || true
  [[ -n ${now} ]] || return 0
  off=$(($(date +%s) - $(date -d "${now}" +%s)))
  ((off > -240 && off < 240)) || die "the clock is ${off#-} s off: set it (timedatectl set-ntp true) and run again"
}

# Amazon EC2's metadata service, and what imitates it, gives a machine the credentials of its role. DigitalOcean's own
# has the same address, and no such path. Source: Amazon EC2 User Guide, "Retrieve security credentials".
check_metadata() {
  local latest=http://169.254.169.254/latest token="" role answer
  token=$(metadata -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "${latest}/api/token") || true
  [[ ${token} =~ ^[A-Za-z0-9_=-]+$ ]] || token=""
  role=$(metadata "${latest}/meta-data/iam/security-credentials/") || true
  [[ ${role} =~ ^[A-Za-z0-9_+=,.@-]+$ ]] || return 0
  answer=$(metadata "${latest}/meta-data/iam/security-credentials/${role}") || true
  [[ ${answer} != *'"AccessKeyId"'* ]] || die "the machine's metadata service gives AWS credentials of the role ${role}," \
    "which the agents would take for the node's: remove that role from the machine"
}

# Without a proxy, and not for long if nothing answers. The session's token, once there is one, is in no list of
# processes.
metadata() {
  curl --disable --noproxy '*' --silent --fail --connect-timeout 1 --max-time 2 --config - "$@" \
    < <(printf 'header = "X-aws-ec2-metadata-token: %s"\n' "${token}")
}

# An installed Docker is used as it is. One that is stopped is started, as the installer would.
check_docker() {
  local packages docker
  packages=$(awk '$1 == "Package:" { name = $2 } /^Status: install ok installed$/ && name ~ /^docker(-ce|\.io)$/ { print name }' \
    /var/lib/dpkg/status 2>/dev/null) || true
  [[ ${packages} != *docker-ce* || ${packages} != *docker.io* ]] || die "both docker-ce and docker.io are installed, each" \
    "with its own Docker: purge one of them (apt-get purge docker.io)"
  docker=$(command -v docker) || return 0
  [[ -x ${docker} ]] || return 0
  [[ "$(readlink -f "${docker}") $(head -c 2048 "${docker}" | tr -d '\0')" != *podman* ]] ||
    die "${docker} is podman's, which the ECS agent cannot work with: purge podman-docker"
  systemctl is-active --quiet docker || systemctl start docker || die "Docker is installed but does not start" \
    "(journalctl -u docker says why): fix it, or purge it, since the installer installs docker.io"
}
