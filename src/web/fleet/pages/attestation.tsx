// SPDX-License-Identifier: Apache-2.0
// Evidence of one workload, verified twice: by the server, and in this page.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { VerifyResult } from "../../../attest/verify/types.ts";
import { factRows } from "../../verify/rows.ts";
import { useFetched } from "../api/hooks.ts";
import type { AttestationRow } from "../api/types.ts";
import { Copyable, Facts, Go, Head, Trouble } from "../parts/bits.tsx";
import { moment, shown } from "../parts/shown.ts";
import { Accepted } from "./attestations.tsx";

export function AttestationPage({ id }: { id: string }): JSX.Element {
  const { data, error, reload } = useFetched<AttestationRow>(
    `attestations/${encodeURIComponent(id)}`,
  );
  if (data === undefined) return <Trouble error={error} again={reload} />;
  return (
    <>
      <Head
        title={`Evidence of ${shown(data.name)}`}
        note={<Go to={["attestations"]}>Attestation</Go>}
      />
      <Facts
        of={[
          [
            "Workload",
            <Go key="workload" to={["workloads", data.workload]}>
              {shown(data.name)}
            </Go>,
          ],
          [
            "Host",
            <Go key="host" to={["hosts", data.host]}>
              {shown(data.hostName)}
            </Go>,
          ],
          ["Received", moment(data.at)],
          ["Challenge", <Copyable key="nonce" value={data.nonce} name="the challenge" />],
        ]}
      />
      <div class="columns">
        <section>
          <h3>The server</h3>
          <p>
            <Accepted accepted={data.accepted} />
          </p>
          <Reasons of={data.reasons} gaps={data.gaps} />
        </section>
        <section>
          <h3>This browser</h3>
          <Here row={data} />
        </section>
      </div>
      <h3>As it was received</h3>
      <Copyable value={data.token} name="the evidence" />
    </>
  );
}

interface ReasonsProps {
  readonly of: readonly { readonly reason: string; readonly why: string }[];
  readonly gaps: readonly string[];
}

function Reasons({ of, gaps }: ReasonsProps): JSX.Element {
  return (
    <>
      <ul class="reasons">
        {of.map(({ reason, why }) => (
          <li key={reason + why}>
            <code class="bad-text">{shown(reason)}</code> {shown(why)}
          </li>
        ))}
      </ul>
      {gaps.length === 0 ? null : (
        <details>
          <summary>Not checked: {gaps.length}</summary>
          <ul class="brief">
            {gaps.map((gap) => (
              <li key={gap}>{shown(gap)}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

interface Outcome {
  readonly result?: VerifyResult | undefined;
  readonly error?: unknown;
}

function Here({ row }: { row: AttestationRow }): JSX.Element {
  const [outcome, set] = useState<Outcome | undefined>(undefined);
  useEffect(() => {
    let gone = false;
    const say = (said: Outcome): void => {
      if (!gone) set(said);
    };
    import("../parts/verify-here.ts")
      .then(({ verifyHere }) => verifyHere(row))
      .then(
        (result) => say({ result }),
        (error: unknown) => say({ error }),
      );
    return () => {
      gone = true;
    };
  }, [row]);
  if (outcome === undefined) return <p class="muted">Verifying …</p>;
  if (outcome.error !== undefined) return <Trouble error={outcome.error} />;
  const { result } = outcome;
  if (result === undefined)
    return <p class="muted">The server has sent no policy to verify it under.</p>;
  const agrees = row.accepted === undefined || row.accepted === result.accepted;
  return (
    <>
      <p data-verified={result.accepted ? "accepted" : "refused"}>
        <Accepted accepted={result.accepted} />{" "}
        {agrees ? null : <strong class="bad-text">This is not what the server says.</strong>}
      </p>
      <Reasons of={result.refusals} gaps={result.gaps} />
      <details>
        <summary>What it says</summary>
        <dl class="facts">
          {factRows(result).map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd class="mono">{shown(value)}</dd>
            </>
          ))}
        </dl>
      </details>
      <details>
        <summary>Checked: {result.checked.length}</summary>
        <ul class="brief">
          {result.checked.map((sentence) => (
            <li key={sentence}>{shown(sentence)}</li>
          ))}
        </ul>
      </details>
    </>
  );
}
