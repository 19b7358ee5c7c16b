#!/usr/bin/env bash
# Takes one node out of ECS and Systems Manager, and no other: drain, wait, ECS, then Systems Manager, since a node
# loses its credentials with the last. Missing registrations are a success; after an interruption, run it again.
#
# Usage: NAME=… SITE=… NODE=… GENERATION=… CLUSTER=… AWS_REGION=… ACCOUNT=… ACTIVATION_ID=… \
#   AWS_LIBRARY=… REGISTRATIONS=… deregister.sh
#   NAME, SITE, NODE, GENERATION   the node: deployment, site, name and incarnation
#   CLUSTER, AWS_REGION, ACCOUNT   where it is registered; credentials of another account are refused
#   ACTIVATION_ID                  the activation that its machine was created with; may be empty
#   AWS_LIBRARY, REGISTRATIONS     paths of aws.sh and registrations.sh
#   PHASE                          deregistration (default), or guard: the second run, after the machine has gone
# Seconds; the first and the last may be fractions:
#   POLL_SECONDS       5    between two looks at a draining node; up to three times as long
#   DRAIN_SECONDS      300  longest wait for its tasks, and once more after they were stopped
#   STALL_SECONDS      60   longest wait without progress, before the remaining tasks are stopped: longer than a task
#                           takes to stop, or its node goes while clients still use it
#   RECONNECT_SECONDS  30   longest wait for an agent that has lost its connection
#   RETRY_SECONDS      2    before a failed call is repeated; doubles each time
#   DEFAULT_DRAIN_SECONDS, DEFAULT_STALL_SECONDS  instead of 300 and 60: derived from the health checks
set -euo pipefail

readonly LONGEST=${DRAIN_SECONDS:-${DEFAULT_DRAIN_SECONDS:-300}}
readonly STALL=${STALL_SECONDS:-${DEFAULT_STALL_SECONDS:-60}}

readonly PHASE=${PHASE:-deregistration}
TASK="${PHASE} of ${SITE:-?}/${NODE:-?}"
# shellcheck source=constructs/node/registrations.sh
. "${REGISTRATIONS:?is the path of registrations.sh}"

main() {
  prepare_node
  local managed arn instance status connected running pending
  find_node || say "the cluster ${CLUSTER} no longer exists"
  managed=${MANAGED}
  while IFS=$'\t' read -r arn instance status connected running pending _; do
    [[ -n ${arn} ]] || continue
    # ECS may still know a node that Systems Manager did not find.
    managed+=$'\n'${instance}
    end_container_instance "${arn}" "${status}" "${connected}" "$((running + pending))"
  done <<<"${CONTAINERS}"
  [[ ${managed} == *mi-* ]] || say "nothing is registered"
  while read -r instance _; do
    [[ ${instance} != mi-* ]] || end_managed_instance "${instance}"
  done <<<"$(cut -f 1 <<<"${managed}" | sort -u)"
}

# end_container_instance ARN STATUS CONNECTED TASKS: drains it and takes it out of the cluster.
end_container_instance() {
  local arn=$1 status=$2 running pending
  CONNECTED=$3 TASKS=$4 SEEN_AT=${SECONDS}
  if [[ ${status} == ACTIVE ]]; then
    aws_call ecs update-container-instances-state --cluster "${CLUSTER}" --container-instances "${arn}" \
      --status DRAINING --query 'containerInstances[].[agentConnected,runningTasksCount,pendingTasksCount]' || return 0
    read -r CONNECTED running pending <<<"${ANSWER}"
    TASKS=$((${running:-0} + ${pending:-0}))
  fi
  say "draining ${arn##*/}, ${TASKS} task(s)"
  if ! await_tasks "${arn}"; then
    stop_tasks "${arn}"
    await_tasks "${arn}" || say "${TASKS} task(s) have not ended: ECS forgets them, and their containers stay until" \
      "the machine goes or they are removed there"
  fi
  if aws_call ecs deregister-container-instance --cluster "${CLUSTER}" --container-instance "${arn}" --force \
    --query containerInstance.status; then
    say "deregistered ${arn##*/} from ECS"
  else
    say "${arn##*/} is already gone from ECS"
  fi
}

# await_tasks ARN: waits until no task is left; returns 1 when that makes no progress, takes too long, or the agent
# that would have to end them is not connected.
await_tasks() {
  local arn=$1 begun=${SECONDS} moved=${SECONDS} left=${TASKS} running pending
  while ((TASKS > 0)); do
    [[ ${CONNECTED} != True ]] || SEEN_AT=${SECONDS}
    if ((SECONDS - SEEN_AT >= ${RECONNECT_SECONDS:-30})); then
      say "the agent has not been connected for $((SECONDS - SEEN_AT)) s: it cannot stop its ${TASKS} task(s)"
      return 1
    elif ((SECONDS - moved >= STALL || SECONDS - begun >= LONGEST)); then
      say "${TASKS} task(s) left, no progress for $((SECONDS - moved)) s, waited for $((SECONDS - begun)) s"
      return 1
    fi
    pause "${POLL_SECONDS:-5}"
    describe_containers "${arn}" || return 0
    IFS=$'\t' read -r _ _ _ CONNECTED running pending _ <<<"${CONTAINERS}"
    TASKS=$((${running:-0} + ${pending:-0}))
    if ((TASKS != left)); then
      ((TASKS > left)) || moved=${SECONDS}
      left=${TASKS}
      say "${TASKS} task(s) left after $((SECONDS - begun)) s"
    fi
  done
}

# stop_tasks ARN: stops the tasks that the drain has left running: those of no service, and those whose service may not
# have fewer, for which no other node has room. Each gets SIGTERM and its stop time-out.
stop_tasks() {
  local task tasks
  aws_call ecs list-tasks --cluster "${CLUSTER}" --container-instance "$1" --desired-status RUNNING \
    --query 'taskArns[]' || return 0
  tasks=$(tr '\t' '\n' <<<"${ANSWER}")
  while read -r task; do
    [[ ${task} == arn:* ]] || continue
    say "stopping task ${task##*/}, which still runs after the drain"
    aws_call ecs stop-task --cluster "${CLUSTER}" --task "${task}" --reason "Node ${SITE}/${NODE} is deregistered" \
      --query task.desiredStatus || continue
  done <<<"${tasks}"
}

# end_managed_instance ID: takes it out of Systems Manager.
end_managed_instance() {
  if aws_call ssm deregister-managed-instance --instance-id "$1"; then
    say "deregistered $1 from Systems Manager"
  else
    say "$1 is already gone from Systems Manager"
  fi
}

main
