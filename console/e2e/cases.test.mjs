// What waits for somebody: orders of marketplaces, other figures, shortfalls and holds. `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { go as goIn, look, openInvited, openOwner, openSight, settled, SIGHTS, start, until, WAIT } from './world.mjs';

/** Nobody else does anything with it. */
const CAMPAIGN = 'TEE-HER-WHT-M';

let world;
let owner;

before(async () => {
  world = await start({ orders: 0 });
  owner = await openOwner(world);
  // A campaign holds three units, and the shop shows as many fewer. The next comparison sees it.
  const { body } = await world.api('GET', `/v1/stock/${CAMPAIGN}/main`);
  await world.sandbox('POST', 'listings/reserve', { market: 'shopee', seller_sku: CAMPAIGN, stock: 3 });
  await world.sandbox('POST', 'listings/stock', { market: 'shopee', seller_sku: CAMPAIGN, stock: body.available - 3 });
});
after(() => world?.stop());

const go = (page, path) => goIn(world, page, path);
const shopOf = async (channel) => (await world.api('GET', '/v1/shops')).body.data.find((each) => each.channel === channel);
const marketOrder = async (id) => (await world.api('GET', `/v1/market-orders/${id}`)).body;

/** A buyer orders and pays; gives its number there, its id here and the order of ours that it became. */
async function bought(market, seller_sku, quantity = 1) {
  const { order: number } = await world.sandbox('POST', 'orders', { market, lines: [{ seller_sku, quantity }], pay: true });
  const id = `${(await shopOf(market)).id}-${number}`;
  await until('the order has come in', async () => {
    const { state, lines } = await marketOrder(id);
    return state === 'waits_for_mapping' || lines?.every(({ status }) => status === 'confirmed');
  });
  return { number, id, ours: (await marketOrder(id)).order_ids[0] };
}

const state = async (ours) => (await world.api('GET', `/v1/orders/${ours}`)).body.state;

/** The steps that an order offers: the button, and what stands behind the dots. */
async function offered(page) {
  const dots = page.getByRole('button', { name: 'Show more' });
  if ((await dots.count()) === 0) return [];
  await dots.click();
  await page.getByRole('menu').waitFor(WAIT);
  const names = await page.getByRole('menuitem').allTextContents();
  await page.keyboard.press('Escape');
  return names;
}

