// SPDX-License-Identifier: Apache-2.0
// When two behaviours of different models are the same but for the contents of files: an update changes the digests of programs, with them
// every TASK_ID, and with those every coefficient, although the workload does what it did.
import { factsOf } from "../facts.ts";
import type { Behaviour } from "./named.ts";
import { chainKey, namesOf, type Programs } from "./programs.ts";

const TASK_ID = /^[0-9a-f]{64,128}$/;
/** Members that say which content it was. `addr.digest` stands for an address. */
const CONTENT = /(?:^|\.)file\.digest$|^file\.digest$/;
const CREATED = /^(.*)\.created$/;

/** Equal for behaviours that differ in nothing but contents of files, those of the programs that act included. */
export function likenessOf(behaviour: Behaviour, programs: Programs): string {
  const { mapped } = behaviour;
  const facts = new Map(factsOf(mapped));
  const forked = mapped.task.taskId === mapped.task.pTaskId;
  const parts = [chainKey(namesOf(programs.chainOf(mapped.task))), forked ? "forked" : ""];
  facts.delete("program");
  facts.delete("parent");
  for (const field of [...facts.keys()]) {
    const made = CREATED.exec(field)?.[1];
    // of created objects the directory counts, not the name
    if (made !== undefined) facts.set(`${made}.pathname`, directoryOf(facts, made));
  }
  for (const [field, value] of facts) {
    if (CONTENT.test(field)) continue;
    parts.push(`${field}=${TASK_ID.test(value) ? programOf(value, programs) : value}`);
  }
  return parts.join("\n");
}

function directoryOf(facts: ReadonlyMap<string, string>, member: string): string {
  const pathname = facts.get(`${member}.pathname`) ?? "";
  return pathname.slice(0, pathname.lastIndexOf("/") + 1);
}

function programOf(value: string, programs: Programs): string {
  return programs.has(value) ? chainKey(namesOf(programs.chainTo(value))) : value;
}
