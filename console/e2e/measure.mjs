// How the console feels with very many SKUs: `ONHAND=… npm run measure -- 500000`. Makes a CSV, imports it with `onhand import`
// into a directory of its own, serves it, and measures in Chromium. Prints a table and the load of the machine beside it.

import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { serveDist } from './served.mjs';
import { BROWSERS } from './world.mjs';

const COUNT = Number(process.argv[2] ?? 500_000);
const RUNS = 5;
const program = process.env.ONHAND;
if (!program) throw new Error('ONHAND must name the program');

const codeOf = (n) => `SKU-${String(n).padStart(6, '0')}`;
const rows = [];
const note = (what, value) => {
  rows.push([what, value]);
  console.error(`${what}: ${value}`);
};
const ms = (value) => `${Math.round(value)} ms`;
const middle = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const load = () => loadavg()[0].toFixed(1);

const data = mkdtempSync(join(tmpdir(), 'onhand-measure-'));
let server;
let browser;
let other;
try {
  await makeGoods();
  const { url, link } = await serve();
  other = process.env.DIST ? await serveDist(resolve(process.env.DIST), url) : undefined;
  const address = other?.url ?? url;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path)),
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const state = await setUp(link.replace(url, address));
  await firstPaint(address, state);
  await stockGrid(address, state);
} finally {
  await browser?.close();
  other?.stop();
  server?.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
}

const wide = Math.max(...rows.map(([what]) => what.length));
console.log(`${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, load ${load()}\n`);
for (const [what, value] of rows) console.log(`${what.padEnd(wide)}  ${value}`);

async function makeGoods() {
  const file = join(data, 'goods.csv');
  const out = createWriteStream(file);
  out.write('sku,name,on_hand\n');
  for (let n = 0; n < COUNT; n += 1) {
    if (!out.write(`${codeOf(n)},Article ${n} of the assortment,${(n * 7) % 200}\n`)) await new Promise((done) => out.once('drain', done));
  }
  await new Promise((done) => out.end(done));
  const began = performance.now();
  execFileSync(program, ['import', '--data', join(data, 'db'), file], { stdio: 'ignore' });
  const seconds = (performance.now() - began) / 1_000;
  note(`import of ${COUNT.toLocaleString('en')} SKUs with stock`, `${seconds.toFixed(0)} s (${Math.round(COUNT / seconds).toLocaleString('en')} rows/s)`);
}

/** The address of the server, and the link with which its first owner sets himself up. */
async function serve() {
  server = spawn(program, ['serve', '--data', join(data, 'db'), '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const link = await new Promise((done, failed) => {
    let said = '';
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        said += text;
        const [found] = /http:\S+\/setup#token=\S+/.exec(said) ?? [];
        if (found) done(found);
      });
    }
    server.once('exit', () => failed(new Error(said)));
  });
  return { url: new URL(link).origin, link };
}

