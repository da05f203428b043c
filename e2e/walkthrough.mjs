// A person's browser against the demo: the address bar, a page of another origin, a key from a page.
// Usage: node walkthrough.mjs http://127.0.0.1:8080
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const gateway = process.argv[2];
const forecast = `${gateway}/weather/v1/forecast?latitude=51.5&longitude=-0.1&current_weather=true`;

const page_html = `<!doctype html><title>shop</title><script>
async function call(url, options) {
  try {
    const response = await fetch(url, options);
    return { status: response.status, id: response.headers.get("x-request-id"), body: await response.text() };
  } catch (error) { return { error: String(error) }; }
}
</script>`;
const shop = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(page_html));
await new Promise((ready) => shop.listen(0, "127.0.0.1", ready));
const origin = `http://127.0.0.1:${shop.address().port}`;

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
let passed = 0, failed = 0;
function check(name, ok, seen) {
  if (ok) { passed += 1; } else { failed += 1; console.log(`FAILED ${name}: ${JSON.stringify(seen)}`); }
}
try {
  const page = await browser.newPage();
  const shown = await page.goto(forecast);
  const text = await page.textContent("body");
  check("the address bar shows JSON", shown.status() === 200 && text.includes("current_weather"), text);

  await page.goto(origin);
  const weather = await page.evaluate((url) => call(url), forecast);
  check("another origin reads the answer and its id",
    weather.status === 200 && weather.id?.startsWith("c_") && weather.body.includes("temperature"), weather);
  const closed = await page.evaluate((url) => call(url, { headers: { "X-Api-Key": "x" } }), `${gateway}/orders/v1/orders`);
  check("an offer without cors stays closed to pages", "error" in closed, closed);
} finally {
  await browser.close();
  shop.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
