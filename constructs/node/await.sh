#!/usr/bin/env bash
# Waits until one node is registered: Online in Systems Manager, ACTIVE in ECS, its agent connected. Fails when the
# time is over, or sooner when the node's activation cannot be used any more or its machine is off, and says which step
# is missing and what to do. Waits out a lost connection.
#
# Usage: NAME=… SITE=… NODE=… GENERATION=… CLUSTER=… AWS_REGION=… ACCOUNT=… ACTIVATION_ID=… REMEDY=… \
#   AWS_LIBRARY=… REGISTRATIONS=… await.sh
#   NAME, SITE, NODE, GENERATION   the node: deployment, site, name and incarnation
#   CLUSTER, AWS_REGION, ACCOUNT   where it registers; credentials of another account are refused
#   ACTIVATION_ID                  the activation that its machine was created with; may be empty
#   REMEDY                         how a user replaces the node, worded to continue a sentence
#   AWS_LIBRARY, REGISTRATIONS     paths of aws.sh and registrations.sh
#   MACHINE_CREATED                when the machine was created (2018-06-18T22:28:28Z), if known: one that registered
#                                  earlier was another, though AWS takes minutes to notice that it is gone
#   MACHINE_ID, MACHINE_LIBRARY    its id in its cloud, and the path of the library whose machine_power asks there
#                                  whether it is on; both may be left out
# Seconds; the last two may be fractions:
#   TIMEOUT_SECONDS  900  longest wait
#   GRACE_SECONDS    120  longest wait for a machine to appear whose activation is used, expired or deleted; the
#                         activation is looked at four times within it
#   MACHINE_SECONDS  15   between two looks at whether the machine is on
#   POLL_SECONDS     5    between two looks, each of which reads ECS once, twice when it knows the node; up to three
#                         times as long
#   RETRY_SECONDS    2    before a failed call is repeated; doubles each time
set -euo pipefail

readonly GRACE=${GRACE_SECONDS:-120}
: "${REMEDY:?is how a user replaces the node}"
TASK="registration of ${SITE:-?}/${NODE:-?}"
# shellcheck source=constructs/node/registrations.sh
. "${REGISTRATIONS:?is the path of registrations.sh}"
# shellcheck source=constructs/digitalocean/droplet-power.sh
[[ -z ${MACHINE_LIBRARY:-} ]] || . "${MACHINE_LIBRARY}"

main() {
  prepare_node
  local step=""
  DEADLINE=$((SECONDS + ${TIMEOUT_SECONDS:-900})) ASK_AT=${SECONDS}
  INSTANCE="" ONLINE="" ARN="" STATUS="" CONNECTED="" ACTIVATION="" USELESS_SINCE=""
  POWER="" WHY="" TOLD="" LOOK_AT=$((SECONDS + ${MACHINE_SECONDS:-15}))
  while look; [[ ${ONLINE}${STATUS}${CONNECTED} != OnlineACTIVETrue ]]; do
    look_at_activation
    look_at_machine
    if [[ ${step} != "$(missing)" ]]; then
      step=$(missing)
      say "waiting: ${step}"
    fi
    if ((SECONDS >= DEADLINE)) || { [[ -n ${USELESS_SINCE} ]] && ((SECONDS - USELESS_SINCE >= GRACE)); }; then
      give_up "${step}"
    fi
    pause "${POLL_SECONDS:-5}"
  done
  say "${INSTANCE} is Online, ${ARN##*/} is ACTIVE and connected"
}

# Looks for the first thing that was missing at the last look, so that a look reads ECS once or twice.
look() {
  local arn instance status connected
  if [[ -n ${ARN} ]]; then
    describe_containers "${ARN}" || CONTAINERS=""
  else
    find_node "${MACHINE_CREATED:+ and registeredAt >= ${MACHINE_CREATED}}" ||
      die "the cluster ${CLUSTER} does not exist in ${AWS_REGION}. Deploy the control plane, then run again."
    # An older machine of the same incarnation may still be listed as well.
    read -r INSTANCE ONLINE <<<"$(grep -w Online <<<"${MANAGED}" || echo "${MANAGED}")"
  fi
  ARN="" STATUS="" CONNECTED=""
  while IFS=$'\t' read -r arn instance status connected _; do
    if [[ -n ${arn} ]] && grep -q "^${instance}[[:space:]]Online" <<<"${MANAGED}"; then
      INSTANCE=${instance} ARN=${arn} STATUS=${status} CONNECTED=${connected}
    fi
  done <<<"${CONTAINERS}"
}

