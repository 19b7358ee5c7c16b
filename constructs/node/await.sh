#!/usr/bin/env bash
# Waits until one node is registered: Online in Systems Manager, ACTIVE in ECS, its agent connected. Fails when the
# time is over and says which step is missing and what to do. A lost connection on the way is waited for.
#
# Usage: NAME=… SITE=… NODE=… GENERATION=… CLUSTER=… AWS_REGION=… ACCOUNT=… ACTIVATION_ID=… \
#   AWS_LIBRARY=… REGISTRATIONS=… await.sh
#   NAME, SITE, NODE, GENERATION   the node: deployment, site, name and incarnation
#   CLUSTER, AWS_REGION, ACCOUNT   where it registers; credentials of another account are refused
#   ACTIVATION_ID                  the activation that its machine was created with
#   AWS_LIBRARY, REGISTRATIONS     paths of aws.sh and registrations.sh
#   MACHINE_CREATED                when the machine was created (2018-06-18T22:28:28Z), if that is known: what registered
#                                  before was another one, though AWS takes minutes to notice that it has gone
# Seconds; the last two may be fractions:
#   TIMEOUT_SECONDS  900  longest wait
#   POLL_SECONDS     5    between two looks, each of which reads ECS once; up to three times as long
#   RETRY_SECONDS    2    before a failed call is repeated; doubles each time
set -euo pipefail

TASK="registration of ${SITE:-?}/${NODE:-?}"
# shellcheck source=constructs/node/registrations.sh
. "${REGISTRATIONS:?is the path of registrations.sh}"

main() {
  prepare NAME SITE NODE GENERATION CLUSTER AWS_REGION ACCOUNT ACTIVATION_ID
  local step="" deadline=$((SECONDS + ${TIMEOUT_SECONDS:-900}))
  INSTANCE="" ONLINE="" ARN="" STATUS="" CONNECTED=""
  while look; [[ ${ONLINE}${STATUS}${CONNECTED} != OnlineACTIVETrue ]]; do
    if [[ ${step} != "$(missing)" ]]; then
      step=$(missing)
      say "waiting: ${step}"
    fi
    ((SECONDS < deadline)) || give_up "${step}"
    pause "${POLL_SECONDS:-5}"
  done
  say "${INSTANCE} is Online, ${ARN##*/} is ACTIVE and connected"
}

# Looks for the first thing that was missing at the last look, so that a look reads ECS once at most, twice when the
# container instance appears.
look() {
  local arn instance status connected
  if [[ -z ${ARN} ]]; then
    # An older machine of the same incarnation may still be listed beside it.
    find_managed tag:anywhere.identity "${IDENTITY}"
    read -r INSTANCE ONLINE <<<"$(grep -w Online <<<"${MANAGED}" || echo "${MANAGED}")"
  fi
  [[ ${ONLINE} == Online ]] || return 0
  if [[ -z ${ARN} ]]; then
    find_containers "${MACHINE_CREATED:+ and registeredAt >= ${MACHINE_CREATED}}" ||
      die "the cluster ${CLUSTER} does not exist in ${AWS_REGION}. Deploy the control plane, then run again."
  else
    describe_containers "${ARN}" || CONTAINERS=""
  fi
  ARN="" STATUS="" CONNECTED=""
  while IFS=$'\t' read -r arn instance status connected _; do
    if [[ -n ${arn} ]] && grep -q "^${instance}[[:space:]]Online" <<<"${MANAGED}"; then
      INSTANCE=${instance} ARN=${arn} STATUS=${status} CONNECTED=${connected}
    fi
  done <<<"${CONTAINERS}"
}

# Prints the first step that the node has not taken.
missing() {
  if [[ -z ${INSTANCE} ]]; then
    echo "the machine has not registered with Systems Manager"
  elif [[ ${ONLINE} != Online ]]; then
    echo "${INSTANCE} is registered with Systems Manager, but its ping status is ${ONLINE}, not Online"
  elif [[ -z ${ARN} ]]; then
    echo "${INSTANCE} is activated and Online, but no ECS agent has registered it with the cluster ${CLUSTER}"
  elif [[ ${STATUS} != ACTIVE ]]; then
    echo "the container instance ${ARN##*/} is ${STATUS}, not ACTIVE"
  else
    echo "the ECS agent of ${ARN##*/} is not connected"
  fi
}

# give_up STEP: fails with what is missing and the remedy.
give_up() {
  local step=$1 replace advice
  replace="raise \`replacement\` of sites.${SITE}.nodes.${NODE} in the configuration by one and deploy"
  advice="Read the machine's /var/log/anywhere-bootstrap.log. If it is only late, run again; else ${replace}."
  if [[ -z ${INSTANCE} ]]; then
    local activation expired used
    aws_call ssm describe-activations --filters "FilterKey=ActivationIds,FilterValues=${ACTIVATION_ID}" \
      --query 'ActivationList[].[ActivationId,Expired,RegistrationsCount]' || ANSWER=""
    read -r activation expired used <<<"$(grep -F "${ACTIVATION_ID}" <<<"${ANSWER}" || true)"
    if [[ -z ${activation} ]]; then
      step="the activation ${ACTIVATION_ID} does not exist any more, and the machine has not registered with it"
      advice="A new machine needs a new one: ${replace}."
    elif [[ ${used:-0} != 0 && ${used} != None ]]; then
      step="the activation ${ACTIVATION_ID} has been used, but by a machine that never appeared or has gone since"
      advice="It works only once: ${replace}."
    elif [[ ${expired} == True ]]; then
      step="the activation ${ACTIVATION_ID} expired before the machine used it"
      advice="A new machine needs a new one: ${replace}."
    else
      step="the machine has never used its activation ${ACTIVATION_ID}, which is still valid"
    fi
  elif [[ ${STATUS} == DRAINING ]]; then
    advice="If somebody drains it on purpose, set it to ACTIVE and run again; else ${replace}."
  fi
  die "after ${TIMEOUT_SECONDS:-900} s, ${step}. ${advice}"
}

main
