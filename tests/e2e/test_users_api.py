"""/v1/users and /v1/credentials: rights, tenants, pages, ends, revocations; no secret is shown."""
import datetime
import functools
import json
import os
import time
import urllib.parse

from lib import Instance, run_tests
from native_client import MERGE, UNKNOWN, is_problem
from tap import equal, ok, until

USERS = "/v1/users"
CREDENTIALS = "/v1/credentials"
PASSWORD = "correct horse battery"
NAMES = ["ann", "bea@example.com", "chiefs-\u00e9", "tester", "zo\u00eb"]
# nginx may take its decision from its cache for 5 seconds.
CACHED = 6


@functools.cache
def shared():
    instance = Instance()
    instance.secrets.append(PASSWORD)
    for name in NAMES:
        if name != "tester":
            rights = "admin" if name.startswith("chiefs") else "read,write,work"
            instance.ctl("user", "add", name, "--tenant", "demo", "--rights", rights)
    instance.ctl("user", "add", "eve", "--tenant", "other", "--rights", "read,write,work,admin")
    instance.ctl("password", "set", "ann", stdin=PASSWORD + "\n")
    instance.chief = instance.add_token(NAMES[2], "chief")
    instance.eve = instance.add_token("eve", "eves")
    return instance


def ask(method, path, body=None, *lines, token=None):
    instance = shared()
    lines = lines or ((MERGE,) if method == "PATCH" else ())
    return instance.request(method, path, body, instance.bearer(token or instance.chief) + [*lines])


def all_items(path, limit, token=None):
    """The items of all pages, which follow each other by `next`, and by Link."""
    found, cursor = [], None
    while True:
        query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        separator = "&" if "?" in path else "?"
        answer = ask("GET", path + separator + urllib.parse.urlencode(query), token=token)
        page = answer.json()
        ok(len(page["items"]) <= limit, f"{path}: at most {limit}", len(page["items"]))
        found += page["items"]
        cursor = page["next"]
        ok(('rel="next"' in answer.headers["Link"]) == (cursor is not None), "Link: next")
        if not cursor:
            return found


def user_of(name):
    return next(user for user in all_items(USERS, 200) if user["name"] == name)


def credential_of(label, token=None):
    found = [row for row in all_items(CREDENTIALS, 200, token) if row["label"] == label]
    equal(len(found), 1, f"one credential {label}")
    return found[0]


def log_in(name="ann"):
    form = {"grant_type": "password", "username": name, "password": PASSWORD}
    answer = shared().request("POST", "/v1/token", urllib.parse.urlencode(form), [])
    tokens = answer.json()
    shared().secrets += [tokens["access_token"], tokens["refresh_token"]]
    return tokens


def me(token):
    return shared().request("GET", "/v1/me", None, shared().bearer(token)).status


def ends(token, name):
    began = time.monotonic()
    ok(until(lambda: me(token) == 401, 30, 0.1), f"{name}: refused")
    ok(time.monotonic() - began < CACHED, f"{name}: within {CACHED} s")


def in_seconds(seconds):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


# ---- what is shown ----


def users():
    for limit in (1, 2, 200):
        found = all_items(USERS, limit)
        equal([user["name"] for user in found], NAMES, f"users by {limit}, by name")
    ann = user_of("ann")
    equal(ask("GET", f"{USERS}/{ann['id']}").json(), ann, "one user")
    equal(ann["password"]["state"], "live", "a password")
    equal(ann["rights"], ["read", "write", "work"], "rights")
    equal(user_of("tester")["password"], None, "no password")
    equal([user["name"] for user in all_items(USERS, 5, shared().eve)], ["eve"], "another tenant")
    relative = urllib.parse.urlsplit(ann["links"]["credentials"])
    equal(ask("GET", relative.path + "?" + relative.query).json()["items"], [], "its credentials")


def credentials():
    instance = shared()
    log_in()
    instance.add_token("ann", "laptop", "--rights", "read", "--dialects", "native,idol")
    instance.add_key("ann", "--id", "anns-key", "--expires", "600")
    ann = user_of("ann")
    rows = all_items(f"{CREDENTIALS}?user={ann['id']}", 1)
    equal(
        [(row["type"], row["label"], row["state"]) for row in rows],
        [("key", "anns-key", "live"), ("token", "laptop", "live"), ("login", "oauth", "live")],
        "the newest first, a login as one row",
    )
    equal({row["user"]["name"] for row in rows}, {"ann"}, "its user")
    token = rows[1]
    equal((token["rights"], token["dialects"]), (["read"], ["native", "idol"]), "terms of a token")
    equal(ask("GET", f"{CREDENTIALS}/{token['id']}").json(), token, "one credential")
    answer = ask("GET", f"{CREDENTIALS}?user={ann['id']}&type=login,key&state=live&type=token")
    equal(len(answer.json()["items"]), 3, "filters")
    answer = ask("GET", f"{CREDENTIALS}?state=revoked")
    equal(answer.json()["items"], [], "none is revoked")
    labels = {row["label"] for row in all_items(CREDENTIALS, 3)}
    ok({"laptop", "chief", "tester"} - labels <= {"tester"}, "credentials of all users", labels)
    equal(
        [row["label"] for row in all_items(CREDENTIALS, 3, instance.eve)], ["eves"], "not of others"
    )


