// TikTok Shop with https://www.npmjs.com/package/tiktok-shop-sdk, which knows only the real addresses.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { TikTokShopSDK } from 'tiktok-shop-sdk';
import { agree, listing, send, state, tell } from './sandbox.mjs';

let sdk;
let tokens;

before(async () => {
  const { urls, apps } = await state();
  const app = apps.find((known) => known.market === 'tiktok');
  send(['auth.tiktok-shops.com', 'open-api.tiktokglobalshop.com'], urls.tiktok.api);
  sdk = new TikTokShopSDK({ appKey: app.app_id, appSecret: app.secret });
  const back = await agree(`${urls.tiktok.consent}?service_id=${app.service_id}&state=a%20state`);
  assert.equal(back.get('state'), 'a state');
  const answer = await sdk.auth.getAccessToken({ auth_code: back.get('code') });
  tokens = answer.data;
  assert.ok(tokens.access_token_expire_in > Date.now() / 1000, 'a time, not a duration');
  sdk.setAccessToken(tokens.access_token);
  const { data } = await sdk.shop.getAuthorizedShops();
  sdk.setShopCipher(data.shops[0].cipher);
});

test('products and their stock', async () => {
  const { data } = await sdk.product.searchProducts({ query: { page_size: 100 }, body: { status: 'ACTIVATE' } });
  assert.ok(data.products.length > 50);
  const shirt = await listing('tiktok', 'TEE-HER-BLK-M');
  const warehouses = await sdk.logistic.getWarehouseList();
  const [warehouse] = warehouses.data.warehouses;
  const set = (quantity, sku = shirt.variant) =>
    sdk.product.updateProductInventory({
      product_id: shirt.item,
      body: { skus: [{ id: sku, inventory: [{ warehouse_id: warehouse.id, quantity }] }] },
    });
  await set(6);
  assert.equal((await listing('tiktok', 'TEE-HER-BLK-M')).stock, 6);
  const read = await sdk.product.searchInventory({ sku_ids: [shirt.variant] });
  assert.equal(read.data.inventory[0].skus[0].total_available_quantity, 6);
});

test('an order: one line item is one unit', async () => {
  const { order } = await tell('/control/orders', {
    market: 'tiktok',
    lines: [{ seller_sku: 'TEE-HER-BLK-M', quantity: 2 }],
    pay: true,
  });
  const { data } = await sdk.order.getOrderList({ query: { page_size: 50 }, body: { order_status: 'AWAITING_SHIPMENT' } });
  const found = data.orders.find((known) => known.id === order);
  assert.equal(found.line_items.length, 2);
  const detail = await sdk.order.getOrderDetail({ ids: [order] });
  assert.equal(detail.data.orders[0].status, 'AWAITING_SHIPMENT');
  assert.equal((await listing('tiktok', 'TEE-HER-BLK-M')).stock, 4);
});

test('a refresh gives new tokens, a wrong one an error', async () => {
  const fresh = await sdk.auth.refreshAccessToken({ refresh_token: tokens.refresh_token });
  assert.ok(fresh.data.access_token);
  sdk.setAccessToken('nonsense');
  await assert.rejects(sdk.shop.getAuthorizedShops(), (error) => error.code === 105002 || error.code === 36009004);
  sdk.setAccessToken(fresh.data.access_token);
  assert.ok((await sdk.shop.getAuthorizedShops()).data.shops.length > 0);
});

test('one call too many', async () => {
  await tell('/control/faults', { market: 'tiktok', fault: 'throttle', count: 1 });
  await assert.rejects(sdk.shop.getAuthorizedShops(), (error) => error.code === 36009002);
});