test('an order of a marketplace is shipped there, and cannot be cancelled here alone', async () => {
  const { page, errors } = owner;
  const { number, ours } = await bought('shopee', 'TEE-HER-BLK-M');
  await go(page, `/orders/${ours}`);
  await page.getByText('To cancel it, cancel it on Shopee.').waitFor(WAIT);
  assert.deepEqual(await offered(page), []);
  assert.equal(await page.getByRole('button', { name: 'Cancel order' }).count(), 0);
  await page.getByRole('button', { name: 'Ship', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Tracking number').fill('SPXMY012345678');
  await dialog.getByRole('button', { name: 'Tell Shopee' }).click();
  await dialog.waitFor({ state: 'detached', ...WAIT });
  await page.getByText('The marketplace is being told:').waitFor(WAIT);
  await until('the marketplace knows', async () => (await world.sandbox('GET', `orders/${number}`)).tracking === 'SPXMY012345678');
  assert.equal(await state(ours), 'confirmed', 'our stock follows when they say that it has left');
  await world.sandbox('POST', `orders/${number}/ship`);
  await page.getByText('Everything has left the building.').waitFor(WAIT);
  assert.deepEqual(await state(ours), 'shipped');
  // An order that nobody else holds is ours to cancel.
  const own = await world.api('POST', '/v1/orders', { reference: 'OWN-1', confirm: true, lines: [{ sku: 'TEE-HER-BLK-M', location: 'main', quantity: 1 }] });
  assert.equal(own.status, 201);
  await go(page, `/orders/${own.body.order?.id ?? own.body.id}`);
  await page.getByRole('button', { name: 'Ship', exact: true }).waitFor(WAIT);
  assert.deepEqual(await offered(page), ['Cancel order']);
  assert.deepEqual(errors, []);
});

test('the buyer wants to cancel: it is said, and answered on the marketplace', async () => {
  const { page } = owner;
  const { number, id, ours } = await bought('shopee', 'TEE-HER-BLK-M');
  await world.sandbox('POST', `orders/${number}/request_cancel`);
  await until('the wish is known', async () => (await marketOrder(id)).cancel_requested);
  await go(page, '/orders');
  await page.getByRole('link', { name: '1 buyer wants to cancel.' }).click();
  const row = page.getByRole('grid').getByRole('row').filter({ hasText: number });
  await row.getByText('wants to cancel').click();
  await page.waitForURL(new RegExp(`/orders/market/${id}$`), WAIT);
  assert.equal(await page.getByRole('button', { name: 'Ship', exact: true }).count(), 0, 'nothing is shipped before it is answered');
  await go(page, `/orders/${ours}`);
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('dialog').getByText('Shopee cancels the order.').waitFor(WAIT);
  await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
  await until('it is cancelled here', async () => (await state(ours)) === 'cancelled');
  assert.match((await world.sandbox('GET', `orders/${number}`)).status, /cancel/i);
  await page.getByText('Cancelled; its units were given back.').waitFor(WAIT);
});

test('an order that waits for a mapping turns the verdict, opens, and goes on when its line is mapped', async () => {
  const { page } = owner;
  const goods = [{ title: 'Shirt without a code of ours', axes: [], variants: [{ seller_sku: 'NO-SUCH-CODE', options: [], price: 1_000, stock: 5 }] }];
  await world.sandbox('POST', 'catalogue', { market: 'lazada', items: goods });
  const { shop } = await shopOf('lazada');
  await world.api('POST', `/v1/shops/${shop}/import`);
  await until('the listing has come in', async () => (await world.api('GET', '/v1/listings?mapped=false')).body.data.length === 1);
  const { id, number } = await bought('lazada', 'NO-SUCH-CODE');
  await go(page, '/mapping');
  await page.getByRole('status').getByText('1 order of a marketplace').waitFor(WAIT);
  await page.getByRole('textbox', { name: 'Title or code' }).fill('without a');
  await page.waitForURL(/q=without/, WAIT);
  await page.getByRole('grid').getByText('Shirt without a code of ours').waitFor(WAIT);
  await go(page, '/orders');
  await page.getByText('waits for a mapping: nothing is taken off the stock for it yet.').waitFor(WAIT);
  await page.keyboard.press('/');
  await page.getByRole('combobox', { name: 'Search and commands' }).fill(number);
  await page.getByRole('option', { name: number }).click();
  await page.waitForURL(new RegExp(`/orders/market/${id}$`), WAIT);
  await go(page, '/orders');
  await page.getByRole('link', { name: '1 order of a marketplace' }).click();
  await page.getByRole('grid').getByRole('row').filter({ hasText: number }).getByText('Lazada').click();
  await page.waitForURL(new RegExp(`/orders/market/${id}$`), WAIT);
  await page.getByText('1 line waits until somebody says which SKU it sells').waitFor(WAIT);
  await page.getByRole('button', { name: 'Map it' }).click();
  await page.getByRole('dialog').getByLabel('SKU', { exact: true }).fill('TEE-HER-BLK-S');
  await page.getByRole('dialog').getByRole('button', { name: 'Map', exact: true }).click();
  await page.getByText('1 unit waits to be shipped.').waitFor(WAIT);
  assert.equal((await marketOrder(id)).state, 'applied');
});

test('suggestions for several listings are accepted together', async () => {
  const { page } = owner;
  const codes = ['tee her/blk.s', 'tee her/blk.l'];
  const goods = codes.map((code) => ({ title: `Listing ${code}`, axes: [], variants: [{ seller_sku: code, options: [], price: 1_000, stock: 5 }] }));
  await world.sandbox('POST', 'catalogue', { market: 'lazada', items: goods });
  await world.api('POST', `/v1/shops/${(await shopOf('lazada')).shop}/import`);
  const open = async () => (await world.api('GET', '/v1/listings?mapped=false')).body.data.filter(({ seller_sku }) => codes.includes(seller_sku));
  await until('the listings have come in', async () => (await open()).length === 2);
  await go(page, '/mapping?q=tee+her');
  await page.getByRole('checkbox').nth(1).waitFor(WAIT);
  await page.getByRole('button', { name: 'Choose those shown' }).click();
  await page.getByRole('region', { name: '2 listings chosen' }).getByRole('button', { name: 'Accept suggestions' }).click();
  await page.getByRole('dialog').getByText('TEE-HER-BLK-L').waitFor(WAIT);
  await page.getByRole('button', { name: 'Map 2 listings' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached', ...WAIT });
  assert.deepEqual(await open(), []);
  const mapped = await Promise.all(codes.map((code) => world.api('GET', `/v1/listings?seller_sku=${encodeURIComponent(code)}`)));
  assert.deepEqual(mapped.map(({ body }) => body.data[0].sku), ['TEE-HER-BLK-S', 'TEE-HER-BLK-L']);
});

/** The listing with this seller SKU on Lazada, as it is now. */
async function onLazada(seller_sku) {
  const { id } = await shopOf('lazada');
  return (await world.api('GET', `/v1/listings?seller_sku=${encodeURIComponent(seller_sku)}`)).body.data.find(({ shop_id }) => shop_id === id);
}

test('what was accepted together is undone together, and what was changed since is left alone', async () => {
  const { page, errors } = owner;
  const codes = ['mug her/blk', 'mug her/wht', 'mug her/gry'];
  const goods = codes.map((code) => ({ title: `Listing ${code}`, axes: [], variants: [{ seller_sku: code, options: [], price: 1_000, stock: 5 }] }));
  await world.sandbox('POST', 'catalogue', { market: 'lazada', items: goods });
  await world.api('POST', `/v1/shops/${(await shopOf('lazada')).shop}/import`);
  const mapped = async () => (await Promise.all(codes.map(onLazada))).map((listing) => listing?.sku);
  await until('the listings have come in', async () => (await mapped()).every((sku) => sku === null));
  await go(page, '/mapping?q=mug+her');
  await page.getByRole('checkbox').nth(2).waitFor(WAIT);
  await page.getByRole('button', { name: 'Choose those shown' }).click();
  await page.getByRole('button', { name: 'Accept suggestions' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('MUG-HER-BLK').waitFor(WAIT);
  await dialog.getByRole('button', { name: /^Map \d listings?$/ }).click();
  await dialog.waitFor({ state: 'detached', ...WAIT });
  const done = (await mapped()).filter(Boolean).length;
  assert.ok(done >= 2, `${done} were mapped`);
  // Somebody else has another idea of one of them.
  const other = await onLazada('mug her/blk');
  assert.equal((await world.api('POST', `/v1/listings/${other.id}/map`, { sku: 'TEE-HER-BLK-S', quantity: 2 })).status, 200);
  await page.getByRole('region', { name: `${done} listings were mapped together.` }).getByRole('button', { name: 'Undo all of it' }).click();
  await dialog.getByText('It was changed since and is now: TEE-HER-BLK-S × 2. Undo that first.').waitFor(WAIT);
  await dialog.getByText('Nothing is told to it any more').first().waitFor(WAIT);
  await dialog.getByRole('button', { name: done === 2 ? 'Undo 1 change' : `Undo ${done - 1} changes` }).click();
  await dialog.getByText('Undone.').first().waitFor(WAIT);
  assert.equal(await dialog.getByText('Undone.').count(), done - 1);
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  assert.deepEqual(await mapped(), ['TEE-HER-BLK-S', null, null]);
  assert.deepEqual(errors, []);
});

test('the history of a mapping says who changed what, and one change is undone unless it was changed since', async () => {
  const { page } = owner;
  const listing = await onLazada('mug her/blk');
  await go(page, '/mapping?view=mapped&q=mug+her');
  await page.getByRole('grid').getByText('Listing mug her/blk').click();
  await page.getByRole('dialog').getByRole('link', { name: 'Its history' }).click();
  await page.waitForURL((url) => url.search.includes('view=history') && url.search.includes(`listing=${listing.id}`), WAIT);
  const rows = page.getByRole('grid', { name: 'History' }).getByRole('row');
  await rows.filter({ hasText: 'MUG-HER-BLK → TEE-HER-BLK-S × 2' }).getByRole('button', { name: 'Undo' }).waitFor(WAIT);
  await rows.filter({ hasText: 'not mapped → MUG-HER-BLK' }).getByText('changed since').waitFor(WAIT);
  await page.getByText('Demo owner').first().waitFor(WAIT);
  await page.getByRole('status').getByText('The mapping of this listing was changed 2 times.').waitFor(WAIT);
  // What happens while somebody looks at the dialog is refused in words, by the server.
  const dialog = page.getByRole('dialog');
  await rows.filter({ hasText: '× 2' }).getByRole('button', { name: 'Undo' }).click();
  await dialog.getByText(/MUG-HER-BLK: -?\d+ available now\./).waitFor(WAIT);
  await page.route(`**/v1/listings/${listing.id}/map`, async (route) => {
    await world.api('POST', `/v1/listings/${listing.id}/map`, { sku: 'TEE-HER-BLK-S', quantity: 3 });
    await route.continue();
  }, { times: 1 });
  await dialog.getByRole('button', { name: 'Undo 1 change' }).click();
  await dialog.getByText('It has changed since you read it').waitFor(WAIT);
  // The browser notes each answer that refuses.
  assert.ok(owner.errors.splice(0).every((text) => /status of 412/.test(text)));
  assert.equal((await onLazada('mug her/blk')).quantity, 3);
  await dialog.getByRole('button', { name: 'Close' }).first().click();
  // It is in the list of all, without asking for it, and goes back to what was before it.
  await go(page, '/mapping?view=history');
  await rows.filter({ hasText: 'TEE-HER-BLK-S × 2 → TEE-HER-BLK-S × 3' }).getByRole('button', { name: 'Undo' }).click();
  await dialog.getByRole('button', { name: 'Undo 1 change' }).click();
  await dialog.waitFor({ state: 'detached', ...WAIT });
  assert.equal((await onLazada('mug her/blk')).quantity, 2);
  await page.getByRole('button', { name: /^\d+ new: show$/ }).click();
  await rows.filter({ hasText: 'TEE-HER-BLK-S × 3 → TEE-HER-BLK-S × 2' }).waitFor(WAIT);
  for (const sight of SIGHTS) {
    const { context, page: other, errors } = await openSight(world, owner, sight);
    await go(other, '/mapping?view=history');
    await other.getByRole('grid', { name: 'History' }).getByText('Listing mug her/blk').first().waitFor(WAIT);
    await settled(other);
    await look(other, 'mapping_history', sight);
    await other.getByRole('grid').getByText('Listing mug her/blk').first().click();
    await other.getByRole('dialog').getByText('Orders that were taken in already').waitFor(WAIT);
    await look(other, 'mapping_undo', sight);
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test('an operator, who may not read the audit log, sees the history of mappings and undoes one', async () => {
  const { context, page, errors } = await openInvited(world, { email: 'op@shop.example', name: 'Op', role: 'operator' });
  const listing = await listed('TEE-HER-WHT-S');
  assert.equal((await world.api('POST', `/v1/listings/${listing.id}/map`, {})).status, 200);
  await go(page, `/mapping?view=history&listing=${listing.id}`);
  const row = page.getByRole('row').filter({ hasText: 'TEE-HER-WHT-S → not mapped' });
  await row.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo 1 change' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached', ...WAIT });
  assert.equal((await listed('TEE-HER-WHT-S')).id, listing.id);
  assert.deepEqual(errors.filter((text) => !/status of 401/.test(text)), []);
  await context.close();
});

/** The listing of a SKU on Shopee. */
async function listed(sku) {
  const { id } = await shopOf('shopee');
  return (await world.api('GET', `/v1/listings?sku=${sku}`)).body.data.find(({ shop_id }) => shop_id === id);
}

test('a figure that a campaign changed is explained, and nobody is asked to decide', async () => {
  const { page } = owner;
  const { id } = await listed(CAMPAIGN);
  const drift = async () => (await world.api('GET', '/v1/notices?open=true')).body.data.find(({ key }) => key === `drift:${id}`);
  await until('the campaign is noticed', async () => (await drift()) !== undefined);
  assert.equal((await listed(CAMPAIGN)).edit, null, 'it is no edit of the seller');
  await go(page, '/attention');
  const row = page.getByRole('listitem').filter({ hasText: 'Shows another figure' });
  await row.getByText(/^Shopee shows \d+ for “.*” instead of \d+\.$/).waitFor(WAIT);
  await row.getByText('A campaign there holds units.').waitFor(WAIT);
  await row.getByRole('button', { name: 'Open the SKU' }).waitFor(WAIT);
  assert.equal(await row.getByRole('button', { name: /Take over|Keep it as a cap|Push our figure/ }).count(), 0);
  await go(page, '/drift');
  await page.getByRole('status').getByText(/Shopee shows \d+ for “.*” instead of \d+\. The cause: a campaign there\./).waitFor(WAIT);
  await page.getByText('A campaign there holds units.').waitFor(WAIT);
  assert.equal(await page.getByText('Every marketplace shows what we told it.').count(), 0);
});

test('goods that come back lead to their order, and a shortfall is one case', async () => {
  const { page } = owner;
  const { number, id, ours } = await bought('shopee', 'TEE-HER-BLK-M');
  await world.sandbox('POST', `orders/${number}/ship`);
  await until('it has left', async () => (await state(ours)) === 'shipped');
  await world.sandbox('POST', `orders/${number}/deliver`);
  await world.sandbox('POST', `orders/${number}/return`);
  const open = async (kind) => (await world.api('GET', '/v1/notices?open=true')).body.data.filter((each) => each.kind === kind);
  await world.api('POST', `/v1/market-orders/${id}/fetch`);
  await until('the return is noticed', async () => (await open('return_received')).length === 1);
  // A marketplace has sold one, and somebody counts none.
  await bought('lazada', 'MUG-HER-BLK');
  const counted = await world.api('POST', '/v1/stock/count', { sku: 'MUG-HER-BLK', location: 'main', counted: 0 });
  assert.equal(counted.status, 200);
  await until('the shortfall is noticed', async () => (await open('shortfall')).length === 1);
  await go(page, '/attention');
  const cases = page.getByRole('listitem').filter({ hasText: 'Shortfall' });
  // The row of stock and the notice about it, whichever is there first.
  await cases.getByRole('button', { name: 'Adjust' }).waitFor(WAIT);
  await cases.getByRole('button', { name: /^Actions: Shortfall/ }).waitFor(WAIT);
  assert.equal(await cases.count(), 1);
  await page.getByRole('listitem').filter({ hasText: 'Goods came back' }).getByRole('button', { name: 'Open the order' }).click();
  await page.waitForURL(new RegExp(`/orders/market/${id}$`), WAIT);
  await page.getByRole('heading', { name: number }).waitFor(WAIT);
});

test('a dialog of a case stays when somebody else has settled the case meanwhile, and says what came of it', async () => {
  const { page, errors } = owner;
  const sku = 'TEE-HER-WHT-L';
  const { body: before } = await world.api('GET', `/v1/stock/${sku}/main`);
  const count = (counted) => world.api('POST', '/v1/stock/count', { sku, location: 'main', counted, confirmed: true });
  assert.equal((await world.api('POST', '/v1/orders', { lines: [{ sku, location: 'main', quantity: 1 }], confirm: true })).status, 201);
  assert.equal((await count(0)).status, 200);
  const notice = async () => (await world.api('GET', '/v1/notices?open=true')).body.data.find(({ kind, subject }) => kind === 'shortfall' && subject === `${sku}@main`);
  await until('the shortfall is noticed', async () => (await notice()) !== undefined);
  await go(page, '/attention');
  const found = page.getByRole('listitem').filter({ hasText: 'Shortfall' }).filter({ hasText: sku });
  const dialog = page.getByRole('dialog');
  // Somebody says that it is over: nothing is left to settle, though the row is still short.
  await found.getByRole('button', { name: /^Actions: Shortfall/ }).click();
  await page.getByRole('menuitem', { name: 'Settled…' }).click();
  await dialog.getByRole('textbox').fill('Found behind the shelf');
  const { key } = await notice();
  assert.equal((await world.api('PATCH', `/v1/notices/${encodeURIComponent(key)}`, { resolved: true, note: 'Bought anew' })).status, 200);
  await found.getByRole('button', { name: /^Actions: Shortfall/ }).waitFor({ state: 'detached', ...WAIT });
  assert.equal(await dialog.getByRole('textbox').inputValue(), 'Found behind the shelf');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  // Somebody finds the goods: the case is gone, and the figure that was seen does not hold any more.
  await found.getByRole('button', { name: 'Adjust' }).click();
  await dialog.getByText('To a value').click();
  await dialog.getByLabel('New number on hand').fill('3');
  assert.equal((await count(before.on_hand)).status, 200);
  await found.waitFor({ state: 'detached', ...WAIT });
  await dialog.getByRole('button', { name: 'Adjust', exact: true }).click();
  await dialog.getByText('The figure has changed since you read it').waitFor(WAIT);
  for (const sight of SIGHTS.slice(0, 2)) {
    await page.setViewportSize(sight);
    await look(page, 'case_gone', sight);
  }
  await page.setViewportSize(SIGHTS[0]);
  // It shows the figure that holds now, and goes by that at the next press.
  await dialog.getByText(new RegExp(`\\b${before.on_hand}\\b`)).first().waitFor(WAIT);
  await dialog.getByRole('button', { name: 'Adjust', exact: true }).click();
  await dialog.waitFor({ state: 'detached', ...WAIT });
  assert.equal((await world.api('GET', `/v1/stock/${sku}/main`)).body.on_hand, 3);
  assert.equal((await count(before.on_hand)).status, 200);
  assert.ok(errors.splice(0).every((text) => /status of (409|412)/.test(text)));
});

test('an order that was paid twice waits for somebody, until the money has gone back', async () => {
  const { page, errors } = owner;
  const { body: order, status } = await world.api('POST', '/v1/orders', { lines: [{ sku: 'TEE-HER-BLK-M', quantity: 1 }], confirm: true });
  assert.equal(status, 201, JSON.stringify(order));
  const paid = (payment_reference, event) => world.api('POST', `/v1/orders/${order.id}/payments`, { payment_reference, event });
  await paid('pi_1', 'succeeded');
  await go(page, '/attention');
  const money = page.getByRole('listitem').filter({ hasText: 'Money to look after' });
  assert.equal(await money.count(), 0);
  await paid('pi_2', 'succeeded');
  await money.getByText('The money of 1 order is disputed, or has to go back').waitFor(WAIT);
  await money.getByRole('button', { name: 'See the orders' }).click();
  await page.getByRole('heading', { name: 'Orders', level: 1 }).waitFor(WAIT);
  assert.match(page.url(), /money_due=true/);
  await page.locator(`a[href*="${order.id}"]`).first().waitFor(WAIT);
  await go(page, '/attention');
  await money.waitFor(WAIT);
  // The badge, the tile, the verdict of the overview and the page say the same number, and this is one of it.
  const said = (text) => Number(/\d+/.exec(text)?.[0]);
  const here = page.getByRole('status').getByText(/waits? for you/);
  const n = said(await here.innerText());
  assert.equal(await page.getByRole('list', { name: 'Needs attention' }).getByRole('listitem').count(), n);
  await go(page, '/');
  const links = page.locator('a[href="/attention"]');
  await until('three places say it', async () => (await links.allInnerTexts()).filter((text) => said(text) === n).length >= 3);
  await go(page, '/attention');
  await money.waitFor(WAIT);
  await paid('pi_2', 'refunded');
  await money.waitFor({ ...WAIT, state: 'detached' });
  assert.deepEqual(errors, []);
});

test('a hold is released on a telephone, and nowhere without a question', async () => {
  const { context, page, errors } = await openSight(world, owner, { theme: 'light', width: 360, height: 740 });
  const hold = async (name) => (await world.api('POST', '/v1/reservations', { owner: name, ttl_s: 3_600, lines: [{ sku: 'TEE-HER-WHT-L', location: 'main', quantity: 2 }] })).body.id;
  const still = async (id) => (await world.api('GET', `/v1/reservations/${id}`)).body.state;
  const dialog = page.getByRole('dialog');
  const release = dialog.getByRole('button', { name: 'Release', exact: true });
  const first = await hold('Anna');
  const second = await hold('Berta');
  await go(page, '/stock/TEE-HER-WHT-L?tab=holds&location=main');
  await page.getByRole('grid', { name: 'Holds' }).getByText('Anna').click();
  await dialog.getByRole('heading', { name: 'Release 2 units?' }).waitFor(WAIT);
  await release.click();
  await dialog.waitFor({ state: 'detached', ...WAIT });
  assert.deepEqual([await still(first), await still(second)], ['released', 'held']);
  await go(page, '/reservations');
  await page.getByRole('grid').getByText('Berta').click();
  await release.waitFor(WAIT);
  await look(page, 'reservation_dialog', { theme: 'light', width: 360 });
  assert.equal(await still(second), 'held', 'it asks first');
  await release.click();
  await until('it is released', async () => (await still(second)) === 'released');
  await context.close();
  // The button in a wide row asks, too.
  const third = await hold('Clara');
  await go(owner.page, '/reservations');
  await owner.page.getByRole('row').filter({ hasText: 'Clara' }).getByRole('button', { name: 'Release' }).click();
  await owner.page.getByRole('dialog').getByRole('button', { name: 'Release', exact: true }).waitFor(WAIT);
  assert.equal(await still(third), 'held');
  assert.deepEqual([errors, owner.errors], [[], []]);
});

test('rows stay under the pointer: what is new waits until it is shown', async () => {
  const { page } = owner;
  const place = (reference) => world.api('POST', '/v1/orders', { reference, lines: [{ sku: 'TEE-HER-BLK-L', location: 'main', quantity: 1 }] });
  await place('STEADY-1');
  await go(page, '/orders');
  const rows = page.getByRole('grid').getByRole('row');
  await rows.nth(1).getByText('STEADY-1').waitFor(WAIT);
  await page.mouse.move(0, 0);
  await page.keyboard.press('j');
  await place('STEADY-2');
  await page.getByRole('button', { name: '1 new: show' }).waitFor(WAIT);
  assert.match(await rows.nth(1).innerText(), /STEADY-1/);
  await page.getByRole('button', { name: '1 new: show' }).click();
  await rows.nth(1).getByText('STEADY-2').waitFor(WAIT);
  // The cursor has gone along with its row.
  assert.match(await page.locator('[role=row][aria-selected=true]').innerText(), /STEADY-1/);
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'STEADY-1' }).waitFor(WAIT);
});

test('an order that was told of long before the page was opened shows what followed from it', async () => {
  const { page } = owner;
  const { ours } = await bought('shopee', 'TEE-HER-BLK-M');
  const placed = (await world.api('GET', `/v1/orders/${ours}/events`)).body.data[0];
  await until('the shops were told', async () => {
    const told = (await world.api('GET', '/v1/pushes?sku=TEE-HER-BLK-M&limit=20')).body.data;
    return told.filter((push) => Math.abs(Date.parse(push.cause_at) - Date.parse(placed.at)) <= 2).length >= 2;
  });
  // The feed is cut off, so that the page has nothing but what it reads.
  await page.route('**/v1/events?**', (route) => route.abort());
  await go(page, `/orders/${ours}`);
  await page.getByText(/told to TikTok Shop/).first().waitFor(WAIT);
  await page.unroute('**/v1/events?**');
});

const PAGES = [];

test('one of each is there to be looked at', async () => {
  const paid = await bought('shopee', 'TEE-HER-BLK-L');
  const units = await bought('lazada', 'TEE-HER-BLK-L', 2);
  const wish = await bought('shopee', 'TEE-HER-BLK-L');
  await world.sandbox('POST', `orders/${wish.number}/request_cancel`);
  await until('the wish is known', async () => (await marketOrder(wish.id)).cancel_requested);
  const { job_id: job } = await marketOrder(paid.id);
  PAGES.push(
    ['market_order', `/orders/market/${paid.id}`], ['market_order_units', `/orders/market/${units.id}`], ['market_order_wish', `/orders/market/${wish.id}`],
    ['market_orders', '/orders?view=market'], ['order_of_market', `/orders/${paid.ours}`], ['order_wish', `/orders/${wish.ours}`],
    ['shop', `/shops/${(await shopOf('shopee')).shop}`], ['job', `/jobs/${job}`], ['drift_others', '/drift'], ['attention_cases', '/attention'],
  );
});

for (const sight of SIGHTS) {
  test(`what waits at ${sight.width} px, ${sight.theme}: nothing for axe, nothing wider than the window`, async () => {
    const { context, page, errors } = await openSight(world, owner, sight);
    for (const [name, path] of PAGES) {
      await go(page, path);
      await settled(page);
      await look(page, name, sight, { fullPage: true });
    }
    assert.deepEqual(errors, []);
    await context.close();
  });
}
