// The real program with the sandbox, and a real browser. ONHAND names the program, CHROMIUM the browser. The program brings
// its console; DIST names a directory with another one, to look at what is not built into the program yet.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { serveDist } from './served.mjs';

export const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const SHOTS = new URL('../shots/', import.meta.url).pathname;

/** Starts `onhand demo` and reads from what it prints where everything is. */
export async function start({ orders = 2 } = {}) {
  const program = process.env.ONHAND;
  if (!program) throw new Error('ONHAND must name the program: `cargo xtask test --only walks` sets it');
  mkdirSync(SHOTS, { recursive: true });
  const data = mkdtempSync(join(tmpdir(), 'onhand-walk-'));
  const child = spawn(program, ['demo', '--data', data, '--listen', '127.0.0.1:0', '--orders', String(orders)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const found = {};
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout });
  await new Promise((resolve, reject) => {
    void ended.then((code) => reject(new Error(`the demo ended before it was ready: ${code}`)));
    lines.on('line', (line) => {
      const [, name, value] = /^ {2}(console|API key|API|sandbox) +(\S+)/.exec(line) ?? [];
      if (!name || found[name]) return;
      found[name] = value.replace(/,$/, '');
      if (found.console && found.API && found['API key'] && found.sandbox) resolve();
    });
  });
  const other = process.env.DIST ? await serveDist(resolve(process.env.DIST), found.API) : undefined;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path)),
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const control = found.sandbox.replace(/\/control\/state$/, '');
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
      const answer = await fetch(`${control}/control/${path}`, { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.json().catch(() => undefined);
    },
    async stop() {
      await browser.close();
      other?.stop();
      child.kill('SIGKILL');
      await ended;
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
