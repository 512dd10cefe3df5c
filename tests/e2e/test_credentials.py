"""Credentials: signatures, bearers, messages and logins, each in its own detail."""
import functools
import hmac
import os
import textwrap
import time
import urllib.parse

from dialects import fourhse, idol, native, uplynk, vionlabs, virtshell
from dialects.credentials import with_query
from dialects.uplynk import uplynk_message, uplynk_pack
from dialects.virtshell import body_md5, http_date, virtshell_signature
from lib import Instance, run_tests
from tap import equal, ok, until

DENIED = (403, b'{"error":"AccessDenied"}')
MISMATCH = (403, b'{"error":"SignatureDoesNotMatch"}')
SKEWED = (403, b'{"error":"RequestTimeTooSkewed"}')


# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def vectors():
    """The contract's computed vectors hold for the oracle itself."""
    key = "0123456789abcdef0123456789abcdef"
    date = "Fri, 01 Jul 2011 19:37:58 +0000"
    equal(
        virtshell_signature(
            key, "GET", "localhost:8080", "", "", date, "/api/virtshell/v1/tasks/"
        ),
        "T+TwZlD+qtxigiFzwOkg7qyUl24=",
        "vector 1",
    )
    body = b'{"status": "sucess", "log": "done"}'
    equal(
        virtshell_signature(
            key,
            "PUT",
            "localhost:8080",
            body_md5(body),
            "application/json",
            date,
            "/api/virtshell/v1/tasks/a62ad146-ccf4-11e5-9956-625662870761",
        ),
        "x81yYTpprLzjXp/M5zTxaYTwhUg=",
        "vector 2",
    )
    text = b'{"_owner": "abcdef0123456789abcdef0123456789", "_timestamp": 1664900951}'
    # The message itself hangs on the build of zlib, the signature on the message alone.
    msg, sig = uplynk_pack(text, "0123456789abcdefghij")
    if msg == (
        "eNqrVorPL89LLVKyUlBKTEpOSU0zMDQyNjE1M7ewROcr6SgoxZdk5qYWlyTmFgB1GJqZmVgaGFiaGtYCAANbFE8="
    ):
        equal(
            sig,
            "db21f676b35ce581a964150a663679c911dac618c0e776263587260f401e726f",
            "the vector of Uplynk",
        )


