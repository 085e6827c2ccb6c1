// The real program with the sandbox, and a real browser. ONHAND names the program, CHROMIUM the browser. The program brings
// its console; DIST names a directory with another one, to look at what is not built into the program yet.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { serveDist } from './served.mjs';

export const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const SHOTS = new URL('../shots/', import.meta.url).pathname;
/** How long the page may take for one step. */
export const WAIT = { timeout: 30_000 };
/** As people look at it: theme, width, height. */
export const SIGHTS = ['light', 'dark'].flatMap((theme) => [
  { theme, width: 1440, height: 900 },
  { theme, width: 360, height: 740 },
]);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Starts `onhand demo` and reads from what it prints where everything is. */
export async function start({ orders = 2 } = {}) {
  const program = process.env.ONHAND;
  if (!program) throw new Error('ONHAND must name the program: `cargo xtask test --only walks` sets it');
  mkdirSync(SHOTS, { recursive: true });
  const data = mkdtempSync(join(tmpdir(), 'onhand-walk-'));
  const found = {};
  let child;
  let ended;
  const run = (listen) => {
    child = spawn(program, ['demo', '--data', data, '--listen', listen, '--orders', String(orders)], { stdio: ['ignore', 'pipe', 'inherit'] });
    ended = new Promise((resolve) => child.once('exit', resolve));
    const told = {};
    const lines = createInterface({ input: child.stdout });
    return new Promise((resolve, reject) => {
      void ended.then((code) => reject(new Error(`the demo ended before it was ready: ${code}`)));
      lines.on('line', (line) => {
        const [, name, value] = /^ {2}(console|API key|API|sandbox) +(\S+)/.exec(line) ?? [];
        if (!name || told[name]) return;
        told[name] = value.replace(/,$/, '');
        if (told.console && told.API && told['API key'] && told.sandbox) resolve(Object.assign(found, told));
      });
    });
  };
  const kill = () => {
    child.kill('SIGKILL');
    return ended;
  };
  await run('127.0.0.1:0');
  const other = process.env.DIST ? await serveDist(resolve(process.env.DIST), found.API) : undefined;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path)),
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  return {
    url: other?.url ?? found.API,
    link: other ? found.console.replace(found.API, other.url) : found.console,
    browser,
    /** What a program asks, with the key. */
    async api(method, path, body) {
      const headers = { authorization: `Bearer ${found['API key']}`, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() };
      const answer = await fetch(found.API + path, { method, headers, body: body && JSON.stringify(body) });
      return { status: answer.status, body: await answer.json().catch(() => undefined) };
    },
    /** What the sandbox is told to do. */
    async sandbox(method, path, body) {
      const answer = await fetch(found.sandbox.replace(/state$/, path), { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.json().catch(() => undefined);
    },
    /** The program ends without a word. */
    kill,
    /** It is started again on what it had, where it was. */
    revive: () => run(new URL(found.API).host),
    async stop() {
      await browser.close();
      other?.stop();
      await kill();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A window that remembers every error of its pages. */
export async function open(world, options = {}) {
  const context = await world.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  const errors = [];
  // What a marketplace's look-alike lacks, to which a seller is sent for his consent, is no error of the console.
  const ours = ({ url }) => url === '' || url.startsWith(world.url);
  page.on('console', (message) => message.type() === 'error' && ours(message.location()) && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  return { context, page, errors };
}

/** The window of the owner, who has followed the link that the terminal shows. */
export async function openOwner(world) {
  const owner = await open(world);
  await owner.page.goto(world.link);
  await owner.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor(WAIT);
  return owner;
}

/** A window of the same person, as wide and as dark as that. */
export async function openSight(world, owner, { theme, width, height }) {
  const storageState = await owner.context.storageState();
  return open(world, { viewport: { width, height }, colorScheme: theme, storageState });
}

/** Goes to a path inside the application, as a link would. */
export async function go(world, page, path) {
  await page.goto(world.url + path);
  await page.locator('h1').first().waitFor(WAIT);
}

/** Waits for something outside of the page. */
export async function until(what, holds) {
  for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((done) => setTimeout(done, 200))) {
    if (await holds()) return;
  }
  assert.fail(`it did not happen: ${what}`);
}

/** The page has what it asked for, follows the feed, and its clock has ticked. */
export async function settled(page) {
  await page.locator('[role=status]').first().waitFor(WAIT);
  await page.getByRole('button', { name: /^Live\./ }).waitFor(WAIT);
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]') && !/Loading…/.test(document.body.innerText), undefined, WAIT);
  await page.evaluate(() => document.fonts.ready);
}

/** What can be seen only after it was scrolled sideways, and tables that are cut off. Runs inside the page. */
function sideways() {
  const tooWide = (element) => element.clientWidth > 1 && element.scrollWidth > element.clientWidth;
  const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
  const holds = (element) => getComputedStyle(element).overflowX !== 'visible' && element.querySelector('table');
  const found = [...document.querySelectorAll('body *')].filter((element) => tooWide(element) && (scrolls(element) || holds(element)));
  return found.map((element) => `${element.tagName} ${element.className} ${element.ariaLabel ?? ''}: ${element.scrollWidth} > ${element.clientWidth}`);
}

/** Keeps a picture of the page, which must fit into its window, show its tables whole, and have nothing for axe. */
export async function look(page, name, { theme, width }, options = {}) {
  await page.screenshot({ path: `${SHOTS}${name}-${theme}-${width}.png`, ...options });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${name} is ${wide} px wider than the window`);
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll('[role=grid]')].filter((grid) => grid.scrollWidth > grid.clientWidth).map((grid) => grid.ariaLabel),
  );
  assert.deepEqual(cut, [], `${name} has tables whose columns do not fit`);
  assert.deepEqual(await page.evaluate(sideways), [], `${name} has something that must be scrolled sideways, or is cut off`);
  // Evaluated from here, since the policy of the server allows no script inside the page.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
    return violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target.join(' ')).join('; ')}`);
  });
  assert.deepEqual(found, [], `axe on ${name}`);
}

/** What everybody takes who sets a password in a walk. */
export const PASSWORD = 'correct purple staple nine';

/** Somebody opens their link for one use, sets a password by it and signs in. */
export async function followLink(world, { page }, { email, link }) {
  // At the address of the console that is looked at.
  const { pathname, hash } = new URL(link, world.url);
  await page.goto(world.url + pathname + hash);
  await page.getByLabel('The new password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.getByText('The password is set').waitFor(WAIT);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('textbox', { name: /^Password/ }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor(WAIT);
}

/** The window of somebody who was let in with this role. */
export async function openInvited(world, { email, name, role }) {
  const made = await world.api('POST', '/v1/users', { email, name, role });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { body } = await world.api('POST', `/v1/users/${made.body.id}/link`, {});
  const guest = await open(world);
  await followLink(world, guest, { email, link: body.url });
  return guest;
}
