// What goes wrong, in the language of a person who does not read English; and who did what, by name. `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { go as goIn, look, open, openInvited, openOwner, start, until, WAIT } from './world.mjs';

const SHIRT = 'TEE-HER-BLK-S';
const SIGHTS = [
  { theme: 'light', width: 1440, height: 900 },
  { theme: 'light', width: 360, height: 740 },
];

let world;
let owner;

before(async () => {
  world = await start({ orders: 0 });
  owner = await openOwner(world);
});
after(() => world?.stop());

const shopOf = async (channel) => (await world.api('GET', '/v1/shops')).body.data.find((each) => each.channel === channel);

/** The owner, at a browser that asks for Vietnamese. */
async function inVietnamese({ theme, width, height }) {
  const storageState = await owner.context.storageState();
  // The language that the owner has chosen is one of the browser, and this is another one.
  const seen = await open(world, { viewport: { width, height }, colorScheme: theme, locale: 'vi-VN', storageState: { ...storageState, origins: [] } });
  return { ...seen, go: (path) => goIn(world, seen.page, path) };
}

/** What the server refuses is noted by the browser. */
const unexpected = (errors) => errors.filter((text) => !/status of (409|412)/.test(text));

test('why a shop is disconnected is said in the language of the person, with the words of the marketplace beside it', async () => {
  const [lazada, shopee] = [await shopOf('lazada'), await shopOf('shopee')];
  assert.equal((await world.api('POST', `/v1/shops/${lazada.shop}/disconnect`)).status, 200);
  await world.sandbox('POST', 'faults', { fault: 'revoke_token', market: 'shopee' });
  await until('Shopee is disconnected', async () => {
    const { state } = await shopOf('shopee');
    if (state !== 'disconnected') await world.api('POST', `/v1/shops/${shopee.shop}/probe`);
    return state === 'disconnected';
  });
  const { reason, reason_code } = await shopOf('shopee');
  assert.equal(reason_code, 'grant_refused', reason);
  for (const sight of SIGHTS) {
    const { context, page, errors, go } = await inVietnamese(sight);
    await go(`/shops/${lazada.shop}`);
    await page.getByText('Có người đã ngắt kết nối gian hàng này tại đây.').waitFor(WAIT);
    assert.equal(await page.getByText('disconnected by a person').count(), 0);
    await look(page, 'words_shop_left', sight);
    await go(`/shops/${shopee.shop}`);
    await page.getByText('Sàn không còn chấp nhận quyền đã cấp.').waitFor(WAIT);
    await page.locator('q').getByText(reason).waitFor(WAIT);
    await look(page, 'words_shop_refused', sight);
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test('what a button of a case fails at is said beside the page, though the case has gone meanwhile', async () => {
  const { id } = await shopOf('lazada');
  const notice = async () => (await world.api('GET', '/v1/notices?open=true')).body.data.find(({ kind, shop_id }) => kind === 'shop_disconnected' && shop_id === id);
  const { context, page, errors, go } = await inVietnamese(SIGHTS[0]);
  await go('/attention');
  const found = page.getByRole('listitem').filter({ hasText: 'Lazada' });
  await page.route('**/v1/shops/connect', async (route) => {
    const { key } = await notice();
    assert.equal((await world.api('PATCH', `/v1/notices/${encodeURIComponent(key)}`, { resolved: true, note: 'It is closed for good' })).status, 200);
    await found.waitFor({ state: 'detached', ...WAIT });
    await route.fulfill({ status: 429, contentType: 'application/problem+json', json: { type: 'about:blank', code: 'rate_limited', status: 429, title: 'Too many requests', detail: 'wait' } });
  });
  await found.getByRole('button', { name: 'Cấp quyền lại', exact: true }).click();
  await page.getByRole('alert').getByText('Quá nhiều yêu cầu').waitFor(WAIT);
  assert.equal(await found.count(), 0);
  assert.deepEqual(errors.filter((text) => !/status of 429/.test(text)), []);
  await context.close();
});

test('why an order could not be applied is said so, on its page, in the list, and among what needs attention', async () => {
  const { id: shop } = await shopOf('tiktok');
  const { order: number } = await world.sandbox('POST', 'orders', { market: 'tiktok', lines: [{ seller_sku: SHIRT, quantity: 2 }], pay: true });
  const id = `${shop}-${number}`;
  const order = async () => (await world.api('GET', `/v1/market-orders/${id}`)).body;
  await until('the order is confirmed', async () => (await order()).lines?.every(({ status }) => status === 'confirmed'));
  // Nobody finds them, and the parcel leaves all the same.
  assert.equal((await world.api('POST', '/v1/stock/count', { sku: SHIRT, location: 'main', counted: 0, confirmed: true })).status, 200);
  await world.sandbox('POST', `orders/${number}/ship`);
  await until('the order is in trouble', async () => (await order()).state === 'needs_attention');
  for (const sight of SIGHTS) {
    const { context, page, errors, go } = await inVietnamese(sight);
    const isSaid = async () => {
      await page.getByText('Đã hứa nhưng không có trong kho').first().waitFor(WAIT);
    };
    await go(`/orders/market/${id}`);
    await isSaid();
    await page.getByText(`${SHIRT}: cần 2, có 0`).waitFor(WAIT);
    await page.getByText('Hãy kiểm kê hoặc nhận hàng trước.').waitFor(WAIT);
    assert.equal(await page.getByText('in the building').count(), 0, 'no English is left of it');
    await look(page, 'words_order', sight);
    await go('/attention');
    await isSaid();
    await look(page, 'words_attention', sight);
    if (sight.width > 900) {
      await go('/orders?view=market');
      await isSaid();
      await look(page, 'words_orders', sight);
    }
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test('why a marketplace could not be told of a parcel is said so, beside its words', async () => {
  const { id: shop } = await shopOf('tiktok');
  const { order: number } = await world.sandbox('POST', 'orders', { market: 'tiktok', lines: [{ seller_sku: 'TEE-HER-BLK-M', quantity: 1 }], pay: true });
  const id = `${shop}-${number}`;
  await until('the order is confirmed', async () => (await world.api('GET', `/v1/market-orders/${id}`)).body.lines?.every(({ status }) => status === 'confirmed'));
  const { context, page, errors, go } = await inVietnamese(SIGHTS[0]);
  await go(`/orders/market/${id}`);
  await world.sandbox('POST', 'faults', { market: 'tiktok', fault: 'forbid' });
  await page.getByRole('button', { name: 'Gửi hàng', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: /^Báo cho/ }).click();
  const note = page.getByRole('status').filter({ hasText: 'Đang báo cho sàn:' });
  await note.getByText('không được phép').waitFor(WAIT);
  await note.getByText('Máy chủ báo:').locator('q').waitFor(WAIT);
  await world.sandbox('DELETE', 'faults');
  for (const sight of SIGHTS) {
    await page.setViewportSize(sight);
    await look(page, 'words_ship', sight);
  }
  assert.deepEqual(errors, []);
  await context.close();
});

test('what is refused is said in the language of the person, with what to do', async () => {
  for (const sight of SIGHTS) {
    const { context, page, errors, go } = await inVietnamese(sight);
    await go('/stock/TEE-HER-BLK-L');
    await page.getByRole('button', { name: 'Điều chỉnh', exact: true }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Thêm bao nhiêu (âm: bớt)').fill('-5000');
    await dialog.getByRole('button', { name: 'Điều chỉnh', exact: true }).click();
    const alert = dialog.getByRole('alert').filter({ hasText: 'Không đủ tồn' });
    await alert.getByText(/^TEE-HER-BLK-L tại main: cần 5\.000, có \d+$/).waitFor(WAIT);
    await alert.getByText('Chọn số nhỏ hơn, hoặc nhận hàng trước.').waitFor(WAIT);
    assert.doesNotMatch(await alert.innerText(), /requested|Not enough/);
    await look(page, 'words_refused', sight);
    assert.deepEqual(unexpected(errors), []);
    await context.close();
  }
});

test('what does not hold is said by its code, with what to do and the words of the server', async () => {
  const violations = [
    { invariant: 'I1', subject: `${SHIRT} at main`, detail: 'is at version 7, but there is a movement 8' },
    { invariant: 'I15', subject: `movement 8 of SKU 3 at location 1 (${SHIRT} at main)`, detail: 'does not fit the hash chain: it or a movement before it was edited' },
    { invariant: 'I1', subject: 'TEE-HER-BLK-M at main', detail: 'is at version 4, but there is a movement 5' },
    { invariant: 'I99', subject: 'something', detail: 'that this console does not know' },
  ];
  for (const sight of SIGHTS) {
    const { context, page, errors, go } = await inVietnamese(sight);
    await page.route('**/v1/verify', async (route) => {
      const { status, body } = await world.api('POST', '/v1/verify');
      await route.fulfill({ status, json: { ...body, clean: false, violations_total: violations.length, violations } });
    });
    await go('/');
    const panel = page.getByRole('region', { name: 'Toàn vẹn' });
    await panel.getByRole('button', { name: 'Kiểm ngay' }).click();
    const of = (code) => panel.getByRole('region', { name: code, exact: true });
    await of('I1').getByText('Một số tồn không bằng tổng biến động của nó.').waitFor(WAIT);
    await of('I1').getByText('Hãy ngừng bán SKU đó và đếm hàng trên kệ.').waitFor(WAIT);
    assert.deepEqual(await of('I1').locator('q').allInnerTexts(), [violations[0], violations[2]].map(({ subject, detail }) => `${subject}: ${detail}`));
    await of('I15').getByText('Cơ sở dữ liệu bị sửa không qua Onhand.').waitFor(WAIT);
    await of('I99').locator('q').getByText('that this console does not know').waitFor(WAIT);
    await panel.scrollIntoViewIfNeeded();
    await look(page, 'words_broken', sight);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await panel.getByRole('button', { name: 'Sao chép các dòng này' }).click();
    await panel.getByRole('button', { name: 'Đã sao chép' }).waitFor(WAIT);
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(copied.split('\n').length, 1 + violations.length);
    assert.match(copied, /^Onhand .+\nI1 /);
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test('a mapping that somebody else has changed meanwhile is refused from a case, and what that means is said', async () => {
  const goods = [{ title: 'Shirt of nobody', axes: [], variants: [{ seller_sku: 'NOBODYS', options: [], price: 1_000, stock: 5 }] }];
  await world.sandbox('POST', 'catalogue', { market: 'tiktok', items: goods });
  const { shop } = await shopOf('tiktok');
  await world.api('POST', `/v1/shops/${shop}/import`);
  const listing = async () => (await world.api('GET', '/v1/listings?seller_sku=NOBODYS')).body.data[0];
  await until('the listing has come in', async () => (await listing()) !== undefined);
  await world.sandbox('POST', 'orders', { market: 'tiktok', lines: [{ seller_sku: 'NOBODYS', quantity: 1 }], pay: true });
  const { id } = await listing();
  await until('somebody is asked', async () => (await world.api('GET', '/v1/notices?open=true')).body.data.some(({ key }) => key === `unmapped:${id}`));
  const { context, page, errors, go } = await inVietnamese(SIGHTS[0]);
  await go('/attention');
  await page.getByRole('listitem').filter({ hasText: 'Shirt of nobody' }).getByRole('button', { name: 'Ghép nối', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Shirt of nobody').waitFor(WAIT);
  assert.equal((await world.api('POST', `/v1/listings/${id}/map`, { sku: 'TEE-HER-BLK-M', quantity: 2 })).status, 200);
  await dialog.getByLabel('SKU', { exact: true }).fill('TEE-HER-BLK-L');
  await dialog.getByRole('button', { name: 'Ghép nối', exact: true }).click();
  await dialog.getByText('Trong lúc đó có người đã đổi SKU mà sản phẩm này bán.').waitFor(WAIT);
  await look(page, 'words_mapping', SIGHTS[0]);
  // The case is gone, because the listing is mapped; what was said stays until it was read.
  await page.getByRole('listitem').filter({ hasText: 'Shirt of nobody' }).waitFor({ state: 'detached', ...WAIT });
  await dialog.getByText('Trong lúc đó có người đã đổi SKU mà sản phẩm này bán.').waitFor(WAIT);
  assert.equal((await listing()).sku, 'TEE-HER-BLK-M');
  assert.deepEqual(unexpected(errors), []);
  await context.close();
});

test('who may only read sees who did what by name', async () => {
  // Once by the owner in the console, once by a program.
  const { page: desk } = owner;
  await goIn(world, desk, '/stock/TEE-HER-WHT-L');
  await desk.getByRole('button', { name: 'Adjust', exact: true }).first().click();
  await desk.getByRole('dialog').getByLabel('Units more (negative: fewer)').fill('1');
  await desk.getByRole('dialog').getByRole('button', { name: 'Adjust', exact: true }).click();
  await desk.getByRole('dialog').waitFor({ state: 'detached', ...WAIT });
  await world.api('POST', '/v1/stock/adjust', { sku: 'TEE-HER-WHT-L', location: 'main', quantity: 1, reason: 'correction' });
  const { context, page, errors } = await openInvited(world, { email: 'vera@shop.example', name: 'Vera', role: 'viewer' });
  await goIn(world, page, '/stock/TEE-HER-WHT-L?tab=ledger&location=main');
  await page.getByRole('grid').getByText('Demo owner').first().waitFor(WAIT);
  assert.doesNotMatch(await page.getByRole('grid').first().innerText(), /prn_\d/);
  await look(page, 'words_actors', SIGHTS[0]);
  assert.deepEqual(errors.filter((text) => !/status of 401/.test(text)), []);
  await context.close();
});
