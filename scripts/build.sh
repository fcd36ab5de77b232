#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds dist/: TypeScript, then the native launcher when there is a C compiler, then what only the file system knows
# (no leftovers of removed sources, an executable main). Run from anywhere; safe to run again.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."

node_modules/.bin/tsc -b tsconfig.node.json

# A source that was removed or renamed must not live on in a package.
find dist -name '*.js' ! -path 'dist/native/bin/*' ! -path 'dist/bundle/*' | while IFS= read -r built; do
  source=src/${built#dist/}
  source=${source%.js}.ts
  [ -e "$source" ] || rm -f "$built" "$built.map" "${built%.js}.d.ts" "${built%.js}.d.ts.map"
done

if [ -f native/build.sh ]; then
  sh native/build.sh
elif [ -f native/Makefile ]; then
  make -s -C native
fi

# The agent for places outside of Galgo's own memory: a module, and programs where there is a compiler for them. None of an earlier build stays.
mkdir -p dist/tma
cp tma-core/generated/tma.wasm dist/tma/tma.wasm
rm -f dist/tma/galgo-tma-*
agent() { # place, file; 3: its compiler is missing
  sh tma-core/build.sh "$1" "dist/tma/$2" 2>/dev/null || [ $? = 3 ]
}
case $(uname -m) in
  x86_64)
    agent process galgo-tma-x86_64
    agent vm galgo-tma-vm.elf
    ;;
  aarch64) agent process galgo-tma-aarch64 ;;
esac
for board in mps2-an385 mps2-an505 netduinoplus2 nrf52840 microbit; do
  agent "$board" "galgo-tma-$board.elf"
done

# The kernel programs of the bpf sensor, when clang and libbpf's headers are there.
sh bpf/build.sh

# A start that reads a few files instead of two hundred.
node --import tsx scripts/bundle.ts

# The page that replays a recorded file.
node --import tsx scripts/bundle-web.ts
