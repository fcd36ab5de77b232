// SPDX-License-Identifier: Apache-2.0
// Whom a TLS certificate has to name, for clients that do not tell Node whom they speak with: over a socket that was opened before, Node looks for
// "localhost".
import { checkServerIdentity, type PeerCertificate } from "node:tls";

/** As Node's `checkServerIdentity`: undefined when the certificate is good. */
export type IdentityCheck = (host: string, certificate: PeerCertificate) => Error | undefined;

/** A certificate is good when it names the host of one of these URLs. @param urls tls://HOST:PORT, all of one service */
export function namesOneOf(urls: readonly string[]): IdentityCheck {
  const hosts = [...new Set(urls.map(hostOf))];
  return (_host, certificate) => {
    const refusals = hosts.map((host) => checkServerIdentity(host, certificate));
    return refusals.some((refusal) => refusal === undefined)
      ? undefined
      : (refusals[0] ?? new Error("nobody has said whose certificate this has to be"));
  };
}

function hostOf(url: string): string {
  const { hostname } = new URL(url.replace(/^[a-z]+:/, "https:"));
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
