// A flash sale rehearsed from the console, with the button that kills: `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { open, SHOTS, start } from './world.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT = { timeout: 60_000 };
const SALE = { timeout: 180_000 };

let world;
let owner;

before(async () => {
  world = await start();
  owner = await open(world);
  await owner.page.goto(world.link);
  await owner.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor(WAIT);
});
after(() => world?.stop());

test('three clicks: the sale is rehearsed, its server is killed, and every invariant is green', async () => {
  const { page, errors } = owner;
  await page.getByRole('link', { name: 'Flash sale' }).click();
  await page.getByRole('button', { name: 'Start the rehearsal' }).click();
  // Playwright waits until the button can be pressed: the server must be selling.
  await page.getByRole('button', { name: 'kill -9' }).click(WAIT);
  await page.getByText('The server was killed and starts again').waitFor(WAIT);
  await page.getByText(/ready again .* after its start/).waitFor(WAIT);
  await page.getByText(/^Every invariant holds/).waitFor(SALE);
  const proof = page.getByRole('listitem').filter({ has: page.locator('svg.tone-ok') });
  assert.equal(await page.locator('li[data-holds=true]').count(), 8);
  assert.equal(await page.locator('li[data-holds=false]').count(), 0);
  assert.ok((await proof.count()) >= 8);
  // What the page says is what the API says.
  const [told] = (await world.api('GET', '/v1/rehearsals')).body.data;
  assert.equal(told.state, 'done');
  assert.equal(told.report.holds, true);
  assert.equal(told.kills.length, 1);
  assert.equal(told.counts.claims, told.counts.orders + told.counts.releases);
  assert.ok(told.counts.orders <= told.plan.units);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download the report' }).click();
  const report = JSON.parse(readFileSync(await (await download).path(), 'utf8'));
  assert.equal(report.id, told.id);
  assert.equal(report.report.holds, true);
  assert.deepEqual(errors, []);
});

test('a viewer sees the rehearsal and can start nothing', async () => {
  const made = await world.api('POST', '/v1/api-keys', { name: 'viewer', scopes: ['stock:read'] });
  const headers = { authorization: `Bearer ${made.body.secret}`, 'content-type': 'application/json' };
  const seen = await fetch(`${world.url}/v1/rehearsals`, { headers });
  assert.equal(seen.status, 200);
  const started = await fetch(`${world.url}/v1/rehearsals`, { method: 'POST', headers, body: '{}' });
  assert.equal(started.status, 403);
});

for (const theme of ['light', 'dark']) {
  for (const [width, height] of [
    [1440, 900],
    [360, 740],
  ]) {
    test(`the report and the preview of a rule at ${width} px, ${theme}`, async () => {
      const storageState = await owner.context.storageState();
      const { context, page, errors } = await open(world, { viewport: { width, height }, colorScheme: theme, storageState });
      for (const [path, name] of [
        ['/rehearsal', 'rehearsal'],
        ['/pushes', 'whatif'],
      ]) {
        await page.goto(world.url + path);
        await page.locator('[role=status]').first().waitFor(WAIT);
        if (name === 'whatif') {
          await page.getByLabel('Percent of what is available').fill('50');
          await page.getByRole('button', { name: 'Preview' }).click();
          await page.getByText(/would be told another figure/).waitFor(WAIT);
        } else {
          await page.getByText(/^Every invariant holds/).waitFor(WAIT);
        }
        await page.screenshot({ path: `${SHOTS}${name}-${theme}-${width}.png`, fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(wide <= 0, `${path} is ${wide} px wider than the window`);
        await page.evaluate(AXE);
        const found = await page.evaluate(async () => {
          const { violations } = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
          return violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target.join(' ')).join('; ')}`);
        });
        assert.deepEqual(found, [], `axe on ${path}`);
      }
      assert.deepEqual(errors, []);
      await context.close();
    });
  }
}
