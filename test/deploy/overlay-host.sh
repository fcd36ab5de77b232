# SPDX-License-Identifier: Apache-2.0
# A host of its own on this machine: runs SCRIPT with a view of the file system whose changes are gone afterwards, and with processes that end with it.
# Network and user are this machine's. PLACE is the same folder inside and outside. Usage: overlay-host.sh PLACE SCRIPT   (root)
set -eu
if [ "${3:-}" != inside ]; then
  exec unshare --mount --propagation private --pid --fork --kill-child -- sh "$0" "$1" "$2" inside
fi
place=$1
mkdir "$place/host"
mount -t tmpfs none "$place/host"
mkdir "$place/host/root" "$place/host/upper" "$place/host/work"
mount -t overlay none -o "lowerdir=/,upperdir=$place/host/upper,workdir=$place/host/work" "$place/host/root"
root=$place/host/root
mount -t proc none "$root/proc"
for name in sys dev; do mount --rbind "/$name" "$root/$name"; done
mount -t tmpfs none "$root/run"
mkdir -p "$root$place"
mount --bind "$place" "$root$place"
# not exec: the first process of a process namespace would have to reap
chroot "$root" sh "$2"
