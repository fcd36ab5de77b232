#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kernel.sh WORK OUT NAME: makes the folder OUT with a stock Debian kernel for the guests: vmlinuz, initrd (what it takes to
# mount the root filesystem), modules.img (ext4, all modules), config, release (its version). NAME: 6.1, 6.12 or newest.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/apt.sh"
work=$1 out=$2 name=$3
case $name in
  6.1) meta=linux-image-cloud-amd64 suite=bookworm-security ;;
  6.12) meta=linux-image-6.12-cloud-amd64 suite=bookworm-security ;;
  newest) meta=linux-image-cloud-amd64 suite=trixie-backports ;;
  *) say "no kernel is called $name: 6.1, 6.12 and newest are"; exit 2 ;;
esac
# For the root filesystem, in the order of need; what the kernel has built in is left out.
BOOT_MODULES='virtio_pci virtio_blk ext4'

say "fetching the kernel $name ..."
private_apt "$work/apt"
cd "$work/apt/archives"
# The metapackage names the image, linux-image-RELEASE (= ..); since 7.3 its parts are packages linux-PART-RELEASE that it names.
version=$(apt-cache madison "$meta" | awk -F ' *[|] *' -v suite=" $suite/" 'index($3, suite) { print $2; exit }')
image=$(apt-cache show "$meta=$version" | sed -n 's/^Depends:.*\(linux-image-[0-9][^ ,]*\).*/\1/p')
[ -n "$image" ] || { say "$meta $version of $suite names no image"; exit 1; }
release=${image#linux-image-}
parts=$(apt-cache show "$image" | sed -n 's/^Depends: //p' | tr ', ' '\n\n' | grep "^linux-[a-z]*-$release\$" || :)
# shellcheck disable=SC2086 # a list of words
apt-get -qq download "$image" busybox-static $parts

say "unpacking $release ..."
mkdir "$work/kernel" "$work/made"
for deb in linux-*.deb; do unpack "$deb" "$work/kernel"; done
modules=$work/kernel/usr/lib/modules
[ -d "$modules" ] || modules=$work/kernel/lib/modules
find "$modules" -name '*.ko.xz' -exec xz -d -T 0 {} +
find "$modules" -name '*.ko.zst' -exec zstd -q -d --rm {} +
mkdir -p "$work/tree/lib"
ln -s "$modules" "$work/tree/lib/modules"
depmod -b "$work/tree" "$release"

# initrd: the modules in the order of their needs, numbered; a static busybox; our init
initrd=$work/initrd
mkdir -p "$initrd/bin" "$initrd/modules" "$initrd/root" "$initrd/proc" "$initrd/dev"
for module in $BOOT_MODULES; do
  modprobe -d "$work/tree" -S "$release" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/needs"
number=100
while read -r file; do
  number=$((number + 1))
  cp "$file" "$initrd/modules/$number-${file##*/}"
done <"$work/needs"
mkdir "$work/busybox"
unpack "$(echo busybox-static*.deb)" "$work/busybox"
cp "$work/busybox/bin/busybox" "$initrd/bin/busybox"
install -m 755 "$here/init" "$initrd/init"
(cd "$initrd" && find . | cpio --quiet -o -H newc) | gzip -1 >"$work/made/initrd"

# in /boot, or since 7.3 beside the modules
for file in vmlinuz config; do
  for found in "$work/kernel/boot/$file-$release" "$modules/$release/$file"; do
    [ ! -f "$found" ] || mv "$found" "$work/made/$file"
  done
done
echo "$release" >"$work/made/release"
size=$(du -sm "$modules" | cut -f 1)
truncate -s "$((size + size / 4 + 16))M" "$work/made/modules.img"
mke2fs -q -t ext4 -O ^has_journal -L galgo-modules -d "$modules" "$work/made/modules.img"
mv "$work/made" "$out"