async function setUp(link) {
  const context = await browser.newContext({ locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByRole('textbox', { name: /^Your name/ }).fill('Measure');
  await page.getByRole('textbox', { name: /^E-mail address/ }).fill('measure@shop.example');
  await page.getByRole('textbox', { name: /^Password/ }).fill('measure purple staple nine');
  await page.getByRole('button', { name: 'Create my account' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  const state = await context.storageState();
  await context.close();
  return state;
}

/** Notes in the page when something that is looked for first stands there. */
function watch(selectors) {
  window.seen = {};
  const look = () => {
    for (const [name, selector] of Object.entries(selectors)) {
      if (!(name in window.seen) && document.querySelector(selector)) window.seen[name] = performance.now();
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
}

/** Each time with an empty cache. */
async function firstPaint(address, storageState) {
  const [paints, verdicts] = [[], []];
  let script = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const context = await browser.newContext({ locale: 'en-GB', storageState });
    const page = await context.newPage();
    await page.addInitScript(watch, { verdict: '#main [role=status]' });
    await page.goto(address, { waitUntil: 'load' });
    await page.waitForFunction(() => window.seen.verdict);
    const found = await page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      verdict: window.seen.verdict,
      script: performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    }));
    paints.push(found.paint);
    verdicts.push(found.verdict);
    script = found.script;
    await context.close();
  }
  note(`overview: first contentful paint (median of ${RUNS}, cold)`, `${ms(middle(paints))} (${paints.map(Math.round).join(', ')})`);
  note('overview: verdict line', `${ms(middle(verdicts))} (${verdicts.map(Math.round).join(', ')})`);
  note('overview: JavaScript loaded, as sent', `${(script / 1_000).toFixed(0)} kB`);
}

async function stockGrid(address, storageState) {
  const context = await browser.newContext({ locale: 'en-GB', storageState, viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(address);
  await page.locator('#main [role=status]').waitFor();
  const opened = await timed(page, () => page.getByRole('link', { name: 'Stock', exact: true }).click(), () => document.querySelectorAll('[role=gridcell] a').length > 20);
  note('stock: from the click to the first rows', ms(opened));
  await scroll(page, 60, 'slow: 60 px a frame');
  await scroll(page, 1_200, 'fast: 1,200 px a frame, reading on');
  const loaded = await page.locator('[class*=foot]').last().textContent();
  note('stock: rows read by then', /[\d,]+/.exec(loaded)[0]);

  const last = codeOf(COUNT - 1);
  const prefix = last.slice(0, -2);
  await page.goto(`${address}/stock`);
  await page.locator('[role=gridcell] a').first().waitFor();
  const filtered = await timed(page, () => page.getByRole('textbox', { name: 'Code or name' }).fill(prefix), (code) => document.querySelector('[role=gridcell] a')?.textContent.startsWith(code), prefix);
  note(`stock: filter by the beginning of a code (${prefix})`, `${ms(filtered)}, of which 200 ms wait for the next letter`);
  await page.locator('h1').click();
  await page.keyboard.press('/');
  const found = await timed(page, () => page.getByRole('combobox', { name: 'Search and commands' }).fill(last), (code) => [...document.querySelectorAll('[role=option]')].some((each) => each.textContent.includes(code)), last);
  note(`search: ${last} is offered`, `${ms(found)}, of which 120 ms wait for the next letter`);
  const jumped = await timed(page, () => page.keyboard.press('Enter'), () => document.querySelector('[data-testid=equation]'));
  note('search: from Enter to its equation', ms(jumped));
  await context.close();
}

/** Milliseconds from an act until the page shows what it should. */
async function timed(page, act, holds, argument) {
  const began = performance.now();
  await act();
  await page.waitForFunction(holds, argument, { polling: 'raf' });
  return performance.now() - began;
}

/** Scrolls by so much in each frame for three seconds, and counts the frames. */
async function scroll(page, step, name) {
  const client = await page.context().newCDPSession(page);
  // In the time of the page's own thread, which a busy machine does not lengthen.
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () => (await client.send('Performance.getMetrics')).metrics.find(({ name: metric }) => metric === 'TaskDuration').value * 1_000;
  const begun = await busy();
  const frames = await page.evaluate(
    ([by, until]) =>
      new Promise((done) => {
        const grid = document.querySelector('[role=grid]');
        const took = [];
        let before = performance.now();
        const end = before + until;
        const frame = (now) => {
          took.push(now - before);
          before = now;
          grid.scrollTop += by;
          if (now < end) requestAnimationFrame(frame);
          else done(took.slice(1));
        };
        requestAnimationFrame(frame);
      }),
    [step, 3_000],
  );
  const work = ((await busy()) - begun) / frames.length;
  const dropped = frames.reduce((sum, each) => sum + Math.max(0, Math.round(each / (1_000 / 60)) - 1), 0);
  note(`stock: scrolling ${name}`, `${frames.length} frames in 3 s, ${dropped} dropped, median ${ms(middle(frames))}, longest ${ms(Math.max(...frames))}; ${work.toFixed(1)} ms of the page's thread each; load ${load()}`);
}
