#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# attested-run.sh: in an empty folder: keys, reference values, a model of a workload, the verifier's policy; then the workload, enforced, until
# somebody writes to the pipe `go`. Says "attested-run: ready" when evidence can be asked for.
set -eu
export PATH=/opt/galgo:$PATH
galgo ima reference -o reference.json
galgo key new -o host.pem --type p256
ak=$(galgo tpm show --json | sed -n 's/.*"attestationKey": "\([0-9a-f]*\)".*/\1/p')
pem=$(awk '{ printf "%s\\n", $0 }' host.pub.pem)
cat >policy.json <<POLICY
{"apiVersion": "galgo.dev/v1", "kind": "VerifierPolicy",
 "keys": [{"name": "host", "publicKey": "$pem"}],
 "workloads": [{"names": ["measured"], "reference": {"models": ["model.galgo.json"]},
   "platform": {"tpm": {"keys": [{"name": "guest", "ak": "$ak"}], "ima": {"required": true, "reference": "reference.json"}}}}]}
POLICY
mkfifo go
echo 'read -r word <go' >work.sh
(echo learned >go) &
galgo learn -o model.galgo.json --name measured -- sh ./work.sh
wait
galgo run --enforce -m model.galgo.json --name measured --attest-key host.pem --tpm /dev/tpmrm0 --ima -- sh ./work.sh &
until ls /var/lib/galgo/measured/*/attest.sock >/dev/null 2>&1; do sleep 0.2; done
echo attested-run: ready
wait