def signatures():
    instance = shared()
    path = virtshell.PREFIX + "/tasks/none"
    fine = instance.sign("GET", path)
    credential = fine[1][1]

    def ask(headers, method="GET", address=path, body=None):
        answer = instance.request(method, address, body, headers)
        return answer.status, answer.body

    def accepted(headers, name, **named):
        status, body = ask(headers, **named)
        equal(status, 200, name)

    accepted(fine, "a signature")
    accepted(fine, "the same again: a client repeats what was lost")
    accepted([fine[0], ("Authorization", credential)], "in Authorization, as the thesis writes")
    accepted([fine[0], ("x-virtshell-authorization", credential)], "in lower case")
    accepted(fine + [("Authorization", "Bearer wrong")], "the X- header wins over Authorization")
    accepted(
        instance.sign("GET", path, resource=f"https://{instance.host}{path}"),
        "over the absolute address",
    )
    accepted(instance.sign("GET", path), "the query is not signed", address=path + "?a=b")
    accepted(instance.sign("GET", path, date=http_date().replace("+0000", "GMT")), "Date in GMT")
    local = time.strftime("%a, %d %b %Y %H:%M:%S +0200", time.gmtime(time.time() + 7200))
    accepted(instance.sign("GET", path, date=local), "Date in another zone")
    for offset in (-890, 890):
        accepted(instance.sign("GET", path, date=http_date(offset)), f"Date {offset} s off")
    for offset in (-910, 910, -86400, 86400):
        equal(
            ask(instance.sign("GET", path, date=http_date(offset))), SKEWED, f"Date {offset} s off"
        )
    equal(ask(fine[1:]), SKEWED, "no Date")
    equal(ask(instance.sign("GET", path, date="yesterday")), SKEWED, "a Date that is none")
    body = {"description": "signed"}
    form = "application/x-www-form-urlencoded"
    accepted(
        instance.sign("POST", virtshell.PREFIX + "/tasks", form) + [("Content-Type", form)],
        "a signed POST",
        method="POST",
        address=virtshell.PREFIX + "/tasks",
        body=body,
    )

    wrong = {
        "another method": instance.sign("POST", path),
        "another path": instance.sign("GET", path + "x"),
        "another host": instance.sign("GET", path, host="localhost"),
        "another secret": instance.sign("GET", path, secret="0" * 64),
        "another Date": [("Date", http_date(1)), fine[1]],
        "a key that does not exist": instance.sign("GET", path, key="nobody"),
        "the signature cut": [fine[0], ("X-VirtShell-Authorization", credential[:-1])],
        "the signature longer": [fine[0], ("X-VirtShell-Authorization", credential + "=")],
        "a Content-Type that was not signed": fine + [("Content-Type", "text/plain")],
        "a Content-MD5 that was not signed": fine + [("Content-MD5", body_md5(b""))],
        "nothing but the id": [fine[0], ("X-VirtShell-Authorization", instance.key + ":AAAA")],
    }
    for name, headers in wrong.items():
        equal(ask(headers), MISMATCH, f"{name}: SignatureDoesNotMatch")
    count = len(instance.tasks())
    equal(
        ask(
            instance.sign("GET", virtshell.PREFIX + "/tasks"),
            method="POST",
            address=virtshell.PREFIX + "/tasks",
            body=body,
        ),
        MISMATCH,
        "a POST under a signature for GET",
    )
    equal(len(instance.tasks()), count, "created nothing")
    bare = {
        "no credential": [fine[0]],
        "an empty one": [fine[0], ("X-VirtShell-Authorization", "")],
        "no colon": [fine[0], ("X-VirtShell-Authorization", "abc")],
        "no id": [fine[0], ("X-VirtShell-Authorization", credential.replace(instance.key, ""))],
        "no signature": [fine[0], ("X-VirtShell-Authorization", instance.key + ":")],
        "another scheme": [("Authorization", "Basic dGVzdGVyOng=")],
    }
    for name, headers in bare.items():
        status, text = ask(headers)
        ok((status, text) in (DENIED, MISMATCH), f"{name}: refused", text)
    equal(ask([]), DENIED, "no header at all")
    # Of two header lines nginx hands on the first alone, so what is judged is what was sent first.
    two = [("X-VirtShell-Authorization", "x:y"), ("X-VirtShell-Authorization", credential)]
    ok(ask([fine[0]] + two)[0] == 403, "a wrong credential before a right one")
    # A signed answer must not be kept: the same credential for another address is wrong.
    equal(ask(fine, address=virtshell.PREFIX + "/tasks/other"), MISMATCH, "a signature for another address")
    key, secret = instance.add_key("tester", "--id", "short-lived")
    accepted(instance.sign("GET", path, key=key, secret=secret), "a second key")
    instance.ctl("key", "revoke", key)
    status, text = ask(instance.sign("GET", path, key=key, secret=secret))
    ok((status, text) in (DENIED, MISMATCH), "a revoked key is refused at once", text)
    # The service's own signer agrees with this one.
    lines = instance.ctl_run(
        "sign",
        "--user",
        instance.key,
        "--date",
        fine[0][1],
        "GET",
        f"https://{instance.host}{path}",
        env=dict(os.environ, VIRTSHELL_KEY=instance.secret),
    ).stdout
    equal(
        sorted(lines.strip().splitlines()),
        sorted(": ".join(line) for line in fine),
        "polytaskctl sign",
    )


