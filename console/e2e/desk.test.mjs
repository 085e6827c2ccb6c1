// What people do with many rows, or would do by accident: `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { go as goIn, look, open, openOwner, openSight, settled, SIGHTS, start, until, WAIT } from './world.mjs';

let world;
let owner;

before(async () => {
  world = await start();
  owner = await openOwner(world);
});
after(() => world?.stop());

const go = (page, path) => goIn(world, page, path);

/** Shows the same in every sight, in windows of the same person. */
async function everySight(name, show) {
  for (const sight of SIGHTS) {
    const { context, page, errors } = await openSight(world, owner, sight);
    await show(page, sight);
    await look(page, name, sight);
    assert.deepEqual(errors, []);
    await context.close();
  }
}

test('a paused page reads nothing again by itself, and goes on when it is resumed', async () => {
  const { context, page } = await open(world, { storageState: await owner.context.storageState() });
  await page.clock.install();
  let reads = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/v1/queues') reads += 1;
  });
  await go(page, '/queues');
  await page.getByRole('button', { name: /^Live\./ }).click();
  await page.getByRole('button', { name: /^Paused\./ }).waitFor(WAIT);
  await page.getByRole('list', { name: 'Queues' }).getByRole('listitem').first().waitFor(WAIT);
  const before = reads;
  await page.clock.runFor(30_000);
  assert.equal(reads, before, 'read while it was paused');
  await page.getByRole('button', { name: /^Paused\./ }).click();
  await page.clock.runFor(10_000);
  await until('it reads again', () => reads > before);
  await context.close();
});

test('times are shown in the zone that somebody has chosen, also after a reload', async () => {
  const { context, page } = await open(world, { storageState: await owner.context.storageState(), timezoneId: 'Asia/Singapore' });
  const told = () => page.locator('time').first().getAttribute('title', WAIT);
  await go(page, '/account');
  assert.match(await told(), /GMT\+8/);
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitem', { name: 'Times in Asia/Singapore' }).click();
  await page.getByRole('combobox', { name: 'Time zone' }).or(page.getByRole('textbox', { name: 'Time zone' })).first().fill('Tokyo');
  await page.getByRole('option', { name: 'Asia/Tokyo' }).click();
  await page.getByRole('dialog').getByText('GMT+9').waitFor(WAIT);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached', ...WAIT });
  assert.match(await told(), /GMT\+9/);
  await go(page, '/account');
  assert.match(await told(), /GMT\+9/);
  await context.close();
  await everySight('zone', async (sight) => {
    await go(sight, '/account');
    await sight.getByRole('button', { name: 'Account' }).click();
    await sight.getByRole('menuitem', { name: /^Times in / }).click();
    await sight.getByRole('dialog').getByRole('button', { name: 'Save' }).waitFor(WAIT);
  });
});

test('all that fits the filters is exported, and what is shown is chosen at once', async () => {
  const { page } = owner;
  const codes = Array.from({ length: 230 }, (_, n) => `EXP-${String(n).padStart(3, '0')}`);
  const skus = codes.map((sku) => ({ sku, name: `Umbrella ${sku.slice(-3)}` }));
  assert.equal((await world.api('POST', '/v1/skus/bulk', { skus })).status, 200);
  const items = codes.map((sku) => ({ action: 'adjust', sku, quantity: 10, reason: 'received' }));
  assert.equal((await world.api('POST', '/v1/stock/bulk', { mode: 'independent', items })).status, 200);
  await go(page, '/stock?q=EXP-');
  await page.getByRole('button', { name: 'Choose all 200 shown' }).click();
  await page.getByRole('region', { name: '200 rows chosen' }).waitFor(WAIT);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export all' }).click();
  const lines = readFileSync(await (await download).path(), 'utf8').trim().split('\r\n');
  assert.equal(lines.length, 231);
  assert.deepEqual(lines.slice(1).map((line) => line.split(',')[0]), codes);
  // Nobody knows the code; a word of the name will do.
  await go(page, '/stock');
  await page.getByRole('textbox', { name: 'Code or name' }).fill('umbrella 007');
  await page.getByRole('link', { name: 'EXP-007', exact: true }).waitFor(WAIT);
  await page.getByText('No code begins so. 1 row was found by words of its name.').waitFor(WAIT);
  await everySight('stock_chosen', async (sight) => {
    await go(sight, '/stock?q=EXP-&below=11');
    await sight.getByRole('button', { name: 'Choose all 200 shown' }).click();
    await sight.getByRole('checkbox', { checked: true }).first().waitFor(WAIT);
    await sight.getByRole('button', { name: 'Remove the filter Available: < 11' }).waitFor(WAIT);
    await settled(sight);
  });
});

