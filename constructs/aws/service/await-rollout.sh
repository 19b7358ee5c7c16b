#!/usr/bin/env bash
# Waits until a site's service runs exactly one revision: its deployment COMPLETED, and as many tasks as ECS wants, at
# least one. Fails at once when ECS has given up on the revision, and when the time is over; says what happened.
#
# Usage: NAME=… SITE=… SERVICE=… TASK_DEFINITION=… TASKS=… LOG_GROUP=… CLUSTER=… AWS_REGION=… ACCOUNT=… \
#   DEFAULT_TIMEOUT_SECONDS=… AWS_LIBRARY=… LOST_NODES=… await-rollout.sh
#   NAME, SITE                     deployment and site
#   SERVICE, TASK_DEFINITION       name of the service, ARN of the revision
#   TASKS                          how many tasks the configuration wants
#   LOG_GROUP                      where the tasks' logs are
#   CLUSTER, AWS_REGION, ACCOUNT   where the service is; credentials of another account are refused
#   AWS_LIBRARY, LOST_NODES        paths of aws.sh and lost-nodes.sh
# Seconds; the last two may be fractions:
#   TIMEOUT_SECONDS  longest wait; DEFAULT_TIMEOUT_SECONDS when it is not set
#   LAG_SECONDS      30  how long ECS may answer with an earlier state
#   POLL_SECONDS     5   between two looks; up to three times as long
#   RETRY_SECONDS    2   before a failed call is repeated; doubles each time
set -euo pipefail

TASK="roll-out of ${SERVICE:-?}"
# shellcheck source=constructs/aws/service/lost-nodes.sh
. "${LOST_NODES:?is the path of lost-nodes.sh}"

