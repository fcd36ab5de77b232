// SPDX-License-Identifier: Apache-2.0
// Loads and attaches the kernel programs of the bpf sensor, lets them go, and prints what that took, in ms. Usage: bpf-load.mjs GALGO-FOLDER
import { readFileSync } from "node:fs";
import { join } from "node:path";

const dist = join(process.argv[2], "dist");
const { BpfObject } = await import(join(dist, "native/bpf-object.ffi.js"));
const { KernelTypes } = await import(join(dist, "native/kernel-types.ffi.js"));
const { canAttach } = await import(join(dist, "sensor/bpf/programs.js"));

/** Sections that are attached to nothing. */
const ON_DEMAND = /^(?:syscall$|iter(?:\.s)?\/)/;

async function timed(work) {
  const from = process.hrtime.bigint();
  const result = await work();
  return [Number(process.hrtime.bigint() - from) / 1e6, result];
}

/** What the kernel says of a loaded program. */
function factsOf({ name, fd }) {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
  const field = (label) => Number(new RegExp(`^${label}:\\s*(\\d+)`, "m").exec(text)?.[1] ?? 0);
  return { name, verified: field("verified_insns"), bytes: field("memlock") };
}

const [openMs, object] = await timed(() => BpfObject.open(join(dist, "bpf/galgo.bpf.o")));
const kernel = new KernelTypes();
const wanted = object.programs.filter((program) => {
  const can = canAttach(program.section, kernel);
  program.setAutoload(can);
  return can;
});
const [loadMs] = await timed(() => object.load());
const toAttach = wanted.filter(({ section }) => !ON_DEMAND.test(section));
const attaching = [];
const links = [];
for (const program of toAttach) {
  const [ms, link] = await timed(() => program.attach());
  attaching.push(ms);
  links.push(link);
}
const programs = wanted.map(factsOf);
for (const link of links) link.close();
object.close();
const left = object.programs.length - wanted.length;
console.log(JSON.stringify({ openMs, loadMs, attaching, programs, left }));
