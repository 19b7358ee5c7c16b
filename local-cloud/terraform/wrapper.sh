#!/usr/bin/env bash
# usage: terraform [-chdir=DIR] COMMAND …, as always
# The local cloud's wrapper of terraform, and of tofu. A mirror may have another version of a provider than the one that
# a stack pins: an override beside the stack's cdk.tf.json then names the mirror's newest version, which
# survives a re-synthesis. The file of this script's name and `.settings` sets:
#   real      the program to run
#   platform  OS_ARCH
#   mirrored  "ADDRESS VERSION …" for each provider from a mirror, its newest version last
#   lockable  "no" when a provider doesn't come from the registry
#   relay     the mirror whose AWS provider is a relay, which doesn't speak TLS; empty without one
# It goes with the local cloud. It starts no program that it can do without: commands run Terraform again and again.
set -euo pipefail

real="" platform="" lockable="" relay=""
mirrored=()
if [[ ! -f "${BASH_SOURCE[0]}.settings" ]]; then
  echo "${0##*/}: the local cloud of this shell has ended: start it again, or open another shell" >&2
  exit 1
fi
# shellcheck source=/dev/null
source "${BASH_SOURCE[0]}.settings"

# Sets `content` to that of a file; to nothing when there is none.
read_file() {
  content=""
  [[ ! -f $1 ]] || IFS= read -r -d '' content <"$1" || true
}

# Sets `version` to that of a provider to use instead of the pinned one; to nothing when a mirror has that, or no mirror
# is used.
find_version() {
  local source="$1" pinned="$2" provider
  case "$source" in
    */*/*) ;;
    */*) source="registry.terraform.io/$source" ;;
    *) source="registry.terraform.io/hashicorp/$source" ;;
  esac
  version=""
  # Old versions of bash treat an empty array as unset.
  for provider in ${mirrored[@]+"${mirrored[@]}"}; do
    if [[ $provider == "$source "* && "$provider " != *" $pinned "* ]]; then
      version=${provider##* }
    fi
  done
}

# Sets `required` to the provider requirements of a synthesised stack that need another version, as JSON.
find_required() {
  local content blank='[[:space:]]*' text='"([^"]*)"' name source pinned version requirements
  read_file "$1/cdk.tf.json"
  required=""
  local all="\"required_providers\"$blank:$blank\{($blank$text$blank:$blank\{[^{}]*\}$blank,?)*"
  [[ $content =~ $all ]] || return 0
  requirements=${BASH_REMATCH[0]#*\{}
  local one="$text$blank:$blank\{([^{}]*)\}"
  while [[ $requirements =~ $one ]]; do
    requirements=${requirements#*"${BASH_REMATCH[0]}"}
    name=${BASH_REMATCH[1]}
    local members=${BASH_REMATCH[2]} of="$blank:$blank$text"
    [[ $members =~ \"source\"$of ]] || continue
    source=${BASH_REMATCH[1]} pinned=""
    [[ ! $members =~ \"version\"$of ]] || pinned=${BASH_REMATCH[1]}
    find_version "$source" "$pinned"
    if [[ -n $version ]]; then
      required+="${required:+, }\"$name\": { \"source\": \"$source\", \"version\": \"$version\" }"
    fi
  done
}

write_override() {
  local directory="$1" override="$1/anywhere_override.tf.json" required content
  local list="${BASH_SOURCE[0]%/*}/overrides" json
  [[ -f "$directory/cdk.tf.json" ]] || return 0
  find_required "$directory"
  if [[ -z $required ]]; then
    [[ ! -f $override ]] || rm -f -- "$override"
    return 0
  fi
  json="{ \"terraform\": { \"required_providers\": { $required } } }"$'\n'
  read_file "$override"
  if [[ $content != "$json" ]]; then
    printf '%s' "$json" >"$override.$$"
    mv -f -- "$override.$$" "$override"
  fi
  # The local cloud removes it when it ends: elsewhere the pinned version is the right one.
  [[ $override == /* ]] || override="$PWD/$override"
  read_file "$list"
  if [[ $'\n'$content != *$'\n'"$override"$'\n'* ]]; then
    printf '%s\n' "$override" >>"$list"
  fi
}

# Terraform would read all of the AWS provider's 700 MB for its checksum at each command. The lock of a provider that
# doesn't come from the registry is worthless.
forget_sums() {
  local lock="$1/.terraform.lock.hcl" content
  [[ $lockable == no ]] || return 0
  read_file "$lock"
  if [[ $content == *$'\n  hashes = '* ]]; then
    sed '/^  hashes = \[/,/^  \]/d' "$lock" >"$lock.$$"
    mv -f -- "$lock.$$" "$lock"
  fi
}

# Terraform installs a link to the relay's folder. Through it, a later `init` from an archive, such as one of the registry,
# would replace the relay in every stack by the provider. So a stack gets a copy.
copy_relay() {
  local providers="${TF_DATA_DIR:-.terraform}/providers" link
  [[ $providers == /* ]] || providers="$1/$providers"
  for link in "$providers"/*/*/*/*/"$platform"; do
    if [[ -L $link && $link -ef $relay/${link#"$providers"/} ]]; then
      cp -R -- "$link/" "$link.$$"
      rm -- "$link"
      mv -- "$link.$$" "$link"
    fi
  done
}

main() {
  local directory="." words="" argument
  for argument in "$@"; do
    case "$argument" in
      -chdir=*) directory=${argument#-chdir=} ;;
      -*) ;;
      *) words+=" $argument" ;;
    esac
  done
  if [[ $words == " providers lock"* && $lockable == no ]]; then
    echo "terraform providers lock: skipped, since a provider of the local cloud doesn't come from the registry" >&2
    return 0
  fi
  write_override "$directory"
  forget_sums "$directory"
  # The AWS provider's schema leaves so much behind that a fifth of the time goes into collecting it; 100 MB save that.
  export GOGC="${GOGC:-400}"
  if [[ -n $relay ]]; then
    export TF_DISABLE_PLUGIN_TLS=1
    # The cache would get such a link, too.
    unset TF_PLUGIN_CACHE_DIR
  fi
  if [[ $words == " init"* && $lockable == no ]]; then
    local status=0
    "$real" "$@" || status=$?
    forget_sums "$directory"
    copy_relay "$directory"
    return "$status"
  fi
  exec "$real" "$@"
}

main "$@"
