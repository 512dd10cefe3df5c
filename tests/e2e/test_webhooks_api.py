"""/v1/webhooks: rights, tenants, limits, conditions, deliveries; no secret is shown twice."""
import base64
import json
import re
import urllib.parse

from lib import Instance, run_tests
from native_client import MERGE, UNKNOWN, ask, is_problem, shared
from receivers import Receivers, answers
from tap import equal, ok, until
from webhook_client import HOOKS, JSON, URL, add, change, post, refused, remove_all

SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=\Z")


def without(hook, *names):
    return {name: value for name, value in hook.items() if name not in names}


# ---- a webhook ----


def life():
    remove_all()
    answer = post(HOOKS, {"url": URL, "name": "Play-out", "enabled": False})
    hook = answer.json()
    equal(answer.status, 201, "created")
    ok(SECRET.match(hook["secret"]), "the secret is made", len(hook["secret"]))
    shared().secrets.append(hook["secret"])
    ok(answer.headers["Location"].endswith(f"{HOOKS}/{hook['id']}"), "Location")
    tag = answer.headers["ETag"]
    ok(tag, "ETag")
    defaults = {"format": "standard", "method": "POST", "headers": {}, "query": {},
                "max_parallel": 4, "enabled": False, "reason": None, "revision": 1,
                "old_secret_ends_at": None}  # fmt: skip
    equal({name: hook[name] for name in defaults}, defaults, "defaults")
    equal(
        hook["filter"],
        {
            "dialects": None,
            "kinds": None,
            "states": None,
            "types": ["task.succeeded", "task.failed", "task.cancelled"],
        },
        "events of the format",
    )
    read = ask("GET", f"{HOOKS}/{hook['id']}")
    equal(read.json(), without(hook, "secret"), "read without the secret")
    equal(read.headers["ETag"], tag, "the same ETag")
    other = add(name="Other")
    items = ask("GET", HOOKS).json()["items"]
    equal([item["id"] for item in items], [hook["id"], other["id"]], "listed, the oldest first")
    equal(items[0], read.json(), "the list has the whole webhook")
    answer = ask("DELETE", f"{HOOKS}/{hook['id']}")
    equal((answer.status, answer.body), (204, b""), "removed")
    equal(len(ask("GET", HOOKS).json()["items"]), 1, "one is left")
    for method, path, body in routes(hook["id"]):
        answer = ask(method, path, body, *lines_of(method, body))
        ok(is_problem(answer, 404, "not-found"), f"removed: {method} {path}", answer)


def patches():
    hook = add(
        headers={"X-Key": "k-1 of a receiver", "X-Other": "o-1 of a receiver"},
        query={"a": "1", "b": "2 ü&="},
        filter={"kinds": ["encode", None], "states": ["failed"], "dialects": ["native"]},
    )
    shared().secrets.extend(["k-1 of a receiver", "o-1 of a receiver"])
    equal(hook["headers"], {"X-Key": "***", "X-Other": "***"}, "values of fields are hidden")
    equal(hook["query"], {"a": "1", "b": "2 ü&="}, "parameters are shown")
    changed = change(hook, {"filter": {"kinds": None, "types": ["task.created"]}}).json()
    equal(
        changed["filter"],
        {"dialects": ["native"], "kinds": None, "states": ["failed"], "types": ["task.created"]},
        "a filter is merged",
    )
    changed = change(hook, {"headers": {"x-key": None, "X-New": "n-1 of a receiver"}}).json()
    equal(changed["headers"], {"X-Other": "***", "X-New": "***"}, "fields are merged")
    equal(change(hook, {"query": {"a": None}}).json()["query"], {"b": "2 ü&="}, "parameters, too")
    changed = change(hook, {"filter": None, "headers": None, "query": None, "name": None}).json()
    equal((changed["headers"], changed["query"], changed["name"]), ({}, {}, None), "null resets")
    equal(changed["filter"], add()["filter"], "null resets the filter")
    before = changed["revision"]
    equal(change(hook, {}).json()["revision"], before, "no change, the same revision")
    refused(change(hook, {"format": "vionlabs"}), "/format", "another format")
    refused(change(hook, {"method": "GET"}), "/method", "standard has no GET")
    other = add(format="vionlabs", method="GET")
    equal(change(other, {"method": "PUT"}).json()["method"], "PUT", "another method")
    equal(change(other, {"method": None}).json()["method"], "POST", "the format's own method")
    refused(change(hook, {"secret": "whsec_" + "A" * 44}), "/secret", "a secret by PATCH")
    refused(change(hook, {"url": None}), "/url", "url cannot be removed")


