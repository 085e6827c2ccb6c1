// Shopee with https://www.npmjs.com/package/@congminh1254/shopee-sdk: its own signatures, its own idea of every path.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ShopeeSDK } from '@congminh1254/shopee-sdk';
import { agree, listing, state, tell } from './sandbox.mjs';

let sdk;
let token;

before(async () => {
  const { urls, apps } = await state();
  const app = apps.find((known) => known.market === 'shopee');
  sdk = new ShopeeSDK({
    partner_id: Number(app.app_id),
    partner_key: app.secret,
    base_url: `${urls.shopee.api}/api/v2`,
    base_auth_url: `${urls.shopee.api}/auth`,
  });
  const back = await agree(sdk.getAuthorizationUrl('https://onhand.example/back', { state: 'a state' }));
  assert.equal(back.get('state'), 'a state');
  token = await sdk.authenticateWithCode(back.get('code'), Number(back.get('shop_id')));
  assert.ok(token.access_token && token.refresh_token && token.expire_in > 14_000);
});

test('the shop and who let us in', async () => {
  const info = await sdk.shop.getShopInfo();
  assert.equal(info.shop_name, 'Heron & Linden');
  const shops = await sdk.public.getShopsByPartner({ page_size: 100, page_no: 1 });
  assert.ok(shops.authed_shop_list.some((shop) => shop.shop_id === token.shop_id));
  const unknown = await refused(sdk.shop.getWarehouseDetail());
  assert.match(unknown, /error_not_in_whitelist/);
});

test('every item by pages, with its models', async () => {
  let offset = 0;
  let models = 0;
  for (let more = true; more; ) {
    const { response } = await sdk.product.getItemList({ offset, page_size: 50, item_status: ['NORMAL', 'UNLIST'] });
    const ids = response.item.map((item) => item.item_id);
    const told = await sdk.product.getItemBaseInfo({ item_id_list: ids.join(',') });
    assert.equal(told.response.item_list.length, ids.length);
    for (const item of told.response.item_list.filter((known) => known.has_model)) {
      models += (await sdk.product.getModelList({ item_id: item.item_id })).response.model.length;
    }
    more = response.has_next_page;
    offset = response.next_offset;
  }
  assert.equal(models, 8 * 12 + 8 * 3 + 6 * 3);
});

test('stock of models, and what is refused', async () => {
  const shirt = await listing('shopee', 'TEE-HER-BLK-M');
  const model = Number(shirt.variant);
  const set = (model_id, stock) =>
    sdk.product.updateStock({ item_id: Number(shirt.item), stock_list: [{ model_id, seller_stock: [{ stock }] }] });
  const done = await set(model, 7);
  assert.deepEqual(done.response.success_list, [{ model_id: model, location_id: '', stock: 7 }]);
  assert.equal((await listing('shopee', 'TEE-HER-BLK-M')).stock, 7);
  assert.match(await refused(set(1, 7)), /error_param/);
  await tell('/control/faults', { market: 'shopee', fault: 'throttle', count: 1 });
  assert.match(await refused(set(model, 8)), /error_rate_limit/);
});

test('an order from the list to the parcel', async () => {
  const { order } = await tell('/control/orders', {
    market: 'shopee',
    lines: [{ seller_sku: 'TEE-HER-BLK-M', quantity: 2 }],
    pay: true,
  });
  const now = Math.floor(Date.now() / 1000);
  const { response } = await sdk.order.getOrderList({
    time_range_field: 'update_time',
    time_from: now - 3600,
    time_to: now + 60,
    page_size: 100,
    response_optional_fields: 'order_status',
  });
  const listed = response.order_list.find((known) => known.order_sn === order);
  assert.equal(listed.order_status, 'READY_TO_SHIP');
  const detail = async () => {
    const fields = 'item_list,pay_time,package_list,total_amount';
    const told = await sdk.order.getOrderDetail({ order_sn_list: order, response_optional_fields: fields });
    return told.response.order_list[0];
  };
  assert.equal((await detail()).item_list[0].model_quantity_purchased, 2);
  assert.equal((await listing('shopee', 'TEE-HER-BLK-M')).stock, 5);
  await sdk.logistics.shipOrder({ order_sn: order, pickup: { address_id: 1, pickup_time_id: '1' } });
  const parcel = await sdk.logistics.getTrackingNumber({ order_sn: order });
  assert.ok(parcel.response.tracking_number);
  assert.equal((await detail()).order_status, 'PROCESSED');
});

test('an expired token is refreshed by the SDK, and a refresh token works once', async () => {
  const used = token.refresh_token;
  await tell('/control/faults', { market: 'shopee', fault: 'expire_token' });
  assert.equal((await sdk.shop.getShopInfo()).region, 'SG');
  const fresh = await sdk.getAuthToken();
  assert.notEqual(fresh.refresh_token, used);
  assert.match(await refused(sdk.auth.getRefreshToken(used, token.shop_id)), /error_auth/);
});

test('returns and lost messages', async () => {
  const returns = await sdk.returns.getReturnList({ page_no: 0, page_size: 50 });
  assert.ok(Array.isArray(returns.response.return));
  const lost = await sdk.push.getLostPushMessage({});
  assert.equal(lost.response.has_next_page, false);
});

// The error that a call ends in, as text.
async function refused(call) {
  const error = await call.then(
    () => assert.fail('it was not refused'),
    (failure) => failure,
  );
  return `${error.message} ${JSON.stringify(error.data ?? {})}`;
}
