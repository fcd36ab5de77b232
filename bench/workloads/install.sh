#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what the corpus runs and is missing (Debian, root). The services that the packages bring along are not started.
set -eu
galgo_root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
. "$galgo_root/scripts/setup.sh"

missing=
while read -r package; do
  case $package in '' | '#'*) continue ;; esac
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done <"$galgo_root/bench/workloads/packages.txt"
[ -n "$missing" ] || { say "all packages of the corpus are installed"; exit 0; }
apt_allowed || { say "missing:$missing; install them as root with apt"; exit 1; }

policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
fi
say "installing for the corpus:$missing ..."
# shellcheck disable=SC2086 # a list of words
apt_install $missing
