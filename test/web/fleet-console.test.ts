// SPDX-License-Identifier: Apache-2.0
// The console in Chromium, on a real server whose rows came through ingest, some of them from a host on the bus while it looks.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import type { Evidence } from "../../src/attest/evidence/index.ts";
import { modelDigest } from "../../src/model/index.ts";
import type { AttestationRow, Rows } from "../../src/wire/api/index.ts";
import type { Item } from "../../src/wire/link/index.ts";
import { askUntil } from "../helpers/ask-until.ts";
import { attested, HOST, MODEL, RELEASE, SIGNED_MODEL, tokenOf } from "../helpers/attested.ts";
import { NO_BROWSER, startBrowser } from "../helpers/browser.ts";
import { NO_PLATFORM } from "../helpers/evidence.ts";
import { FleetAgent } from "../helpers/fleet-agent.ts";
import { type ConsolePage, logIn, openConsole } from "../helpers/fleet-console.ts";
import {
  aViolation,
  aWorkload,
  hex,
  hostIdOf,
  tellStore,
  type ToldHost,
} from "../helpers/fleet-rows.ts";
import { FleetServer } from "../helpers/fleet-server.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";
import { SHA256 } from "../helpers/test-hasher.ts";

const HOSTS = 150;
const EACH = 10;
const MARKUP = `<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>`;
const NAMES = ["web", "db", "cache", "mail", "search"];
const digest = modelDigest(MODEL, SHA256);
const SHOP = { name: "shop-web", model: { name: "shop-web", digest } };
/** Rows of a list that may be in the document. */
const FEW = 100;
const VIEWER = { user: "vera", password: "a long enough password" };

function told(n: number): ToldHost {
  const isOdd = n === 7;
  const workloads = Array.from({ length: EACH }, (_, k) => {
    const name = NAMES[k % NAMES.length] ?? "web";
    return aWorkload(`run${k}`, isOdd && k === 0 ? "odd" : `usual ${name}`, {
      name: n === 1 && k === 1 ? MARKUP : name,
      model: { name, digest: hex(`model ${name}`) },
    });
  });
  return {
    id: hostIdOf(n),
    name: `vm-${String(n).padStart(3, "0")}`,
    items: isOdd ? [...workloads, ...difference()] : workloads,
  };
}

/** What makes the odd one differ. */
function difference(): Item[] {
  const points = (state: string, coefficients: readonly string[]): Item => ({
    ...{ kind: "points", at: 1, run: "run0", state: hex(state), first: 0 },
    ...{ total: coefficients.length, coefficients },
  });
  const words = `opens ${MARKUP} for reading`;
  return [
    points("odd", [hex("a"), hex("b")]),
    points("usual web", [hex("a")]),
    {
      ...{ kind: "behaviour", at: 1, run: "run0", coefficient: hex("b"), hook: "file_open" },
      ...{ words, valid: false, record: "{}" },
    },
  ];
}

/** Evidence of now, of a workload that did what its model allows. */
async function tokenFor(run: string, nonce: string, changes: Partial<Evidence>): Promise<string> {
  const scene = attested();
  const seconds = Math.floor(Date.now() / 1_000);
  const { aggregate, state } = MODEL.spec;
  const evidence = {
    ...{ ...scene.evidence, nonce, aggregate, state, platform: NO_PLATFORM },
    ...{ issuedAt: seconds, started: seconds - 60, workload: { name: SHOP.name, id: run } },
    ...changes,
  };
  return tokenOf({ ...scene, evidence });
}