def bearers():
    instance = shared()

    def ask(value):
        answer = instance.get("/tasks/none", headers=[("Authorization", value)])
        return answer.status, answer.body

    equal(ask("Bearer " + instance.token)[0], 200, "a bearer token")
    for name, value in (
        ("wrong", "Bearer pt_wrong"),
        ("empty", "Bearer "),
        ("cut", "Bearer " + instance.token[:-1]),
        ("longer", "Bearer " + instance.token + "x"),
        ("no scheme", instance.token),
        ("other case", "Bearer " + instance.token.swapcase()),
    ):
        status, text = ask(value)
        ok((status, text) in (DENIED, MISMATCH), f"a bearer token, {name}", text)
    cache = os.path.join(instance.memory, "authorized")
    for number in range(40):
        ask(f"Bearer pt_wrong{number}")
    kept = [name for _, _, names in os.walk(cache) for name in names]
    ok(0 < len(kept) < 10, "wrong tokens leave nothing behind", kept)
    ok(
        until(lambda: not any(names for _, _, names in os.walk(cache)), 40, 0.5),
        "nor do right ones for long",
    )
    token = instance.add_token("tester", "soon-gone")
    # What nginx keeps lasts longest when it begins with a second.
    time.sleep(1.02 - time.time() % 1)
    equal(ask("Bearer " + token)[0], 200, "another token")
    instance.ctl("token", "revoke", "soon-gone")
    time.sleep(5.05)
    equal(ask("Bearer " + token), DENIED, "stops working within 5 s of revoking")
    token = instance.add_token("tester", "expires", "--expires", "1")
    ok(until(lambda: ask("Bearer " + token) == DENIED, 9, 0.3), "an expired token")
    instance.ctl("user", "add", "brief", "--tenant", "demo")
    token = instance.add_token("brief", "of-brief")
    instance.ctl("user", "revoke", "brief")
    ok(until(lambda: ask("Bearer " + token) == DENIED, 7, 0.3), "a revoked user's token")


# What each dialect says to nobody, and to somebody wrong: status, body, challenge.
DOORKEEPER = (
    'Bearer realm="Doorkeeper", error="invalid_token", '
    'error_description="The access token is invalid"'
)
UNAUTHENTICATED = {
    vionlabs.PREFIX: (
        b'{"detail":"Not authenticated"}',
        b'{"detail":"Invalid API key"}',
        "APIKey",
        "application/json",
    ),
    uplynk.PREFIX: (
        b'{"@type":"Error","status":401,"message":"Invalid signature"}',
        b'{"@type":"Error","status":401,"message":"Invalid signature"}',
        'Bearer realm="polytask"',
        "application/json",
    ),
    fourhse.PREFIX: (
        b'{"name":"Unauthorized","message":"Your request was made with invalid credentials.",'
        b'"code":0,"status":401}',
        b'{"name":"Unauthorized","message":"Your request was made with invalid credentials.",'
        b'"code":0,"status":401}',
        'Bearer realm="api"',
        "application/json; charset=UTF-8",
    ),
    idol.PREFIX: (
        b'{"errors":[{"title":"Unauthorized","detail":"The access token is invalid",'
        b'"code":"401","status":"401"}]}',
        b'{"errors":[{"title":"Unauthorized","detail":"The access token is invalid",'
        b'"code":"401","status":"401"}]}',
        DOORKEEPER,
        "application/vnd.api+json",
    ),
    native.PREFIX: (
        b'{"type":"/v1/problems/unauthenticated","title":"No valid credential was sent.",'
        b'"status":401,"detail":"No valid credential was sent.","instance":"/v1/requests/REQUEST"}',
        b'{"type":"/v1/problems/unauthenticated","title":"No valid credential was sent.",'
        b'"status":401,"detail":"No valid credential was sent.","instance":"/v1/requests/REQUEST"}',
        'Bearer realm="polytask"',
        "application/problem+json",
    ),
}


