// What people do with the console, from the first click on: `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import jsQR from 'jsqr';
import { followLink, look, open, openOwner, openSight, PASSWORD, SHOTS, SIGHTS, settled, start, until, WAIT, go as goIn } from './world.mjs';

let world;
let owner;

before(async () => {
  world = await start();
  owner = await openOwner(world);
});
after(() => world?.stop());

const go = (page, path) => goIn(world, page, path);

/** Buyers buy no more, and every shop has been told everything: what changes now was changed by the walk. */
async function quiet() {
  await world.sandbox('POST', 'buyers', { rate: 0 });
  await until('every shop knows everything', async () => (await world.api('GET', '/v1/shops')).body.data.every(({ waiting }) => waiting === 0));
}

/** On the consent page of the marketplace's look-alike: agrees, and comes back. */
async function consent(page) {
  await page.waitForURL((url) => !url.href.startsWith(world.url), WAIT);
  await page.getByRole('link', { name: /^Authorise / }).first().click();
  await page.getByRole('link', { name: 'Back to the console' }).click();
}

test('one click from the terminal: the overview is alive, with its verdict on top', async () => {
  const { page, errors } = owner;
  await page.locator('[role=status]').first().waitFor(WAIT);
  await page.getByText('Movements').first().waitFor(WAIT);
  // A sale on a marketplace comes up in the list of movements without a reload.
  await world.sandbox('POST', 'orders', { market: 'shopee', lines: [{ seller_sku: 'TEE-HER-BLK-M', quantity: 1 }], pay: true });
  await page.getByText('TEE-HER-BLK-M').first().waitFor(WAIT);
  assert.deepEqual(errors, []);
});

test('sell one on Shopee in three clicks, and see it leave for the other two', async () => {
  const { page } = owner;
  await quiet();
  await go(page, '/');
  await page.getByRole('link', { name: 'Sandbox' }).click();
  const before = (await world.api('GET', '/v1/stock/TEE-HER-BLK-M/main')).body.available;
  await page.getByRole('button', { name: 'Order and pay' }).click();
  for (const shop of ['TikTok Shop', 'Lazada']) {
    await page.getByText(new RegExp(`^${shop}: .* → ${before - 1} in `)).waitFor(WAIT);
  }
  await page.locator('[aria-live=polite]').getByRole('link', { name: 'TEE-HER-BLK-M' }).click();
  // What the shops were told stands below, and each of them confirmed it.
  await page.getByText(`${before - 1} can be promised; 3 listings show it.`).waitFor(WAIT);
  assert.equal(await page.getByText('confirmed', { exact: true }).count(), 3);
  await until('every marketplace shows it', async () => {
    const { listings } = await world.sandbox('GET', 'listings?seller_sku=TEE-HER-BLK-M');
    return listings.length === 3 && listings.every(({ stock }) => stock === before - 1);
  });
});

test('why this figure, in two clicks: an equation that adds up, each term a link to its cause', async () => {
  const { page } = owner;
  await go(page, '/stock?q=tee-her-blk-m');
  await page.getByRole('link', { name: 'TEE-HER-BLK-M', exact: true }).first().click();
  const title = await page.getByRole('heading', { name: /^Why / }).textContent(WAIT);
  const equation = page.getByTestId('equation');
  const figures = (await equation.locator('strong').allTextContents()).map(Number);
  const [result, onHand, ...less] = [figures.at(-1), ...figures.slice(0, -1)];
  assert.equal(onHand - less.reduce((sum, each) => sum + each, 0), result, figures.join(' '));
  assert.equal(title, `Why ${result}?`);
  assert.equal(await equation.getByRole('link').count(), 4);
  await equation.getByRole('link', { name: /Committed/ }).click();
  await page.waitForURL(/tab=holds/, WAIT);
  // The units that are committed are those of the orders in the list.
  await page.getByRole('grid', { name: 'Holds' }).getByRole('link').first().waitFor(WAIT);
});

