#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `npm run coverage [-- FILTER...]`: the tests under c8; by default those of the pure stages, which are held to 100 %.
set -eu
galgo_root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$galgo_root"
. scripts/setup.sh
need_node
set_up
PATH=${galgo_node%/*}:$PATH
export GALGO_TEST_SOURCE=1
c8=node_modules/.bin/c8
if [ $# -gt 0 ]; then
  exec "$c8" --include 'src/**' --exclude '**/*.test.ts' --reporter text "$galgo_node" --import tsx scripts/test.ts "$@"
fi
exec "$c8" --include 'src/event/**' --include 'src/model/**' --exclude '**/*.test.ts' --exclude '**/*.d.ts' \
  --reporter text --check-coverage --lines 100 --branches 100 --functions 100 \
  "$galgo_node" --import tsx scripts/test.ts src/base src/event src/model
