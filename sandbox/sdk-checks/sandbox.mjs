// The sandbox's own API, and the seller's browser.
import assert from 'node:assert/strict';

const CONTROL = process.env.SANDBOX_CONTROL ?? 'http://127.0.0.1:7100';

export async function state() {
  return ask('/control/state');
}

export async function ask(path) {
  const answer = await fetch(CONTROL + path);
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

export async function tell(path, body) {
  const answer = await fetch(CONTROL + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

export async function listing(market, sku) {
  const { listings } = await ask(`/control/listings?market=${market}&seller_sku=${sku}`);
  assert.equal(listings.length, 1);
  return listings[0];
}

// The seller opens the page and agrees for the first shop that has not agreed; what his browser is sent back with.
export async function agree(page) {
  const url = new URL(page);
  url.searchParams.set('auto', '1');
  const answer = await fetch(url, { redirect: 'manual' });
  assert.equal(answer.status, 302, await answer.text());
  return new URL(answer.headers.get('location')).searchParams;
}

// A marketplace of which this SDK knows only the real addresses: its calls go to the sandbox instead.
export function send(hosts, to) {
  const real = globalThis.fetch;
  globalThis.fetch = (address, options) => {
    const url = new URL(address);
    return real(hosts.includes(url.host) ? to + url.pathname + url.search : address, options);
  };
}