def conditions():
    hook = add()
    path = f"{HOOKS}/{hook['id']}"
    tag = ask("GET", path).headers["ETag"]
    answer = change(hook, {"name": "b"}, ("If-Match", tag))
    equal(answer.status, 200, "If-Match")
    for method, at, body in routes(hook["id"]):
        if method in ("PATCH", "DELETE") or at.endswith("rotate-secret"):
            lines = lines_of(method, body)
            stale = ask(method, at, body, *lines, ("If-Match", tag))
            ok(is_problem(stale, 412, "precondition"), f"stale: {method} {at}", stale)
    equal(ask("GET", path).json()["name"], "b", "nothing has changed")
    equal(change(hook, {"name": "c"}, ("If-Match", "*")).status, 200, "If-Match: *")
    equal(ask("DELETE", path, None, ("If-Match", '"x"')).status, 412, "another ETag")
    tag = ask("GET", path).headers["ETag"]
    equal(ask("DELETE", path, None, ("If-Match", tag)).status, 204, "removed with its ETag")


def secrets():
    hook = add()
    own = "whsec_" + base64.b64encode(b"s" * 24).decode()
    answer = post(f"{HOOKS}/{hook['id']}/rotate-secret")
    equal(answer.status, 200, "rotated without a body")
    new = answer.json()["secret"]
    ok(SECRET.match(new) and new != hook["secret"], "there is another secret")
    shared().secrets.append(new)
    ok(answer.json()["old_secret_ends_at"], "the old one signs, too")
    answer = post(f"{HOOKS}/{hook['id']}/rotate-secret", {"secret": own, "keep_seconds": 0})
    equal(answer.json()["secret"], own, "a secret of the client's own")
    equal(answer.json()["old_secret_ends_at"], None, "the old one has ended")
    shared().secrets.append(own)
    for size, good in ((23, False), (24, True), (64, True), (65, False)):
        text = "whsec_" + base64.b64encode(bytes([size]) * size).decode()
        answer = post(HOOKS, {"url": URL, "enabled": False, "secret": text})
        equal(answer.status, 201 if good else 422, f"a secret of {size} bytes")
        shared().secrets.append(text)
    bad = ["", "whsec_", "x" * 40, base64.b64encode(b"s" * 32).decode(), own[:-4] + "!!!!", 7, True,
           own + "\n", "WHSEC_" + own[6:], own[:-1], []]  # fmt: skip
    for value in bad:
        refused(post(HOOKS, {"url": URL, "secret": value}), "/secret", f"secret: {value!r:.30}")
    rotate = f"{HOOKS}/{hook['id']}/rotate-secret"
    for value in (-1, 604801, "1", 1.5, True, None, 2**53):
        refused(post(rotate, {"keep_seconds": value}), "/keep_seconds", f"keep_seconds: {value!r}")
    refused(post(rotate, {"keep": 1}), "/keep", "another member")
    one = hook["id"]
    for args in (("show", one), ("list",), ("list", "--json"), ("show", one, "--json")):
        text = shared().ctl("webhook", *args, "--tenant", "demo")
        leaked = [secret for secret in shared().secrets if secret in text]
        equal(leaked, [], f"webhook {' '.join(args)}: no secret")
    ok("whsec" not in json.dumps(shared().status()), "polytaskctl status: no secret")


