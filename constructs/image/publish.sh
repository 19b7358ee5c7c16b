#!/usr/bin/env bash
# Makes sure that the registry has an image under its tag: builds and pushes it, unless it is there already. The tag
# names the content and is immutable, so that after a failure it is enough to run it again.
#
# Usage: REPOSITORY=… TAG=… PLATFORM=… CONTEXT=… AWS_REGION=… ACCOUNT=… AWS_LIBRARY=… publish.sh
#   REPOSITORY, TAG      what the image is called: HOST/NAME of a repository at ECR, and the tag
#   PLATFORM             what it is built for: linux/amd64 or linux/arm64
#   CONTEXT              the folder that it is built from
#   AWS_REGION, ACCOUNT  where the repository is; credentials of another account are refused
#   AWS_LIBRARY          path of aws.sh
# Seconds; the last may be a fraction:
#   BUILD_SECONDS   1800  longest build
#   PUSH_SECONDS    1800  longest push
#   DOCKER_SECONDS  60    longest wait for any other answer of Docker
#   RETRY_SECONDS   2     before a failed call to AWS is repeated; doubles each time
set -euo pipefail

TASK="image ${TAG:-?}"
# shellcheck source=constructs/script/aws/aws.sh
. "${AWS_LIBRARY:?is the path of aws.sh}"

main() {
  trap 'interrupt 130' INT
  trap 'interrupt 143' TERM
  prepare REPOSITORY TAG PLATFORM CONTEXT AWS_REGION ACCOUNT
  readonly IMAGE=${REPOSITORY}:${TAG} LOG=${SCRATCH}/log PIPE=${SCRATCH}/pipe
  if is_published; then
    say "${IMAGE} is already in the registry: nothing to build"
    return 0
  fi
  mkfifo "${PIPE}"
  take_turn
  if is_published; then
    say "${IMAGE} has been pushed meanwhile: nothing to build"
  else
    require_docker
    build
    log_in
    push
  fi
}