describe("the console of a fleet", { skip: NO_BROWSER || (noNatsServer() ?? false) }, () => {
  let fleet: FleetServer;
  let agent: FleetAgent;
  let browser: Browser;
  let console: ConsolePage;
  let page: Page;

  before(async () => {
    fleet = await FleetServer.start();
    await tellStore(
      fleet.context.store,
      Array.from({ length: HOSTS }, (_, n) => told(n)),
    );
    await fleet.api("/api/v1/users", { body: { ...VIEWER, role: "viewer" } });
    agent = await FleetAgent.start(fleet, "live-host");
    browser = await startBrowser();
    console = await openConsole(browser, fleet);
    page = console.page;
  });
  after(async () => {
    await browser?.close();
    await agent?.close();
    await fleet?.close();
  });

  const grid = (label: string) => page.getByRole("grid", { name: label, exact: true });
  const go = async (hash: string): Promise<void> => {
    await page.goto(`${fleet.url}/${hash}`);
  };

  it("lets nobody in without a password, and says why", async () => {
    await logIn(page, "admin", "a guess");
    await page.getByRole("alert").waitFor();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await logIn(page, "admin", fleet.adminToken);
    await page.getByRole("navigation", { name: "Sections" }).waitFor();
    await page.getByText("live", { exact: true }).waitFor();
  });

  it("shows thousands of workloads as a handful of states, and by what an outlier differs", async () => {
    await page.getByRole("heading", { name: "1,500 workloads, 6 states" }).waitFor();
    const outlier = page.locator(".group-states > .outlier");
    assert.match(await outlier.innerText(), /1 workload on 1 host/);
    await outlier.getByRole("link", { name: "What is different?" }).click();
    const more = page.locator(".changes.plus li");
    await more.first().waitFor();
    assert.equal(await more.count(), 1);
    assert.match(await more.innerText(), /opens <img src=x onerror=.* for reading/);
    await grid("Workloads in this state").getByRole("link", { name: "vm-007" }).waitFor();
  });

  it("walks through all workloads by keyboard, with few rows in the document", async () => {
    await page.locator("h1").click();
    await page.keyboard.press("g");
    await page.keyboard.press("w");
    const list = grid("Workloads");
    await list.locator("a").first().waitFor();
    assert.equal(await list.getAttribute("aria-rowcount"), String(HOSTS * EACH + 1));
    await page.keyboard.press("t");
    await page.keyboard.press("End");
    const last = list.locator(".active");
    await last.locator("a").first().waitFor();
    assert.equal(await last.getAttribute("aria-rowindex"), String(HOSTS * EACH + 1));
    assert.ok((await list.locator("[role=row]").count()) < FEW);
    await page.keyboard.press("f");
    await page.keyboard.type("vm-042");
    await list.and(page.locator(`[aria-rowcount="${EACH + 1}"]`)).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("t");
    await page.keyboard.press("Home");
    await list.locator(".active a").first().waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("on vm-042").waitFor();
  });

  it("finds by the name of a host, and goes there", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("vm-149");
    await page.getByRole("option", { name: /vm-149/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "vm-149" }).waitFor();
  });

  it("shows a violation as soon as its host has told, with why and the tree of its processes", async () => {
    await go("#/violations");
    await page.getByRole("button", { name: "Hold" }).waitFor();
    const task = hex("task");
    await agent.tell(
      aWorkload("live", "live state", { name: MARKUP }),
      {
        kind: "processes",
        at: Date.now(),
        run: "live",
        processes: [
          { what: "start", at: "1000000000", pid: 10, name: "sh", task },
          { what: "start", at: "1010000000", pid: 11, ppid: 10, name: MARKUP.slice(0, 15), task },
        ],
      },
      aViolation("live", 1, { words: `opens ${MARKUP}`, why: `${MARKUP}\nis not in the model` }),
    );
    const row = grid("Violations").locator("[aria-rowindex='2']");
    await row.getByRole("link", { name: "live-host" }).waitFor();
    await row.click();
    const card = page.locator("article.card");
    await card.getByText("is not in the model").waitFor();
    assert.match(await card.innerText(), /opens <img src=x onerror="window.hurt=1">/);
    await go(`#/workloads/${agent.id}~live/processes`);
    const tree = page.getByRole("treegrid", { name: "Process tree" });
    await tree.getByText(MARKUP.slice(0, 15)).waitFor();
    await tree.getByRole("button", { name: "Violation 1" }).click();
    await card.getByText("is not in the model").waitFor();
  });

  it("orders something after a question, and shows what becomes of it", async () => {
    await go(`#/workloads/${agent.id}~live`);
    await page.getByRole("button", { name: "Kill" }).click();
    const question = page.getByRole("dialog");
    await question.getByRole("button", { name: "Kill" }).click();
    await page.getByRole("heading", { name: "Command: kill" }).waitFor();
    const { id } = await agent.command(({ kind }) => kind === "kill");
    await grid("Answers").getByText("waiting").waitFor();
    await agent.tell({
      ...{ kind: "result", at: Date.now(), command: id, status: "done", words: "killed" },
      workloads: [{ run: "live", status: "done", words: "2 processes killed" }],
    });
    await grid("Answers").getByText("done").waitFor();
  });

  it("takes a signed model, approves what its workloads have shown, and shows the difference", async () => {
    const key = { name: "release", publicKey: RELEASE.publicPem };
    await fleet.api("/api/v1/model-keys", { body: key });
    const words = "opens /srv/new for reading";
    await agent.tell(
      aWorkload("shop", "shop state", SHOP),
      {
        ...{ kind: "behaviour", at: 1, run: "shop", coefficient: hex(words), hook: "file_open" },
        ...{ words, program: "/bin/sh", valid: false, record: "{}" },
      },
      aViolation("shop", 1, { words, coefficient: hex(words), model: digest }),
    );
    await go("#/models");
    await page.getByRole("button", { name: "Upload" }).click();
    const question = page.getByRole("dialog");
    const file = {
      name: "shop.json",
      mimeType: "application/json",
      buffer: Buffer.from(SIGNED_MODEL),
    };
    await question.locator("input[type=file]").setInputFiles(file);
    await question.getByRole("button", { name: "Upload" }).click();
    await page.getByRole("heading", { name: "shop-web version 1" }).waitFor();
    await page.getByRole("checkbox", { name: `Approve ${words}` }).check();
    await page.getByRole("button", { name: "Approve 1 behaviour" }).click();
    await question.getByLabel("Reason").fill("it may");
    await question.getByRole("button", { name: "Approve" }).click();
    await page.getByRole("heading", { name: "shop-web version 2" }).waitFor();
    const changes = page.getByRole("treegrid", { name: "Changes by program" });
    await changes.getByText(words).waitFor();
    assert.equal(await changes.locator(".row.plus").count(), 1);
    await page.getByLabel("Search the fleet").fill("shop");
    await page.getByRole("option", { name: /model.*shop-web.*version 2/ }).waitFor();
  });

  it("verifies evidence again, by itself, and comes to what the server has found", async () => {
    await go(`#/workloads/${agent.id}~shop`);
    await page.getByRole("button", { name: "Attest" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Attest" }).click();
    const { id, args } = await agent.command(({ kind }) => kind === "attest");
    const { nonce } = args as { readonly nonce: string };
    const evidence = async (run: string, changes: Partial<Evidence>): Promise<Item> => ({
      ...{ kind: "evidence", at: Date.now(), command: id, run, nonce, form: "jwt" },
      ...{ token: await tokenFor(run, nonce, changes), key: HOST.publicPem },
    });
    await agent.tell(
      aWorkload("changed", "changed state", SHOP),
      await evidence("shop", {}),
      await evidence("changed", { state: hex("something else") }),
    );
    for (const [run, verdict] of [
      ["shop", "accepted"],
      ["changed", "refused"],
    ] as const) {
      const row = await attestationOf(run);
      await go(`#/attestations/${row.id}`);
      await page.locator(`[data-verified=${verdict}]`).waitFor();
      assert.equal(await page.locator(".columns .pill", { hasText: verdict }).count(), 2);
    }
    assert.equal(await page.getByText("WRONG_STATE").count(), 2);
  });

  /** What the server has appraised. */
  async function attestationOf(run: string): Promise<AttestationRow> {
    const { body } = await askUntil(
      () => fleet.api(`/api/v1/attestations?q=${run}`),
      ({ body: said }) => (said as Rows<AttestationRow>).rows[0]?.accepted !== undefined,
    );
    const [row] = (body as Rows<AttestationRow>).rows;
    assert.ok(row);
    return row;
  }

  it("is light or dark as it is told to", async () => {
    const colour = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.locator("h1").click();
    const light = await colour();
    await page.getByLabel("Colours").selectOption("dark");
    assert.notEqual(await colour(), light);
    await page.reload();
    await page.getByRole("navigation", { name: "Sections" }).waitFor();
    assert.notEqual(await colour(), light);
    await page.getByLabel("Colours").selectOption("system");
    assert.equal(await colour(), light);
  });

  it("shows viewers nothing that they may not do", async () => {
    const other = await openConsole(browser, fleet);
    await logIn(other.page, VIEWER.user, VIEWER.password);
    await other.page.getByRole("link", { name: "Commands" }).click();
    await other.page.getByRole("heading", { name: "Commands" }).waitFor();
    assert.equal(await other.page.getByRole("button", { name: /New command/ }).count(), 0);
    assert.equal(await other.page.getByRole("link", { name: "Audit" }).count(), 0);
    await other.page.getByRole("button", { name: "Log out" }).click();
    await other.page.getByRole("heading", { name: "Log in" }).waitFor();
    assert.deepEqual(other.troubles, []);
    await other.close();
  });

  it("has run nothing that stood in a name, asked nobody else, and kept to its policy", async () => {
    assert.equal(await page.evaluate<boolean>("'hurt' in window"), false);
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual([...console.origins], [fleet.url]);
    assert.deepEqual(console.troubles, []);
    const { headers } = await fleet.api("/");
    assert.match(String(headers["content-security-policy"]), /trusted-types 'none'/);
  });
});
