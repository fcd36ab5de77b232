// SPDX-License-Identifier: Apache-2.0
// Who looks? A name and a password, or the identity provider of the house where the server knows one.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../api/client.ts";
import { useFetched } from "../api/hooks.ts";
import type { LoginWays, Me } from "../api/types.ts";
import { Field } from "../parts/dialog.tsx";
import { Trouble } from "../parts/bits.tsx";
import { shown } from "../parts/shown.ts";

export function Login({ known }: { known: (me: Me) => void }): JSX.Element {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<unknown>(undefined);
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    post<Me>("login", { user, password }).then(known, (refused: unknown) => {
      setError(refused);
      setPassword("");
      setBusy(false);
    });
  };
  return (
    <main class="login">
      <form onSubmit={submit}>
        <p class="brand">Galgo fleet</p>
        <h1>Log in</h1>
        <Field name="User">
          <input
            name="user"
            autocomplete="username"
            required
            value={user}
            onInput={(event) => setUser(event.currentTarget.value)}
          />
        </Field>
        <Field name="Password">
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </Field>
        <Trouble error={error} />
        <button type="submit" class="primary" disabled={busy}>
          Log in
        </button>
        <ElseWhere />
      </form>
    </main>
  );
}

function ElseWhere(): JSX.Element | null {
  const { data } = useFetched<LoginWays>("login-ways");
  const oidc = data?.oidc;
  // a place of this server, and nothing that a browser would run
  if (oidc?.url.startsWith("/api/") !== true) return null;
  return (
    <a class="button" href={oidc.url}>
      Log in with {shown(oidc.name)}
    </a>
  );
}
