"""Tokens as bearers, in a query, in a header field and in a form."""
import functools
import os
import time
import urllib.parse

from dialects import DIALECTS, fourhse, idol, native, vionlabs, virtshell
from dialects.credentials import with_query
from lib import Instance, run_tests
from refusals import unauthenticated
from tap import equal, ok, until

DENIED = (403, b'{"error":"AccessDenied"}')
MISMATCH = (403, b'{"error":"SignatureDoesNotMatch"}')
# All but VirtShell answer 401 with a challenge.
CHALLENGING = {name: known for name, known in DIALECTS.items() if known.unauthenticated == 401}

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def bearers():
    instance = shared()

    def ask(value):
        answer = instance.get("/tasks/cancelled", headers=[("Authorization", value)])
        return answer.status, answer.body

    equal(ask("Bearer " + instance.token)[0], 200, "bearer token: accepted")
    for name, value in (
        ("wrong", "Bearer pt_wrong"),
        ("empty", "Bearer "),
        ("without its last character", "Bearer " + instance.token[:-1]),
        ("with one character more", "Bearer " + instance.token + "x"),
        ("without a scheme", instance.token),
        ("in the other case", "Bearer " + instance.token.swapcase()),
    ):
        status, text = ask(value)
        ok((status, text) in (DENIED, MISMATCH), f"bearer token, {name}: refused", text)
    cache = os.path.join(instance.memory, "authorized")
    for number in range(40):
        ask(f"Bearer pt_wrong{number}")
    kept = [name for _, _, names in os.walk(cache) for name in names]
    ok(0 < len(kept) < 10, "decisions about wrong tokens are not cached", kept)
    ok(
        until(lambda: not any(names for _, _, names in os.walk(cache)), 40, 0.5),
        "cached decisions are removed within 40 s",
    )
    token = instance.add_token("tester", "soon-gone")
    # A cache entry made at the start of a second lasts longest.
    time.sleep(1.02 - time.time() % 1)
    equal(ask("Bearer " + token)[0], 200, "a second token: accepted")
    instance.ctl("token", "revoke", "soon-gone")
    time.sleep(5.05)
    equal(ask("Bearer " + token), DENIED, "a revoked token is refused after 5.05 s")
    token = instance.add_token("tester", "expires", "--expires", "1")
    ok(until(lambda: ask("Bearer " + token) == DENIED, 9, 0.3), "an expired token is refused")
    instance.ctl("user", "add", "brief", "--tenant", "demo")
    token = instance.add_token("brief", "of-brief")
    instance.ctl("user", "revoke", "brief")
    ok(
        until(lambda: ask("Bearer " + token) == DENIED, 7, 0.3),
        "a token of a revoked user is refused",
    )


def every_dialect():
    """A bearer token is accepted by every dialect; a missing or wrong one gets its own refusal."""
    instance = shared()
    bearer, wrong = instance.bearer(), instance.bearer("pt_wrong")
    for dialect, known in CHALLENGING.items():
        prefix = known.prefix
        for address in (prefix, prefix + "/nothing/here"):
            answer = instance.request("GET", address, None, bearer)
            ok(answer.status not in (401, 403, 503), f"{address}: a bearer is accepted", answer)
        for reason, headers in (("absent", []), ("wrong", wrong)):
            name, want = f"{dialect}: bearer {reason}", unauthenticated(dialect, reason)
            answer = instance.request("GET", prefix + "/x", None, headers)
            equal(
                (
                    answer.status,
                    answer.body.decode().replace(answer.headers["X-Request-Id"], "REQUEST"),
                    answer.headers.get_all("WWW-Authenticate"),
                    answer.headers.get_all("Content-Type"),
                ),
                (401, want.body, [want.challenge], [want.media]),
                name,
            )
            ok(len(answer.headers["X-Request-Id"]) == 32, f"{name}: X-Request-Id")
        answer = instance.request("GET", prefix + "/x", None, instance.sign("GET", prefix + "/x"))
        equal(answer.status, 401, f"{dialect}: a VirtShell signature is refused")


