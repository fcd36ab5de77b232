#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Continuous integration of the application: two rounds of tests, the second one with compiled modules.
cd project || exit 1
/usr/bin/python3 -m pytest -q tests/test_server.py >first.txt || exit 1
grep passed first.txt
cat pytest.ini
"$HEALTH"

# the place of injection
eval "$INJECT"

/usr/bin/python3 -m pytest -q -s
