"""Lazada with `lazop-sdk` of PyPI, the marketplace's own SDK: its signatures, its form encoding."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

import lazop_sdk as lazop

CONTROL = os.environ.get("SANDBOX_CONTROL", "http://127.0.0.1:7100")


def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(CONTROL + path, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Stay(urllib.request.HTTPRedirectHandler):
    """Shows a redirect instead of following it."""

    def redirect_request(self, *_):
        return None


def agree(page):
    try:
        urllib.request.build_opener(Stay).open(page + "&auto=1")
    except urllib.error.HTTPError as answer:
        assert answer.code == 302, answer.read()
        return urllib.parse.parse_qs(urllib.parse.urlparse(answer.headers["location"]).query)
    raise AssertionError("no redirect")


def listing(sku):
    (found,) = ask(f"/control/listings?market=lazada&seller_sku={sku}")["listings"]
    return found


def main():
    state = ask("/control/state")
    (app,) = [known for known in state["apps"] if known["market"] == "lazada"]
    base = state["urls"]["lazada"]["api"] + "/rest"
    client = lazop.LazopClient(base, app["app_id"], app["secret"])

    def call(path, method="GET", token=None, **parameters):
        request = lazop.LazopRequest(path, method)
        for name, value in parameters.items():
            request.add_api_param(name, value)
        return client.execute(request, token).body

    page = state["urls"]["lazada"]["consent"] + "?" + urllib.parse.urlencode({
        "response_type": "code", "force_auth": "true", "redirect_uri": "https://onhand.example/back",
        "client_id": app["app_id"], "state": "a state"})
    back = agree(page)
    assert back["state"] == ["a state"], back
    tokens = call("/auth/token/create", "POST", code=back["code"][0])
    assert tokens["code"] == "0" and tokens["country_user_info"], tokens
    print("ok  token:", tokens["account_platform"], tokens["country"], tokens["expires_in"], "s")
    token = tokens["access_token"]

    assert call("/seller/get", token=token)["code"] == "0"
    products = call("/products/get", token=token, filter="live", limit="50", offset="0")["data"]
    assert products["products"] and int(products["total_products"]) > 50, products["total_products"]
    print("ok  products:", products["total_products"])

    shirt = listing("TEE-HER-BLK-M")
    payload = ("<Request><Product><Skus><Sku><ItemId>%s</ItemId><SkuId>%s</SkuId><SellableQuantity>9"
               "</SellableQuantity></Sku></Skus></Product></Request>" % (shirt["item"], shirt["variant"]))
    done = call("/product/stock/sellable/update", "POST", token, payload=payload)
    assert done["code"] == "0", done
    assert listing("TEE-HER-BLK-M")["stock"] == 9
    print("ok  stock: 9")
    wrong = call("/product/stock/sellable/update", "POST", token, payload=payload.replace(shirt["variant"], "5"))
    assert wrong["code"] != "0", wrong
    print("ok  refused inside 200:", wrong["code"], wrong["message"])

    order = ask("/control/orders", {"market": "lazada", "pay": True,
                                    "lines": [{"seller_sku": "TEE-HER-BLK-M", "quantity": 2}]})["order"]
    found = call("/orders/get", token=token, update_after="2020-01-01T00:00:00+08:00", limit="100", offset="0")
    assert any(str(known["order_id"]) == order for known in found["data"]["orders"]), found
    items = call("/order/items/get", token=token, order_id=order)["data"]
    assert [item["status"] for item in items] == ["pending", "pending"], items
    assert listing("TEE-HER-BLK-M")["stock"] == 7
    print("ok  order:", order, "of", len(items), "units")

    ask("/control/faults", {"market": "lazada", "fault": "expire_token"})
    expired = call("/seller/get", token=token)
    assert expired["code"] == "IllegalAccessToken", expired
    fresh = call("/auth/token/refresh", "POST", refresh_token=tokens["refresh_token"])
    assert fresh["code"] == "0", fresh
    assert call("/seller/get", token=fresh["access_token"])["code"] == "0"
    print("ok  refresh")
    client_with_wrong_secret = lazop.LazopClient(base, app["app_id"], "wrong")
    forged = client_with_wrong_secret.execute(lazop.LazopRequest("/seller/get", "GET"), fresh["access_token"]).body
    assert forged["code"] == "IncompleteSignature", forged
    print("ok  forged:", forged["code"])


if __name__ == "__main__":
    main()
