'use strict';
// Opens pages in Chromium and writes what it finds as JSON. Standard input: {executable, pages, demo}, see test_browser.py.

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

/** What axe-core finds: rule, how grave, and the first place. */
async function violations(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() => axe.run(document, { preload: false }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 120)} (${nodes.length})`);
}

/** What of the page is wider than the window, and the images that were not shown. */
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

/** A page under the policy as it is; then, for axe-core's sake alone, under the same one that lets scripts run. */
async function look(browser, { strict, scripted, width, scheme, screenshot }) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('requestfailed', (request) => said.push(`failed: ${request.url()}`));
  const answer = await page.goto(strict);
  const found = { ...(await page.evaluate(layout)), said: [...said] };
  const report = await VALID.validateString(await answer.text());
  found.invalid = report.results.flatMap(({ messages }) => messages.map((each) => `${each.ruleId}: ${each.message}`));
  if (screenshot) {
    await page.screenshot({ path: screenshot });
  }
  await page.goto(scripted);
  found.violations = await violations(page);
  await context.close();
  return found;
}

/** The page to try a model: with a model, with a message, and after a damaged file was dropped on it. */
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
