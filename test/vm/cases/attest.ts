// SPDX-License-Identifier: Apache-2.0
// Evidence of a machine with a TPM whose kernel measures what runs on it, and of one that says it is a confidential machine and is none.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { GuestCase } from "../lib/case.ts";
import { Guest } from "../lib/guest.ts";
import { buildGalgo, GALGO_IN_GUEST, pushGalgo } from "../lib/payload.ts";
import { pushScript } from "../lib/programs.ts";
import { whyNoTpm } from "../lib/tpm.ts";

const GALGO = `${GALGO_IN_GUEST}/galgo`;
const FOLDER = "/root/attested";
const START_MS = 180_000;

interface Verdict {
  readonly accepted: boolean;
  readonly refusals: readonly { readonly reason: string; readonly why: string }[];
}

/** Resolves when the run gives evidence; its end is told apart. */
async function startRun(guest: Guest): Promise<void> {
  const script = await pushScript(guest, "attested-run.sh");
  await guest.sh(`mkdir ${FOLDER}`);
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const hear = (data: Uint8Array): void => {
      said.push(Buffer.from(data).toString());
      if (said.join("").includes("attested-run: ready")) resolve();
    };
    const running = guest.start(["sh", script], { cwd: FOLDER, onStdout: hear, onStderr: hear });
    const late = setTimeout(() => reject(new Error(`not ready: ${said.join("")}`)), START_MS);
    late.unref();
    running.ended.then(
      () => reject(new Error(`it ended: ${said.join("")}`)),
      (error: unknown) => reject(error),
    );
  });
}

/** Asks for evidence and has it verified, both in the guest. */
async function verdictOf(guest: Guest, more = ""): Promise<Verdict> {
  const nonce = randomBytes(32).toString("hex");
  const options = { cwd: FOLDER };
  await guest.sh(`${GALGO} attest measured --nonce ${nonce} -o evidence.jwt`, options);
  const verify = `${GALGO} verify evidence.jwt --policy policy.json --nonce ${nonce} --json ${more}`;
  const { status, stdout, stderr } = await guest.run(["sh", "-c", verify], options);
  assert.ok(status === 0 || status === 1, stderr);
  const verdict = JSON.parse(stdout) as Verdict;
  assert.equal(verdict.accepted, status === 0);
  return verdict;
}

export const attest: readonly GuestCase[] = [
  {
    name: "evidence carries what the kernel measured; files that are not Galgo's are named",
    on: { "6.12": "full" },
    timeoutMs: 600_000,
    run: async (_shared, t) => {
      const why = whyNoTpm();
      if (why !== undefined) return t.skip(why);
      await buildGalgo();
      await using guest = await Guest.boot({
        kernel: "6.12",
        tpm: true,
        append: "ima_policy=tcb",
      });
      await pushGalgo(guest);
      await startRun(guest);
      assert.deepEqual((await verdictOf(guest)).refusals, []);
      // what is there besides, once root has read it
      const planted = `${GALGO_IN_GUEST}/dist/bundle/planted.cjs`;
      await guest.sh(`echo 1 >${planted} && cat ${planted}`);
      const withOther = await verdictOf(guest);
      assert.deepEqual(
        withOther.refusals.map(({ reason }) => reason),
        ["IMA_FILE_UNKNOWN"],
      );
      assert.ok(withOther.refusals[0]?.why.includes(planted));
      const changed = `${GALGO_IN_GUEST}/dist/bundle/worker.cjs`;
      await guest.sh(`echo '// more' >>${changed} && cat ${changed} >/root/copy`);
      const { refusals } = await verdictOf(guest);
      assert.deepEqual(
        refusals.map(({ reason }) => reason),
        ["IMA_FILE_UNKNOWN", "IMA_FILE_CHANGED"],
      );
      assert.ok(refusals[1]?.why.includes(changed));
      await guest.sh(`echo done >${FOLDER}/go`);
    },
  },
  {
    name: "a machine that is no confidential guest says so, and starts nothing",
    on: { "6.12": "full" },
    run: async (guest) => {
      const run = `rm -f /tmp/tsm*.pem; ${GALGO} key new -o /tmp/tsm.pem && ${GALGO} run --attest-key /tmp/tsm.pem --platform configfs-tsm -- touch /tmp/tsm.ran`;
      const ask = () => guest.run(["sh", "-c", run]);
      const before = await ask();
      assert.equal(before.status, 125);
      assert.match(before.stderr, /no configfs-tsm, or configfs is not mounted/);
      await guest.sh("modprobe tsm && mount -t configfs configfs /sys/kernel/config");
      const after = await ask();
      assert.equal(after.status, 125);
      assert.match(after.stderr, /no confidential guest/);
      await guest.sh("test ! -e /tmp/tsm.ran && umount /sys/kernel/config");
    },
  },
];
