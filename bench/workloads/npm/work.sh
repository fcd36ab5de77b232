#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installation of a locked project from a local cache, and a look at what came of it.
cd project || exit 1
npm ci --offline --no-audit --no-fund --no-progress --foreground-scripts --loglevel=error || exit 1
"$HEALTH"
npm ls --all --parseable >installed.txt || exit 1
grep -c node_modules installed.txt
cat package.json

# the place of injection
eval "$INJECT"

# once more, from the start, as a second stage of a build does it
npm ci --offline --no-audit --no-fund --no-progress --foreground-scripts --loglevel=error || exit 1
npm test --silent
