// A file of counts is compared, carried out and taken back: `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { go as goIn, look, openOwner, SIGHTS, start, WAIT } from './world.mjs';

let world;
let owner;

before(async () => {
  world = await start();
  owner = await openOwner(world);
});
after(() => world?.stop());

const go = (page, path) => goIn(world, page, path);
const onHand = async (sku) => (await world.api('GET', `/v1/stock/${sku}/main`)).body.on_hand;

/** A SKU with so many units. */
async function stocked(sku, units) {
  assert.equal((await world.api('POST', '/v1/skus', { sku })).status, 201);
  assert.equal((await world.api('POST', '/v1/stock/adjust', { sku, quantity: units, reason: 'received' })).status, 200);
}

/** So many units are sold and leave the house. */
async function ship(sku, quantity) {
  const order = await world.api('POST', '/v1/orders', { lines: [{ sku, quantity }], confirm: true });
  assert.equal(order.status, 201);
  assert.equal((await world.api('POST', `/v1/orders/${order.body.id}/ship`, {})).status, 200);
}

/** On the page of imports: chooses a file of counts and lets it be compared. */
async function compare(page, name, rows) {
  await page.getByRole('radio', { name: /^Stock: what was counted/ }).click();
  const buffer = Buffer.from(['sku,counted', ...rows].join('\n'));
  await page.getByLabel('CSV file').setInputFiles({ name, mimeType: 'text/csv', buffer });
  await page.getByRole('button', { name: 'Compare' }).click();
}

const outcome = (page, sku) => page.getByRole('grid', { name: 'Imports' }).getByRole('row').filter({ hasText: sku });
/** In the application, as a link does it: the page itself stays. */
const leave = (page, name) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();

test('units that were sold between the comparison and the count stay sold when the count is taken back', async () => {
  const { page, errors } = owner;
  await stocked('COUNT-1', 50);
  await stocked('COUNT-2', 20);
  await go(page, '/imports');
  await page.getByText('A CSV file. Its first row names the columns: SKU, Location (may be missing), Units.').waitFor(WAIT);
  await page.getByLabel('CSV file').setInputFiles({ name: 'count.xlsx', mimeType: 'application/octet-stream', buffer: Buffer.from('PK\x03\x04') });
  await page.getByText('This is a spreadsheet file.').waitFor(WAIT);
  await compare(page, 'count.csv', ['COUNT-1,45', 'COUNT-2,18']);
  await page.getByText('2 rows: 2 would change, 0 stay as they are, 0 cannot be taken.').waitFor(WAIT);
  // Three leave COUNT-1. Two leave COUNT-2, after which its count finds what is there and changes nothing.
  await ship('COUNT-1', 3);
  await ship('COUNT-2', 2);
  await page.getByRole('button', { name: 'Change 2 rows' }).click();
  await page.getByText('1 of 1 rows are in; 0 failed.').waitFor(WAIT);
  assert.deepEqual([await onHand('COUNT-1'), await onHand('COUNT-2')], [45, 18]);
  await outcome(page, 'COUNT-1').getByText('-2', { exact: true }).waitFor(WAIT);
  await outcome(page, 'COUNT-2').getByText('stays').waitFor(WAIT);

  // Another page, and back: the import is still there, and can be taken back.
  await leave(page, 'Stock');
  await page.getByRole('heading', { name: 'Stock', level: 1 }).waitFor(WAIT);
  await leave(page, 'Imports');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('dialog').getByText('Take 1 row back?').waitFor(WAIT);
  await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
  await page.getByText('1 row was taken back.').waitFor(WAIT);
  assert.deepEqual([await onHand('COUNT-1'), await onHand('COUNT-2')], [47, 18]);
  assert.deepEqual(errors, []);
});

