#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `npm test [-- FILTER...]`: also from a bare clone. Installs what is missing, builds, runs every test whose path holds a FILTER.
# `npm run test:vm [-- OPTION...]`: the same with the tests of test/vm/main.ts, in guests.
set -eu
galgo_root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$galgo_root"
. scripts/setup.sh

missing_packages() {
  while read -r thing package; do
    case $thing in
      '' | '#'*) ;;
      /*) [ -e "$thing" ] || printf ' %s' "$package" ;;
      *) command -v "$thing" >/dev/null || printf ' %s' "$package" ;;
    esac
  done <scripts/packages.txt
}

need_node
missing=$(missing_packages)
if [ -n "$missing" ] && apt_allowed; then
  say "installing for the tests:$missing ..."
  # shellcheck disable=SC2086 # a list of words
  apt_install $missing || say "apt-get could not install all of them"
  missing=$(missing_packages)
fi
[ -z "$missing" ] || say "missing for some of the tests:$missing (install them; the tests that need them are skipped)"

set_up
PATH=${galgo_node%/*}:$PATH
main=scripts/test.ts
if [ "${1:-}" = --vm ]; then
  shift
  main=test/vm/main.ts
fi
exec "$galgo_node" --import tsx "$main" "$@"
