// SPDX-License-Identifier: Apache-2.0
// The same question about many things, asked of the database once: what comes while a question is under way is gathered for the next one. When all
// hosts of a fleet come back at once, each with a question, the database has a few.

/** Keys of one question to the database. */
const MAX_GATHERED = 500;

interface Waiting<K, V> {
  readonly key: K;
  done(value: V): void;
  fail(error: unknown): void;
}

/**
 * @param ask answers for all keys at once, in their order
 * @returns the answer for one key; the question to the database is begun after this was called, so it knows all that was written before.
 * Rejects with what `ask` throws.
 */
export function gathered<K, V>(
  ask: (keys: readonly K[]) => Promise<readonly V[]>,
): (key: K) => Promise<V> {
  const waiting: Waiting<K, V>[] = [];
  let isAsking = false;
  const askAll = async (): Promise<void> => {
    isAsking = true;
    // those that have come in the same turn go together
    await undefined;
    while (waiting.length > 0) await answer(ask, waiting.splice(0, MAX_GATHERED));
    isAsking = false;
  };
  return (key) =>
    new Promise<V>((done, fail) => {
      waiting.push({ key, done, fail });
      if (!isAsking) void askAll();
    });
}

async function answer<K, V>(
  ask: (keys: readonly K[]) => Promise<readonly V[]>,
  some: readonly Waiting<K, V>[],
): Promise<void> {
  try {
    const values = await ask(some.map(({ key }) => key));
    if (values.length !== some.length) throw new Error("not an answer for each key");
    for (const [at, { done }] of some.entries()) done(values[at] as V);
  } catch (error) {
    for (const { fail } of some) fail(error);
  }
}