def expired_tokens():
    """IDOL names the reason why a token is invalid; other dialects do not."""
    instance = shared()
    expired = instance.add_token("tester", "for-a-second", "--expires", "1")
    instance.ctl("user", "add", "leaver", "--tenant", "demo")
    revoked = instance.add_token("leaver", "of-leaver")
    instance.ctl("user", "revoke", "leaver")
    time.sleep(1.2)
    for token, sentence in (
        (expired, "The access token expired"),
        (revoked, "The access token was revoked"),
    ):
        answer = instance.idol("GET", "/import-tasks", token=token)
        equal(
            (answer.status, answer.json()["errors"][0]["detail"]), (401, sentence), f"{sentence}"
        )
        equal(
            answer.headers["WWW-Authenticate"],
            f'Bearer realm="Doorkeeper", error="invalid_token", error_description="{sentence}"',
            f"{sentence}: the challenge",
        )
        answer = instance.vionlabs("GET", "/x", key=token)
        equal(
            (answer.status, answer.body),
            (401, b'{"detail":"Invalid API key"}'),
            f"{sentence}: vionlabs",
        )


def tokens_outside_authorization():
    """key and X-API-Key of Vionlabs, access-token of 4HSE; no other dialect accepts them."""
    instance = shared()
    token, item, task = instance.token, vionlabs.PREFIX + "/none", fourhse.PREFIX + "/view/none"

    def ask(address, headers=()):
        return instance.request("GET", address, None, list(headers)).status

    def accepted(name, address, headers=()):
        status = ask(address, headers)
        ok(status not in (401, 403, 503), f"{name}: accepted", status)

    accepted("key", with_query(item, key=token))
    accepted("key after other members", with_query(item + "?a=b&c", key=token))
    accepted("X-API-Key", item, [("X-API-Key", token)])
    accepted("x-api-key", item, [("x-api-key", token)])
    accepted("key beside a wrong X-API-Key", with_query(item, key=token), [("X-API-Key", "wrong")])
    accepted("access-token", with_query(task, access_token=token))
    equal(
        ask(with_query(item, key="wrong"), [("X-API-Key", token)]),
        401,
        "a wrong key beside a valid X-API-Key: refused",
    )
    equal(ask(f"{item}?key={token}&key=x"), 401, "key twice: the last one counts, refused")
    accepted("key twice: the last one counts", f"{item}?key=x&key={token}")
    equal(ask(f"{task}?access-token={token}&access-token=x"), 401, "access-token twice: the last counts")
    equal(ask(with_query(item, key="")), 401, "an empty key: refused")
    # Twice: the order of accepted and refused requests must not matter to the cache.
    for name, query in (
        ("an empty key", "?key="),
        ("a key without =", "?a=b&key"),
        ("a key and one without =", f"?key={token}&key"),
    ):
        for round in range(2):
            status = ask(item + query, [("X-API-Key", "wrong")])
            equal(status, 401, f"{name} beside a wrong X-API-Key, round {round}: refused")
            accepted(f"{name} beside X-API-Key, round {round}", item + query, [("X-API-Key", token)])
            accepted(f"X-API-Key after {name}, round {round}", item, [("X-API-Key", token)])
            accepted(
                f"key after {name}, round {round}", f"{item}?key={token}", [("X-API-Key", token)]
            )
    equal(ask(with_query(item, access_token=token)), 401, "vionlabs: access-token is not accepted")
    equal(ask(with_query(task, key=token)), 401, "fourhse: key is not accepted")
    equal(
        ask(with_query(idol.PREFIX + "/import-tasks", key=token)), 401, "idol: key is not accepted"
    )
    equal(ask(with_query(native.PREFIX + "/tasks", key=token)), 401, "native: key is not accepted")
    equal(
        ask(with_query(virtshell.PREFIX + "/tasks", key=token)),
        403,
        "virtshell: key is not accepted",
    )
    equal(
        ask(virtshell.PREFIX + "/tasks", [("X-API-Key", token)]),
        403,
        "virtshell: X-API-Key is not accepted",
    )


FORM = [("Content-Type", "application/x-www-form-urlencoded")]


def send_form(path, body, method="POST", headers=(), **members):
    body = urllib.parse.urlencode(dict(body, **members)) if body is not None else None
    return shared().request(method, fourhse.PREFIX + path, body, FORM + list(headers))


def is_refused(name, answer):
    body = unauthenticated("fourhse", "absent").body.encode()
    equal((answer.status, answer.body), (401, body), f"{name}: refused")


