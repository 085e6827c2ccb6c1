// A flash sale rehearsed from the console, with the button that kills: `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { go, look, openOwner, openSight, SIGHTS, start, WAIT as STEP } from './world.mjs';

const WAIT = { timeout: 2 * STEP.timeout };
const SALE = { timeout: 180_000 };

let world;
let owner;

before(async () => {
  world = await start();
  owner = await openOwner(world);
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

for (const sight of SIGHTS) {
  test(`the report and the preview of a rule at ${sight.width} px, ${sight.theme}`, async () => {
    const { context, page, errors } = await openSight(world, owner, sight);
    await go(world, page, '/rehearsal');
    await page.getByText(/^Every invariant holds/).waitFor(WAIT);
    await look(page, 'rehearsal', sight, { fullPage: true });
    await go(world, page, '/pushes');
    await page.getByLabel('Percent of what is available').fill('50');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText(/would be told another figure/).waitFor(WAIT);
    await look(page, 'whatif', sight, { fullPage: true });
    assert.deepEqual(errors, []);
    await context.close();
  });
}
