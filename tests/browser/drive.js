'use strict';
// Opens pages in Chromium and writes what it finds as JSON. The input, on stdin, is
// {executable, pages, demo}; see test_browser.py.

const fs = require('fs');
const axe = require('axe-core');
const { chromium } = require('playwright-core');
const { HtmlValidate } = require('html-validate');

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const OFFLINE = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
// Polyglot pages, well-formed XML too, end void elements with a slash; browsers ignore it.
const VALID = new HtmlValidate({
  extends: ['html-validate:recommended'],
  rules: { 'void-style': 'off', 'no-trailing-whitespace': 'off', 'long-title': 'off', 'no-inline-style': 'error' },
});

/** Returns what axe-core finds: each rule, its first element, and the number of elements. */
async function violations(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => axe.run(document, { preload: false }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 120)} (${nodes.length})`);
}

/** Returns whether the page is wider than the window, and the images that were not shown. */
function layout() {
  const wide = document.documentElement.scrollWidth > window.innerWidth;
  const broken = [...document.images].filter((image) => !image.complete || image.naturalWidth === 0);
  return {
    wide: wide ? [`${document.documentElement.scrollWidth} > ${window.innerWidth}`] : [],
    broken: broken.map((image) => image.currentSrc),
    styled: getComputedStyle(document.body).maxWidth !== 'none',
    first: document.querySelector('h2') ? document.querySelector('h2').getBoundingClientRect().top : 0,
  };
}

/** Opens a page under Jenkins' policy; then, only for axe-core, under the same policy with scripts. */
async function look(browser, { strict, scripted, width, scheme, screenshot }) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  const logged = [];
  page.on('console', (message) => logged.push(message.text()));
  page.on('requestfailed', (request) => logged.push(`failed: ${request.url()}`));
  const answer = await page.goto(strict);
  const found = { ...(await page.evaluate(layout)), said: [...logged] };
  const report = await VALID.validateString(await answer.text());
  found.invalid = report.results.flatMap(({ messages }) => messages.map(({ ruleId, message }) => `${ruleId}: ${message}`));
  if (screenshot) {
    await page.screenshot({ path: screenshot });
  }
  await page.goto(scripted);
  found.violations = await violations(page);
  await context.close();
  return found;
}

/** Uses the demo page: loads a model, types a message, then drops a damaged file on it. */
async function tryModel(browser, { address, model, text, damaged }) {
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(address);
  const empty = await violations(page);
  await page.setInputFiles('#file', model);
  await page.fill('#message', text);
  await page.waitForSelector('#label');
  const label = await page.textContent('#label');
  const shown = await violations(page);
  const transfer = await page.evaluateHandle((content) => {
    const made = new DataTransfer();
    made.items.add(new File([content], 'damaged.json', { type: 'application/json' }));
    return made;
  }, damaged);
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  await page.waitForSelector('#refusal:not([hidden])');
  const refusal = await page.textContent('#refusal');
  return { label, refusal, still: await page.textContent('#label'), errors, violations: [...empty, ...shown] };
}

async function main() {
  const { executable, pages, demo } = JSON.parse(fs.readFileSync(0));
  const browser = await chromium.launch({ executablePath: executable, args: [...QUIET, ...OFFLINE] });
  try {
    const looked = [];
    for (const page of pages) {
      looked.push(await look(browser, page));
    }
    process.stdout.write(JSON.stringify({ pages: looked, demo: demo && (await tryModel(browser, demo)) }));
  } finally {
    await browser.close();
  }
}

main();
