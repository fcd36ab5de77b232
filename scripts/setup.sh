# SPDX-License-Identifier: Apache-2.0
# Shared by ./galgo, scripts/test.sh and scripts/coverage.sh; sourced, never run. Finds Node, and brings node_modules and dist
# up to date, once at a time. The caller sets `galgo_root` to the checkout. Words go to stderr; stdin and stdout are left alone.

NODE_MIN_MAJOR=20
NODE_MIN_MINOR=19
SETUP_STAMP=$galgo_root/dist/.stamp
SETUP_LOCK=$galgo_root/.galgo-setup.lock
SETUP_LOCK_TRIES=900 # seconds

say() {
  printf 'galgo: %s\n' "$*" >&2
}

# here: the checkout as an absolute path, for messages
here() {
  (CDPATH='' cd -- "$galgo_root" && pwd)
}

# --- Node -------------------------------------------------------------------------------------------------------------------

# node_is_good PATH: is it a Node that is new enough? Leaves its version in node_version.
node_is_good() {
  node_version=$("$1" -v 2>/dev/null) || return 1
  node_major=${node_version#v}
  node_minor=${node_major#*.}
  node_major=${node_major%%.*}
  node_minor=${node_minor%%.*}
  case $node_major$node_minor in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ "$node_major" -gt $NODE_MIN_MAJOR ] ||
    { [ "$node_major" -eq $NODE_MIN_MAJOR ] && [ "$node_minor" -ge $NODE_MIN_MINOR ]; }
}

# find_node: sets `galgo_node`, or returns 1 with what was found instead in node_found.
find_node() {
  node_found=
  galgo_node=$(command -v node) && node_is_good "$galgo_node" && return 0
  [ -z "$galgo_node" ] || node_found="$galgo_node is ${node_version:-broken}"
  for galgo_node in /usr/local/bin/node /usr/bin/node /usr/bin/nodejs /opt/node*/bin/node /opt/nodejs/bin/node \
    "${NVM_DIR:-${HOME:-/nonexistent}/.nvm}"/versions/node/*/bin/node "${HOME:-/nonexistent}"/.volta/bin/node; do
    [ -x "$galgo_node" ] && node_is_good "$galgo_node" && return 0
  done
  galgo_node=
  return 1
}

# need_node: find_node; root on a system with apt gets it installed; else says what to do and returns 1.
need_node() {
  find_node && return 0
  if apt_allowed && apt_has_good_node; then
    say "installing Node.js (apt-get install nodejs npm) ..."
    apt_install nodejs npm && find_node && return 0
  fi
  say "needs Node.js $NODE_MIN_MAJOR.$NODE_MIN_MINOR or newer in PATH; ${node_found:-none was found}. See https://nodejs.org/en/download"
  return 1
}

# --- Debian packages --------------------------------------------------------------------------------------------------------

apt_allowed() {
  [ -z "${GALGO_NO_APT:-}" ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]
}

apt_has_good_node() {
  apt_candidate=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: *//p')
  case $apt_candidate in
    '' | '(none)')
      apt-get update >/dev/null 2>&1 || :
      apt_candidate=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: *//p')
      ;;
  esac
  apt_candidate=${apt_candidate#*:}
  apt_major=${apt_candidate%%.*}
  apt_minor=${apt_candidate#*.}
  apt_minor=${apt_minor%%.*}
  case $apt_major$apt_minor in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ "$apt_major" -gt $NODE_MIN_MAJOR ] ||
    { [ "$apt_major" -eq $NODE_MIN_MAJOR ] && [ "$apt_minor" -ge $NODE_MIN_MINOR ]; }
}

# apt_install PACKAGE...: quiet unless it fails.
apt_install() {
  quietly sh -c '
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y --no-install-recommends "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }
  ' apt "$@"
}

# --- node_modules and dist --------------------------------------------------------------------------------------------------

# quietly COMMAND...: shows what it printed, on stderr, only when it fails.
quietly() {
  quiet_status=0
  quiet_output=$("$@" </dev/null 2>&1) || quiet_status=$?
  [ $quiet_status = 0 ] || printf '%s\n' "$quiet_output" >&2
  return $quiet_status
}

modules_are_stale() {
  galgo_modules=$galgo_root/node_modules
  if [ -f "$galgo_modules/.package-lock.json" ] && [ -x "$galgo_modules/.bin/tsc" ]; then
    [ "$galgo_root/package-lock.json" -nt "$galgo_modules/.package-lock.json" ] || return 1
    ! cmp -s "$galgo_root/package-lock.json" "$galgo_modules/.galgo-lock.json" || return 1
  fi
  return 0
}

# One find of a few milliseconds; folders count too, so that a removed or renamed source is noticed.
dist_is_stale() {
  [ -f "$SETUP_STAMP" ] && [ -d "$galgo_root/node_modules" ] || return 0
  [ -n "$(find "$galgo_root/src" "$galgo_root/native" "$galgo_root/bpf" "$galgo_root/package.json" "$galgo_root/package-lock.json" "$galgo_root"/tsconfig*.json \
    "$galgo_root/scripts/build.sh" -newer "$SETUP_STAMP" ! -name '*.test.ts' -print 2>/dev/null)" ]
}

# set_up: brings both up to date, under the lock. Needs `galgo_node`.
set_up() {
  dist_is_stale || return 0
  if ! [ -w "$galgo_root" ]; then
    if [ -f "$SETUP_STAMP" ] && [ -d "$galgo_root/node_modules" ]; then
      say "warning: $(here) is read-only and its sources are newer than what was built; running what was built"
      return 0
    fi
    say "$(here) is read-only and has not been built yet; run it once where it can be written"
    return 1
  fi
  lock_setup || return 1
  trap 'unlock_setup; exit 130' INT HUP TERM
  set_up_status=0
  # a subshell: the PATH in there is not that of the workload
  (PATH=${galgo_node%/*}:$PATH && install_modules && build_dist) || set_up_status=1
  trap - INT HUP TERM
  unlock_setup
  return $set_up_status
}

install_modules() {
  modules_are_stale || return 0
  if ! command -v npm >/dev/null; then
    say "needs npm to install its packages, and there is none beside $galgo_node; install it (Debian: apt install npm)"
    return 1
  fi
  say "installing packages (npm ci) ..."
  if ! (CDPATH='' cd -- "$galgo_root" && quietly npm ci --include=dev --no-audit --no-fund --loglevel=error); then
    say "npm ci failed in $(here) (see above)"
    return 1
  fi
  cp "$galgo_root/package-lock.json" "$galgo_root/node_modules/.galgo-lock.json"
}

build_dist() {
  dist_is_stale || return 0 # whoever held the lock before has done it
  say "building ..."
  # The stamp is as old as the begin of the build: a source that changes meanwhile is newer.
  mkdir -p "$galgo_root/dist" && : >"$SETUP_STAMP.new" || return 1
  if ! quietly sh "$galgo_root/scripts/build.sh"; then
    say "the build failed in $(here) (see above)"
    return 1
  fi
  mv -f "$SETUP_STAMP.new" "$SETUP_STAMP"
}

# --- lock: a folder, because mkdir is atomic everywhere ---------------------------------------------------------------------

lock_setup() {
  lock_tries=0
  until mkdir "$SETUP_LOCK" 2>/dev/null; do
    if ! [ -d "$SETUP_LOCK" ] && ! [ -w "$galgo_root" ]; then
      say "cannot write to $(here)"
      return 1
    fi
    take_over_lock && return 0
    lock_tries=$((lock_tries + 1))
    [ $lock_tries != 2 ] || say "another start is setting up $(here); waiting ..."
    if [ $lock_tries -ge $SETUP_LOCK_TRIES ]; then
      say "waited too long for another start; if there is none, remove $SETUP_LOCK"
      return 1
    fi
    sleep 1
  done
  echo $$ >"$SETUP_LOCK/pid"
}

unlock_setup() {
  rm -rf "$SETUP_LOCK"
}

# take_over_lock: true when the holder is dead and this process is the one that takes its place. Only the maker of the folder
# `heir-of-PID` may replace PID, and looks again before it does, so two waiters can not both succeed.
take_over_lock() {
  lock_holder=
  { read -r lock_holder <"$SETUP_LOCK/pid"; } 2>/dev/null || :
  if [ -z "$lock_holder" ]; then
    # made, but not signed: died between two commands, or is about to sign
    [ $lock_tries -ge 10 ] || return 1
    lock_holder=nobody
  elif [ -d "/proc/$lock_holder" ]; then
    return 1
  fi
  mkdir "$SETUP_LOCK/heir-of-$lock_holder" 2>/dev/null || return 1
  lock_now=
  { read -r lock_now <"$SETUP_LOCK/pid"; } 2>/dev/null || :
  if [ "${lock_now:-nobody}" != "$lock_holder" ]; then
    rmdir "$SETUP_LOCK/heir-of-$lock_holder" 2>/dev/null || :
    return 1
  fi
  echo $$ >"$SETUP_LOCK/pid.new" && mv -f "$SETUP_LOCK/pid.new" "$SETUP_LOCK/pid"
}
