// SPDX-License-Identifier: Apache-2.0
// The page that an address names.
import type { JSX } from "preact";
import type { Route } from "../route.ts";
import { AccessPage } from "./access.tsx";
import { AttestationPage } from "./attestation.tsx";
import { AttestationsPage } from "./attestations.tsx";
import { AuditPage } from "./audit.tsx";
import { BehaviourPage } from "./behaviour.tsx";
import { CommandPage } from "./command.tsx";
import { CommandsPage } from "./commands.tsx";
import { HostPage } from "./host.tsx";
import { HostsPage } from "./hosts.tsx";
import { ModelPage } from "./model.tsx";
import { ModelsPage } from "./models.tsx";
import { OverviewPage } from "./overview.tsx";
import { RolloutPage } from "./rollout.tsx";
import { RolloutsPage } from "./rollouts.tsx";
import { StatePage } from "./state.tsx";
import { VerdictsPage } from "./verdicts.tsx";
import { ViolationPage } from "./violation.tsx";
import { ViolationsPage } from "./violations.tsx";
import { WorkloadPage } from "./workload.tsx";
import { WorkloadsPage } from "./workloads.tsx";

type List = () => JSX.Element;
type One = (props: { readonly id: string; readonly part: string }) => JSX.Element;

const LISTS: Readonly<Record<string, List>> = {
  "": OverviewPage,
  overview: OverviewPage,
  workloads: WorkloadsPage,
  hosts: HostsPage,
  violations: ViolationsPage,
  verdicts: VerdictsPage,
  models: ModelsPage,
  rollouts: RolloutsPage,
  commands: CommandsPage,
  attestations: AttestationsPage,
  audit: AuditPage,
  access: AccessPage,
};

const ONES: Readonly<Record<string, One>> = {
  workloads: WorkloadPage,
  hosts: HostPage,
  violations: ViolationPage,
  states: StatePage,
  behaviours: BehaviourPage,
  models: ModelPage,
  rollouts: RolloutPage,
  commands: CommandPage,
  attestations: AttestationPage,
};

export function Page({ route }: { route: Route }): JSX.Element {
  const { page, rest } = route;
  const [id, part = ""] = rest;
  const Shown = id === undefined ? own(LISTS, page) : undefined;
  if (Shown !== undefined) return <Shown />;
  const Detail = id === undefined ? undefined : own(ONES, page);
  if (Detail !== undefined && id !== undefined) return <Detail id={id} part={part} />;
  return <p class="empty">There is nothing at this address.</p>;
}

/** Not what every object has. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