test('rows that go by too fast to be read are whole as soon as the list stands still', async () => {
  const { page } = owner;
  await go(page, '/stock');
  const grid = page.getByRole('grid');
  await grid.getByRole('checkbox').first().waitFor(WAIT);
  // Each frame moves by more than a window, as when somebody drags the bar; what is drawn meanwhile is kept.
  const passing = await grid.evaluate(async (list) => {
    const links = [];
    for (let step = 0; step < 5; step += 1) {
      list.scrollTop += 1_200;
      await new Promise((done) => requestAnimationFrame(done));
      const rows = [...list.querySelectorAll('[aria-selected]')];
      links.push(Math.max(...rows.map((row) => row.querySelectorAll('[role=gridcell] a').length)));
    }
    return links;
  });
  assert.equal(Math.min(...passing), 0, `rows were drawn with all their links: ${passing}`);
  const whole = () => {
    const rows = [...document.querySelectorAll('[role=grid] [aria-selected]')];
    return rows.length > 20 && rows.every((row) => row.querySelectorAll('[role=gridcell] a').length > 3);
  };
  await page.waitForFunction(whole, undefined, WAIT);
});

test('the table of stock has room for its columns at every width: none is cut off or written over', async () => {
  for (const language of ['en', 'th', 'vi']) {
    const { context, page } = await open(world, { storageState: await owner.context.storageState() });
    await context.addInitScript((chosen) => localStorage.setItem('onhand-language', chosen), language);
    await go(page, '/stock');
    await page.getByRole('grid').getByRole('checkbox').first().waitFor(WAIT);
    for (let width = 360; width <= 1_440; width += 40) {
      await page.setViewportSize({ width, height: 760 });
      const fits = () => {
        const grid = document.querySelector('[role=grid]');
        const cut = [...grid.querySelectorAll('[role=columnheader], [data-align=end]')].filter((cell) => cell.scrollWidth > cell.clientWidth);
        return grid.scrollWidth <= grid.clientWidth && cut.length === 0;
      };
      await page.waitForFunction(fits, undefined, { timeout: 5_000 }).catch(() => assert.fail(`it does not fit at ${width} px, ${language}`));
    }
    await context.close();
  }
});

test('a filter of the queues that has no field can be seen and removed', async () => {
  const { page } = owner;
  await go(page, '/queues?code=error_permission');
  await page.getByRole('button', { name: 'Remove the filter Code: error_permission' }).click();
  await page.waitForURL((url) => url.pathname === '/queues' && url.search === '', WAIT);
  await go(page, '/queues?jobs=live&lane=order_ingest');
  await page.getByRole('button', { name: 'Remove the filter Lane: Orders coming in' }).waitFor(WAIT);
  await page.getByText('Given up', { exact: true }).last().click();
  await page.waitForURL((url) => url.search === '', WAIT);
});

test('a lane is paused only after it was said what waits from then on', async () => {
  const { page } = owner;
  const paused = async () => (await world.api('GET', '/v1/queues')).body.data.find(({ queue }) => queue === 'product_sync').paused;
  await go(page, '/queues');
  const lane = page.getByRole('listitem').filter({ hasText: 'product_sync' });
  const dialog = page.getByRole('dialog');
  await lane.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByText(/^It stops: .*import listings/).waitFor(WAIT);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await paused(), false);
  await lane.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await page.getByText(/^Stopped by a person: Products and shops/).waitFor(WAIT);
  assert.equal(await paused(), true);
  await lane.getByRole('button', { name: 'Resume' }).click();
  await until('it goes on', async () => !(await paused()));
  await everySight('lane_pause', async (sight) => {
    await go(sight, '/queues?jobs=live&lane=order_ingest');
    await sight.getByRole('listitem').filter({ hasText: 'product_sync' }).getByRole('button', { name: 'Pause' }).click();
    await sight.getByRole('dialog').getByRole('button', { name: 'Pause' }).waitFor(WAIT);
  });
});

