#!/usr/bin/env bash
# Before a site's service is deleted: takes out of ECS the nodes whose agent has lost its connection and does not come
# back in time. ECS would wait for their tasks for ever. Nodes that are connected are left alone.
#
# Usage: NAME=… SITE=… CLUSTER=… AWS_REGION=… ACCOUNT=… AWS_LIBRARY=… LOST_NODES=… lost-agents.sh
#   NAME, SITE                     deployment and site
#   CLUSTER, AWS_REGION, ACCOUNT   where its nodes are registered; credentials of another account are refused
#   AWS_LIBRARY, LOST_NODES        paths of aws.sh and lost-nodes.sh
# Seconds; the last two may be fractions:
#   RECONNECT_SECONDS  30  longest wait for agents to come back
#   POLL_SECONDS       5   between two looks; up to three times as long
#   RETRY_SECONDS      2   before a failed call is repeated; doubles each time
set -euo pipefail

TASK="lost agents of ${SITE:-?}"
# shellcheck source=constructs/aws/service/lost-nodes.sh
. "${LOST_NODES:?is the path of lost-nodes.sh}"

main() {
  prepare NAME SITE CLUSTER AWS_REGION ACCOUNT
  local arn node tasks begun=${SECONDS} known=""
  while look; [[ -n ${LOST} ]]; do
    if [[ ${known} != "${LOST}" ]]; then
      known=${LOST}
      say "no connection to $(cut -f 2 <<<"${LOST}" | tr '\n' ' ')"
    fi
    ((SECONDS - begun < ${RECONNECT_SECONDS:-30})) || break
    pause "${POLL_SECONDS:-5}"
  done
  if [[ -z ${LOST} ]]; then
    say "none: no task is held up by a lost agent"
    return 0
  fi
  while IFS=$'\t' read -r arn node tasks; do
    deregister "${arn}" "${node}" "${tasks}"
  done <<<"${LOST}"
}

look() {
  find_lost || say "the cluster ${CLUSTER} no longer exists"
}

# deregister ARN NODE TASKS
deregister() {
  if aws_call ecs deregister-container-instance --cluster "${CLUSTER}" --container-instance "$1" --force \
    --query containerInstance.status; then
    say "deregistered ${SITE}/$2 (${1##*/}) from ECS by force: its agent is not connected and cannot stop its $3" \
      "task(s). If its machine is alive, they keep running there until it is restarted or removed. Should the node come back," \
      "\`npm run deploy -- --replace ${SITE}/$2\` replaces it"
  else
    say "${SITE}/$2 (${1##*/}) is already gone from ECS"
  fi
}

main
