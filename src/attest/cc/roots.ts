// SPDX-License-Identifier: Apache-2.0
// Vendors' roots and Intel's quoting enclaves, as data. Fingerprints are SHA-256 over the certificates (DER). A verifier's policy may
// give others; the reports' chains bring the certificates themselves.
import type { PinnedRoot } from "./chain.ts";
import type { TrustedQe } from "./intel-verify.ts";

/** AMD's roots. Source: https://kdsintf.amd.com/vcek/v1/{Milan,Genoa,Turin}/cert_chain, the last certificate of each. */
export const AMD_ROOTS: readonly PinnedRoot[] = [
  {
    name: "ARK-Milan",
    sha256: "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd",
  },
  {
    name: "ARK-Genoa",
    sha256: "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1",
  },
  {
    name: "ARK-Turin",
    sha256: "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a",
  },
];

/** Intel's root. Source: https://certificates.trustedservices.intel.com/Intel_SGX_Provisioning_Certification_RootCA.pem */
export const INTEL_ROOTS: readonly PinnedRoot[] = [
  {
    name: "Intel SGX Root CA",
    sha256: "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
  },
];

/**
 * Intel's quoting enclaves, with the versions that Intel called up to date in its identities of 2024-03-13. Source:
 * https://api.trustedservices.intel.com/{sgx,tdx}/certification/v4/qe/identity
 */
export const INTEL_QUOTING_ENCLAVES: Readonly<Record<"sgx" | "tdx", TrustedQe>> = {
  sgx: {
    signer: "8c4f5775d796503e96137f77c68a829a0056ac8ded70140b081b094490c57bff",
    productId: 1,
    leastVersion: 8,
  },
  tdx: {
    signer: "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5",
    productId: 2,
    leastVersion: 4,
  },
};