def every_dialect():
    """A bearer everywhere; without one, and with a wrong one, the dialect's own refusal."""
    instance = shared()
    bearer, wrong = instance.bearer(), instance.bearer("pt_wrong")
    for prefix, (missing, invalid, challenge, media) in UNAUTHENTICATED.items():
        # What is there is the dialects' own tests' business: here it counts who is let in.
        for address in (prefix, prefix + "/nothing/here"):
            answer = instance.request("GET", address, None, bearer)
            ok(answer.status not in (401, 403, 503), f"{address}: a bearer is let in", answer)
        for name, body, headers in (("nothing", missing, []), ("wrong", invalid, wrong)):
            answer = instance.request("GET", prefix + "/x", None, headers)
            equal(
                (
                    answer.status,
                    answer.body.replace(answer.headers["X-Request-Id"].encode(), b"REQUEST"),
                    answer.headers.get_all("WWW-Authenticate"),
                    answer.headers.get_all("Content-Type"),
                ),
                (401, body, [challenge], [media]),
                f"{prefix}: {name}",
            )
            ok(len(answer.headers["X-Request-Id"]) == 32, f"{prefix}: {name}: X-Request-Id")
        answer = instance.request("GET", prefix + "/x", None, instance.sign("GET", prefix + "/x"))
        equal(answer.status, 401, f"{prefix}: VirtShell's signature opens nothing")


def expired_tokens():
    """idol.PREFIX's clients are told what became of their token; the others get their one refusal."""
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
            DOORKEEPER.replace("The access token is invalid", sentence),
            f"{sentence}: the challenge",
        )
        answer = instance.vionlabs("GET", "/x", key=token)
        equal(
            (answer.status, answer.body),
            (401, b'{"detail":"Invalid API key"}'),
            f"{sentence}: vionlabs",
        )


def tokens_of_vionlabs_and_fourhse():
    instance = shared()
    token, item, task = instance.token, vionlabs.PREFIX + "/none", fourhse.PREFIX + "/view/none"

    def ask(address, headers=()):
        return instance.request("GET", address, None, list(headers)).status

    def let_in(name, address, headers=()):
        status = ask(address, headers)
        ok(status not in (401, 403, 503), f"{name}: let in", status)

    let_in("key", with_query(item, key=token))
    let_in("key behind others", with_query(item + "?a=b&c", key=token))
    let_in("X-API-Key", item, [("X-API-Key", token)])
    let_in("x-api-key", item, [("x-api-key", token)])
    let_in("key over X-API-Key", with_query(item, key=token), [("X-API-Key", "wrong")])
    let_in("access-token", with_query(task, access_token=token))
    equal(ask(with_query(item, key="wrong"), [("X-API-Key", token)]), 401, "and a wrong key, too")
    equal(ask(f"{item}?key={token}&key={token}"), 401, "key twice")
    equal(ask(f"{task}?access-token={token}&access-token=x"), 401, "access-token twice")
    equal(ask(with_query(item, key="")), 401, "an empty key")
    # Whether the token alone was asked for just before makes no difference, nor the other way round.
    for name, query in (
        ("an empty key", "?key="),
        ("a key without =", "?a=b&key"),
        ("a key and one without =", f"?key={token}&key"),
    ):
        for round in range(2):
            status = ask(item + query, [("X-API-Key", token)])
            equal(status, 401, f"{name} and X-API-Key, {round}")
            let_in(f"X-API-Key after {name}, {round}", item, [("X-API-Key", token)])
            let_in(f"key after {name}, {round}", f"{item}?key={token}", [("X-API-Key", token)])
    equal(ask(with_query(item, access_token=token)), 401, "vionlabs: access-token")
    equal(ask(with_query(task, key=token)), 401, "fourhse: key")
    equal(ask(with_query(idol.PREFIX + "/import-tasks", key=token)), 401, "idol: key")
    equal(ask(with_query(native.PREFIX + "/tasks", key=token)), 401, "native: key")
    equal(ask(with_query(virtshell.PREFIX + "/tasks", key=token)), 403, "virtshell: key")
    equal(ask(virtshell.PREFIX + "/tasks", [("X-API-Key", token)]), 403, "virtshell: X-API-Key")