# ---- what is refused ----


def rights_and_tenants():
    instance = shared()
    ann, token = user_of("ann"), credential_of("laptop")
    paths = [
        ("GET", USERS, None),
        ("GET", CREDENTIALS, None),
        ("GET", f"{USERS}/{ann['id']}", None),
        ("PATCH", f"{USERS}/{ann['id']}", {"expires_at": None}),
        ("POST", f"{USERS}/{ann['id']}/revoke", None),
        ("GET", f"{CREDENTIALS}/{token['id']}", None),
        ("PATCH", f"{CREDENTIALS}/{token['id']}", {"expires_at": None}),
        ("POST", f"{CREDENTIALS}/{token['id']}/revoke", None),
    ]
    plain = instance.add_token("tester", "plain", "--rights", "read,write,work")
    for method, path, body in paths:
        answer = ask(method, path, body, token=plain)
        ok(is_problem(answer, 403, "forbidden"), f"{method} {path}: without admin", answer)
        if path in (USERS, CREDENTIALS):
            continue
        answer = ask(method, path, body, token=instance.eve)
        ok(is_problem(answer, 404, "not-found"), f"{method} {path}: another tenant", answer)
    equal(ask("GET", f"{CREDENTIALS}?user={user_of('ann')['id']}", token=instance.eve).json(),
          {"items": [], "next": None}, "credentials of a user of another tenant")  # fmt: skip


def hostile_ids():
    token = credential_of("laptop")["id"]
    changed = token[:-1] + ("A" if token[-1] != "A" else "Q")
    for name in ("x", "..%2Fann", "%00", "a" * 3000, "ann", "pt_" + "A" * 43, changed,
                 token + "A", token[:40], "%FF%FE", UNKNOWN):  # fmt: skip
        for path in (f"{USERS}/{name}", f"{CREDENTIALS}/{name}"):
            for method, suffix in (("GET", ""), ("POST", "/revoke")):
                answer = ask(method, path + suffix)
                ok(answer.status in (400, 404), f"{method} {path[:60]}: refused", answer)
    equal(credential_of("laptop")["state"], "live", "nothing has ended")


def queries():
    for query in ("limit=0", "limit=201", "cursor=x", "user=ann", "type=x", "state=x", "name=ann"):
        answer = ask("GET", f"{CREDENTIALS}?{query}")
        ok(is_problem(answer, 400, "invalid", ("parameter", query.split("=")[0])), query, answer)
    cursor = ask("GET", USERS + "?limit=1").json()["next"]
    answer = ask("GET", f"{CREDENTIALS}?cursor={cursor}")
    ok(is_problem(answer, 400, "invalid"), "a cursor of another list", answer)
    answer = ask("GET", f"{USERS}?cursor={cursor}", token=shared().eve)
    ok(is_problem(answer, 400, "invalid"), "a cursor of another tenant", answer)


def own():
    chief = user_of(NAMES[2])
    for method, path, body in (
        ("POST", f"{USERS}/{chief['id']}/revoke", None),
        ("PATCH", f"{USERS}/{chief['id']}", {"expires_at": in_seconds(1)}),
        ("PATCH", f"{USERS}/{chief['id']}", {"expires_at": None}),
    ):
        answer = ask(method, path, body)
        ok(is_problem(answer, 409, "conflict"), f"{method} {path}: its own user", answer)
        ok("your own user" in answer.json()["detail"], "the reason", answer.json())
    second = shared().add_token(NAMES[2], "second")
    answer = ask("POST", f"{CREDENTIALS}/{credential_of('second')['id']}/revoke", token=second)
    equal((answer.status, answer.json()["state"]), (200, "revoked"), "its own token: a logout")
    ends(second, "its own token")


# ---- ends ----