def unsigned():
    """A format that is not signed has no secret."""
    hook = add(format="vionlabs")
    ok("secret" not in hook, "the response to the creation has none", hook)
    ok("secret" not in add(format="vionlabs", secret=None), "nor with null")
    secret = "whsec_" + base64.b64encode(b"u" * 32).decode()
    for first in ({"secret": secret, "format": "vionlabs"}, {"format": "vionlabs", "secret": secret}):
        answer = post(HOOKS, {**first, "url": URL, "enabled": False})
        refused(answer, "/secret", f"{' before '.join(first)}: refused")
    for body in (None, {}, {"secret": secret}, {"keep_seconds": 0}):
        answer = post(f"{HOOKS}/{hook['id']}/rotate-secret", body)
        ok(is_problem(answer, 409, "conflict"), f"rotate-secret {body!r:.20}", answer)
        ok(b"The format vionlabs is not signed" in answer.body, "the reason", answer)
    read = ask("GET", f"{HOOKS}/{hook['id']}").json()
    equal((read["revision"], read["old_secret_ends_at"]), (1, None), "nothing has changed")
    args = ("add", URL, "--format", "vionlabs", "--tenant", "demo")
    text = shared().ctl("webhook", *args)
    ok(re.match(r"id +[0-9a-f-]{36}\n\Z", text), "polytaskctl prints the id only", text)
    remove_all()


# ---- who may ----


def routes(hook):
    """Every route with a body that it accepts."""
    path = f"{HOOKS}/{hook}"
    return (
        ("GET", path, None),
        ("PATCH", path, {"name": "a"}),
        ("POST", path + "/rotate-secret", {}),
        ("POST", path + "/test", None),
        ("GET", path + "/deliveries", None),
        ("GET", path + "/deliveries/1", None),
        ("POST", path + "/redeliver", {"from": "2026-01-01T00:00:00Z"}),
        ("DELETE", path, None),
    )


def lines_of(method, body):
    return [] if body is None else [MERGE if method == "PATCH" else JSON]


def rights_and_tenants():
    instance = shared()
    remove_all()
    hook = add(name="secret name")
    instance.ctl("user", "add", "worker", "--tenant", "demo", "--rights", "read,write,work")
    instance.ctl("user", "add", "guest", "--tenant", "other", "--rights", "read,write,work,admin")
    plain, guest = (instance.add_token(name, name + "s") for name in ("worker", "guest"))
    own = (("POST", HOOKS, {"url": URL}), ("GET", HOOKS, None))
    for method, path, body in (*own, *routes(hook["id"])):
        lines = lines_of(method, body)
        answer = instance.request(method, path, body, instance.bearer(plain) + lines)
        ok(is_problem(answer, 403, "forbidden"), f"without admin: {method} {path}", answer)
        answer = instance.request(method, path, body, lines)
        equal(answer.status, 401, f"without a credential: {method} {path}")
    for method, path, body in routes(hook["id"]):
        lines = lines_of(method, body)
        answer = instance.request(method, path, body, instance.bearer(guest) + lines)
        ok(is_problem(answer, 404, "not-found"), f"another tenant: {method} {path}", answer)
        ok(b"secret name" not in answer.body, f"another tenant: {method} {path}: shows nothing")
    answer = instance.request("GET", HOOKS, None, instance.bearer(guest))
    equal(answer.json()["items"], [], "another tenant has a list of its own")
    equal(ask("GET", f"{HOOKS}/{hook['id']}").json(), without(hook, "secret"), "nothing changed")


def wrong_ids():
    hook = add()
    for text in (UNKNOWN, "x", "0", hook["id"][:-1], hook["id"] + "0", "%00", "a..b", "%20"):
        for method, path, body in routes(text):
            answer = ask(method, path, body, *lines_of(method, body))
            ok(answer.status in (400, 404), f"{method} {path}", answer)
    for text in ("0", "-1", "01", "x", "18446744073709551616", UNKNOWN + "_1", "1.0", "%31%00"):
        answer = ask("GET", f"{HOOKS}/{hook['id']}/deliveries/{text}")
        ok(answer.status in (400, 404), f"delivery {text}", answer)


# ---- limits ----


