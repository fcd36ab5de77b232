#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a builder does with a source package: configure, build, check, install into a folder, pack.
set -eu
cd project
bash ./configure
make -s -j2
"$HEALTH"
make -s check
grep "^sum" check.log
cat config.h

# the place of injection
eval "$INJECT"
make -s extra

strip -o program.stripped program
mkdir -p install/bin
install -m 755 program.stripped install/bin/program
tar -czf "program-$(date +%Y%m%d).tar.gz" install
cat check.log
