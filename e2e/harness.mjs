// The browser and the console of one test file: Debian's chromium, and a console over a seeded ledger.
//
// Every request that leaves the console's origin fails the test, and so does every error in the browser's log.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Why the browser tests cannot run here, or `false`. */
export const skip = existsSync(BROWSER) ? false : `no browser at ${BROWSER}: install Debian's package chromium`;

/** Starts the seeded console (`empty`: without calls) and reads what it says: links and ids. */
export async function startConsole(...words) {
  const program = spawn("cargo", ["run", "--quiet", "-p", "switchboard-console", "--example", "seeded", "--", "0", ...words], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => program.once("exit", resolve));
  const said = { links: [], ids: {} };
  for await (const line of createInterface({ input: program.stdout })) {
    const [name, value] = line.split(" ");
    if (name === "link") said.links.push(value);
    else if (name === "ready") break;
    else said.ids[name] = value;
  }
  assert.ok(said.links.length, "the console did not start");
  return {
    ids: said.ids,
    origin: new URL(said.links[0]).origin,
    link: () => said.links.shift(),
    /** Makes this many calls. */
    call: (count = 1) => program.stdin.write(`${count}\n`),
    stop: () => { program.stdin.end(); return ended; },
  };
}

/** Starts the browser. The flags keep it from looking for the network by itself. */
export const startBrowser = () =>
  chromium.launch({
    executablePath: BROWSER,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

/** A page that is signed in, and the list of what went wrong in it. */
export async function visit(browser, site, options = {}) {
  const { signIn = true, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, timezoneId: "UTC", ...rest });
  const wrong = [];
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== site.origin && url.protocol !== "data:") wrong.push(`foreign request: ${url}`);
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => wrong.push(`error in the page: ${error.message}`));
  page.on("console", (line) => { if (line.type() === "error") wrong.push(`in the browser's log: ${line.text()}`); });
  if (signIn) await page.goto(site.link());
  return { page, context, wrong };
}