def limits():
    remove_all()
    hooks = [add(name=f"hook {number}") for number in range(50)]
    answer = post(HOOKS, {"url": URL})
    ok(is_problem(answer, 409, "conflict") and b"50 webhooks" in answer.body, "the limit", answer)
    items = ask("GET", HOOKS).json()["items"]
    equal([item["id"] for item in items], [hook["id"] for hook in hooks], "all in one list")
    ask("DELETE", f"{HOOKS}/{hooks[7]['id']}")
    add()
    remove_all()


# ---- deliveries ----


def deliveries():
    instance, receivers = Instance(conf={"webhook_networks": "127.0.0.0/8"}), Receivers()
    hook = deliver_some(instance, receivers)
    path = f"{HOOKS}/{hook['id']}"

    def call(method, at, body=None, token=None):
        lines = instance.bearer(token) + lines_of(method, body)
        return instance.request(method, path + at, body, lines)

    def page(**query):
        return call("GET", "/deliveries?" + urllib.parse.urlencode(query)).json()

    items = page()["items"]
    equal([item["state"] for item in items], ["delivered"] * 4, "all are delivered")
    equal([item["test"] for item in items], [True, False, False, False], "the newest first")
    types = [item["event"] and item["event"]["type"] for item in items]
    equal(types, [None] + ["task.created"] * 3, "their events")
    seen, before = [], {}
    while before is not None:
        part = page(limit=3, **before)
        seen += [item["id"] for item in part["items"]]
        before = {"before": part["next"]} if part["next"] else None
    equal(seen, [item["id"] for item in items], "pages")
    link = call("GET", "/deliveries?limit=3").headers["Link"]
    place = page(limit=3)["next"]
    ok(f'{path}/deliveries?limit=3&before={place}>; rel="next"' in link, "rel=next", link)
    equal(page(state="failed")["items"], [], "none has failed")
    equal(len(page(state="delivered", limit=2)["items"]), 2, "with a state")
    for query in ("state=failed,delivered", "state=failed&state=delivered", "state[]=delivered"):
        found = call("GET", "/deliveries?" + query).json()["items"]
        equal([item["id"] for item in found], [item["id"] for item in items], query)
    number = items[1]["id"].split("_")[1]
    one = call("GET", f"/deliveries/{items[1]['id']}")
    equal(one.json(), call("GET", f"/deliveries/{number}").json(), "by its id or its number")
    equal(one.json()["log"][0]["status"], 200, "the attempt")
    equal(one.json()["log"][0]["answer"], "answer", "the first bytes of the answer")
    sent = {call.id: call.json() for call in receivers.of("/hook")}
    equal(one.json()["body"], sent[items[1]["id"]], "the body is what was sent")
    for query in ("state=x", "state=", "limit=0", "limit=101", "limit=x", "before=x", "x=1",
                  f"before={UNKNOWN}_1", "limit=1&limit=2", "limit[]=1"):  # fmt: skip
        answer = call("GET", "/deliveries?" + query)
        ok(is_problem(answer, 400, "invalid"), f"deliveries?{query}", answer)
    redeliver(call, receivers, items)
    revision = call("GET", "").json()["revision"]
    equal(revision, 1, "deliveries are no changes of the webhook")
    instance.stop("deliveries")


def deliver_some(instance, receivers):
    url = receivers.on("/hook", answers(200))
    body = {"url": url, "filter": {"types": ["task.created"]}}
    hook = instance.request("POST", HOOKS, body, instance.bearer() + [JSON]).json()
    instance.secrets.append(hook["secret"])
    for number in range(3):
        instance.native("POST", "/tasks", {"kind": f"kind-{number}"})
        until(lambda seen=number: len(receivers.calls) > seen, 10)
    answer = instance.request("POST", f"{HOOKS}/{hook['id']}/test", None, instance.bearer())
    equal((answer.status, answer.json()["state"]), (202, "pending"), "a test is accepted")
    equal(answer.json()["body"]["type"], "webhook.test", "its body")
    until(lambda: len(receivers.calls) > 3, 10)

    def delivered():
        read = instance.request("GET", f"{HOOKS}/{hook['id']}", None, instance.bearer()).json()
        return read["state"]["pending"] == 0 and read["state"]["last_status"] == 200

    ok(until(delivered, 10), "the state of the webhook")
    return hook


