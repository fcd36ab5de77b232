#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds dist/native/galgo-launch-<arch>, dist/native/galgo-launch-tsem-<arch> and the same in Node (*-node.mjs). Without a
# C compiler, or on another processor, it says so and exits 0: Galgo then starts workloads with the latter.
# CC=aarch64-linux-gnu-gcc ARCH=aarch64 builds for another machine.
set -eu
case $0 in
  */*) here=${0%/*} ;;
  *) here=. ;;
esac
root=$here/..
out=$root/dist/native
mkdir -p "$out"
temporary=$out/galgo-launch.$$
trap 'rm -f "$temporary"' EXIT

bundle() { # source, name
  "$root/node_modules/.bin/esbuild" "$root/src/sensor/$1" --bundle --platform=node --format=esm --target=node20 \
    --external:koffi --log-level=warning --outfile="$temporary"
  mv -f "$temporary" "$out/$2"
}
if [ -x "$root/node_modules/.bin/esbuild" ]; then
  bundle seccomp/launch-node.ts galgo-launch-node.mjs
  bundle tsem/launch-node.ts galgo-launch-tsem-node.mjs
fi

arch=${ARCH:-$(uname -m)}
case $arch in
  x86_64 | amd64) arch=x86_64 ;;
  aarch64 | arm64) arch=aarch64 ;;
  *)
    echo "native/build.sh: no native launcher for $arch; the Node launcher will be used" >&2
    exit 0
    ;;
esac

compiler=${CC:-}
if [ -z "$compiler" ]; then
  for candidate in cc gcc clang; do
    if command -v "$candidate" >/dev/null 2>&1; then
      compiler=$candidate
      break
    fi
  done
fi
if [ -z "$compiler" ]; then
  echo "native/build.sh: no C compiler (cc, gcc or clang); the Node launcher will be used" >&2
  exit 0
fi

for name in launch launch-tsem client warden oci-hook hold; do
  # CC may carry options ("clang --target=..."), hence unquoted
  # shellcheck disable=SC2086
  if $compiler -std=gnu11 -Os -Wall -Wextra -ffreestanding -fno-builtin -fno-stack-protector -fno-pie -fomit-frame-pointer \
    -fno-asynchronous-unwind-tables -fno-unwind-tables -ffunction-sections -static -nostdlib -s \
    -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,norelro -Wl,-z,noseparate-code \
    -o "$temporary" "$here/$name.c"; then
    mv -f "$temporary" "$out/galgo-$name-$arch"
  else
    echo "native/build.sh: $compiler can not build $name.c; what needs it is done in Node, or not at all" >&2
  fi
done
