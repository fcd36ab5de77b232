#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# Compiles the kernel programs into dist/bpf/galgo.bpf.o, when the tools are there. They are needed at build time only:
# clang, llvm (llvm-strip, llvm-objcopy) and the headers of libbpf. Run from anywhere.
set -eu
cd -- "$(dirname -- "$0")"

newest() {
  for tool in "$1" "$1-21" "$1-20" "$1-19" "$1-18" "$1-17" "$1-16" "$1-15" "$1-14"; do
    if command -v "$tool" >/dev/null; then
      echo "$tool"
      return
    fi
  done
}

clang=$(newest clang)
strip=$(newest llvm-strip)
objcopy=$(newest llvm-objcopy)
missing=
[ -n "$clang" ] || missing="$missing clang"
[ -n "$strip" ] && [ -n "$objcopy" ] || missing="$missing llvm"
[ -e /usr/include/bpf/bpf_helpers.h ] || missing="$missing libbpf-dev"
if [ -n "$missing" ]; then
  echo "galgo: the kernel programs of the bpf sensor are not built: missing$missing" >&2
  exit 0
fi

out=../dist/bpf
mkdir -p "$out"
object=$out/galgo.bpf.o
if [ -e "$object" ] && [ -z "$(find . -newer "$object")" ]; then exit 0; fi
# every argument of a hook is one 64-bit word on all machines Galgo runs on, so the target of the registers does not matter
"$clang" -g -gno-column-info -O2 -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -Wno-missing-declarations -Werror -D__TARGET_ARCH_x86 -c galgo.bpf.c -o "$object.tmp"
"$strip" -g "$object.tmp"
# relocations of line numbers and labels, which only a linker would want
"$objcopy" --wildcard --strip-symbol 'LBB*' --remove-section .rel.BTF.ext "$object.tmp"
mv "$object.tmp" "$object"
