// SPDX-License-Identifier: Apache-2.0
// What the starter (./galgo) kept from Node and hands over in variables of its own, which nobody else gets to see.

/** Signals that were ignored when Galgo was started, as the kernel writes them: bit n-1 for signal n. */
export const IGNORED_SIGNALS: bigint = ignoredSignals(take("GALGO_STARTER_SIGIGN"));

const certificates = take("GALGO_STARTER_CA_CERTS");
if (certificates !== undefined) process.env["NODE_EXTRA_CA_CERTS"] = certificates;

function take(name: string): string | undefined {
  const value = process.env[name];
  delete process.env[name];
  return value;
}

function ignoredSignals(mask: string | undefined): bigint {
  return mask !== undefined && /^[0-9a-f]{1,16}$/.test(mask) ? BigInt(`0x${mask}`) : 0n;
}