def forms_of_fourhse():
    """access-token as a field of a form; the rest of the form is the request as ever."""
    instance = shared()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    good = {"access-token": instance.token}
    refused = UNAUTHENTICATED[fourhse.PREFIX][0]

    def ask(path, body, method="POST", headers=(), **members):
        body = urllib.parse.urlencode(dict(body, **members)) if body is not None else None
        return instance.request(method, fourhse.PREFIX + path, body, form + list(headers))

    answer = ask("/create", good, task_id="by-form", handler="h", request="x" * 150000)
    equal((answer.status, answer.json()["task_id"]), (201, "by-form"), "a task by a form")
    equal(len(answer.json()["request"]), 150000, "a large one")
    ok(instance.token.encode() not in answer.body, "the token is no member")
    answer = ask("/update/by-form", good, "PUT", status="done")
    equal((answer.status, answer.json()["status"]), (200, "done"), "the method stays: PUT")
    equal(ask("/view/by-form", good, "GET").status, 200, "GET")
    equal(ask("/view/by-form", good, "HEAD").status, 200, "HEAD")
    answer = ask("/index", good, **{"filter[status]": "done"})
    equal(len(answer.json()), 1, "a list by a form")
    ok(instance.token not in str(answer.headers), "nor is it in a link", answer.headers)
    equal(ask("/nothing", good).status, 404, "what is not there is not there")
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
    equal(answer.status, 201, "in chunks")
    count = len(instance.fourhse("GET", "/index?per-page=100").json())

    def no(name, answer, want=(401, refused)):
        equal((answer.status, answer.body), want, name)

    no("no token", ask("/create", {}, handler="h"))
    no("no body", ask("/create", None))
    no("a wrong token", ask("/create", {"access-token": "pt_wrong"}, handler="h"))
    no("an empty one", ask("/create", {"access-token": ""}, handler="h"))
    answer = ask("/create", {"access-token": "pt_wrong"}, handler="h")
    equal(
        answer.headers.get_all("WWW-Authenticate"),
        ['Bearer realm="api"'],
        "with a challenge",
    )
    many = {f"a{n}": 1 for n in range(128)}
    no("129 fields", ask("/create", dict(many, **good)))
    no("a wrong bearer besides", ask("/create", good, headers=instance.bearer("pt_x"), handler="h"))
    no("a wrong query besides", ask("/create?access-token=pt_x", good, handler="h"))
    no("an empty query besides", ask("/create?access-token=", good, handler="h"))
    answer = ask("/create", good, handler="h", request="x" * 300000)
    equal(answer.status, 413, "too large")
    for name, headers in (
        ("text", [("Content-Type", "text/plain")]),
        ("a longer type", [("Content-Type", "application/x-www-form-urlencodedx")]),
        ("no type", []),
    ):
        body = urllib.parse.urlencode(good)
        no(name, instance.request("POST", fourhse.PREFIX + "/index", body, headers))
    for prefix in (vionlabs.PREFIX, uplynk.PREFIX, idol.PREFIX, native.PREFIX):
        answer = instance.request("POST", prefix + "/x", urllib.parse.urlencode(good), form)
        equal(answer.status, 401, f"{prefix}: not there")
    for path in ("/-/authorize", "/-/authorize/form", "/-/refused", "/@polytask_judged"):
        answer = instance.request("POST", path, urllib.parse.urlencode(good), form)
        equal(answer.status, 404, f"{path} is not for clients")
    lines = [("X-Accel-Redirect", "@polytask_judged"), ("Polytask-Continue", "@polytask_judged")]
    no("names of ours in the header", ask("/create", {}, headers=lines, handler="h"))
    after = len(instance.fourhse("GET", "/index?per-page=100").json())
    equal(after, count, "nothing was created")
    reader = instance.add_token("tester", "form-reader", "--rights", "read")
    equal(ask("/index", {"access-token": reader}).status, 200, "a reader reads")
    equal(ask("/create", {"access-token": reader}, handler="h").status, 403, "and does no more")