# Waits while another run on this machine builds the same image: services that share one are deployed in parallel.
take_turn() {
  local reason holder said_so="" begun=${SECONDS}
  readonly TURN=${TMPDIR:-/tmp}/anywhere-${UID}-${IMAGE//[^A-Za-z0-9.-]/_}
  # A link names its owner from the start. A file would remain empty on a full disk.
  until reason=$(LC_ALL=C ln -sn "$$" "${TURN}" 2>&1); do
    if holder=$(readlink "${TURN}"); then
      if ! kill -0 "${holder}" 2>/dev/null; then
        rm -f "${TURN}"
      elif [[ -z ${said_so} ]]; then
        say "process ${holder} is building ${IMAGE}: waiting for it"
        said_so=yes
      fi
    elif [[ ${reason} != *"File exists"* || -e ${TURN} ]]; then # otherwise its owner has just removed it
      die "can't create the lock for building ${IMAGE}: ${reason}. Set TMPDIR to another folder" \
        "that can be written, and run again. Nothing was built."
    fi
    ((SECONDS - begun < ${BUILD_SECONDS:-1800} + ${PUSH_SECONDS:-1800})) ||
      die "process ${holder:-?} has been building ${IMAGE} for too long (${TURN}). End it, and run again."
    sleep 0.2
  done
  # Deleted with the last process that holds descriptor 8, however this one ends, as SCRATCH is with 9.
  exec 8> >(
    trap '' HUP INT TERM
    cat >/dev/null
    rm -f "${TURN}"
  )
}

# Whether the registry has the image.
is_published() {
  if aws_call ecr describe-images --registry-id "${ACCOUNT}" --repository-name "${REPOSITORY#*/}" \
    --image-ids "imageTag=${TAG}" --query 'imageDetails[].imageDigest'; then
    return 0
  fi
  [[ ${GONE} == gone ]] || die "the repository ${REPOSITORY} does not exist. Deploy the control plane, then run again."
  return 1
}

require_docker() {
  command -v docker >/dev/null || die "Docker (\`docker\`) is not on PATH, and the image has to be built. Install it" \
    "(https://docs.docker.com/engine/install/) and run again; or push the image from another computer and use its URI" \
    "instead of building it. Nothing was built."
  quiet docker version --format '{{.Server.Version}}' </dev/null ||
    die "the Docker daemon does not answer. Start it, or allow this user to connect to it, and run again. Nothing" \
      "was built. Docker said: $(said)"
}

build() {
  say "building ${IMAGE} for ${PLATFORM}"
  show "${BUILD_SECONDS:-1800}" docker build --platform "${PLATFORM}" --tag "${IMAGE}" "${CONTEXT}" ||
    fail "docker build" "$?" "Fix the problem in its output above and run again. Nothing was pushed."
}

# Logs in for this run alone: neither the user's own logins nor a keychain are read or changed.
log_in() {
  local host=${REPOSITORY%%/*} users=${DOCKER_CONFIG:-~/.docker}
  [[ ${users} == /* ]] || users=${PWD}/${users}
  mkdir "${SCRATCH}/docker"
  if [[ -z ${DOCKER_HOST:-} ]]; then
    # The user's daemon takes more than its address, such as certificates: the whole context is passed on.
    quiet docker context inspect --format '{{.Name}}' </dev/null ||
      die "\`docker context inspect\` failed. Fix the Docker context, or set DOCKER_HOST, and run again. Nothing was" \
        "pushed. Docker said: $(said)"
    DOCKER_CONTEXT=$(<"${LOG}")
    export DOCKER_CONTEXT
    [[ ! -d ${users}/contexts ]] || ln -s "${users}/contexts" "${SCRATCH}/docker/contexts"
  elif [[ -n ${DOCKER_TLS_VERIFY:-} ]]; then
    # Docker looks for them in its configuration.
    export DOCKER_CERT_PATH=${DOCKER_CERT_PATH:-${users}}
  fi
  export DOCKER_CONFIG=${SCRATCH}/docker
  # With its own entry Docker looks for no keychain.
  printf '{"auths":{"%s":{}}}\n' "${host}" >"${DOCKER_CONFIG}/config.json"
  aws_call ecr get-login-password || die "ecr get-login-password: ${GONE}."
  quiet docker login --username AWS --password-stdin "${host}" < <(printf '%s' "${ANSWER}") ||
    die "the registry ${host} refused the login. Check that this machine reaches it and that its clock is right, and" \
      "run again. Nothing was pushed. Docker said: $(said)"
  ANSWER=""
}

# A push that failed may have been overtaken by another run's.
push() {
  local status=0
  say "pushing ${IMAGE}"
  show "${PUSH_SECONDS:-1800}" docker push "${IMAGE}" || status=$?
  if is_published; then
    ((status == 0)) || say "another run has pushed ${IMAGE} meanwhile"
    say "${IMAGE} is in the registry"
    record_commit "${ANSWER}"
  else
    fail "docker push" "${status}" "The registry has no ${IMAGE}: nothing is half-pushed, since a tag appears with" \
      "the whole image. Fix the problem in the output above and run again."
  fi
}

# record_commit DIGEST: records in a second tag which commit the image was built from, for those who look for one to go
# back to: the one that is checked out here, if it has every file as it was built. Otherwise there is no such tag.
record_commit() {
  local commit built known manifest where
  commit=$(git -C "${CONTEXT}" rev-parse --verify HEAD 2>/dev/null) || return 0
  # The synthesis may have added a .dockerignore.
  built=$(cd "${CONTEXT}" && find . -type f ! -path ./.dockerignore -exec git hash-object --no-filters -- {} + \
    2>/dev/null) || return 0
  known=$(git -C "${CONTEXT}" ls-tree -r --full-tree HEAD) || return 0
  [[ -z $(LC_ALL=C comm -23 <(LC_ALL=C sort -u <<<"${built}") <(awk '{ print $3 }' <<<"${known}" | LC_ALL=C sort -u)) ]] ||
    return 0
  commit=${commit:0:12}
  where=(--registry-id "${ACCOUNT}" --repository-name "${REPOSITORY#*/}" --region "${AWS_REGION}" --output text)
  if manifest=$(aws ecr batch-get-image "${where[@]}" --image-ids "imageTag=${TAG}" \
    --query 'images[0].imageManifest' </dev/null 2>/dev/null) &&
    aws ecr put-image "${where[@]}" --image-tag "commit-${commit}" --image-manifest "${manifest}" \
      --image-digest "$1" </dev/null >/dev/null 2>&1; then
    say "it was built from commit ${commit}"
  else
    say "could not record that it was built from commit ${commit}"
  fi
}

# fail COMMAND STATUS REMEDY…: ends the script for a command whose output was shown.
fail() {
  local command=$1 status=$2
  shift 2
  if grep -qi "no space left on device" "${LOG}"; then
    die "${command} failed: the disk that Docker uses is full. Free some space, for example with \`docker system prune\`, and" \
      "run again. The registry is unchanged."
  elif ((status == TIMED_OUT)); then
    die "${command} was stopped, since it took too long. BUILD_SECONDS and PUSH_SECONDS set how long each may take. $*"
  fi
  die "${command} ended with exit status ${status}. $*"
}

# Docker's output, on one line.
said() { tr '\n' ' ' <"${LOG}"; }

# show SECONDS COMMAND…: runs it as within does, and shows its output, of which a copy is in LOG.
show() {
  local status=0 tee
  tee "${LOG}" <"${PIPE}" &
  tee=$!
  within "$@" </dev/null >"${PIPE}" 2>&1 || status=$?
  has_ended "${tee}" 5 || kill "${tee}"
  return "${status}"
}

# quiet COMMAND…: runs it within DOCKER_SECONDS, its output in LOG.
quiet() { within "${DOCKER_SECONDS:-60}" "$@" >"${LOG}" 2>&1; }

# within SECONDS COMMAND…: runs it; when its time is over, ends it and returns TIMED_OUT. macOS has no timeout(1).
readonly TIMED_OUT=124
CHILD=""
within() {
  local seconds=$1 status=0
  shift
  "$@" <&0 &
  CHILD=$!
  if has_ended "${CHILD}" "${seconds}"; then
    wait "${CHILD}" || status=$?
  else
    end_child
    status=${TIMED_OUT}
  fi
  CHILD=""
  return "${status}"
}

# has_ended PID SECONDS: waits for a process; returns 1 when it has not ended in this time.
has_ended() {
  local deadline=$((SECONDS + $2))
  while kill -0 "$1" 2>/dev/null; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

end_child() {
  kill "${CHILD}" 2>/dev/null || true
  has_ended "${CHILD}" 10 || kill -KILL "${CHILD}"
}

# interrupt STATUS: ends the running command with the script.
interrupt() {
  trap '' INT TERM
  [[ -z ${CHILD} ]] || end_child
  say "INTERRUPTED: the registry has an image whole or not at all. Run again." >&2
  exit "$1"
}

main
