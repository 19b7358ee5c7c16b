#!/usr/bin/env bash
# What await.sh and deregister.sh share: calls to AWS that tell one failure from another, and how a node is
# found. Sourced, never run. Works with the AWS CLI 1 and 2 and with bash 3.2 (macOS); needs no jq.
#
# Expects TASK, which names the work in messages, and the settings that both scripts document.
# RETRY_SECONDS (default 2) is the first pause before a failed call is repeated.
# shellcheck disable=SC2034 # results for the scripts that source this file

# One node's present incarnation, as the tag anywhere.identity of its managed instance says it.
IDENTITY="${NAME:-}/${SITE:-}/${NODE:-}/${GENERATION:-}"
# The CLI repeats what throttling, 5xx or a lost connection stopped, with back-off and jitter; aws_call once more.
export AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS="${AWS_MAX_ATTEMPTS:-5}" AWS_PAGER=""
readonly IDENTITY CALL_ATTEMPTS=4

say() { printf 'anywhere: %s of %s/%s: %s\n' "${TASK}" "${SITE:-?}" "${NODE:-?}" "$*"; }

die() {
  say "FAILED: $*" >&2
  exit 1
}

# pause SECONDS [TIMES]: sleeps that long (fractions are allowed) and up to 40 % more, so that many nodes never
# call in step.
pause() {
  sleep "$(LC_ALL=C awk -v seconds="$1" -v times="${2:-1}" -v random="${RANDOM}" \
    'BEGIN { printf "%.3f", seconds * times * (1 + 0.4 * random / 32768) }')"
}

# prepare SETTING…: checks the settings of these names, the AWS CLI and the account. Without the last, the wrong
# credentials would make a registered node look like one that has gone: Systems Manager answers them with nothing.
prepare() {
  local name
  for name in "$@"; do
    [[ -n ${!name:-} ]] || die "${name} is not set; the head of the script lists the settings."
  done
  command -v aws >/dev/null || die "the AWS CLI (\`aws\`) is not on PATH. Install version 2" \
    "(https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html) or \`pip install awscli\`," \
    "and run again. Nothing was changed."
  ERRORS=$(mktemp "${TMPDIR:-/tmp}/anywhere.XXXXXX")
  trap 'rm -f "${ERRORS}"' EXIT
  aws_call sts get-caller-identity --query Account
  [[ ${ANSWER} == "${ACCOUNT}" ]] || die "wrong account: the credentials belong to account ${ANSWER}, the node to" \
    "${ACCOUNT}. Nothing was changed. Use credentials of ${ACCOUNT} and run again."
}

# Prints what kind of failure a message of the AWS CLI tells.
failure_kind() {
  case "$1" in
    *"(ClusterNotFoundException)"*) echo cluster-gone ;;
    *"(InvalidInstanceId)"* | *"(InvalidParameterException)"*"not found"* | *"(ClientException)"*"not found"*) echo gone ;;
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
    *) echo "failed. Mend what the message says and run again." ;;
  esac
}

# aws_call SERVICE OPERATION [OPTION…]: leaves the text of the answer, of all its pages, in ANSWER.
# Returns 1 when the thing it asks for, or its cluster, is gone (GONE says which: gone or cluster-gone).
# Every other failure ends the script, once repeating cannot help, with what it was and what to do.
aws_call() {
  local attempt status error kind called="$1 $2"
  for ((attempt = 1; ; attempt++)); do
    status=0
    ANSWER=$(aws "$@" --region "${AWS_REGION}" --output text --cli-connect-timeout 10 --cli-read-timeout 60 \
      </dev/null 2>"${ERRORS}") || status=$?
    if ((status == 0)); then
      return 0
    fi
    error=$(tr '\n' ' ' <"${ERRORS}")
    kind=$(failure_kind "${error}")
    case "${kind}" in
      gone | cluster-gone)
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

# find_managed KEY VALUE: leaves the managed instances that a filter finds in MANAGED: id and ping status, one a line.
find_managed() {
  aws_call ssm describe-instance-information --filters "Key=$1,Values=$2" --page-size 50 \
    --query 'InstanceInformationList[].[InstanceId,PingStatus]' || die "ssm describe-instance-information: ${GONE}."
  MANAGED=$(grep '^mi-' <<<"${ANSWER}" || true)
}

# find_containers [AND]: leaves the node's container instances in CONTAINERS, as describe_containers does: what
# carries the four attributes of this very node, in whichever state but INACTIVE, and satisfies what else is asked
# in the cluster query language (" and …"). Returns 1 when the cluster is gone.
find_containers() {
  CONTAINERS=""
  aws_call ecs list-container-instances --cluster "${CLUSTER}" --query 'containerInstanceArns[]' \
    --filter "attribute:anywhere.deployment == ${NAME} and attribute:anywhere.site == ${SITE} and attribute:anywhere.node == ${NODE} and attribute:anywhere.generation == ${GENERATION}${1:-}" ||
    return 1
  local arns
  # The CLI prints a line per page, and nothing or "None" for an empty one.
  IFS=$'\n' read -r -d '' -a arns <<<"$(tr '\t' '\n' <<<"${ANSWER}" | grep '^arn:')" || true
  [[ -z ${arns[0]:-} ]] || describe_containers "${arns[@]}"
}

# describe_containers ARN…: leaves in CONTAINERS, one a line, ARN, managed instance, status, agent connected (True
# or False), running and pending tasks, separated by tabs. What has gone is left out. Returns 1 when the cluster is.
describe_containers() {
  CONTAINERS=""
  local of="attributes[?name=='anywhere" value="'].value|[0]"
  aws_call ecs describe-container-instances --cluster "${CLUSTER}" --container-instances "$@" --query \
    "containerInstances[].[containerInstanceArn,ec2InstanceId,status,agentConnected,runningTasksCount,pendingTasksCount,join('/',[${of}.deployment${value},${of}.site${value},${of}.node${value},${of}.generation${value}])]" ||
    return 1
  # The list's filter has seen to it; yet a wrong answer must never cost another node its registration.
  CONTAINERS=$(awk -F '\t' -v identity="${IDENTITY}" '$NF == identity && $3 != "INACTIVE"' <<<"${ANSWER}")
}