test('break 300 jobs with one cause, fix it once, replay 300 with one button, see no duplicate', async () => {
  const { page } = owner;
  await quiet();
  const { shop } = (await world.api('GET', '/v1/shops')).body.data.find((each) => each.channel === 'shopee');
  const codes = Array.from({ length: 300 }, (_, n) => `BULK-${String(n).padStart(3, '0')}`);
  const taken = await world.api('POST', '/v1/skus/bulk', { skus: codes.map((sku) => ({ sku })) });
  assert.equal(taken.status, 200);
  const items = codes.map((sku) => ({ action: 'adjust', sku, quantity: 10, reason: 'received' }));
  assert.equal((await world.api('POST', '/v1/stock/bulk', { mode: 'independent', items })).status, 200);
  // While nothing is told, 300 listings come in, and the marketplace takes a permission away.
  const lane = (paused) => world.api('PATCH', '/v1/queues/inventory_update', { paused, concurrency: 10 });
  await lane(true);
  const goods = codes.map((code) => ({ title: `Goods ${code}`, axes: [], variants: [{ seller_sku: code, options: [], price: 1_000, stock: 0 }] }));
  await world.sandbox('POST', 'catalogue', { market: 'shopee', items: goods });
  await world.api('POST', `/v1/shops/${shop}/import`);
  await until('300 figures wait', async () => (await world.api('GET', `/v1/shops/${shop}`)).body.waiting === 300);
  await world.sandbox('POST', 'faults', { market: 'shopee', fault: 'forbid' });
  await lane(false);
  const dead = async () => (await world.api('GET', '/v1/failures')).body.data.find(({ kind }) => kind === 'push_stock');
  await until('300 jobs are dead', async () => (await dead())?.count === 300);
  const cause = await dead();
  assert.equal(cause.code, 'error_permission');

  // One cause, one row, with what to do; the picture is kept, too.
  await go(page, '/');
  // No place says that the shop is well while another does not.
  await page.getByRole('list', { name: 'Shops' }).getByRole('listitem').filter({ hasText: 'Shopee' }).getByText('jobs given up').waitFor(WAIT);
  await page.getByRole('status').getByText('2 of 3 shops').waitFor(WAIT);
  await page.getByRole('link', { name: /^Jobs given up/ }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'error_permission' }).filter({ hasText: 'tell a figure' });
  await row.getByText('300', { exact: true }).waitFor(WAIT);
  await page.screenshot({ path: `${SHOTS}queues_300-light-1440.png` });
  // The cause leads to its shop. It is fixed once, by the marketplace, whose consent stood all the time.
  await row.getByRole('link', { name: 'Shopee' }).click();
  await page.getByRole('link', { name: 'jobs that were given up' }).waitFor(WAIT);
  assert.equal(await page.getByText('live', { exact: true }).count(), 0);
  await page.getByRole('button', { name: 'Authorise again' }).waitFor(WAIT);
  await world.sandbox('DELETE', 'faults');

  // One of the jobs: how often it was tried leads to how that ended.
  const { body: jobs } = await world.api('GET', `/v1/failures/jobs?code=${cause.code}&limit=1`);
  await go(page, `/jobs/${jobs.data[0].id}`);
  await page.getByRole('term').filter({ hasText: 'Failed tries that count' }).locator('xpath=following-sibling::dd').getByRole('link').click();
  await page.waitForURL(/#failure$/);
  await page.locator('#failure').getByText('error_permission').first().waitFor(WAIT);

  // Replayed with one button and its confirmation; somebody else asks for the same at the same time.
  await go(page, '/queues');
  await row.getByRole('button', { name: 'Replay' }).click();
  const press = page.getByRole('dialog').getByRole('button', { name: /^Replay 300 jobs$/ });
  await press.waitFor(WAIT);
  const filter = { kind: cause.kind, class: cause.class, code: cause.code, dry_run: false };
  const [, other] = await Promise.all([press.click(), world.api('POST', '/v1/failures/replay', filter)]);
  const said = await page.getByText(/jobs? (is|are) in the queue again/).textContent(WAIT);
  assert.equal(Number(said.split(' ')[0]) + other.body.count, 300, 'each went into the queue once');
  await row.waitFor({ state: 'detached', ...WAIT });
  await until('everything is told', async () => (await world.api('GET', `/v1/shops/${shop}`)).body.waiting === 0);

  const { listings } = await world.sandbox('GET', 'listings?market=shopee&history=20');
  const bulk = listings.filter(({ seller_sku }) => seller_sku.startsWith('BULK-'));
  assert.equal(bulk.length, 300);
  const strange = (holds) => bulk.filter((listing) => !holds(listing)).map(({ seller_sku }) => seller_sku);
  assert.deepEqual(strange(({ stock }) => stock === 10), [], 'each listing shows ten');
  assert.deepEqual(strange(({ history }) => history.filter(({ cause }) => cause === 'push').length === 1), [], 'each was written once');
  const again = await world.api('POST', '/v1/failures/replay', filter);
  assert.equal(again.body.count, 0, 'nothing is left to replay');
});