def redeliver(call, receivers, items):
    ids = [item["id"] for item in items]

    def again(body):
        """The ids of the requests that follow."""
        before = len(receivers.calls)
        answer = call("POST", "/redeliver", body)
        if answer.status != 200 or answer.json()["more"]:
            return answer
        until(lambda: len(receivers.calls) >= before + answer.json()["redelivered"], 10)
        until(lambda: call("GET", "").json()["state"]["pending"] == 0, 10)
        return sorted(one.id for one in receivers.calls[before:])

    equal(again({"ids": [ids[0], ids[2].split("_")[1]]}), sorted([ids[0], ids[2]]), "by ids")
    equal(again({"ids": [ids[1], ids[1]]}), [ids[1]], "an id twice, sent once")
    equal(again({"from": "1970-01-01T00:00:00Z"}), sorted(ids), "all")
    equal(again({"from": "1970-01-01T00:00:00Z", "states": ["failed"]}), [], "those that failed")
    first, second = items[3]["created_at"], items[2]["created_at"]
    equal(again({"from": first, "to": second}), [ids[3]], "from a time to one that is excluded")
    equal(again({"from": "2100-01-01T00:00:00Z"}), [], "none in that time")
    body = {"from": "1970-01-01T00:00:00Z", "after": ids[2]}
    equal(again(body), sorted(ids[:2]), "those behind a place")
    equal(again({**body, "after": ids[0]}), [], "none behind the newest")
    answer = call("POST", "/redeliver", {**body, "after": ids[0]}).json()
    equal(answer, {"redelivered": 0, "more": False, "next": None}, "the end")
    for pointer, body in (
        ("/ids", {}),
        ("/ids", {"ids": []}),
        ("/ids", {"ids": "x"}),
        ("/ids/0", {"ids": [7]}),
        ("/ids/1", {"ids": [ids[0], "x"]}),
        ("/ids/0", {"ids": [UNKNOWN]}),
        ("/ids/0", {"ids": [f"{UNKNOWN}_1"]}),
        ("/ids", {"ids": [ids[0]] * 101}),
        ("/ids", {"ids": [ids[0]], "from": first}),
        ("/ids", {"to": first}),
        ("/ids", {"states": ["failed"]}),
        ("/from", {"from": "yesterday"}),
        ("/from", {"from": 7}),
        ("/to", {"from": first, "to": None}),
        ("/after", {"from": first, "after": None}),
        ("/after", {"from": first, "after": f"{UNKNOWN}_1"}),
        ("/ids", {"ids": [ids[0]], "after": ids[0]}),
        ("/ids", {"after": ids[0]}),
        ("/states", {"from": first, "states": []}),
        ("/states/1", {"from": first, "states": ["failed", "pending"]}),
        ("/states", {"from": first, "states": "failed"}),
        ("/x", {"x": 1}),
    ):
        refused(call("POST", "/redeliver", body), pointer, f"redeliver {body!r:.60}")
    answer = call("POST", "/redeliver", {"ids": ["5"]})
    ok(is_problem(answer, 404, "not-found"), "no such delivery", answer)


def disabled():
    """A disabled webhook takes neither a test nor a repeated delivery."""
    hook = add()
    for path, body in (("test", None), ("redeliver", {"from": "1970-01-01T00:00:00Z"})):
        answer = post(f"{HOOKS}/{hook['id']}/{path}", body)
        ok(is_problem(answer, 409, "conflict"), f"disabled: {path}", answer)
    change(hook, {"filter": {"kinds": ["nothing"]}})
    equal(change(hook, {"enabled": True, "resume": True}).json()["enabled"], True, "enabled")
    equal(change(hook, {"enabled": False}).json()["enabled"], False, "disabled again")


def last():
    shared().stop("shared")


run_tests(
    life,
    patches,
    conditions,
    secrets,
    unsigned,
    rights_and_tenants,
    wrong_ids,
    limits,
    deliveries,
    disabled,
    last,
)