def messages_of_uplynk():
    instance = shared()
    path = uplynk.PREFIX + "/ingest-points/tasks"
    owner, key = instance.owner, instance.owner_key

    def ask(msg, sig, carrier="query"):
        instance.secrets += [text for text in (msg, sig) if len(text) > 8]
        if carrier == "query":
            return instance.request("GET", with_query(path, msg=msg, sig=sig), None, []).status
        header = [("Authorization", f"{msg} {sig}")]
        return instance.request("GET", path, None, header).status

    def let_in(name, *args):
        status = ask(*args)
        ok(status not in (401, 403, 503), f"{name}: let in", status)

    msg, sig = uplynk_message(owner, key)
    let_in("in the query", msg, sig)
    let_in("the same again", msg, sig)
    let_in("in the header", msg, sig, "header")
    let_in("in upper case", msg, sig.upper())
    let_in("with more members", *uplynk_message(owner, key, members={"ids": ["a"] * 20}))
    for end in ("\n", "\r\n"):
        lines = end.join(textwrap.wrap(msg, 76)) + end
        signed = hmac.new(key.encode(), lines.encode(), "sha256").hexdigest()
        let_in(f"with line breaks, {end!r}", lines, signed)
        equal(ask(lines, sig), 401, f"with line breaks that were not signed, {end!r}")
    plus = next(
        (m, s)
        for m, s in (
            uplynk_message(owner, key, members={"n": os.urandom(40).hex()}) for _ in range(2000)
        )
        if "+" in m
    )
    instance.secrets += plus
    for form in (plus[0], plus[0].replace("+", "%20")):
        answer = instance.request("GET", f"{path}?msg={form}&sig={plus[1]}", None, [])
        ok(answer.status not in (401, 403, 503), "a plus that was left as it is", answer)
    for offset in (-290, 290):
        let_in(f"{offset} s off", *uplynk_message(owner, key, time.time() + offset))
    for offset in (-310, 310, -86400):
        equal(ask(*uplynk_message(owner, key, time.time() + offset)), 401, f"{offset} s off")
    now = int(time.time())
    bomb = b'{"_owner": "%s", "_timestamp": %d}' % (owner.encode(), now) + b" " * 100000
    for name, pair in {
        "another key": uplynk_message(owner, "wrong"),
        "another owner": uplynk_message("0" * 32, key),
        "another message": (uplynk_message(owner, key, now - 100)[0], sig),
        "a signature cut short": (msg, sig[:-1]),
        "no message": ("", sig),
        "no signature": (msg, ""),
        "a time that is no integer": uplynk_message(owner, key, members={"_timestamp": now + 0.5}),
        "a time that is text": uplynk_message(owner, key, members={"_timestamp": str(now)}),
        "no owner": uplynk_pack(b'{"_timestamp": %d}' % now, key),
        "a bomb": uplynk_pack(bomb, key),
        "a message that is too long": uplynk_pack(os.urandom(2000), key),
        "no JSON": uplynk_pack(b"x", key),
        "no zlib": ("AAAA", sig),
        "no base64": ("!", sig),
    }.items():
        equal(ask(*pair), 401, name)
        equal(ask(*pair, "header"), 401, f"{name}, in the header")
    status = instance.request(
        "GET", with_query(path + f"?msg={msg}", msg=msg, sig=sig), None, []
    ).status
    equal(status, 401, "msg twice")
    answer = instance.request("DELETE", with_query(path + "/x", msg=msg, sig=sig), None, [])
    ok(answer.status not in (401, 403), "a message signs no address and no method", answer)
    instance.ctl("key", "revoke", owner)
    equal(ask(msg, sig), 401, "a revoked key is refused at once")


