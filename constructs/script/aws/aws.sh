#!/usr/bin/env bash
# Calls to AWS that distinguish failures, for the scripts of every construct. Sourced, never run. Works with
# the AWS CLI 1 and 2 and with bash 3.2 (macOS); needs no jq.
#
# Expects TASK, which names the work in messages, AWS_REGION and ACCOUNT.
# RETRY_SECONDS (default 2) is the first pause before a failed call is repeated; OBTAIN_SECONDS (default 300) is how
# long it may take to obtain an AWS CLI where there is none.
# shellcheck disable=SC2034 # results for the scripts that source this file

# The CLI retries after throttling, 5xx or a lost connection, with back-off and jitter; aws_call adds further rounds.
export AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS="${AWS_MAX_ATTEMPTS:-5}" AWS_PAGER=""
readonly CALL_ATTEMPTS=4

say() { printf 'anywhere: %s: %s\n' "${TASK}" "$*"; }

die() {
  say "FAILED: $*" >&2
  exit 1
}

# pause SECONDS [TIMES]: sleeps that long (fractions are allowed) up to three times as long, so that many nodes, which
# begin at the same time, don't call in step: ECS allows an account 20 reads of clusters a second.
pause() {
  sleep "$(LC_ALL=C awk -v seconds="$1" -v times="${2:-1}" -v random="${RANDOM}" \
    'BEGIN { printf "%.3f", seconds * times * (1 + 2 * random / 32768) }')"
}

# Puts an AWS CLI on PATH where there is none, as on the machines of HCP Terraform: with pip, only for these scripts.
obtain_aws() {
  local name python="" beside="${BASH_SOURCE[0]%/*}" found="no Python 3.9 or later is on PATH"
  for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
    if "${name}" -c "import sys; sys.exit(sys.version_info < (3, 9))" 2>/dev/null; then
      python=${name}
      break
    fi
  done
  if [[ -z ${python} ]] ||
    ! found=$("${python}" "${beside}/obtain-aws-cli.py" "${beside}/requirements.txt" "${OBTAIN_SECONDS:-300}" 2>&1); then
    die "the AWS CLI (\`aws\`) is not on PATH, and can't be obtained: ${found}. Install version 2" \
      "(https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html), or Python 3.9 or later with" \
      "pip; where HCP Terraform runs this, in the image of its agent. Then run again."
  fi
  # Python may have warned before.
  found=${found##*$'\n'}
  say "the AWS CLI is not on PATH: using the one in ${found}, obtained with pip only for this project."
  PATH="${found}:${PATH}"
}

# prepare SETTING…: checks the settings of these names, the AWS CLI and the account, and makes the private folder
# SCRATCH. Without the account's check, the wrong credentials would make a registered node look like one that has
# gone: Systems Manager answers them with nothing.
prepare() {
  local name
  for name in "$@"; do
    [[ -n ${!name:-} ]] || die "${name} is not set; the head of the script lists the settings."
  done
  command -v aws >/dev/null || obtain_aws
  SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/anywhere.XXXXXX")
  # Deleted with the last process that holds descriptor 9, however this one ends: Terraform stops it with SIGKILL.
  exec 9> >(
    trap '' HUP INT TERM
    cat >/dev/null
    rm -rf "${SCRATCH}"
  )
  aws_call sts get-caller-identity --query Account
  [[ ${ANSWER} == "${ACCOUNT}" ]] || die "wrong account: the credentials belong to account ${ANSWER}, the" \
    "deployment to ${ACCOUNT}. Use credentials of ${ACCOUNT} and run again."
}

# Prints the kind of failure that a message of the AWS CLI reports.
failure_kind() {
  case "$1" in
    *"(ClusterNotFoundException)"*) echo cluster-gone ;;
    *"(RepositoryNotFoundException)"*) echo repository-gone ;;
    *"(InvalidInstanceId)"* | *"(InvalidInstanceInformationFilterValue)"* | *"(ImageNotFoundException)"* | \
      *"(ResourceNotFoundException)"* | \
      *"(InvalidParameterException)"*"not found"* | *"(ClientException)"*"not found"*) echo gone ;;
    *"(AccessDenied"* | *"(UnauthorizedOperation)"* | *"(NotAuthorized"*) echo denied ;;
    *"(ExpiredToken"* | *"(RequestExpired)"* | *"(InvalidClientTokenId)"* | *"(UnrecognizedClientException)"* | \
      *"(SignatureDoesNotMatch)"* | *"(InvalidSignatureException)"* | *"(IncompleteSignature)"* | *"(AuthFailure)"* | \
      *"(InvalidToken"* | *"(MissingAuthenticationToken"* | *"nable to locate credentials"* | *"artial credentials"* | \
      *"config profile"* | *"SSO "* | *"from sso"* | *"session has expired"*) echo credentials ;;
    *"(Throttl"* | *"(TooManyRequests"* | *"(RequestLimitExceeded)"* | *"(RequestThrottled"* | *"(SlowDown)"*) echo throttled ;;
    *"(InternalServerError)"* | *"(InternalFailure)"* | *"(InternalError)"* | *"(ServerException)"* | \
      *"(ServiceUnavailable"* | *"(5"[0-9][0-9]")"*) echo server-error ;;
    *"onnect to the endpoint"* | *"imeout on endpoint"* | *"Connection was closed"* | *"onnection reset"* | \
      *"onnection aborted"* | *"connect to proxy"* | *"SSL validation failed"* | *"resolve host"*) echo unreachable ;;
    *) echo unknown ;;
  esac
}

# Prints what a kind of failure means and what to do about it.
remedy() {
  case "$1" in
    denied) echo "access denied. Allow the caller this action and run again." ;;
    credentials) echo "no valid credentials: missing, expired or not accepted. Sign in again and run again." ;;
    throttled) echo "still throttled after ${CALL_ATTEMPTS} rounds of retries. Wait a few minutes and run again." ;;
    server-error) echo "AWS keeps failing. Wait a few minutes, see the AWS Health Dashboard, and run again." ;;
    unreachable) echo "the endpoint of ${AWS_REGION} is unreachable. Check network, proxy and region, and run again." ;;
    *) echo "failed. Fix the problem in the message and run again." ;;
  esac
}

# aws_call SERVICE OPERATION [OPTION…]: leaves the text of the answer, of all its pages, in ANSWER.
# Returns 1 when the thing it asks for, or what holds it, is not there (GONE says which: gone, cluster-gone or
# repository-gone).
# Every other failure ends the script, once repeating cannot help, with its cause and remedy.
aws_call() {
  local attempt status error kind called="$1 $2"
  for ((attempt = 1; ; attempt++)); do
    status=0
    ANSWER=$(aws "$@" --region "${AWS_REGION}" --output text --cli-connect-timeout 10 --cli-read-timeout 60 \
      </dev/null 2>"${SCRATCH}/errors") || status=$?
    if ((status == 0)); then
      return 0
    fi
    error=$(tr '\n' ' ' <"${SCRATCH}/errors")
    kind=$(failure_kind "${error}")
    case "${kind}" in
      *gone)
        GONE=${kind}
        return 1
        ;;
      throttled | server-error | unreachable)
        if ((attempt < CALL_ATTEMPTS)); then
          say "${called}: ${kind}, trying again (${attempt} of $((CALL_ATTEMPTS - 1)))" >&2
          pause "${RETRY_SECONDS:-2}" "$((1 << (attempt - 1)))"
          continue
        fi
        ;;
    esac
    die "${called}: $(remedy "${kind}") The AWS CLI said (exit status ${status}): ${error}"
  done
}
