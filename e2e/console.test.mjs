// The console as people use it: axe in both schemes, live rows, keys, a form without script, a narrow screen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { skip, startBrowser, startConsole, visit } from "./harness.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

describe("console", { skip }, () => {
  let site;
  let browser;
  before(async () => { [site, browser] = await Promise.all([startConsole(), startBrowser()]); }, { timeout: 600_000 });
  after(async () => { await browser?.close(); await site?.stop(); });

  for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing in the ${colorScheme} scheme`, async () => {
      // The policy forbids scripts that are not the console's; axe is put in beside it.
      const { page, context, wrong } = await visit(browser, site, { colorScheme, bypassCSP: true });
      for (const path of ["/calls", "/calls?status=9xx", "/calls?who=hooli", `/calls/${site.ids.broken}`, `/calls/${site.ids.limited}`, `/calls/${site.ids.fine}`]) {
        await page.goto(site.origin + path);
        await page.evaluate(AXE);
        const found = await page.evaluate((values) => globalThis.axe.run({ runOnly: { type: "tag", values } }), RULES);
        const said = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(", ")}`);
        assert.deepEqual(said, [], path);
        assert.ok(found.passes.length > 15, "axe looked at the page");
      }
      // Answers of 400 are in the browser's log as errors, and are meant.
      assert.deepEqual(wrong.filter((line) => !line.includes("400")), []);
      await context.close();
    });
  }

  test("a call that is made appears by itself, at the top, once", async () => {
    const { page, context, wrong } = await visit(browser, site);
    await page.getByText("Live", { exact: true }).waitFor();
    const first = () => page.locator("#rows tr").first().getAttribute("id");
    const [rows, top] = [await page.locator("#rows tr").count(), await first()];
    site.call();
    await page.waitForFunction((top) => document.querySelector("#rows tr").id > top, top);
    assert.equal(await page.locator("#rows tr").count(), rows + 1);
    const ids = await page.locator("#rows tr").evaluateAll((all) => all.map((row) => row.id));
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test("who pauses or reads further down is told how many calls wait", async () => {
    const { page, context, wrong } = await visit(browser, site);
    await page.getByText("Live", { exact: true }).waitFor();
    const rows = await page.locator("#rows tr").count();
    await page.mouse.wheel(0, 600);
    await page.waitForFunction(() => scrollY > 120);
    site.call(12);
    const pill = page.getByRole("button", { name: "12 new calls" });
    await pill.waitFor();
    assert.equal(await page.locator("#rows tr").count(), rows, "nothing moves under the reader");
    await pill.click();
    await page.waitForFunction((rows) => document.querySelectorAll("#rows tr").length === rows, rows + 12);
    // Not row by row: within five seconds, in one sentence.
    await page.waitForFunction(() => /\d+ new calls?/.test(document.querySelector("[role=status]").textContent));
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Paused").waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByText("Live", { exact: true }).waitFor();
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test("calls made while the view was paused are there when it goes on", async () => {
    const { page, context } = await visit(browser, site);
    await page.getByText("Live", { exact: true }).waitFor();
    const rows = await page.locator("#rows tr").count();
    await page.getByRole("button", { name: "Pause" }).click();
    site.call(3);
    await page.waitForTimeout(1_500);
    await page.getByRole("button", { name: "Go on" }).click();
    await page.waitForFunction((rows) => document.querySelectorAll("#rows tr").length === rows, rows + 3);
    await context.close();
  });

  test("keys lead to a call", async () => {
    const { page, context, wrong } = await visit(browser, site);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "f-status");
    await page.keyboard.type("429");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/calls?status=429");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/calls/${site.ids.limited}`);
    assert.equal(await page.locator("h1").innerText(), "GET /orders/v1/orders");
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.getByLabel("Single keys are shortcuts").uncheck();
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    assert.equal(await page.getByRole("dialog").count(), 0, "they can be switched off");
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test("a line is copied with a button", async () => {
    const { page, context, wrong } = await visit(browser, site, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.goto(`${site.origin}/calls/${site.ids.wrong}`);
    await page.getByRole("button", { name: "Copy curl" }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /^curl http:\/\/127\.0\.0\.1:8080\/orders\/v1\/orders \\\n/);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test("without script the list is searched, paged and read", async () => {
    const { page, context, wrong } = await visit(browser, site, { javaScriptEnabled: false });
    await page.getByLabel("API").selectOption("orders");
    await page.getByRole("button", { name: "Search" }).click();
    assert.equal(new URL(page.url()).search, "?api=orders");
    await page.getByRole("link", { name: "Older" }).click();
    assert.ok((await page.locator("#rows tr").count()) > 0);
    await page.locator("#rows a").first().click();
    assert.ok(await page.getByRole("heading", { level: 1 }).innerText());
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test("nothing has to be scrolled sideways at 320 pixels", async () => {
    const { page, context, wrong } = await visit(browser, site, { viewport: { width: 320, height: 640 } });
    for (const path of ["/calls", `/calls/${site.ids.broken}`, `/calls/${site.ids.silent}`]) {
      await page.goto(site.origin + path);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path);
    }
    assert.deepEqual(wrong, []);
    await context.close();
  });

  test("who has no link is told how to get one, and a used link says so", async () => {
    const link = site.link();
    const { page, context } = await visit(browser, site, { signIn: false });
    await page.goto(`${site.origin}/calls`);
    assert.equal(await page.locator("h1").innerText(), "Sign in with a link");
    await page.goto(link);
    assert.equal(await page.locator("h1").innerText(), "Calls");
    await context.close();
    const second = await visit(browser, site, { signIn: false });
    await second.page.goto(link);
    assert.equal(await second.page.locator("h1").innerText(), "This link no longer works");
    await second.context.close();
  });
});