test('an undo that was refused for one row succeeds at the second press', async () => {
  const { page } = owner;
  await stocked('BACK-1', 5);
  await stocked('BACK-2', 5);
  await go(page, '/imports');
  await compare(page, 'back.csv', ['BACK-1,9', 'BACK-2,9']);
  await page.getByRole('button', { name: 'Change 2 rows' }).click();
  await page.getByText('2 of 2 rows are in; 0 failed.').waitFor(WAIT);
  // All of the first are promised to somebody: none can be taken away.
  const hold = await world.api('POST', '/v1/reservations', { lines: [{ sku: 'BACK-1', quantity: 9 }], ttl_s: 600 });
  assert.equal(hold.status, 201);
  const undo = async () => {
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
  };
  await undo();
  await page.getByText('1 row was taken back. 1 row could not be taken back.').waitFor(WAIT);
  await outcome(page, 'BACK-1').getByText('Not enough stock').waitFor(WAIT);
  // What was taken back is not said to be in.
  assert.deepEqual([await outcome(page, 'BACK-1').getByText('+4').count(), await outcome(page, 'BACK-2').getByText('+4').count()], [1, 0]);
  // In one window, since only this one knows of the import.
  for (const sight of SIGHTS) {
    await page.emulateMedia({ colorScheme: sight.theme });
    await page.setViewportSize({ width: sight.width, height: sight.height });
    await page.locator(`html[data-mantine-color-scheme=${sight.theme}]`).waitFor(WAIT);
    await look(page, 'imports_stuck', sight);
    await outcome(page, 'BACK-1').getByText('Not enough stock').click({ position: { x: 30, y: 8 } });
    const whole = page.getByRole('dialog', { name: 'Row 2' });
    await whole.getByText(/The row is still in: .* press Undo again\./).waitFor(WAIT);
    await whole.getByText('BACK-1 at main: 4 asked for, 0 there').waitFor(WAIT);
    await look(page, 'imports_row', sight);
    await whole.getByRole('button', { name: 'Close' }).click();
    await whole.waitFor({ state: 'detached', ...WAIT });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1440, height: 900 });
  assert.deepEqual([await onHand('BACK-1'), await onHand('BACK-2')], [9, 5]);
  await world.api('POST', `/v1/reservations/${hold.body.id}/release`, {});
  await undo();
  await page.getByText('2 rows were taken back.').waitFor(WAIT);
  assert.deepEqual([await onHand('BACK-1'), await onHand('BACK-2')], [5, 5]);
});

test('a lost answer is asked for again and nothing is done twice; the page asks before it is left meanwhile', async () => {
  const { page } = owner;
  await stocked('LOST-1', 5);
  await go(page, '/imports');
  await compare(page, 'lost.csv', ['LOST-1,9']);
  let sent = 0;
  let held;
  const here = new Promise((resolve) => (held = resolve));
  let letGo;
  const later = new Promise((resolve) => (letGo = resolve));
  // The first change reaches the server, and its answer never comes back.
  await page.route('**/v1/stock/bulk', async (route) => {
    sent += 1;
    if (sent > 1) return route.continue();
    await route.fetch();
    held();
    await later;
    return route.abort();
  });
  await page.getByRole('button', { name: 'Change 1 row' }).click();
  await here;
  assert.equal(await onHand('LOST-1'), 9);
  const asked = page.waitForEvent('dialog', WAIT);
  await page.evaluate(() => setTimeout(() => window.location.reload()));
  const dialog = await asked;
  assert.equal(dialog.type(), 'beforeunload');
  await dialog.dismiss();
  letGo();
  await page.getByText('The server cannot be reached').waitFor(WAIT);
  // Somebody sells one; a second count under a new key would bring it back.
  await ship('LOST-1', 1);
  await page.getByRole('button', { name: 'Change 1 row' }).click();
  await page.getByText('1 of 1 rows are in; 0 failed.').waitFor(WAIT);
  assert.equal(await onHand('LOST-1'), 8);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
  await page.getByText('1 row was taken back.').waitFor(WAIT);
  assert.equal(await onHand('LOST-1'), 4);
  await page.unroute('**/v1/stock/bulk');
});
