// Long words and large figures where there is little room: `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { go, look, open, openOwner, openSight, settled, SIGHTS, start, until, WAIT } from './world.mjs';

const TITLES = {
  th: 'เสื้อยืดคอกลมผ้าฝ้ายแท้ร้อยเปอร์เซ็นต์ระบายอากาศได้ดีเยี่ยมสำหรับผู้ชายและผู้หญิง',
  vi: 'Áo thun cổ tròn nghiêng nghiêng chất liệu cotton thoáng mát dành cho cả nam và nữ, phiên bản đặc biệt',
};
const CODE = 'ÁO-THUN-CỔ-TRÒN-PHIÊN-BẢN-ĐẶC-BIỆT-XXL';

let world;
let owner;
let lazada;
const paths = {};

before(async () => {
  world = await start({ orders: 0 });
  owner = await openOwner(world);
  paths.own = await ownOrder();
  paths.market = await marketOrder();
});
after(() => world?.stop());

const wanted = async (method, path, body) => {
  const answer = await world.api(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};

/** An order of ours in whose account everything has happened. */
async function ownOrder() {
  const [sku, location] = [CODE, 'main'];
  await wanted('POST', '/v1/skus', { sku, name: TITLES.vi });
  await wanted('POST', '/v1/stock/adjust', { sku, quantity: 12_000, reason: 'received' });
  const lines = [{ sku, location, quantity: 12_000, unit_minor: 1_250_000 }];
  const { id } = await wanted('POST', '/v1/orders', { reference: 'NARROW-1', currency: 'VND', confirm: true, lines });
  const { line } = (await wanted('GET', `/v1/orders/${id}`)).lines[0];
  await wanted('POST', `/v1/orders/${id}/ship`, { lines: [{ line, quantity: 3_000 }] });
  await wanted('POST', `/v1/orders/${id}/return`, { lines: [{ line, quantity: 1_000, condition: 'damaged' }] });
  await wanted('POST', `/v1/orders/${id}/cancel`, { lines: [{ line, quantity: 2_000 }] });
  await wanted('POST', '/v1/stock/count', { sku, location, counted: 3_000, confirmed: true });
  return `/orders/${id}`;
}

/** An order of a marketplace with long titles, one of them of a SKU that nobody has mapped. */
async function marketOrder() {
  const items = Object.entries(TITLES).map(([language, title]) => ({ title, axes: [], variants: [{ seller_sku: `${CODE}-${language}`, options: [], price: 1_250_000, stock: 90 }] }));
  await world.sandbox('POST', 'catalogue', { market: 'lazada', items });
  const { shop, id } = (await wanted('GET', '/v1/shops')).data.find(({ channel }) => channel === 'lazada');
  lazada = shop;
  await wanted('POST', `/v1/shops/${shop}/import`);
  const listing = async () => (await wanted('GET', '/v1/listings?mapped=false')).data.find(({ seller_sku }) => seller_sku === `${CODE}-vi`);
  await until('the listings have come in', async () => (await listing()) !== undefined);
  await wanted('POST', `/v1/listings/${(await listing()).id}/map`, { sku: CODE, quantity: 2 });
  const lines = [`${CODE}-vi`, `${CODE}-th`, 'TEE-HER-BLK-M'].map((seller_sku) => ({ seller_sku, quantity: 3 }));
  const { order } = await world.sandbox('POST', 'orders', { market: 'lazada', lines, pay: true });
  const path = `/v1/market-orders/${id}-${order}`;
  await until('the order has come in', async () => (await world.api('GET', path)).body.state === 'waits_for_mapping');
  return `/orders/market/${id}-${order}`;
}

test('the lines of an order are read without scrolling sideways, and stay a table for who hears them', async () => {
  for (const sight of SIGHTS) {
    const { context, page, errors } = await openSight(world, owner, sight);
    for (const [name, path] of Object.entries(paths)) {
      await go(world, page, path);
      await settled(page);
      const table = page.getByRole('table');
      assert.ok((await table.getByRole('columnheader').count()) >= 5);
      assert.equal(await table.getByRole('rowheader').count(), (await table.getByRole('row').count()) - 1);
      await look(page, `narrow_${name}`, sight, { fullPage: true });
      const columns = new Set(await table.getByRole('row').last().locator('> *').evaluateAll((cells) => cells.map((cell) => cell.offsetTop)));
      assert.equal(columns.size === 1, sight.width > 400, 'side by side where there is room, and only there');
    }
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test('the lines of an order have room at every width, also in long words', async () => {
  for (const language of ['en', 'th', 'vi']) {
    const { context, page } = await open(world, { storageState: await owner.context.storageState() });
    await context.addInitScript((chosen) => localStorage.setItem('onhand-language', chosen), language);
    for (const [name, path] of Object.entries(paths)) {
      await go(world, page, path);
      await page.getByRole('table').getByRole('rowheader').first().waitFor(WAIT);
      for (let width = 360; width <= 1_440; width += 60) {
        await page.setViewportSize({ width, height: 760 });
        const fits = () => {
          const table = document.querySelector('table');
          const { right } = table.parentElement.getBoundingClientRect();
          const over = [...table.querySelectorAll('tbody :is(th, td)')].filter((cell) => cell.scrollWidth > cell.clientWidth || cell.getBoundingClientRect().right > right + 1);
          return over.length === 0 && document.documentElement.scrollWidth <= window.innerWidth;
        };
        await page.waitForFunction(fits, undefined, { timeout: 5_000 }).catch(() => assert.fail(`${name} does not fit at ${width} px, ${language}`));
      }
    }
    await context.close();
  }
});

test('on a telephone, no code and no name in a table is cut off, also in long words', async () => {
  for (const language of ['en', 'vi']) {
    const { context, page } = await open(world, { viewport: { width: 360, height: 740 }, storageState: await owner.context.storageState() });
    await context.addInitScript((chosen) => localStorage.setItem('onhand-language', chosen), language);
    for (const path of ['/mapping?view=mapped', '/queues', '/people', '/keys']) {
      await go(world, page, path);
      await page.getByRole('grid').first().getByRole('row').nth(1).waitFor(WAIT);
      const cut = () => {
        const cells = [...document.querySelectorAll('[role=row][aria-selected] > [role=gridcell]')].filter((cell) => !cell.querySelector('[title]'));
        const small = (each) => each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight + 1;
        const labels = [...document.querySelectorAll('[role=gridcell] button *')].filter((label) => getComputedStyle(label).overflow !== 'visible');
        return [...cells, ...labels].filter((each) => small(each) && each.innerText.trim()).map((each) => each.innerText);
      };
      assert.deepEqual([...new Set(await page.evaluate(cut))], [], `${path}, ${language}`);
      await look(page, `narrow_table_${path.replace(/\W+/g, '_')}_${language}`, { theme: 'light', width: 360 });
    }
    await context.close();
  }
});

/** A text of the console as a person of that language reads it. */
function textOf(language, key) {
  const texts = new URL(`../src/i18n/${language}/`, import.meta.url);
  const found = readdirSync(texts).map((file) => new RegExp(`^  '${key}': '(.*)',$`, 'm').exec(readFileSync(new URL(file, texts), 'utf8'))?.[1]);
  return found.find(Boolean) ?? assert.fail(`no text ${key} in ${language}`);
}

/** Pages, and the button there that asks before it does something; without one, the first row of their table opens. */
const dialogs = () => [
  ['/stock/TEE-HER-BLK-M', 'stock.adjust'],
  [paths.own, 'order.do.ship'],
  [paths.market, 'attention.do.map'],
  [`/shops/${lazada}`, 'shops.pause'],
  [`/shops/${lazada}`, 'shops.disconnect'],
  ['/shops', 'shops.connect'],
  ['/people', 'people.invite'],
  ['/keys', 'keys_page.make'],
  ['/queues', 'queues.lane.pause'],
  ['/mapping', undefined],
  ['/mapping?view=mapped', undefined],
  ['/webhooks', undefined],
  ['/audit', undefined],
];

test('dialogs on a telephone, in long words: whole, with nothing for axe, and left by a key', async () => {
  for (const language of ['vi', 'th']) {
    const { context, page } = await open(world, { viewport: { width: 360, height: 740 }, storageState: await owner.context.storageState() });
    await context.addInitScript((chosen) => localStorage.setItem('onhand-language', chosen), language);
    for (const [path, key] of dialogs()) {
      await go(world, page, path);
      const row = page.getByRole('grid').first().getByRole('row').nth(1);
      const opener = key ? page.getByRole('main').getByRole('button', { name: textOf(language, key) }).first() : row;
      // At its edge, where no link of the row is.
      await opener.click({ ...WAIT, position: { x: 8, y: 8 } });
      const dialog = page.getByRole('dialog');
      await dialog.waitFor(WAIT).catch(() => assert.fail(`${path}, ${key}, ${language}: no dialog`));
      await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'), undefined, WAIT);
      await look(page, `dialog_${path.split(/\W/)[1]}_${key ?? (path.split('=')[1] ?? 'row')}_${language}`, { theme: 'light', width: 360 });
      const outside = await dialog.evaluate((root) => {
        const room = root.getBoundingClientRect();
        const beside = (each) => each.width > 1 && (each.left < room.left - 1 || each.right > room.right + 1);
        return [...root.querySelectorAll('*')].filter((each) => beside(each.getBoundingClientRect())).map((each) => `${each.tagName} ${each.innerText}`);
      });
      assert.deepEqual(outside, [], `${path}, ${key}, ${language}: beside its dialog`);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached', ...WAIT });
    }
    await context.close();
  }
});