test('somebody is let in, and can do no more than their role allows', async () => {
  const { page } = owner;
  await go(page, '/people');
  await page.getByRole('button', { name: 'Let somebody in' }).click();
  await page.getByRole('textbox', { name: /^Name/ }).fill('Vi Viewer');
  await page.getByLabel('E-mail address').fill('vi@shop.example');
  await page.getByRole('combobox', { name: /^Role/ }).or(page.getByLabel(/^Role/)).first().click();
  await page.getByRole('option', { name: 'Viewer' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Let somebody in' }).click();
  const link = await page.getByRole('textbox', { name: /^Hand this link/ }).inputValue();
  assert.match(link, /\/password#token=/);
  const guest = await open(world);
  await followLink(world, guest, { email: 'vi@shop.example', link });
  await guest.page.getByRole('link', { name: 'Stock', exact: true }).waitFor(WAIT);
  assert.equal(await guest.page.getByRole('link', { name: 'People' }).count(), 0);
  await go(guest.page, '/stock/TEE-HER-BLK-M');
  await guest.page.getByRole('heading', { name: /^Why / }).waitFor(WAIT);
  assert.equal(await guest.page.getByRole('button', { name: 'Adjust' }).count(), 0);
  // The server decides, whatever a page shows.
  const status = await guest.page.evaluate(async () => {
    const answer = await fetch('/v1/skus', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-onhand-console': '1', 'idempotency-key': crypto.randomUUID() },
      body: JSON.stringify({ sku: 'NOT-MINE' }),
    });
    return answer.status;
  });
  assert.equal(status, 403);
  await guest.context.close();
});

test('what only a screen reader says of a password is in the language of the person', async () => {
  const guest = await open(world);
  await guest.context.addInitScript(() => localStorage.setItem('onhand-language', 'vi'));
  await guest.page.goto(world.url);
  await guest.page.getByRole('button', { name: 'Hiện mật khẩu' }).waitFor(WAIT);
  assert.equal(await guest.page.locator('[aria-label^="Toggle"]').count(), 0);
  await guest.context.close();
});

test('a wrong password is refused in words, and a sign-out ends the session', async () => {
  const guest = await open(world);
  await guest.page.goto(world.url);
  await guest.page.getByLabel('E-mail address').fill('vi@shop.example');
  await guest.page.getByRole('textbox', { name: /^Password/ }).fill('wrong purple staple nine');
  await guest.page.getByRole('button', { name: 'Sign in' }).click();
  await guest.page.getByText('The address or the password is wrong').waitFor(WAIT);
  await guest.page.getByRole('textbox', { name: /^Password/ }).fill(PASSWORD);
  await guest.page.getByRole('button', { name: 'Sign in' }).click();
  await guest.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor(WAIT);
  await guest.page.getByRole('button', { name: 'Account' }).click();
  await guest.page.getByRole('menuitem', { name: 'Sign out' }).click();
  await guest.page.getByRole('heading', { name: 'Sign in' }).waitFor(WAIT);
  const status = await guest.page.evaluate(async () => (await fetch('/v1/skus')).status);
  assert.equal(status, 401);
  await guest.context.close();
});

test('a title with a script in it is only text, also when it comes from a marketplace', async () => {
  const { page, errors } = owner;
  const title = '"><img src=x onerror="window.broken=1"><script>window.broken=1</script>';
  const made = await world.api('POST', '/v1/skus', { sku: 'XSS-1', name: title });
  assert.equal(made.status, 201);
  await world.api('POST', '/v1/stock/adjust', { sku: 'XSS-1', quantity: 3, reason: 'received' });
  const goods = [{ title, axes: [], variants: [{ seller_sku: '<b>XSS</b>', options: [], price: 1_000, stock: 1 }] }];
  await world.sandbox('POST', 'catalogue', { market: 'lazada', items: goods });
  const { shop } = (await world.api('GET', '/v1/shops')).body.data.find((each) => each.channel === 'lazada');
  await world.api('POST', `/v1/shops/${shop}/import`);
  await until('the listing has come in', async () => (await world.api('GET', '/v1/listings?mapped=false')).body.data.some((each) => each.title === title));
  for (const path of ['/stock/XSS-1', '/stock?q=XSS', '/mapping']) {
    await go(page, path);
    await page.getByText(title).first().waitFor(WAIT);
    assert.equal(await page.evaluate(() => window.broken), undefined, path);
  }
  await page.getByText(title).first().click();
  await page.getByRole('dialog').getByText(title).first().waitFor(WAIT);
  assert.equal(await page.evaluate(() => window.broken ?? document.querySelectorAll('#root img[src=x], .code b').length), 0);
  assert.deepEqual(errors, []);
});

test('kill a shop: its units are at risk and its jobs wait; authorised again, the queue drains', async () => {
  const { page } = owner;
  await quiet();
  const { shop } = (await world.api('GET', '/v1/shops')).body.data.find((each) => each.channel === 'lazada');
  await go(page, '/sandbox');
  await page.getByRole('group', { name: 'Break it: Lazada' }).getByRole('button', { name: 'Withdraw consent' }).click();
  await until('the shop is disconnected', async () => (await world.api('GET', `/v1/shops/${shop}`)).body.state === 'disconnected');
  await world.sandbox('POST', 'orders', { market: 'shopee', lines: [{ seller_sku: 'TEE-HER-BLK-L', quantity: 2 }], pay: true });
  await go(page, '/');
  const card = page.getByRole('list', { name: 'Shops' }).getByRole('listitem').filter({ has: page.getByRole('link', { name: 'Lazada', exact: true }) });
  await card.getByText('needs re-authorisation').waitFor(WAIT);
  await card.getByRole('link', { name: /figures? to tell/ }).waitFor(WAIT);
  await page.getByRole('link', { name: /^Units at risk\s*2/ }).waitFor(WAIT);
  // Three clicks: the shop, authorise, and the marketplace's own button.
  await card.getByRole('link', { name: 'Lazada', exact: true }).click();
  await page.getByText('It must be authorised again').waitFor(WAIT);
  await page.getByRole('button', { name: 'Authorise again' }).click();
  await consent(page);
  await go(page, `/shops/${shop}`);
  await page.getByText('It is connected and knows everything.').waitFor(WAIT);
  const { available } = (await world.api('GET', '/v1/stock/TEE-HER-BLK-L/main')).body;
  await until('Lazada shows what there is', async () => {
    const { listings } = await world.sandbox('GET', 'listings?market=lazada&seller_sku=TEE-HER-BLK-L');
    return listings[0].stock === available;
  });
});

test('a case is taken on, put off, brought back, and settled with a note', async () => {
  const { page } = owner;
  const key = 'low_stock:CARE-1@main';
  await world.api('POST', '/v1/skus', { sku: 'CARE-1' });
  assert.equal((await world.api('PATCH', '/v1/skus/CARE-1/low-stock', { units: 5 })).status, 200);
  await world.api('POST', '/v1/stock/adjust', { sku: 'CARE-1', quantity: 3, reason: 'received' });
  const notice = async () => (await world.api('GET', '/v1/notices')).body.data.find((each) => each.key === key);
  await until('it is noticed', async () => (await notice())?.open === true);
  await go(page, '/attention');
  const row = page.getByRole('listitem').filter({ hasText: 'CARE-1' });
  const choose = async (name) => {
    await row.getByRole('button', { name: /^Actions: / }).click();
    await page.getByRole('menuitem', { name, exact: true }).click();
  };
  await choose('Take it on');
  await row.getByText(/@.* looks after it/).waitFor(WAIT);
  await choose('In an hour');
  await row.waitFor({ state: 'detached', ...WAIT });
  await page.getByText(/^Put off \(1\)$/).click();
  await page.waitForURL((url) => url.search === '?later=true', WAIT);
  await row.getByText(/out of sight until /).waitFor(WAIT);
  await choose('Bring it back now');
  await row.waitFor({ state: 'detached', ...WAIT });
  await page.getByText('Open', { exact: true }).click();
  await choose('Give it back');
  await row.getByText(/looks after it/).waitFor({ state: 'detached', ...WAIT });
  // The menu opens and its last item leads to the dialog by keys, too.
  await row.getByRole('button', { name: /^Actions: / }).press('Enter');
  await page.getByRole('menuitem', { name: 'Settled…' }).press('Enter');
  const settle = page.getByRole('dialog').getByRole('button', { name: 'Settle', exact: true });
  await settle.waitFor(WAIT);
  assert.equal(await settle.isDisabled(), true, 'a note is needed');
  await page.getByRole('textbox', { name: /^What was found or done/ }).fill('More of it is on its way.');
  await settle.click();
  await row.waitFor({ state: 'detached', ...WAIT });
  await page.getByText('All', { exact: true }).click();
  await row.getByText('More of it is on its way.').waitFor(WAIT);
  const { open, note } = await notice();
  assert.deepEqual([open, note], [false, 'More of it is on its way.']);
});

test('a kind of job is stopped with a reason, its jobs wait, and it goes on', async () => {
  const { page } = owner;
  await quiet();
  await go(page, '/queues');
  const row = page.getByRole('grid', { name: 'Kinds of jobs' }).getByRole('row').filter({ hasText: 'tell a figure' });
  await row.getByRole('button', { name: 'Pause' }).click();
  const pause = page.getByRole('dialog').getByRole('button', { name: 'Pause' });
  assert.equal(await pause.isDisabled(), true, 'a reason is needed');
  await page.getByRole('dialog').getByRole('textbox', { name: /^Reason/ }).fill('The campaign starts.');
  await pause.click();
  const stopped = page.getByText('Stopped by a person: tell a figure.');
  await stopped.waitFor(WAIT);
  await row.getByText('The campaign starts.').waitFor(WAIT);
  const waiting = async () => (await world.api('GET', '/v1/queues')).body.data.flatMap(({ kinds }) => kinds).find(({ kind }) => kind === 'push_stock');
  await world.api('POST', '/v1/stock/adjust', { sku: 'TEE-HER-BLK-L', quantity: 1, reason: 'received' });
  await until('three figures wait', async () => (await waiting()).ready >= 3);
  await row.getByRole('button', { name: 'Resume' }).click();
  await quiet();
  await stopped.waitFor({ state: 'detached', ...WAIT });
});

test('a listing has a rule of its own, tried before it is saved, and loses it again', async () => {
  const { page } = owner;
  await quiet();
  const { available } = (await world.api('GET', '/v1/stock/TEE-HER-BLK-S/main')).body;
  const shown = async () => (await world.sandbox('GET', 'listings?market=shopee&seller_sku=TEE-HER-BLK-S')).listings[0].stock;
  const rule = async () => (await world.api('GET', '/v1/listings?sku=TEE-HER-BLK-S')).body.data.map((each) => each.rule?.buffer).filter(Boolean);
  await go(page, '/stock/TEE-HER-BLK-S?tab=channels');
  const row = page.getByRole('grid', { name: 'Channels' }).getByRole('row').filter({ hasText: 'Shopee' });
  const dialog = page.getByRole('dialog');
  await row.getByText('Shopee').click();
  await dialog.getByRole('button', { name: 'Give it a rule of its own' }).click();
  await dialog.getByLabel('Buffer: units kept back').fill('3');
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.getByText(`${available} now, ${available - 3} under this rule`).waitFor(WAIT);
  assert.deepEqual(await rule(), [], 'a preview saves nothing');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached', ...WAIT });
  assert.deepEqual(await rule(), [3]);
  await until('Shopee shows three fewer', async () => (await shown()) === available - 3);
  await row.getByText('own rule').click();
  await dialog.getByRole('button', { name: 'Use the shop’s rule' }).click();
  await until('Shopee shows all', async () => (await shown()) === available);
  assert.deepEqual(await rule(), []);
});

test('what came in by webhook leads to its orders, is followed again, and stands in the audit log in words', async () => {
  const { page } = owner;
  const { shop } = (await world.api('GET', '/v1/shops')).body.data.find((each) => each.channel === 'shopee');
  await go(page, `/webhooks?shop=${shop}`);
  const row = page.getByRole('grid', { name: 'Received webhooks' }).getByRole('row').filter({ hasText: 'an order' }).first();
  await row.getByText('an order').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('What follows from it is in the queue or done.').waitFor(WAIT);
  // To its order, and to it again by the number that a seller has before him.
  const link = dialog.locator('a[href*="/orders/market/"]');
  await link.waitFor(WAIT);
  const number = (await link.innerText()).trim();
  await link.click();
  await page.getByRole('heading', { name: number }).waitFor(WAIT);
  const address = page.url();
  await page.keyboard.press('/');
  await page.getByRole('combobox', { name: 'Search and commands' }).fill(number);
  await page.getByRole('option', { name: new RegExp(number) }).first().click();
  await page.waitForURL(/\/orders\/ord_/, WAIT);
  await page.getByText(number).first().waitFor(WAIT);
  await go(page, `/webhooks?shop=${shop}`);
  await row.getByText('an order').click();
  await dialog.getByRole('button', { name: 'Follow it again' }).click();
  await dialog.waitFor({ state: 'detached', ...WAIT });
  await page.locator(`a[href="${new URL(address).pathname}"]`).first().click();
  await page.waitForURL(address, WAIT);
  await go(page, '/audit');
  await page.getByText('Had a webhook followed again').first().click();
  await dialog.getByText('POST /v1/webhooks/{key}/retry').waitFor(WAIT);
});

test('a second factor: the code on the page is that of the key beside it', async () => {
  const { page, errors } = owner;
  await go(page, '/account');
  await page.getByRole('button', { name: 'Set up a second factor' }).click();
  const code = page.getByRole('img', { name: 'Code to read with an authenticator' });
  await code.waitFor(WAIT);
  const secret = await page.getByRole('textbox', { name: /add this key/ }).inputValue();
  // Enlarged from what the browser has drawn, as a telephone sees it.
  const { width, height, pixels } = await page.evaluate(async () => {
    const svg = document.querySelector('svg[role=img]');
    const size = svg.viewBox.baseVal.width;
    const width = size * 4;
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = width;
    const paint = canvas.getContext('2d');
    paint.fillStyle = getComputedStyle(svg).backgroundColor;
    paint.fillRect(0, 0, width, width);
    paint.scale(4, 4);
    paint.fillStyle = getComputedStyle(svg.querySelector('path')).fill;
    paint.fill(new Path2D(svg.querySelector('path').getAttribute('d')));
    return { width, height: width, pixels: [...paint.getImageData(0, 0, width, width).data] };
  });
  const read = jsQR(new Uint8ClampedArray(pixels), width, height);
  assert.ok(read, 'no reader can read it');
  assert.equal(new URL(read.data).searchParams.get('secret'), secret.replaceAll(' ', ''));
  assert.deepEqual(errors, []);
});

test('filters under a name are kept in this browser, and come back by it', async () => {
  const { page } = owner;
  await go(page, '/stock?q=TEE&below=20');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Keep these filters as a view' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: /^Name/ }).fill('Thin shirts');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await go(page, '/stock');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Thin shirts', exact: true }).click();
  await page.waitForURL((url) => url.search === '?q=TEE&below=20', WAIT);
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Forget “Thin shirts”' }).click();
  assert.equal(await page.evaluate(() => localStorage.getItem('onhand-views')), '[]');
});