test('a shop is paused, and a job taken out, only after it was said what follows', async () => {
  const { page } = owner;
  const { shop } = (await world.api('GET', '/v1/shops')).body.data.find((each) => each.channel === 'tiktok');
  const paused = async () => (await world.api('GET', `/v1/shops/${shop}`)).body.state === 'paused';
  const dialog = page.getByRole('dialog');
  await go(page, `/shops/${shop}`);
  await page.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByText(/other shops may sell the same units/).waitFor(WAIT);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await paused(), false);
  await everySight('shop_pause', async (sight) => {
    await go(sight, `/shops/${shop}`);
    await sight.getByRole('button', { name: 'Pause' }).click();
    await sight.getByRole('dialog').getByRole('button', { name: 'Pause' }).waitFor(WAIT);
  });
  await page.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume' }).waitFor(WAIT);
  assert.equal(await paused(), true);
  const asked = await world.api('POST', `/v1/shops/${shop}/poll`);
  assert.equal(asked.status, 200);
  const waiting = async () => (await world.api('GET', `/v1/jobs?shop=${shop}&kind=poll_orders`)).body.data.find(({ state }) => state === 'ready');
  await until('a job waits for the shop', async () => (await waiting()) !== undefined);
  const { id } = await waiting();
  await go(page, `/jobs/${id}`);
  await page.getByText('It waits: somebody has paused its shop.').waitFor(WAIT);
  await page.getByRole('button', { name: 'Take out of the queue' }).click();
  await dialog.getByText('look for orders').waitFor(WAIT);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await world.api('GET', `/v1/jobs/${id}`)).body.state, 'ready');
  await page.getByRole('button', { name: 'Take out of the queue' }).click();
  await dialog.getByRole('button', { name: 'Take out of the queue' }).click();
  await until('it is out of the queue', async () => (await world.api('GET', `/v1/jobs/${id}`)).body.state !== 'ready');
  await go(page, `/shops/${shop}`);
  await page.getByRole('button', { name: 'Resume' }).click();
  await until('it goes on', async () => !(await paused()));
});

