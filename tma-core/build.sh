#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh PLACE FILE: builds the agent for a place: process, vm, or a board. Exit 3: the compiler for it is missing, its name is said.
set -eu
here=$(CDPATH='' cd -- "${0%/*}" && pwd)
place=${1:?a place: process, vm, or a board}
out=${2:?the file to be made}
agent=$here/agent
common="-std=gnu11 -Wall -Wextra -ffreestanding -fno-stack-protector -ffunction-sections -fdata-sections -nostdlib -Wl,--gc-sections -Wl,--build-id=none"

need() { # command, package
  command -v "$1" >/dev/null 2>&1 && return
  echo "tma-core/build.sh: $place needs $1 (apt: $2)" >&2
  exit 3
}

case $place in
  process) size=host compiler=${CC:-gcc} package=gcc window=8 ;;
  vm) size=host compiler=gcc package=gcc window=8 ;;
  mps2-an385 | mps2-an505 | netduinoplus2 | nrf52840) size=board compiler=arm-none-eabi-gcc package=gcc-arm-none-eabi window=1 ;;
  microbit) size=small compiler=arm-none-eabi-gcc package=gcc-arm-none-eabi window=1 ;;
  *)
    echo "tma-core/build.sh: no such place: $place (process, vm, mps2-an385, mps2-an505, netduinoplus2, nrf52840, microbit)" >&2
    exit 2
    ;;
esac
need "${compiler%% *}" "$package"
generated=$here/generated/$size
headers="-isystem $generated -I $agent -isystem $agent/include"
sources="$agent/agent.c $agent/rt.c"
# the generated file has functions that nobody calls, and says so by warnings
core="-w $generated/core.c"

# flags of the processor; where flash and memory lie, as the board's manual (or QEMU's machine) has it
board() { # cpu, flash at, bytes, memory at, bytes
  name=$(printf '%s' "$place" | tr 'a-z-' 'A-Z_')
  # shellcheck disable=SC2086 # lists of words
  $compiler -mcpu="$1" -mthumb -Os -nostdinc -isystem "$($compiler -print-file-name=include)" $common $headers -DBOARD_"$name" -DWINDOW=$window \
    -Wl,--defsym=FLASH_AT="$2" -Wl,--defsym=FLASH_BYTES="$3" -Wl,--defsym=RAM_AT="$4" -Wl,--defsym=RAM_BYTES="$5" -Wl,--no-warn-rwx-segments \
    -T "$agent/cortex-m/firmware.ld" -o "$out" "$agent/cortex-m/firmware.c" $sources $core -lgcc
}

# shellcheck disable=SC2086 # lists of words
case $place in
  process)
    $compiler -O2 -fno-pie -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables $common $headers -DWINDOW=$window -static -s \
      -Wl,-z,noexecstack -Wl,-z,norelro -Wl,-z,noseparate-code -o "$out" "$agent/process.c" $sources $core
    ;;
  vm)
    $compiler -m32 -march=i686 -mno-sse -mno-mmx -mno-80387 -O2 -fno-pic -fno-pie -no-pie -fno-asynchronous-unwind-tables -nostdinc \
      -isystem "$($compiler -print-file-name=include)" $common $headers -DWINDOW=$window -s -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments \
      -T "$agent/pvh/domain.ld" -o "$out" "$agent/pvh/boot.S" "$agent/pvh/domain.c" $sources $core
    ;;
  mps2-an385) board cortex-m3 0 0x400000 0x20000000 0x400000 ;;
  mps2-an505) board cortex-m33 0x10000000 0x400000 0x38000000 0x200000 ;;
  netduinoplus2) board cortex-m4 0x08000000 0x100000 0x20000000 0x20000 ;;
  nrf52840) board cortex-m4 0 0x100000 0x20000000 0x40000 ;;
  microbit) board cortex-m0 0 0x40000 0x20000000 0x4000 ;;
esac
