// SPDX-License-Identifier: Apache-2.0
// Numbers that are known already, in the form that prom-client writes.

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric with all its samples. */
export interface Family {
  readonly name: string;
  get(): Promise<{
    readonly name: string;
    readonly help: string;
    readonly type: "counter" | "gauge";
    readonly values: readonly Sample[];
    readonly aggregator: "sum";
  }>;
}

export interface FamilyTerms {
  readonly type: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
}

/** @param values one number, or one for each value of `label` */
export function family(
  { type, name, help }: FamilyTerms,
  values: number | Readonly<Record<string, number>>,
  label = "kind",
): Family {
  const samples: readonly Sample[] =
    typeof values === "number"
      ? [{ labels: {}, value: values }]
      : Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
  return { name, get: async () => ({ name, help, type, values: samples, aggregator: "sum" }) };
}