test('by keys alone: move, choose, push, search, and what the keys are', async () => {
  const { page } = owner;
  await go(page, '/stock?q=TEE');
  await page.getByRole('row').nth(3).waitFor(WAIT);
  for (const key of ['j', 'j', 'x', 'k', 'x']) await page.keyboard.press(key);
  await page.getByRole('region', { name: '2 rows chosen' }).waitFor(WAIT);
  await page.keyboard.press('p');
  await page.getByRole('dialog').getByRole('heading', { name: 'Push 2 SKUs now?' }).waitFor(WAIT);
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('Next and previous row').waitFor(WAIT);
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.getByRole('combobox', { name: 'Search and commands' }).fill('MUG-HER');
  await page.getByRole('option', { name: /MUG-HER/ }).first().waitFor(WAIT);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/stock\/MUG-HER/, WAIT);
});

const PAGES = [
  '/',
  '/attention',
  '/stock',
  '/stock/TEE-HER-BLK-M',
  '/stock/TEE-HER-BLK-M?tab=channels',
  '/imports',
  '/orders',
  '/orders?view=market',
  '/reservations',
  '/shops',
  '/webhooks',
  '/mapping',
  '/mapping?view=mapped',
  '/pushes',
  '/pushes?view=untold',
  '/drift',
  '/queues',
  '/queues?jobs=live',
  '/sandbox',
  '/people',
  '/keys',
  '/audit',
  '/account',
];

test('the buyers come back', () => world.sandbox('POST', 'buyers', { rate: 2 }));

for (const sight of SIGHTS) {
  test(`every page at ${sight.width} px, ${sight.theme}: no error, nothing for axe, nothing wider than the window`, async () => {
    const { context, page, errors } = await openSight(world, owner, sight);
    for (const path of PAGES) {
      await go(page, path);
      await settled(page);
      await look(page, path.replace(/[^\w]+/g, '_').replace(/^_|_$/g, '') || 'overview', sight);
    }
    assert.deepEqual(errors, []);
    await context.close();
  });
}
