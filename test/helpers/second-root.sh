#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# second-root.sh KIND BASE SHARED COMMAND...: runs a command in this directory, under another root filesystem with the same content.
# KIND overlay: an overlay of / whose changes are in memory; ext4: a new image that holds the trees and files of $COPIED (one a line).
# SHARED stays that of the first root; with BACK=1 what the command left in this directory is copied back into it. To be run in a mount namespace of its own, so that every mount ends with it (see second-root.ts).
set -eu
kind=$1 base=$2 shared=$3
shift 3
root=$base/root

# overlay PLACE LAYERS: PLACE as it is, at the same place below the new root; changes go to the folder LAYERS
overlay() {
  mkdir -p "$2/upper" "$2/work"
  chmod --reference="$1" "$2/upper" # the directory itself is that of the upper layer
  mount -t overlay none -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$root$1"
}

case $kind in
overlay)
  mount -t tmpfs none "$base"
  mkdir "$root"
  if overlay / "$base/layers" 2>"$base/why"; then
    # what is a mount of its own below / is not seen through the overlay
    for place in /*; do
      case $place in /proc | /sys | /dev) continue ;; esac
      if [ -d "$place" ] && mountpoint -q "$place"; then mount --rbind "$place" "$root$place"; fi
    done
  else
    # in a user namespace / can not be the lower layer, because things are mounted below it: one overlay for each directory of it then
    [ "$(id -u)" != 0 ] || { cat "$base/why" >&2; exit 1; }
    for place in /*; do
      case $place in
      /proc | /sys | /dev) mkdir "$root$place" && continue ;;
      esac
      if [ -L "$place" ]; then cp -P "$place" "$root/"; fi
      if [ -L "$place" ] || [ ! -d "$place" ]; then continue; fi
      mkdir "$root$place"
      overlay "$place" "$base/layers-of$place" 2>/dev/null || mount --rbind "$place" "$root$place"
    done
  fi
  ;;
ext4)
  truncate -s 4G "$base/image"
  mkfs.ext4 -q -F -m 0 "$base/image"
  mkdir "$root"
  mount -o loop "$base/image" "$root"
  rmdir "$root/lost+found"
  mkdir "$root/proc" "$root/sys" "$root/dev"
  for place in /bin /sbin /lib /lib64; do
    if [ -L "$place" ]; then cp -P "$place" "$root/"; fi
  done
  # relative names: cp of coreutils 9.1 loses itself with absolute ones
  echo "$COPIED" | (cd / && while read -r place; do cp -a --parents ".$place" "$root/"; done)
  ;;
esac

for place in proc sys dev; do mount --rbind "/$place" "$root/$place"; done
mkdir -p "$root$shared"
mount --bind "$shared" "$root$shared"
[ "${BACK:-}" = 1 ] || exec chroot "$root" env -C "$PWD" "$@"
status=0
chroot "$root" env -C "$PWD" "$@" || status=$?
# by way of a copy: this directory is a layer of the one that is copied
cp -a "$root$PWD" "$base/back"
find . -mindepth 1 -delete
cp -a "$base/back/." .
exit "$status"