test('somebody is kept out only after a second press', async () => {
  const { page } = owner;
  const made = await world.api('POST', '/v1/users', { email: 'out@shop.example', name: 'Olaf Out', role: 'viewer' });
  assert.equal(made.status, 201);
  const out = async () => (await world.api('GET', '/v1/users')).body.data.find(({ email }) => email === 'out@shop.example').disabled;
  const choose = async (name) => {
    await page.getByRole('button', { name: 'Actions: Olaf Out' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  await go(page, '/people');
  await choose('Keep out');
  await page.getByRole('dialog').getByText(/^out@shop.example is signed out everywhere/).waitFor(WAIT);
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await out(), false);
  await everySight('keep_out', async (sight) => {
    await go(sight, '/people');
    await sight.getByRole('button', { name: 'Actions: Olaf Out' }).click();
    await sight.getByRole('menuitem', { name: 'Keep out' }).click();
    await sight.getByRole('dialog').getByRole('button', { name: 'Keep out' }).waitFor(WAIT);
    // The menu fades away above the dialog.
    await sight.getByRole('menuitem', { name: 'Keep out' }).waitFor({ state: 'detached', ...WAIT });
  });
  await choose('Keep out');
  await page.getByRole('dialog').getByRole('button', { name: 'Keep out' }).click();
  await until('he is kept out', out);
  await choose('Let in again');
  await until('he is let in', async () => !(await out()));
});

test('what is replayed or discarded is named and counted first', async () => {
  const { page } = owner;
  await world.sandbox('POST', 'buyers', { rate: 0 });
  await world.sandbox('POST', 'faults', { market: 'lazada', fault: 'forbid' });
  const causes = async () => (await world.api('GET', '/v1/failures')).body.data;
  await world.api('POST', '/v1/stock/adjust', { sku: 'TEE-HER-BLK-S', quantity: 1, reason: 'received' });
  await until('a job is dead', async () => (await causes()).some(({ kind }) => kind === 'push_stock'));
  await world.sandbox('DELETE', 'faults');
  const cause = (await causes()).find(({ kind }) => kind === 'push_stock');
  const named = (at) => at.getByRole('dialog').getByRole('listitem').filter({ hasText: `tell a figure ${cause.code}` });
  await go(page, '/queues');
  const row = page.getByRole('listitem').filter({ hasText: 'tell a figure' }).filter({ has: page.getByRole('button', { name: 'Discard' }) });
  await row.waitFor(WAIT);
  await page.keyboard.press('r');
  await page.getByRole('dialog').getByRole('listitem').first().waitFor(WAIT);
  await page.keyboard.press('Escape');
  await everySight('discard', async (sight) => {
    await go(sight, '/queues');
    const cause = sight.getByRole('listitem').filter({ hasText: 'tell a figure' }).filter({ has: sight.getByRole('button', { name: 'Discard' }) });
    await cause.getByRole('button', { name: 'Discard' }).first().click();
    await named(sight).waitFor(WAIT);
  });
  await row.getByRole('button', { name: 'Discard' }).click();
  await named(page).waitFor(WAIT);
  await page.getByRole('dialog').getByRole('textbox', { name: /^Reason/ }).fill('The permission is back.');
  await page.getByRole('dialog').getByRole('button', { name: /^Discard \d+ jobs?$/ }).click();
  await row.waitFor({ state: 'detached', ...WAIT });
});

test('without a network it is said that nothing was reached, and what is pressed again is done once', async () => {
  const { context, page } = await open(world, { storageState: await owner.context.storageState() });
  const onHand = async () => (await world.api('GET', '/v1/stock/CND-CRA/main')).body.on_hand;
  const before = await onHand();
  const away = 'The server cannot be reached';
  const dialog = page.getByRole('dialog');
  const press = dialog.getByRole('button', { name: 'Adjust', exact: true });
  await go(page, '/stock/CND-CRA');
  await page.getByRole('button', { name: 'Adjust', exact: true }).first().click();
  await dialog.getByLabel('Units more (negative: fewer)').fill('7');
  await context.setOffline(true);
  await press.click();
  await dialog.getByRole('alert').getByText(away).waitFor(WAIT);
  await context.setOffline(false);
  await press.click();
  await dialog.waitFor({ state: 'detached', ...WAIT });
  assert.equal(await onHand(), before + 7);
  await context.setOffline(true);
  await page.getByRole('link', { name: 'Audit log' }).click();
  await page.getByRole('main').getByRole('alert').getByText(away).waitFor(WAIT);
  await context.setOffline(false);
  await page.getByRole('main').getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('grid').getByRole('row').nth(1).waitFor(WAIT);
  await context.close();
});

test('a search that finds no listing does not say that all of them are mapped', async () => {
  const { page } = owner;
  await go(page, '/mapping?q=nothing+of+the+kind');
  await page.getByRole('grid').getByText('No listing here.').waitFor(WAIT);
  assert.equal(await page.getByRole('grid').getByText('Every listing is mapped to a SKU.').count(), 0);
});

test('the server is killed while a dialog asks: what is pressed again, once it is back, is done once', async () => {
  const { context, page } = await open(world, { storageState: await owner.context.storageState() });
  const onHand = async () => (await world.api('GET', '/v1/stock/CND-CRA/main')).body.on_hand;
  const before = await onHand();
  const dialog = page.getByRole('dialog');
  const press = dialog.getByRole('button', { name: 'Adjust', exact: true });
  await go(page, '/stock/CND-CRA');
  await page.getByRole('button', { name: 'Adjust', exact: true }).first().click();
  await dialog.getByLabel('Units more (negative: fewer)').fill('7');
  await world.kill();
  await press.click();
  await dialog.getByRole('alert').getByText('nothing is done twice').waitFor(WAIT);
  await page.getByRole('button', { name: /^Not connected/ }).waitFor(WAIT);
  await world.revive();
  // What was filled in and the session are still there.
  await press.click();
  await dialog.waitFor({ state: 'detached', ...WAIT });
  assert.equal(await onHand(), before + 7);
  await page.getByRole('button', { name: /^Live\./ }).waitFor(WAIT);
  await context.close();
});
