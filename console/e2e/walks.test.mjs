// What people do with the console, from the first click on: `cargo xtask test --only walks`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { open, SHOTS, start } from './world.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT = { timeout: 30_000 };

let world;
let owner;

before(async () => {
  world = await start();
  owner = await open(world);
  await owner.page.goto(world.link);
  await owner.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor(WAIT);
});
after(() => world?.stop());

/** Goes to a path inside the application, as a link would. */
async function go(page, path) {
  await page.goto(world.url + path);
  await page.locator('h1').first().waitFor(WAIT);
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

test('sell one on Shopee, and see it on the other two', async () => {
  const { page } = owner;
  await go(page, '/stock/TEE-HER-BLK-M?tab=channels');
  const before = await world.api('GET', '/v1/stock/TEE-HER-BLK-M/main');
  await world.sandbox('POST', 'orders', { market: 'shopee', lines: [{ seller_sku: 'TEE-HER-BLK-M', quantity: 1 }], pay: true });
  // Any other figure than that one: others buy it, too.
  await page.getByText(new RegExp(`^(?!${before.body.available} )[\\d,]+ can be promised`)).waitFor(WAIT);
  const state = await world.sandbox('GET', 'listings?seller_sku=TEE-HER-BLK-M');
  assert.ok(JSON.stringify(state).includes('TEE-HER-BLK-M'));
});

test('why this figure: the equation stands on the page of the SKU', async () => {
  const { page } = owner;
  await go(page, '/stock?q=TEE-HER-BLK-M');
  await page.getByRole('link', { name: 'TEE-HER-BLK-M', exact: true }).first().click();
  await page.getByRole('heading', { name: /^Why / }).waitFor(WAIT);
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
  await guest.page.goto(link);
  await guest.page.getByLabel('The new password').fill('correct purple staple nine');
  await guest.page.getByRole('button', { name: 'Set password' }).click();
  await guest.page.getByText('The password is set').waitFor(WAIT);
  await guest.page.getByLabel('E-mail address').fill('vi@shop.example');
  await guest.page.getByRole('textbox', { name: /^Password/ }).fill('correct purple staple nine');
  await guest.page.getByRole('button', { name: 'Sign in' }).click();
  await guest.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor(WAIT);
  assert.equal(await guest.page.getByRole('link', { name: 'People' }).count(), 0);
  await go(guest.page, '/stock/TEE-HER-BLK-M');
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

test('a wrong password is refused in words, and a sign-out ends the session', async () => {
  const guest = await open(world);
  await guest.page.goto(world.url);
  await guest.page.getByLabel('E-mail address').fill('vi@shop.example');
  await guest.page.getByRole('textbox', { name: /^Password/ }).fill('wrong purple staple nine');
  await guest.page.getByRole('button', { name: 'Sign in' }).click();
  await guest.page.getByText('The address or the password is wrong').waitFor(WAIT);
  await guest.page.getByRole('textbox', { name: /^Password/ }).fill('correct purple staple nine');
  await guest.page.getByRole('button', { name: 'Sign in' }).click();
  await guest.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor(WAIT);
  await guest.page.getByRole('button', { name: 'Account' }).click();
  await guest.page.getByRole('menuitem', { name: 'Sign out' }).click();
  await guest.page.getByRole('heading', { name: 'Sign in' }).waitFor(WAIT);
  const status = await guest.page.evaluate(async () => (await fetch('/v1/skus')).status);
  assert.equal(status, 401);
  await guest.context.close();
});

test('a title with a script in it is only text', async () => {
  const { page, errors } = owner;
  const title = '"><img src=x onerror="window.broken=1"><script>window.broken=1</script>';
  const made = await world.api('POST', '/v1/skus', { sku: 'XSS-1', name: title });
  assert.equal(made.status, 201);
  await world.api('POST', '/v1/stock/adjust', { sku: 'XSS-1', quantity: 3, reason: 'received' });
  await go(page, '/stock/XSS-1');
  await page.getByText(title).first().waitFor(WAIT);
  assert.equal(await page.evaluate(() => window.broken), undefined);
  assert.deepEqual(errors, []);
});

test('kill a shop: its state is told, and it is authorised again from here', async () => {
  const { page } = owner;
  const shops = (await world.api('GET', '/v1/shops')).body.data;
  const shop = shops.find((each) => each.channel === 'lazada');
  await world.api('POST', `/v1/shops/${shop.shop}/disconnect`, {});
  await go(page, `/shops/${shop.shop}`);
  await page.getByText('It must be authorised again').waitFor(WAIT);
  await page.getByRole('button', { name: 'Authorise again' }).click();
  // The consent page of the marketplace's look-alike.
  await page.waitForURL((url) => !url.href.startsWith(world.url), WAIT);
  await page.getByRole('link', { name: /^Authorise / }).first().click();
  await page.getByRole('link', { name: 'Back to the console' }).click();
  await go(page, `/shops/${shop.shop}`);
  await page.getByText('It must be authorised again').waitFor({ state: 'detached', ...WAIT });
});

const PAGES = [
  '/',
  '/attention',
  '/stock',
  '/stock/TEE-HER-BLK-M',
  '/orders',
  '/reservations',
  '/shops',
  '/mapping',
  '/pushes',
  '/drift',
  '/queues',
  '/people',
  '/keys',
  '/audit',
  '/account',
];

for (const theme of ['light', 'dark']) {
  for (const [width, height] of [
    [1440, 900],
    [360, 740],
  ]) {
    test(`every page at ${width} px, ${theme}: no error, nothing for axe, nothing wider than the window`, async () => {
      const state = await owner.context.storageState();
      const { context, page, errors } = await open(world, { viewport: { width, height }, colorScheme: theme, storageState: state });
      for (const path of PAGES) {
        await go(page, path);
        await page.locator('[role=status]').first().waitFor(WAIT);
        const name = path.replace(/[^\w]+/g, '_').replace(/^_|_$/g, '') || 'overview';
        await page.screenshot({ path: `${SHOTS}${name}-${theme}-${width}.png` });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(wide <= 0, `${path} is ${wide} px wider than the window`);
        // Evaluated from here, since the policy of the server allows no script inside the page.
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
