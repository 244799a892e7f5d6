'use strict';
// Uses the page /docs in Chromium and writes what it finds as JSON. The input, on stdin, is
// {executable, address, widths, screenshots}; see test_docs_page.py.

const fs = require('fs');
const { chromium } = require('playwright-core');

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
// No name has an address, and the browser asks nobody on its own.
const OFFLINE = [
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Returns how many pixels the page is wider than the window. */
function excess() {
  return document.documentElement.scrollWidth - window.innerWidth;
}

/** Tries the first operation with the example that the page fills in; returns the status of the answer. */
async function tryOperation(page) {
  const operation = page.locator('.opblock').first();
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('.try-out__btn').click();
  await operation.locator('.execute').click();
  return operation.locator('.live-responses-table .response-col_status').last().innerText();
}

async function look(browser, { address, width, screenshots }) {
  const context = await browser.newContext({ viewport: { width, height: 900 } });
  const page = await context.newPage();
  const found = { logged: [], requests: [] };
  page.on('console', (message) => found.logged.push(message.text()));
  page.on('pageerror', (error) => found.logged.push(String(error)));
  page.on('request', (request) => found.requests.push(request.url()));
  page.on('requestfailed', (request) => found.logged.push(`failed: ${request.url()}`));
  await page.goto(`${address}/docs`);
  await page.waitForSelector('.opblock');
  found.title = await page.title();
  found.operations = await page.locator('.opblock-summary').evaluateAll((summaries) =>
    summaries.map((summary) => [
      summary.querySelector('.opblock-summary-method').textContent,
      summary.querySelector('.opblock-summary-path').dataset.path,
    ]));
  found.excess = [await page.evaluate(excess)];
  if (screenshots) {
    await page.screenshot({ path: `${screenshots}/docs-${width}.png`, fullPage: true });
  }
  found.status = await tryOperation(page);
  found.excess.push(await page.evaluate(excess));
  if (screenshots) {
    await page.screenshot({ path: `${screenshots}/docs-${width}-tried.png`, fullPage: true });
  }
  await context.close();
  return found;
}

async function main() {
  const { executable, address, widths, screenshots } = JSON.parse(fs.readFileSync(0));
  const browser = await chromium.launch({ executablePath: executable, args: [...QUIET, ...OFFLINE] });
  try {
    const looks = [];
    for (const width of widths) {
      looks.push(await look(browser, { address, width, screenshots }));
    }
    process.stdout.write(JSON.stringify(looks));
  } finally {
    await browser.close();
  }
}

main();
