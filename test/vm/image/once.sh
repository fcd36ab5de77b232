#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# once.sh CACHE OUT SCRIPT [ARGUMENT...]: makes OUT by `SCRIPT WORK OUT ARGUMENT...` unless it is there; one at a time.
# OUT appears complete or not at all; WORK, a new folder below CACHE, is removed.
set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=$1 out=$2 script=$3
shift 3
exec 9>"$cache/lock"
flock -n 9 || {
  echo "vm image: another one is being made; waiting ..." >&2
  flock 9
}
[ ! -e "$out" ] || exit 0
rm -rf "$cache"/work.* # of those that were killed
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT HUP TERM
sh "$here/$script" "$work" "$out" "$@" 9>&-
