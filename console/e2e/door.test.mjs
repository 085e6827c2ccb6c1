// What somebody sees who is not signed in: the first set-up, a link to set a password, the second factor. The program is a
// server of its own without an owner, as on the first day: `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { serveDist } from './served.mjs';
import { BROWSERS, go as goIn, look, open, openSight, settled, SHOTS, SIGHTS, until, WAIT } from './world.mjs';

const OWNER = { name: 'Ada Owner', email: 'ada@shop.example', password: 'correct purple staple nine' };
const NEW_PASSWORD = 'another purple staple nine';

let world;
let owner;
/** The second factor's key, once there is one. */
let secret;

before(async () => {
  world = await serve();
});
after(() => world?.stop());

/** `onhand serve` over an empty directory. */
async function serve() {
  const program = process.env.ONHAND;
  if (!program) throw new Error('ONHAND must name the program: `cargo xtask test --only walks` sets it');
  mkdirSync(SHOTS, { recursive: true });
  const data = mkdtempSync(join(tmpdir(), 'onhand-door-'));
  const file = join(data, 'ready.json');
  const args = ['serve', '--data', data, '--listen', '127.0.0.1:0', '--ready-file', file];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  const ended = new Promise((done) => child.once('exit', done));
  await until('the server is ready', () => child.exitCode !== null || existsSync(file));
  assert.equal(child.exitCode, null, 'the server has ended');
  const ready = JSON.parse(readFileSync(file, 'utf8'));
  const other = process.env.DIST ? await serveDist(resolve(process.env.DIST), ready.url) : undefined;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path)),
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  return {
    url: other?.url ?? ready.url,
    setUp: new URL(ready.set_up),
    browser,
    async stop() {
      await browser.close();
      other?.stop();
      child.kill('SIGKILL');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** What an authenticator shows at a time (RFC 6238). */
function codeAt(key, time) {
  const bits = [...key.replaceAll(' ', '')].map((sign) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(time / 30_000)));
  const hash = createHmac('sha1', bytes).update(counter).digest();
  const place = hash[19] & 0xf;
  return String((hash.readUInt32BE(place) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Every sight of a page of the door, each in a window in which nobody is signed in. */
async function everySight(name, show) {
  for (const sight of SIGHTS) {
    const { context, page, errors } = await open(world, { viewport: { width: sight.width, height: sight.height }, colorScheme: sight.theme });
    await show(page);
    await page.evaluate(() => document.fonts.ready);
    await look(page, name, sight);
    // What the server refuses while somebody types is no error of the page.
    assert.deepEqual(errors.filter((text) => !/status of 4\d\d/.test(text)), [], name);
    await context.close();
  }
}

const field = (page, name) => page.getByRole('textbox', { name });

async function signIn(page, password) {
  await goIn(world, page, '/');
  await field(page, /^E-mail address/).fill(OWNER.email);
  await field(page, /^Password/).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('the first day: without the link, with half of it, and with all of it', async () => {
  await everySight('door_no_owner', async (page) => {
    await goIn(world, page, '/');
    await page.getByText('This server has no owner yet.').waitFor(WAIT);
  });
  await everySight('door_setup_half', async (page) => {
    await goIn(world, page, '/setup');
    await page.getByText('The link is not complete.').waitFor(WAIT);
  });
  await everySight('door_setup', async (page) => {
    await goIn(world, page, world.setUp.pathname + world.setUp.hash);
    await field(page, /^Your name/).waitFor(WAIT);
    assert.equal(new URL(page.url()).hash, '', 'the link is in no history');
  });
});

test('a password that is too short or easy to guess is refused in words, and the owner comes in with a better one', async () => {
  const set = async (page, password) => {
    await field(page, /^Your name/).fill(OWNER.name);
    await field(page, /^E-mail address/).fill(OWNER.email);
    await field(page, /^Password/).fill(password);
    await page.getByRole('button', { name: 'Create my account' }).click();
  };
  await everySight('door_setup_refused', async (page) => {
    await goIn(world, page, world.setUp.pathname + world.setUp.hash);
    let sent = 0;
    page.on('request', (request) => (sent += request.url().endsWith('/v1/setup') ? 1 : 0));
    await set(page, 'short');
    await page.getByText('It needs 12 to 256 characters and has 5.').waitFor(WAIT);
    assert.equal(sent, 0, 'what is too short is not sent');
    await set(page, 'password1234');
    await page.getByRole('alert').filter({ hasText: 'This is easy to guess.' }).waitFor(WAIT);
    assert.equal(sent, 1);
  });
  owner = await open(world);
  await goIn(world, owner.page, world.setUp.pathname + world.setUp.hash);
  await set(owner.page, OWNER.password);
  await owner.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor(WAIT);
});

const PAGES = ['', 'stock', 'orders', 'orders?view=market', 'attention', 'queues', 'shops', 'webhooks', 'mapping', 'pushes', 'drift', 'reservations', 'imports', 'people', 'keys', 'audit', 'account'];

test('a server with nothing in it: every page can be looked at, and none has an error', async () => {
  for (const sight of SIGHTS.filter(({ theme, width }) => (theme === 'light') === (width > 1_000))) {
    const { context, page, errors } = await openSight(world, owner, sight);
    for (const path of PAGES) {
      await goIn(world, page, `/${path}`);
      await settled(page);
      assert.doesNotMatch(await page.getByRole('main').innerText(), /these filters/, `${path}: nobody has filtered anything`);
      await look(page, `first_day_${path.replace(/\W/g, '_') || 'overview'}`, sight);
    }
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test('what is hard to undo asks for the password again, and then goes on by itself', async () => {
  const { page } = owner;
  // The server says so when a quarter of an hour is over; here it is said at once, to the first request.
  const problem = { type: '/problems/proof_needed', title: 'Show again who you are', status: 403, detail: '', code: 'proof_needed', retryable: false };
  const keys = [];
  await page.route('**/v1/api-keys', (route) => {
    if (route.request().method() !== 'POST') return route.fallback();
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length > 1) return route.fallback();
    return route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  });
  await goIn(world, page, '/keys');
  await page.getByRole('button', { name: 'Make a key' }).click();
  const form = page.getByRole('dialog', { name: 'Make a key' });
  await field(form, /^What it is for/).fill('till');
  await form.getByRole('button', { name: 'Make a key' }).click();
  const asks = page.getByRole('dialog', { name: 'Show again who you are' });
  await field(asks, /^Password/).fill('wrong purple staple nine');
  await asks.getByRole('button', { name: 'Go on' }).click();
  await asks.getByRole('alert').waitFor(WAIT);
  await field(asks, /^Password/).fill(OWNER.password);
  await asks.getByRole('button', { name: 'Go on' }).click();
  await asks.waitFor({ state: 'detached', ...WAIT });
  await page.getByText('Copy the key now').waitFor(WAIT);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1], 'one intent, one key');
  await page.getByRole('row').filter({ hasText: 'till' }).getByText('never').first().waitFor(WAIT);
  await page.unroute('**/v1/api-keys');
});

test('with a second factor the code is asked for, and lets in', async () => {
  const { page } = owner;
  await goIn(world, page, '/account');
  await page.getByRole('button', { name: 'Set up a second factor' }).click();
  await page.getByRole('img', { name: 'Code to read with an authenticator' }).waitFor(WAIT);
  secret = await field(page, /add this key/).inputValue();
  await field(page, /^Code/).fill(codeAt(secret, Date.now()));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('Keep these recovery codes in a safe place.').waitFor(WAIT);
  const guest = await open(world);
  await signIn(guest.page, OWNER.password);
  // A code is good once: the one that set it up is used.
  await field(guest.page, /^Code of your authenticator/).fill(codeAt(secret, Date.now() + 30_000));
  await guest.page.getByRole('button', { name: 'Sign in' }).click();
  await guest.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor(WAIT);
  await guest.context.close();
  // Five tries without a code are free, and these are four.
  await everySight('door_sign_in', (other) => goIn(world, other, '/'));
  await everySight('door_second_factor', async (other) => {
    await signIn(other, OWNER.password);
    await field(other, /^Code of your authenticator/).waitFor(WAIT);
  });
});

test('a link sets a new password once', async () => {
  const { page } = owner;
  await goIn(world, page, '/people');
  await page.getByRole('button', { name: `Actions: ${OWNER.name}` }).click();
  await page.getByRole('menuitem', { name: 'Link to set a password' }).click();
  const { pathname, hash } = new URL(await field(page, /^Hand this link/).inputValue());
  await everySight('door_password', async (guest) => {
    await goIn(world, guest, pathname + hash);
    await field(guest, /^The new password/).waitFor(WAIT);
  });
  await everySight('door_password_half', async (guest) => {
    await goIn(world, guest, pathname);
    await guest.getByText('The link is not complete.').waitFor(WAIT);
  });
  const guest = await open(world);
  await goIn(world, guest.page, pathname + hash);
  await field(guest.page, /^The new password/).fill(NEW_PASSWORD);
  await guest.page.getByRole('button', { name: 'Set password' }).click();
  await guest.page.getByText('The password is set. Sign in with it now.').waitFor(WAIT);
  await guest.page.goto('about:blank');
  await goIn(world, guest.page, pathname + hash);
  await field(guest.page, /^The new password/).fill(OWNER.password);
  await guest.page.getByRole('button', { name: 'Set password' }).click();
  await guest.page.getByRole('alert').waitFor(WAIT);
  await guest.context.close();
});
