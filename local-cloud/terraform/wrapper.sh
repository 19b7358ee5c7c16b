#!/usr/bin/env bash
# usage: terraform [-chdir=DIR] COMMAND …, as always
# The local cloud's wrapper of terraform, and of tofu. A mirror may have another version of a provider than the one that
# a stack pins: an override beside the stack's cdk.tf.json then names the mirror's newest version, which
# survives a re-synthesis. The file of this script's name and `.settings` sets:
#   real      the program to run
#   platform  OS_ARCH
#   mirrored  ADDRESS=FOLDER for each mirror of each provider; FOLDER holds a folder per version
#   lockable  "no" when a provider doesn't come from the registry
#   relay     the mirror whose AWS provider is a relay, which doesn't speak TLS; empty without one
# It goes with the local cloud.
set -euo pipefail

real="" platform="" lockable="" relay=""
mirrored=()
if [[ ! -f "${BASH_SOURCE[0]}.settings" ]]; then
  echo "${0##*/}: the local cloud of this shell has ended: start it again, or open another shell" >&2
  exit 1
fi
# shellcheck source=/dev/null
source "${BASH_SOURCE[0]}.settings"

# The value of a member of one provider's requirement.
member() {
  local entry="$1" name="$2"
  local pattern="\"$name\":\"([^\"]*)\""
  [[ $entry =~ $pattern ]] && printf '%s' "${BASH_REMATCH[1]}"
}

address_of() {
  case "$1" in
    */*/*) printf '%s' "$1" ;;
    */*) printf 'registry.terraform.io/%s' "$1" ;;
    *) printf 'registry.terraform.io/hashicorp/%s' "$1" ;;
  esac
}

# The version to use instead of the pinned one; nothing when a mirror has that, or no mirror is used.
replacement() {
  local address="$1" pinned="$2" mirror folder
  local versions=()
  # Old versions of bash treat an empty array as unset.
  for mirror in ${mirrored[@]+"${mirrored[@]}"}; do
    [[ ${mirror%%=*} == "$address" ]] || continue
    for folder in "${mirror#*=}"/*/"$platform"; do
      [[ -d $folder ]] || continue
      folder=${folder%/*}
      versions+=("${folder##*/}")
    done
  done
  if [[ ${#versions[@]} -gt 0 ]] && ! printf '%s\n' "${versions[@]}" | grep -qxF -- "$pinned"; then
    printf '%s\n' "${versions[@]}" | sort -V | tail -n 1
  fi
}

# The provider requirements of a synthesised stack, one a line.
requirements() {
  tr -d '[:space:]' <"$1" |
    grep -oE '"required_providers":\{("[^"]+":\{[^{}]*\},?)*\}' |
    sed 's/^"required_providers"://' |
    grep -oE '"[^"]+":\{[^{}]*\}' || true
}

write_override() {
  local directory="$1" entry name source version content=""
  local override="$directory/anywhere_override.tf.json"
  [[ -f "$directory/cdk.tf.json" ]] || return 0
  while IFS= read -r entry; do
    [[ $entry =~ ^\"([^\"]+)\" ]] || continue
    name=${BASH_REMATCH[1]}
    source=$(member "$entry" source) || continue
    version=$(replacement "$(address_of "$source")" "$(member "$entry" version || true)")
    [[ -n $version ]] || continue
    content+="${content:+, }\"$name\": { \"source\": \"$source\", \"version\": \"$version\" }"
  done < <(requirements "$directory/cdk.tf.json")
  if [[ -z $content ]]; then
    rm -f -- "$override"
    return 0
  fi
  printf '{ "terraform": { "required_providers": { %s } } }\n' "$content" >"$override.$$"
  mv -f -- "$override.$$" "$override"
  # The local cloud removes it when it ends: elsewhere the pinned version is the right one.
  (cd -- "$directory" && printf '%s\n' "$PWD/${override##*/}") >>"${BASH_SOURCE[0]%/*}/overrides"
}

# Terraform would read all of the AWS provider's 700 MB for its checksum at each command. The lock of a provider that
# doesn't come from the registry is worthless.
forget_sums() {
  local lock="$1/.terraform.lock.hcl"
  if [[ $lockable == no ]] && grep -q '^  hashes = ' "$lock" 2>/dev/null; then
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