def accepted_forms():
    """access-token as a field of a form; the other fields are the request."""
    instance = shared()
    good = {"access-token": instance.token}

    answer = send_form("/create", good, task_id="by-form", handler="h", request="x" * 150000)
    equal(
        (answer.status, answer.json()["task_id"]), (201, "by-form"), "POST of a form creates a task"
    )
    equal(len(answer.json()["request"]), 150000, "a member of 150000 bytes is stored")
    ok(instance.token.encode() not in answer.body, "the token does not become a member")
    answer = send_form("/update/by-form", good, "PUT", status="done")
    equal((answer.status, answer.json()["status"]), (200, "done"), "PUT of a form")
    equal(send_form("/view/by-form", good, "GET").status, 200, "GET with a form")
    equal(send_form("/view/by-form", good, "HEAD").status, 200, "HEAD with a form")
    answer = send_form("/index", good, **{"filter[status]": "done"})
    equal(len(answer.json()), 1, "a form can filter a list")
    ok(instance.token not in str(answer.headers), "no link contains the token", answer.headers)
    equal(send_form("/nothing", good).status, 404, "an unknown address with a valid form: 404")
    chunked = urllib.parse.urlencode(dict(good, handler="h")).encode()
    answer = instance.raw_request(
        f"POST {fourhse.PREFIX}/create HTTP/1.1".encode(),
        [
            b"Content-Type: Application/X-WWW-Form-URLencoded; charset=utf-8",
            b"Transfer-Encoding: chunked",
            b"",
            b"%x" % len(chunked),
            chunked,
            b"0",
            b"",
        ],
    )
    equal(answer.status, 201, "a chunked form")


def refused_forms():
    """Forms with a missing or wrong token, with another credential, or of another dialect."""
    instance = shared()
    good = {"access-token": instance.token}
    count = len(instance.fourhse("GET", "/index?per-page=100").json())
    is_refused("a form without a token", send_form("/create", {}, handler="h"))
    is_refused("no body", send_form("/create", None))
    is_refused(
        "a form with a wrong token", send_form("/create", {"access-token": "pt_wrong"}, handler="h")
    )
    is_refused(
        "a form with an empty token", send_form("/create", {"access-token": ""}, handler="h")
    )
    answer = send_form("/create", {"access-token": "pt_wrong"}, handler="h")
    equal(
        answer.headers.get_all("WWW-Authenticate"),
        ['Bearer realm="api"'],
        "a form with a wrong token: challenge",
    )
    many = {f"a{n}": 1 for n in range(128)}
    is_refused("a form of 129 fields", send_form("/create", dict(many, **good)))
    is_refused(
        "a wrong bearer beside a valid form",
        send_form("/create", good, headers=instance.bearer("pt_x"), handler="h"),
    )
    is_refused(
        "a wrong query beside a valid form",
        send_form("/create?access-token=pt_x", good, handler="h"),
    )
    is_refused(
        "an empty query beside a valid form", send_form("/create?access-token=", good, handler="h")
    )
    answer = send_form("/create", good, handler="h", request="x" * 300000)
    equal(answer.status, 413, "a form of 300000 bytes: 413")
    for name, headers in (
        ("a form sent as text", [("Content-Type", "text/plain")]),
        (
            "a form with a longer media type",
            [("Content-Type", "application/x-www-form-urlencodedx")],
        ),
        ("a form without a media type", []),
    ):
        body = urllib.parse.urlencode(good)
        is_refused(name, instance.request("POST", fourhse.PREFIX + "/index", body, headers))
    for dialect in sorted(CHALLENGING.keys() - {"fourhse"}):
        address = DIALECTS[dialect].prefix + "/x"
        answer = instance.request("POST", address, urllib.parse.urlencode(good), FORM)
        equal(answer.status, 401, f"{dialect}: a token in a form is not accepted")
    for path in ("/-/authorize", "/-/authorize/form", "/-/refused", "/@polytask_authorized"):
        answer = instance.request("POST", path, urllib.parse.urlencode(good), FORM)
        equal(answer.status, 404, f"{path} cannot be requested")
    lines = [("X-Accel-Redirect", "@polytask_authorized"), ("Polytask-Continue", "@polytask_authorized")]
    is_refused(
        "internal names as header fields", send_form("/create", {}, headers=lines, handler="h")
    )
    after = len(instance.fourhse("GET", "/index?per-page=100").json())
    equal(after, count, "no refused form created a task")
    reader = instance.add_token("tester", "form-reader", "--rights", "read")
    equal(
        send_form("/index", {"access-token": reader}).status,
        200,
        "a form with a token for reading: GET",
    )
    equal(
        send_form("/create", {"access-token": reader}, handler="h").status,
        403,
        "a form with a token for reading: no POST",
    )


def ending():
    shared().verify("after the tokens")
    shared().stop("shared instance")


run_tests(
    bearers,
    every_dialect,
    expired_tokens,
    tokens_outside_authorization,
    accepted_forms,
    refused_forms,
    ending,
)
