#!/usr/bin/env bash
# Shared by await.sh and deregister.sh: the settings that name a node, and the one way in which it is found in Systems
# Manager and ECS, and no other. Sourced, never run.
#
# Expects TASK, as aws.sh does, and the settings that both scripts document.
# shellcheck disable=SC2034 # results for the scripts that source this file

# One node's present incarnation, as in the tag anywhere.identity of its managed instance.
readonly IDENTITY="${NAME:-}/${SITE:-}/${NODE:-}/${GENERATION:-}"

# shellcheck source=constructs/script/aws/aws.sh
. "${AWS_LIBRARY:?is the path of aws.sh}"

# prepare_node: `prepare` for what names a node. The values come from a state that an earlier release may have written:
# those that it did not know are empty. The settings required here distinguish nodes; any other may be empty, and is
# listed only here, with its replacement.
prepare_node() {
  : "${ACTIVATION_ID:=}" # then the tag and the attributes must suffice
  prepare NAME SITE NODE GENERATION CLUSTER AWS_REGION ACCOUNT
}

# find_node [AND]: leaves what is registered as this node in MANAGED (managed instances: id and ping status, one a line)
# and in CONTAINERS (as describe_containers does; AND narrows them as in find_containers). Looks for the activation's id,
# for its tag, and for the attributes in ECS, since each may find nothing: somebody has deleted the activation, its tags
# reach a managed instance late or never (github.com/boto/boto3/issues/2334), the ECS agent has not registered yet.
# Takes two calls to Systems Manager and one to ECS, one more to ECS when that knows the node, and one more to Systems
# Manager for each machine that only ECS has led to. Returns 1 when the cluster is gone.
find_node() {
  local arn instance status=0
  MANAGED=""
  [[ -z ${ACTIVATION_ID} ]] || find_managed ActivationIds "${ACTIVATION_ID}"
  find_managed tag:anywhere.identity "${IDENTITY}"
  find_containers "${1:-}" || status=1
  while IFS=$'\t' read -r arn instance _; do
    [[ -z ${arn} || ${MANAGED} == *"${instance}"$'\t'* ]] || find_managed InstanceIds "${instance}"
  done <<<"${CONTAINERS}"
  return "${status}"
}

# find_managed KEY VALUE: adds to MANAGED the managed instances that a filter finds.
find_managed() {
  # AWS may reject an activation or a machine that it has forgotten as a wrong value; never a tag.
  aws_call ssm describe-instance-information --filters "Key=$1,Values=$2" --page-size 50 \
    --query 'InstanceInformationList[].[InstanceId,PingStatus]' || [[ $1 != tag:* ]] ||
    die "ssm describe-instance-information: ${GONE}."
  MANAGED=$(grep '^mi-' <<<"${MANAGED}"$'\n'"${ANSWER}" | sort -u) || true
}

# find_containers [AND]: leaves the node's container instances in CONTAINERS, as describe_containers does: those with
# the four attributes of this very node, in any state but INACTIVE, that satisfy a further condition in the cluster
# query language (" and …"). Returns 1 when the cluster is gone.
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
# or False), running and pending tasks, separated by tabs. Leaves out those that are gone. Returns 1 when the cluster is
# gone.
describe_containers() {
  CONTAINERS=""
  local of="attributes[?name=='anywhere" value="'].value|[0]"
  aws_call ecs describe-container-instances --cluster "${CLUSTER}" --container-instances "$@" --query \
    "containerInstances[].[containerInstanceArn,ec2InstanceId,status,agentConnected,runningTasksCount,pendingTasksCount,join('/',[${of}.deployment${value},${of}.site${value},${of}.node${value},${of}.generation${value}])]" ||
    return 1
  # The list is filtered already; yet a wrong answer must never cost another node its registration.
  CONTAINERS=$(awk -F '\t' -v identity="${IDENTITY}" '$NF == identity && $3 != "INACTIVE"' <<<"${ANSWER}")
}
