// SPDX-License-Identifier: Apache-2.0
// Enrolment of many hosts with one token, over HTTPS, a few at a time.
import { Agent as HttpsAgent, request } from "node:https";
import { type EnrolAnswer, readEnrolAnswer } from "../../src/wire/link/index.ts";
import { type AgentKey, newAgentKey } from "./keys.ts";
import type { SimHost } from "./population.ts";

const AT_ONCE = 8;

export interface EnrolPlace {
  readonly url: string;
  readonly ca: string;
  /** May be used as often as there are hosts. */
  readonly token: string;
}

/** A host of the fleet. */
export interface Enrolled {
  readonly host: SimHost;
  readonly key: AgentKey;
  readonly answer: EnrolAnswer;
}

/** In the order of the hosts. */
export async function enrolAll(place: EnrolPlace, hosts: readonly SimHost[]): Promise<Enrolled[]> {
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: AT_ONCE, ca: place.ca });
  const enrolled = new Array<Enrolled>(hosts.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < hosts.length; at = next++) {
      const host = hosts[at];
      if (host !== undefined) enrolled[at] = await enrol(place, agent, host);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    agent.destroy();
  }
  return enrolled;
}

async function enrol(place: EnrolPlace, agent: HttpsAgent, host: SimHost): Promise<Enrolled> {
  const key = newAgentKey();
  const { name, labels } = host;
  const body = { v: 1, token: place.token, key: key.publicKey, name, labels };
  const { status, text } = await post(`${place.url}/enrol`, agent, JSON.stringify(body));
  if (status >= 300) throw new Error(`enrolment of ${name}: ${status} ${text.slice(0, 500)}`);
  return { host, key, answer: readEnrolAnswer(JSON.parse(text)) };
}

function post(
  url: string,
  agent: HttpsAgent,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((done, fail) => {
    const headers = { "content-type": "application/json" };
    const asking = request(url, { method: "POST", agent, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
      });
      answer.once("end", () => done({ status: answer.statusCode ?? 0, text }));
      answer.once("error", fail);
    });
    asking.once("error", fail).end(body);
  });
}
