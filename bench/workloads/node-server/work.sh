#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Continuous integration of the application: two rounds of tests.
cd project || exit 1
node --test test/notes.test.mjs test/uploads.test.mjs >first.txt || exit 1
grep "^# pass" first.txt
cat package.json
"$HEALTH"

# the place of injection
eval "$INJECT"

node --test test/
