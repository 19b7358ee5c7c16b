#!/usr/bin/env bash
# Removes the log group of a cluster's Container Insights that late data has created again: the last step of a destroy.
# Succeeds if there is none.
#
# Usage: LOG_GROUP=… AWS_REGION=… ACCOUNT=… AWS_LIBRARY=… remove-late-insights.sh
#   LOG_GROUP            the group, which nothing else uses
#   AWS_REGION, ACCOUNT  where it is; credentials of another account are refused
#   AWS_LIBRARY          path of aws.sh
# Seconds; the last two may be fractions:
#   LATE_INSIGHTS_SECONDS  30  how long data may be late; data that is later still is left to the next deploy
#   POLL_SECONDS           5   between two looks; up to three times as long
#   RETRY_SECONDS          2   before a failed call is repeated; doubles each time
set -euo pipefail

TASK="late logs of ${LOG_GROUP:-?}"
# shellcheck source=constructs/script/aws/aws.sh
. "${AWS_LIBRARY:?is the path of aws.sh}"

main() {
  prepare LOG_GROUP AWS_REGION ACCOUNT
  say "waiting ${LATE_INSIGHTS_SECONDS:-30} s for late data, which would create the group again"
  while :; do
    if exists; then
      remove
    elif ((SECONDS >= ${LATE_INSIGHTS_SECONDS:-30})); then
      break
    fi
    pause "${POLL_SECONDS:-5}"
  done
}

# Whether there is a log group of exactly this name; the prefix finds those with longer ones, too.
exists() {
  aws_call logs describe-log-groups --log-group-name-prefix "${LOG_GROUP}" --query 'logGroups[].logGroupName' || return 1
  tr '\t' '\n' <<<"${ANSWER}" | grep -xF -- "${LOG_GROUP}" >/dev/null
}

remove() {
  if aws_call logs delete-log-group --log-group-name "${LOG_GROUP}"; then
    say "removed the group, which late data had created again"
  fi
}

main
