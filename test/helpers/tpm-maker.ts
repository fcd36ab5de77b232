// SPDX-License-Identifier: Apache-2.0
// A maker of TPMs, played with openssl: a root, an authority below it, certificates of endorsement keys.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwkOf, parsePublic } from "../../src/attest/tpm/index.ts";

/** What a certificate of an endorsement key says, by the TCG's profile. */
const ENDORSEMENT = `basicConstraints = critical, CA:FALSE
keyUsage = critical, keyAgreement
extendedKeyUsage = 2.23.133.8.1
subjectAltName = critical, dirName:about
[about]
0.2.23.133.2.1 = id:474C474F
0.2.23.133.2.2 = Look-alike
0.2.23.133.2.3 = id:00020001
`;

export interface CertificateWish {
  /** Lines of openssl instead of those of an endorsement key. */
  readonly extensions?: string;
  /** As `openssl x509 -days` takes it; negative: it has ended. */
  readonly days?: number;
  readonly digest?: "sha1" | "sha256" | "sha384" | "sha512";
}

export class TpmMaker {
  readonly #folder = mkdtempSync(join(tmpdir(), "galgo-maker-"));

  /** @param kind of the maker's keys */
  constructor(kind: "rsa" | "ec") {
    for (const name of ["root", "below"])
      this.#openssl(
        "genpkey",
        ...(kind === "rsa"
          ? ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
          : ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ...["-out", `${name}.key`],
      );
    const authority = "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n";
    this.#write("ca.ext", authority);
    const own = ["-subj", "/CN=Look-alike TPM Root", "-out", "root.pem"];
    this.#openssl(
      "req",
      "-new",
      "-key",
      "root.key",
      "-subj",
      "/CN=Look-alike TPM Root",
      "-out",
      "root.csr",
    );
    this.#openssl(
      "x509",
      "-req",
      "-in",
      "root.csr",
      "-key",
      "root.key",
      "-extfile",
      "ca.ext",
      ...own.slice(2),
    );
    this.#openssl(
      "req",
      "-new",
      "-key",
      "below.key",
      "-subj",
      "/CN=Look-alike TPM CA",
      "-out",
      "below.csr",
    );
    this.#openssl(
      ...["x509", "-req", "-in", "below.csr", "-CA", "root.pem", "-CAkey", "root.key"],
      ...["-CAcreateserial", "-extfile", "ca.ext", "-out", "below.pem"],
    );
  }

  /** PEM of the root and of the authority below it. */
  get authorities(): string {
    return `${this.#read("root.pem")}${this.#read("below.pem")}`;
  }

  get root(): string {
    return String(this.#read("root.pem"));
  }

  /** A certificate (DER) for an endorsement key (TPMT_PUBLIC). */
  certify(endorsement: Uint8Array, wish: CertificateWish = {}): Uint8Array {
    const { extensions = ENDORSEMENT, days = 30, digest = "sha256" } = wish;
    const key = createPublicKey({
      key: { ...jwkOf(parsePublic(endorsement).key) },
      format: "jwk",
    });
    this.#write("ek.pem", String(key.export({ format: "pem", type: "spki" })));
    this.#write("ek.ext", extensions);
    this.#openssl("req", "-new", "-key", "below.key", "-subj", "/", "-out", "ek.csr");
    this.#openssl(
      ...["x509", "-req", "-in", "ek.csr", "-force_pubkey", "ek.pem"],
      ...["-CA", "below.pem", "-CAkey", "below.key", "-CAcreateserial", `-${digest}`],
      ...["-days", String(days), "-extfile", "ek.ext", "-outform", "DER", "-out", "ek.der"],
    );
    return new Uint8Array(this.#read("ek.der"));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text);
  }

  #read(name: string): Buffer {
    return readFileSync(join(this.#folder, name));
  }

  #openssl(...args: readonly string[]): void {
    const { status, stderr } = spawnSync("openssl", args, { cwd: this.#folder, encoding: "utf8" });
    assert.equal(status, 0, `openssl ${args.join(" ")}: ${stderr}`);
  }
}
