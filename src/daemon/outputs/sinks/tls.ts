// SPDX-License-Identifier: Apache-2.0
// Certificates of an output that speaks TLS, read once when it is configured.
import { readFileSync } from "node:fs";
import { quote } from "../../../base/quote.ts";
import { SinkError } from "../errors.ts";

/** Paths, as configured. */
export interface TlsPaths {
  /** Authorities instead of those of the system. */
  readonly ca?: string | undefined;
  /** Our own certificate and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Contents, as Node's TLS takes them. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** @throws SinkError BAD_SETTING */
export function readTlsFiles({ ca, cert, key }: TlsPaths): TlsFiles {
  if ((cert === undefined) !== (key === undefined))
    throw new SinkError("BAD_SETTING", "cert and key belong together: give both or neither");
  return {
    ...(ca === undefined ? {} : { ca: readSetting(ca) }),
    ...(cert === undefined ? {} : { cert: readSetting(cert) }),
    ...(key === undefined ? {} : { key: readSetting(key) }),
  };
}

/** A file that the configuration names. @throws SinkError BAD_SETTING */
export function readSetting(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new SinkError("BAD_SETTING", `can not read ${quote(path)} (${code})`, { cause });
  }
}

/** A secret: the first line of a file. @throws SinkError BAD_SETTING */
export function readSecret(path: string): string {
  const secret = readSetting(path).toString("utf8").split("\n", 1)[0]?.trim() ?? "";
  if (secret === "")
    throw new SinkError("BAD_SETTING", `${quote(path)} holds no secret in its first line`);
  return secret;
}
