// SPDX-License-Identifier: Apache-2.0
// The policy of the scene in attested.ts as the file that people write.
import { HOST, IMAGE, RELEASE } from "./attested.ts";

/** Text of the policy. @param akName hex; of the TPM that is known */
export function policyText(akName: string, rule: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    apiVersion: "galgo.dev/v1",
    kind: "VerifierPolicy",
    keys: [{ name: "host", publicKey: HOST.publicPem }],
    trust: {
      apiVersion: "galgo.dev/v1",
      kind: "TrustPolicy",
      keys: [{ name: "release", publicKey: RELEASE.publicPem }],
      rules: [{ models: ["shop-*"], keys: ["release"], subject: "required" }],
    },
    workloads: [
      {
        names: ["shop-*"],
        images: [IMAGE],
        reference: { signed: true, demanded: true },
        freshness: { seconds: 60 },
        platform: { tpm: { keys: [{ name: "machine", ak: akName }] } },
        ...rule,
      },
    ],
  });
}