def logins():
    """A name and a password for a token that works as any other."""
    instance = shared()
    password = "correct horse + battery & staple ä"
    instance.secrets += [password, urllib.parse.quote_plus(password)]
    instance.ctl("user", "add", "singer@example.com", "--tenant", "demo", "--rights", "read")
    done = instance.ctl_run("password", "set", "singer@example.com", stdin=password + "\n")
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "a password is set")
    done = instance.ctl_run("password", "set", "singer@example.com", stdin="short\n")
    equal(
        (done.returncode, done.stderr),
        (1, "polytaskctl: a password is 8 to 256 bytes without control characters\n"),
        "but no short one",
    )

    def ask(method="POST", body=None, headers=(), **form):
        body = urllib.parse.urlencode(form) if body is None else body
        return instance.request(method, "/oauth/token", body, list(headers))

    right = dict(grant_type="password", username="singer@example.com", password=password)
    answer = ask(**right)
    equal(
        (
            answer.status,
            answer.headers.get_all("Content-Type"),
            answer.headers.get_all("Cache-Control"),
        ),
        (200, ["application/json; charset=utf-8"], ["no-store"]),
        "a token",
    )
    ok(len(answer.headers["X-Request-Id"]) == 32, "with X-Request-Id")
    token = answer.json()
    instance.secrets.append(token["access_token"])
    ok(abs(token.pop("created_at") - time.time()) < 5, "made now", token)
    equal(
        dict(token, access_token=None),
        {"access_token": None, "token_type": "Bearer", "expires_in": 7200, "scope": "read"},
        "its members",
    )
    answer = instance.idol("GET", "/nothing", token=token["access_token"])
    ok(answer.status not in (401, 403), "it is let in", answer)
    answer = instance.post("/tasks", {"log": "x"}, instance.bearer(token["access_token"]))
    equal(answer.status, 403, "with the user's rights")
    other = ask(**dict(right, client_id="x", scope="public")).json()["access_token"]
    instance.secrets.append(other)
    ok(other != token["access_token"], "another token each time, whatever else is sent")

    def refused(name, error, answer, status=400):
        equal(
            (answer.status, answer.json()["error"], answer.headers["Content-Type"]),
            (status, error, "application/json; charset=utf-8"),
            name,
        )

    for name in ("nobody", "tester", "", "a/b", "x" * 300):
        refused(f"user {name[:9]!r}", "invalid_grant", ask(**dict(right, username=name)))
    for name in (password[:-1], password + "x", "", "x" * 2000):
        refused("another password", "invalid_grant", ask(**dict(right, password=name)))
    refused("no password", "invalid_grant", ask(grant_type="password", username="tester"))
    refused("no type", "invalid_request", ask(username="x"))
    refused("nothing", "invalid_request", ask(body=b""))
    refused("another type", "unsupported_grant_type", ask(grant_type="client_credentials"))
    refused(
        "a password twice", "invalid_request", ask(body=urllib.parse.urlencode(right) + "&password=")
    )
    refused("a bad escape", "invalid_request", ask(body="grant_type=password&username=%zz"))
    refused("too many members", "invalid_request", ask(body="&".join(["a=b"] * 17)))
    time.sleep(1)  # logins are few
    refused("too large", "invalid_request", ask(body=b"x" * 9000), 413)
    answer = ask("GET", b"")
    refused("another method", "invalid_request", answer, 405)
    equal(answer.headers["Allow"], "POST", "says which")
    instance.ctl("user", "revoke", "singer@example.com")
    refused("a revoked user", "invalid_grant", ask(**right))
    answers = [ask(**dict(right, password="a guess")) for _ in range(60)]
    late = [answer for answer in answers if answer.status == 429]
    if ok(late, "guesses are slowed down", [answer.status for answer in answers]):
        refused("in OAuth's shape", "invalid_request", late[0], 429)


def ending():
    shared().verify("after all of this")
    shared().stop("shared instance")


run_tests(
    vectors,
    signatures,
    bearers,
    every_dialect,
    expired_tokens,
    tokens_of_vionlabs_and_fourhse,
    forms_of_fourhse,
    messages_of_uplynk,
    logins,
    ending,
)