def revocations():
    instance = shared()
    tokens = log_in()
    login = next(row for row in all_items(CREDENTIALS + "?type=login", 50))
    equal(me(tokens["access_token"]), 200, "a login")
    for _ in range(2):
        answer = ask("POST", f"{CREDENTIALS}/{login['id']}/revoke")
        equal((answer.status, answer.json()["state"]), (200, "revoked"), "a login is revoked")
    ends(tokens["access_token"], "a revoked login")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answer = instance.request("POST", "/v1/token", urllib.parse.urlencode(form), [])
    equal(answer.status, 400, "nor is it renewed")
    answer = ask("PATCH", f"{CREDENTIALS}/{login['id']}", {"expires_at": None})
    ok(is_problem(answer, 409, "conflict"), "the end of a login", answer)
    token = instance.add_token("tester", "revoked-by-http")
    found = credential_of("revoked-by-http")
    equal(me(token), 200, "a token")
    equal(ask("POST", f"{CREDENTIALS}/{found['id']}/revoke").status, 200, "it is revoked")
    ends(token, "a revoked token")
    answer = ask("PATCH", f"{CREDENTIALS}/{found['id']}", {"expires_at": None})
    ok(is_problem(answer, 409, "conflict"), "the end of a revoked token", answer)
    key = credential_of("anns-key")
    answer = ask("POST", f"{CREDENTIALS}/{key['id']}/revoke")
    equal(answer.json()["state"], "revoked", "a key is revoked")
    listed = [json.loads(line) for line in instance.ctl("key", "list", "--json").splitlines()]
    equal([row["state"] for row in listed if row["id"] == "anns-key"], ["revoked"], "key list")


def ends_of_users():
    instance = shared()
    instance.ctl("user", "add", "temp", "--tenant", "demo")
    token = instance.add_token("temp", "temp")
    temp = user_of("temp")
    path = f"{USERS}/{temp['id']}"
    equal(ask("PATCH", path, {}).json(), temp, "an empty change")
    shown = ask("PATCH", path, {"expires_at": in_seconds(3600)}).json()
    ok(shown["expires_at"] and shown["state"] == "live", "an end", shown)
    equal(me(token), 200, "its token is valid until then")
    shown = ask("PATCH", path, {"expires_at": "2020-01-01T00:00:00Z"}).json()
    wanted = ("2020-01-01T00:00:00.000Z", "expired")
    equal((shown["expires_at"], shown["state"]), wanted, "it ends")
    ends(token, "an expired user")
    equal(credential_of("temp")["state"], "expired", "its token")
    equal(ask("PATCH", path, {"expires_at": None}).json()["state"], "live", "it lives again")
    ok(until(lambda: me(token) == 200, 30, 0.1), "its token too")
    for _ in range(2):
        answer = ask("POST", path + "/revoke", "any body", ("Content-Type", "text/plain"))
        equal((answer.status, answer.json()["state"]), (200, "revoked"), "it is revoked")
    ends(token, "a revoked user")
    answer = ask("PATCH", path, {"expires_at": None})
    ok(is_problem(answer, 409, "conflict"), "which is permanent", answer)
    rows = [json.loads(line) for line in instance.ctl("user", "list", "--json").splitlines()]
    equal([row["state"] for row in rows if row["name"] == "temp"], ["revoked"], "user list")


def ends_of_tokens():
    token = shared().add_token("tester", "short")
    path = f"{CREDENTIALS}/{credential_of('short')['id']}"
    shown = ask("PATCH", path, {"expires_at": in_seconds(2)}).json()
    equal(shown["state"], "live", "a token with an end")
    equal(me(token), 200, "is valid until then")
    time.sleep(2.1)
    ends(token, "an expired token")
    answer = ask("PATCH", path, {"expires_at": None})
    ok(is_problem(answer, 409, "conflict"), "it does not live again", answer)
    for body, place in (({"expires_at": 1}, "/expires_at"), ({"state": "live"}, "/state")):
        answer = ask("PATCH", path, body)
        ok(is_problem(answer, 422, "unprocessable", ("pointer", place)), f"{body}", answer)


def logged():
    lines = shared().events("access")
    wanted = {f"{what} revoke" for what in ("user", "token", "login", "key")}
    wanted |= {"user expire", "token expire"}
    equal({line["verb"] for line in lines}, wanted, "each change is logged")
    chief = user_of(NAMES[2])["id"]
    ok(all(line["tenant"] == "demo" and line["user"] == chief for line in lines), "by whom", lines)
    requests = {line["id"]: line for line in shared().events("request")}
    ok(all(line["id"] in requests for line in lines), "and by which request")


def ids_hide_tokens():
    """Nothing of a token that a user has brought along follows from what is shown."""
    weak = "aaaaaaaaaaaaabcdefghi" + os.urandom(2).hex()
    shared().ctl("token", "add", "tester", "--label", "weak", "--secret", "-", stdin=weak + "\n")
    shared().secrets.append(weak)
    found = credential_of("weak")
    equal(me(weak), 200, "the token is valid")
    equal(credential_of("weak"), found, "the same id again")
    shared().stop_daemon()
    shared().start_daemon()
    shared().wait_ready()
    equal(credential_of("weak")["id"], found["id"], "and after a restart")


def ending():
    shared().verify("after the revocations")
    shared().stop("shared instance")


run_tests(
    users,
    credentials,
    rights_and_tenants,
    hostile_ids,
    queries,
    own,
    revocations,
    ends_of_users,
    ends_of_tokens,
    logged,
    ids_hide_tokens,
    ending,
)
