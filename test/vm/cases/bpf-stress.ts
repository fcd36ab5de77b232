// SPDX-License-Identifier: Apache-2.0
// Much at once: a parallel build, threads of python, shell pipelines, node with many modules and workers. The results are those of
// a run without Galgo, nothing is lost, nothing hangs, and what was learned covers the next run.
import assert from "node:assert/strict";
import type { GuestCase } from "../lib/case.ts";
import { inLab, type Lab } from "../lib/lab.ts";

const TIMEOUT_MS = 1_200_000;

interface Amount {
  readonly sources: number;
  readonly threads: number;
  readonly modules: number;
  readonly pipelines: number;
}

const PYTHON = `
import os, socket, subprocess, sys, threading
results = {}
def work(number):
    folder = f"data/{number}"
    os.mkdir(folder)
    total = 0
    for turn in range(40):
        path = f"{folder}/{turn}.txt"
        with open(path, "w") as file:
            file.write("x" * (number * 40 + turn))
        os.rename(path, path + ".bak")
        total += os.stat(path + ".bak").st_size
        if turn % 2: os.unlink(path + ".bak")
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    peer, _ = server.accept()
    client.sendall(b"12345"); total += len(peer.recv(5))
    for one in (client, peer, server): one.close()
    total += int(subprocess.run(["sh", "-c", f"echo {number} | wc -c"], capture_output=True).stdout)
    results[number] = (total, sorted(os.listdir(folder))[:3])
threads = [threading.Thread(target=work, args=(n,)) for n in range(int(sys.argv[1]))]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sorted(results.items()))
`;

const NODE = `
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");
const { readdirSync, readFileSync } = require("node:fs");
const sum = () => readdirSync("modules").map((name) => require("./modules/" + name)).reduce((a, b) => a + b, 0);
if (isMainThread) {
  const answers = [];
  for (let n = 0; n < 4; n++) {
    new Worker(__filename, { workerData: n }).on("message", (answer) => {
      answers.push(answer);
      if (answers.length === 4) console.log(sum(), answers.sort().join(" "), readFileSync("node.js").length);
    });
  }
} else parentPort.postMessage(workerData + ":" + sum());
`;

const PIPELINES = `
i=0
while [ $i -lt $1 ]; do
  i=$((i + 1))
  seq 1 200 | grep $i | sort -r | head -5 | tr '\\n' ' '
  for f in main.c f1.c; do (cat $f; echo $i) | wc -c; done
  (cd data && mkdir p$i && touch p$i/a p$i/b && ls p$i && mv p$i/a p$i/c && ls p$i && rm -r p$i)
done | cksum
`;

/** Everything that the workload needs; the script that runs it is `all`. */
async function prepare(lab: Lab, { sources, threads, modules, pipelines }: Amount): Promise<void> {
  await lab.guest.run(["sh", "-c", "cat >python.py"], { stdin: PYTHON, cwd: lab.folder });
  await lab.guest.run(["sh", "-c", "cat >node.js"], { stdin: NODE, cwd: lab.folder });
  await lab.guest.run(["sh", "-c", "cat >pipelines.sh"], { stdin: PIPELINES, cwd: lab.folder });
  await lab.sh(`
    mkdir modules
    for i in $(seq 1 ${modules}); do echo "module.exports = $i;" >modules/m$i.js; done
    objects=main.o
    echo 'int printf(const char *, ...);' >main.c
    for i in $(seq 1 ${sources}); do
      printf '#include <stdio.h>\\n#include <stdlib.h>\\nint f%d(void) { return atoi("%d"); }\\n' $i $i >f$i.c
      echo "int f$i(void);" >>main.c
      objects="$objects f$i.o"
    done
    echo 'int main(void) { int sum = 0;' >>main.c
    for i in $(seq 1 ${sources}); do echo "sum += f$i();" >>main.c; done
    printf '%s\\n' 'printf("%d\\n", sum); return 0; }' >>main.c
    printf 'program: %s\\n\\tgcc -o $@ $^\\n%%.o: %%.c\\n\\tgcc -O1 -c -o $@ $<\\n' "$objects" >Makefile
    cat >all <<END
make -s -j3 && ./program
python3 -I -B python.py ${threads}
sh pipelines.sh ${pipelines}
node node.js
END
    sleep 2.3`);
}

/** The folder as it was before the workload ran. */
const FRESH = "rm -rf data *.o program && mkdir data";

async function checkStress(lab: Lab, amount: Amount): Promise<void> {
  await prepare(lab, amount);
  const options = { timeoutMs: TIMEOUT_MS };
  const without = await lab.sh(`${FRESH} && sh all`, options);
  assert.match(without, /^\d+\n\[\(0, .*\n\d+ \d+\n\d+ 0:\d+ 1:/);
  await lab.sh(FRESH);
  const learn = ["learn", "--sensor", "bpf", "--name", "s", "-o", "s.json", "--", "sh", "all"];
  const learned = await lab.galgo(learn, options);
  assert.deepEqual([learned.status, learned.stdout], [0, without], learned.stderr);
  assert.match(learned.stderr, /none lost/);
  await lab.assertClean("s");
  await lab.sh(FRESH);
  const run = [
    "run",
    "--sensor",
    "bpf",
    "--name",
    "s",
    "-m",
    "s.json",
    "--enforce",
    "--",
    "sh",
    "all",
  ];
  const enforced = await lab.galgo(run, options);
  await lab.assertClean("s");
  assert.deepEqual([enforced.status, enforced.stdout], [0, without], enforced.stderr);
}

function caseOf(what: string, amount: Amount, on: GuestCase["on"]): GuestCase {
  return {
    name: `${what}: the results are those without Galgo, free and enforced`,
    on,
    timeoutMs: TIMEOUT_MS,
    run: (guest) => inLab(guest, (lab) => checkStress(lab, amount)),
  };
}

export const stress: readonly GuestCase[] = [
  caseOf(
    "a small build, threads, pipelines, modules",
    { sources: 5, threads: 4, modules: 20, pipelines: 5 },
    { "6.12": "quick" },
  ),
  caseOf(
    "a build of 31 files, threads, pipelines, many modules",
    { sources: 30, threads: 12, modules: 300, pipelines: 40 },
    { "6.12": "full", newest: "full" },
  ),
];