# Checks from time to time, while no machine of this node has appeared, the state of its activation, and notes since
# when it is unusable.
look_at_activation() {
  local found expired used
  if [[ -n ${INSTANCE} || -z ${ACTIVATION_ID} ]]; then
    ACTIVATION="" USELESS_SINCE=""
    return
  fi
  ((SECONDS >= ASK_AT || SECONDS >= DEADLINE)) || return 0
  ASK_AT=$((SECONDS + GRACE / 4))
  aws_call ssm describe-activations --filters "FilterKey=ActivationIds,FilterValues=${ACTIVATION_ID}" \
    --query 'ActivationList[].[ActivationId,Expired,RegistrationsCount]' || ANSWER=""
  read -r found expired used <<<"$(grep -F "${ACTIVATION_ID}" <<<"${ANSWER}" || true)"
  if [[ -z ${found} ]]; then
    ACTIVATION=deleted
  elif [[ ${used:-0} != 0 && ${used} != None ]]; then
    ACTIVATION=used
  elif [[ ${expired} == True ]]; then
    ACTIVATION=expired
  else
    ACTIVATION=valid USELESS_SINCE=""
    return
  fi
  : "${USELESS_SINCE:=${SECONDS}}"
}

# Checks from time to time whether the machine is on: one that must not become a node, or can't any more, switches
# itself off. Fails when it is off. One that is restarted is off for a moment, so only a second look counts.
look_at_machine() {
  [[ -n ${MACHINE_LIBRARY:-} ]] || return 0
  ((SECONDS >= LOOK_AT || SECONDS >= DEADLINE)) || return 0
  machine_power
  if [[ ${POWER} == off || ${POWER} == gone ]]; then
    pause "${POLL_SECONDS:-5}"
    machine_power
  fi
  LOOK_AT=$((SECONDS + ${MACHINE_SECONDS:-15}))
  case "${POWER}" in
    off | gone) give_up "$(missing)" ;;
    unknown)
      [[ ${TOLD} == "${WHY}" ]] || say "cannot tell whether the ${MACHINE} is on: ${WHY}. Still waiting."
      TOLD=${WHY}
      ;;
  esac
}

# Prints the first step that the node has not taken.
missing() {
  if [[ -z ${INSTANCE} ]]; then
    case "${ACTIVATION}" in
      deleted) echo "the activation ${ACTIVATION_ID} no longer exists, and the machine has not registered with it" ;;
      used) echo "the activation ${ACTIVATION_ID} has been used, but by a machine that never appeared or has gone since" ;;
      expired) echo "the activation ${ACTIVATION_ID} expired before the machine used it" ;;
      *) echo "the machine has not registered with Systems Manager" ;;
    esac
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
  local step=$1
  local advice="Read the machine's /var/log/anywhere-bootstrap.log. If it is only late, run again; else ${REMEDY}."
  case "${ACTIVATION}" in
    valid) step="the machine has never used its activation ${ACTIVATION_ID}, which is still valid" ;;
    used) advice="It works only once: ${REMEDY}." ;;
    deleted | expired) advice="A new machine needs a new one: ${REMEDY}." ;;
  esac
  if [[ ${STATUS} == DRAINING ]]; then
    advice="If it was drained on purpose, set it to ACTIVE and run again; else ${REMEDY}."
  fi
  # A machine whose activation is unusable is off for that reason.
  case "${POWER} ${ACTIVATION}" in
    *" used" | *" deleted" | *" expired") ;;
    gone*) advice="The ${MACHINE} no longer exists: ${REMEDY}." ;;
    off*)
      advice="The ${MACHINE} is off. If it was switched off by hand, switch it on and run again. Otherwise it refused to \
become a node, or failed: ${REASON_AT}. Fix that and ${REMEDY}."
      ;;
  esac
  die "after ${SECONDS} s, ${step}. ${advice}"
}

main
