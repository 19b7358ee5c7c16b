#!/usr/bin/env bash
# The nodes of a site whose agent has lost its connection to ECS. Their tasks cannot be told to stop: a roll-out never
# ends, nor does a service's deletion, until such an instance is deregistered by force. Sourced, never run.
#
# Expects TASK, as aws.sh does, and NAME, SITE, CLUSTER.
# shellcheck disable=SC2034 # results for the scripts that source this file

# shellcheck source=constructs/script/aws/aws.sh
. "${AWS_LIBRARY:?is the path of aws.sh}"

# The site, as the attributes of its nodes name it.
readonly OF_SITE="${NAME:-}/${SITE:-}"
# The limit of DescribeContainerInstances for one call.
readonly DESCRIBED_AT_ONCE=100

# find_lost: leaves in LOST those that have tasks: container instance, node, number of tasks, one a line, separated by
# tabs. Returns 1 when the cluster is gone.
find_lost() {
  LOST=""
  local arns=() first value="'].value|[0]" of="attributes[?name=='anywhere"
  aws_call ecs list-container-instances --cluster "${CLUSTER}" --query 'containerInstanceArns[]' \
    --filter "attribute:anywhere.deployment == ${OF_SITE%%/*} and attribute:anywhere.site == ${OF_SITE#*/}" || return 1
  # The CLI prints a line per page, and nothing or "None" for an empty one.
  IFS=$'\n' read -r -d '' -a arns <<<"$(tr '\t' '\n' <<<"${ANSWER}" | grep '^arn:')" || true
  [[ -n ${arns[0]:-} ]] || return 0
  for ((first = 0; first < ${#arns[@]}; first += DESCRIBED_AT_ONCE)); do
    aws_call ecs describe-container-instances --cluster "${CLUSTER}" \
      --container-instances "${arns[@]:first:DESCRIBED_AT_ONCE}" --query \
      "containerInstances[].[containerInstanceArn,status,agentConnected,runningTasksCount,pendingTasksCount,${of}.node${value},join('/',[${of}.deployment${value},${of}.site${value}])]" ||
      return 1
    # The list is filtered already; yet a wrong answer must never cost another deployment's node its registration.
    LOST+=$(awk -F '\t' -v OFS='\t' -v site="${OF_SITE}" \
      '$NF == site && $2 != "INACTIVE" && $3 == "False" && $4 + $5 > 0 { print $1, $6, $4 + $5 }' <<<"${ANSWER}")
    LOST+=$'\n'
  done
  LOST=$(grep '^arn:' <<<"${LOST}" || true)
}
