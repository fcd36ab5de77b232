// SPDX-License-Identifier: Apache-2.0
// What operators do, on PostgreSQL: the same tests as on SQLite, where servers really are at it at the same time.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { noPostgres, TestPostgres } from "../helpers/postgres.ts";
import { TEST_DATABASE } from "../helpers/test-store.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FILES = [
  "auth/access",
  "commands/commands",
  "rollouts/rollouts",
  "attestations/attestations",
] as const;

/** @returns what it prints when it fails */
function tested(file: string, database: string): Promise<string | undefined> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const words = ["--import", "tsx", "--test", `src/fleet/${file}.test.ts`];
  const options = { cwd: ROOT, env: { ...env, [TEST_DATABASE]: database } };
  return new Promise((done) => {
    execFile(process.execPath, words, options, (error, stdout) => {
      done(error === null ? undefined : stdout);
    });
  });
}

describe("operators on PostgreSQL", { skip: noPostgres() ?? false }, () => {
  let server: TestPostgres;
  before(async () => {
    server = await TestPostgres.start({ fsync: "off" });
  });
  after(async () => {
    await server?.stop();
  });
  for (const file of FILES) {
    it(file, async () => {
      const database = await server.database(file.replace("/", "_"));
      assert.equal(await tested(file, database), undefined);
    });
  }
});
