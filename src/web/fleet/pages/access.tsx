// SPDX-License-Identifier: Apache-2.0
// Who may what: users, tokens of programs, tokens for hosts that are to join.
import type { JSX } from "preact";
import { Head } from "../parts/bits.tsx";
import { useMay } from "../session.ts";
import { ApiTokens } from "./api-tokens.tsx";
import { EnrolTokens } from "./enrol-tokens.tsx";
import { ModelKeys } from "./model-keys.tsx";
import { OwnPassword } from "./password.tsx";
import { Users } from "./users.tsx";

export function AccessPage(): JSX.Element {
  const admin = useMay("admin");
  return (
    <>
      <Head
        title="Access"
        note="viewer reads; operator also commands, approves and decides; admin also has users, tokens and keys."
      >
        <OwnPassword />
      </Head>
      {admin ? <Users /> : null}
      {admin ? <EnrolTokens /> : null}
      {admin ? <ModelKeys /> : null}
      <ApiTokens />
    </>
  );
}
