// SPDX-License-Identifier: Apache-2.0
// What galgo push and galgo pull have in common: how a registry is reached, and as whom.
import { readFileSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import {
  type AccessOptions,
  credentialsFor,
  OciError,
  parseReference,
} from "../../orchestrator/oci/index.ts";

export interface RegistryOptions {
  readonly plainHttp?: boolean;
  /** File with authorities in PEM. */
  readonly ca?: string;
}

/** @throws OciError BAD_REFERENCE, BAD_CREDENTIALS, BAD_FILE */
export function accessTo(reference: string, { plainHttp, ca }: RegistryOptions): AccessOptions {
  if (plainHttp === true && ca !== undefined)
    throw new OciError("BAD_FILE", "--plain-http and --ca do not go together");
  const credentials = credentialsFor(parseReference(reference).registry, process.env);
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(plainHttp === true ? { plainHttp } : {}),
    ...(ca === undefined ? {} : { ca: readAuthorities(ca) }),
  };
}

function readAuthorities(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new OciError("BAD_FILE", `can not read the authorities ${quote(file)} (${code})`, {
      cause,
    });
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new OciError("BAD_FILE", `${quote(file)} holds no certificate in PEM`);
}
