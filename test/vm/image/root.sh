#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# root.sh WORK OUT NODE: makes OUT, the ext4 image all guests have as root filesystem (Debian bookworm, unpacked from its
# packages, no maintainer script is run), with this machine's Node in it. WORK is an empty folder. Needs root.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
. "$here/apt.sh"
work=$1 out=$2 node=$3
root=$work/root
VM_ROOT_SIZE=6G # sparse

say "fetching the packages of the root filesystem ..."
private_apt "$work/apt"
# shellcheck disable=SC2046 # a list of words
fetch_closure $(sed '/^#/d' "$here/root.packages")

say "making the root filesystem ..."
mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
for merged in bin sbin lib lib64; do ln -s usr/$merged "$root/$merged"; done
for deb in "$work"/apt/archives/*.deb; do unpack "$deb" "$root"; done
rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale" "$root/usr/share/info"

# what maintainer scripts would have done
ln -sf dash "$root/usr/bin/sh"
ln -sf mawk "$root/usr/bin/awk"
ln -sf gcc "$root/usr/bin/cc"
[ -e "$root/usr/bin/which" ] || ln -s which.debianutils "$root/usr/bin/which"
cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
sed -i 's/^root:[^:]*:/root::/' "$root/etc/passwd"
echo 'user:x:1000:1000::/home/user:/bin/bash' >>"$root/etc/passwd"
echo 'user:x:1000:' >>"$root/etc/group"
for folder in root home/user usr/lib/modules usr/local/bin usr/local/sbin usr/local/lib opt mnt dev proc sys run tmp var/tmp var/log; do
  mkdir -p "$root/$folder"
done
chmod 1777 "$root/tmp" "$root/var/tmp"
chown 1000:1000 "$root/home/user"
echo '127.0.0.1 localhost galgo-guest' >"$root/etc/hosts"
echo galgo-guest >"$root/etc/hostname"
: >"$root/etc/fstab"
: >"$root/etc/machine-id"

# Node, with the libraries that the guest does not have
install -m 755 "$node" "$root/usr/local/bin/node"
ldd "$node" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | while read -r library; do
  [ -e "$root/lib/x86_64-linux-gnu/${library##*/}" ] || install -D -m 755 "$library" "$root/usr/local/lib/${library##*/}"
done
chroot "$root" /sbin/ldconfig
NODE_EXTRA_CA_CERTS='' chroot "$root" /usr/local/bin/node -e 0 || { say "$node does not run with the libraries of Debian bookworm"; exit 1; }

install -m 755 "$here/start" "$root/usr/sbin/guest-start"
cc -static -O2 -Wall -Wextra -o "$root/usr/sbin/guestd" "$here/guestd.c"

truncate -s $VM_ROOT_SIZE "$work/root.img"
mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1 -L galgo-root -d "$root" "$work/root.img"
mv "$work/root.img" "$out"