main() {
  prepare NAME SITE SERVICE TASK_DEFINITION TASKS LOG_GROUP CLUSTER AWS_REGION ACCOUNT DEFAULT_TIMEOUT_SECONDS
  # shellcheck disable=SC2153 # TASKS is a setting
  readonly REVISION=${TASK_DEFINITION##*/} WANTED=${TASKS} LONGEST=${TIMEOUT_SECONDS:-${DEFAULT_TIMEOUT_SECONDS}}
  local progress="" begun=${SECONDS}
  SEEN=""
  look
  start_anew
  until is_done "$((SECONDS - begun))"; do
    give_up_if_it_failed "$((SECONDS - begun))"
    if [[ ${progress} != "$(progress)" ]]; then
      progress=$(progress)
      say "${progress}"
    fi
    ((SECONDS - begun < LONGEST)) || give_up_late
    pause "${POLL_SECONDS:-5}"
    look
  done
  say "${RUNNING} of ${WANTED} task(s) run ${REVISION}, and no other revision"
}

# Reads the service's deployments: the primary one, which ECS moves to, this revision's own, and the number of tasks of
# others.
look() {
  local status revision state desired running pending failed id reason
  PRIMARY="" OWN="" STATE="" DESIRED=0 RUNNING=0 PENDING=0 FAILED=0 REASON="" OTHERS=0
  aws_call ecs describe-services --cluster "${CLUSTER}" --services "${SERVICE}" --query \
    "services[?status=='ACTIVE'].deployments[].[status,taskDefinition,rolloutState,desiredCount,runningCount,pendingCount,failedTasks,id,rolloutStateReason]" ||
    die "the cluster ${CLUSTER} does not exist in ${AWS_REGION}. Deploy the control plane, then run again."
  while IFS=$'\t' read -r status revision state desired running pending failed id reason; do
    [[ ${revision:-} == arn:* ]] || continue
    if [[ ${status} == PRIMARY ]]; then
      PRIMARY=${revision}
    fi
    if [[ ${revision} == "${TASK_DEFINITION}" && ( -z ${OWN} || ${status} == PRIMARY ) ]]; then
      SEEN=yes OWN=${id} STATE=${state} REASON=${reason}
      DESIRED=${desired} RUNNING=${running} PENDING=${pending} FAILED=${failed}
    else
      OTHERS=$((OTHERS + running))
    fi
  done <<<"${ANSWER}"
}

# A first revision that an earlier run has seen fail: ECS has nothing to go back to, and no longer starts anything.
start_anew() {
  [[ ${PRIMARY} == "${TASK_DEFINITION}" && ${STATE} == FAILED ]] || return 0
  say "ECS had given up on ${REVISION}: starting it again"
  aws_call ecs update-service --cluster "${CLUSTER}" --service "${SERVICE}" --force-new-deployment \
    --query service.status || die "ecs update-service: ${GONE}."
  look
}

# is_done SECONDS: another number of tasks than the configuration wants may be that from before the change; later it is
# that of a service on every node, of which one is missing.
is_done() {
  [[ ${PRIMARY} == "${TASK_DEFINITION}" && ${STATE} == COMPLETED ]] &&
    ((DESIRED > 0 && RUNNING == DESIRED && (DESIRED == WANTED || $1 >= ${LAG_SECONDS:-30})))
}

progress() {
  echo "${STATE:-not begun}: ${RUNNING} of ${DESIRED} task(s) run ${REVISION} (${PENDING} pending, ${FAILED} failed)," \
    "${OTHERS} of other revisions"
}

# give_up_if_it_failed SECONDS: fails when ECS no longer moves to this revision. ECS may need a while to
# answer with what has just been created or changed.
give_up_if_it_failed() {
  if [[ ${PRIMARY} == "${TASK_DEFINITION}" ]]; then
    [[ ${STATE} != FAILED ]] || give_up "ECS has given up on ${REVISION}, and there is no earlier revision to roll back to: ${REASON%.}"
  elif [[ ${STATE} == FAILED ]]; then
    give_up "${SERVICE} was rolled back to ${PRIMARY##*/}: ${REASON%.}"
  elif [[ -n ${SEEN} ]] || (($1 >= ${LAG_SECONDS:-30})); then
    [[ -n ${PRIMARY} ]] ||
      die "the service ${SERVICE} does not exist in the cluster ${CLUSTER}. Deploy it again."
    give_up "${SERVICE} runs ${PRIMARY##*/}, not ${REVISION}: it was rolled back, or another one was deployed"
  fi
}

# give_up PROBLEM: fails with what is known about the tasks.
give_up() {
  explain
  die "$1. Read above, and in log group ${LOG_GROUP}, why its tasks failed; fix that and deploy again."
}

give_up_late() {
  local node advice="If it is only late, run again: the wait continues."
  explain
  # In a subshell: the counts are reported even if this cannot be read.
  LOST=$(find_lost && printf '%s' "${LOST}") || LOST=""
  if [[ -n ${LOST} ]]; then
    advice="A disconnected agent holds it up: $(cut -f 2 <<<"${LOST}" | tr '\n' ' ' | sed 's/ $//'). If a machine does not come back, replace its node:"
    while IFS=$'\t' read -r _ node _; do
      advice+=" \`npm run deploy -- --replace ${SITE}/${node}\`"
    done <<<"${LOST}"
  elif ((DESIRED < WANTED)); then
    advice="ECS wants only ${DESIRED} of ${WANTED} task(s): check whether the other nodes are registered and ACTIVE. ${advice}"
  fi
  die "after ${LONGEST} s, ${RUNNING} of ${DESIRED} task(s) run ${REVISION} (${PENDING} pending, ${FAILED} failed," \
    "${OTHERS} of other revisions); its deployment is ${STATE:-not begun}. ${advice}"
}

# Says the newest events of the service, how tasks of this revision ended, and the last lines of the newest
# that has printed any: logs arrive late. Skips details that cannot be read.
explain() {
  local line reason exits containers events tasks ended=() arns=()
  events=$(details ecs describe-services --cluster "${CLUSTER}" --services "${SERVICE}" \
    --query 'services[0].events[:5].[message]')
  while read -r line; do
    [[ -z ${line} || ${line} == None ]] || say "event: ${line}" >&2
  done <<<"${events}"
  tasks=$(details ecs list-tasks --cluster "${CLUSTER}" --service-name "${SERVICE}" --desired-status STOPPED \
    --query 'taskArns[]' | tr '\t' '\n' | grep '^arn:' | tail -n 100 || true)
  IFS=$'\n' read -r -d '' -a arns <<<"${tasks}" || true
  [[ -n ${arns[0]:-} ]] || return 0
  tasks=$(details ecs describe-tasks --cluster "${CLUSTER}" --tasks "${arns[@]}" --query \
    "tasks[?taskDefinitionArn=='${TASK_DEFINITION}'].[taskArn,join(' ',containers[].name),stoppedReason,join(', ',containers[?exitCode!=\`null\`].join(' ',[name,'exited with',to_string(exitCode)]))]")
  while IFS=$'\t' read -r line containers reason exits; do
    [[ ${line} == arn:* ]] || continue
    ended=("${line##*/} ${containers}" ${ended[@]+"${ended[@]}"})
    say "task ${line##*/} stopped: ${reason}${exits:+ (${exits})}" >&2
  done <<<"$(tail -n 3 <<<"${tasks}")"
  for line in ${ended[@]+"${ended[@]}"}; do
    read -r -a arns <<<"${line}"
    ! last_words "${arns[@]}" || return 0
  done
}

# last_words TASK CONTAINER…: says the last lines that a task's containers have printed; fails when there are none.
last_words() {
  local task=$1 container line lines said=1
  for container in "${@:2}"; do
    lines=$(details logs get-log-events --log-group-name "${LOG_GROUP}" \
      --log-stream-name "${container}/${container}/${task}" --limit 10 --query 'events[].[message]')
    while read -r line; do
      [[ -z ${line} || ${line} == None ]] && continue
      said=0
      say "${container}: ${line}" >&2
    done <<<"${lines}"
  done
  return "${said}"
}

# details SERVICE OPERATION [OPTION…]: prints the answer; a failure is only reported.
details() {
  (
    aws_call "$@"
    printf '%s\n' "${ANSWER}"
  ) || true
}

main
