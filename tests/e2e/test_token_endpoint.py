"""The token endpoint: a user's name and password for a token (RFC 6749 section 4.3)."""
import concurrent.futures
import functools
import json
import time
import urllib.parse

from lib import Instance, run_tests
from tap import equal, ok

PASSWORD = "correct horse + battery & staple ä"
VALID = dict(grant_type="password", username="singer@example.com", password=PASSWORD)

MULTIPART = "multipart/form-data; boundary=b"

# One instance for the tests that leave it usable.
shared = functools.cache(Instance)


def ask(method="POST", body=None, headers=(), **form):
    body = urllib.parse.urlencode(form) if body is None else body
    return shared().request(method, "/oauth/token", body, list(headers))


def accepted():
    """grant_type=password: a token with the rights of the user."""
    instance = shared()
    instance.secrets += [PASSWORD, urllib.parse.quote_plus(PASSWORD)]
    instance.ctl("user", "add", "singer@example.com", "--tenant", "demo", "--rights", "read")
    done = instance.ctl_run("password", "set", "singer@example.com", stdin=PASSWORD + "\n")
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "password set: no output")
    done = instance.ctl_run("password", "set", "singer@example.com", stdin="short\n")
    equal(
        (done.returncode, done.stderr),
        (1, "polytaskctl: a password is 8 to 256 bytes without control characters\n"),
        "password set refuses a short password",
    )

    answer = ask(**VALID)
    equal(
        (
            answer.status,
            answer.headers.get_all("Content-Type"),
            answer.headers.get_all("Cache-Control"),
        ),
        (200, ["application/json; charset=utf-8"], ["no-store"]),
        "POST /oauth/token: 200, no-store",
    )
    ok(len(answer.headers["X-Request-Id"]) == 32, "POST /oauth/token: X-Request-Id")
    token = answer.json()
    instance.secrets.append(token["access_token"])
    ok(abs(token.pop("created_at") - time.time()) < 5, "created_at is the current time", token)
    equal(
        dict(token, access_token=None, refresh_token=None),
        {
            "access_token": None,
            "token_type": "Bearer",
            "expires_in": 7200,
            "refresh_token": None,
            "scope": "read",
        },
        "members of the answer",
    )
    answer = instance.idol("GET", "/nothing", token=token["access_token"])
    ok(answer.status not in (401, 403), "the token is accepted", answer)
    answer = instance.post("/tasks", {"log": "x"}, instance.bearer(token["access_token"]))
    equal(answer.status, 403, "the token has the rights of the user")
    other = ask(**dict(VALID, client_id="x", utf8="x")).json()["access_token"]
    instance.secrets.append(other)
    ok(other != token["access_token"], "each login gets another token; unknown fields are ignored")


def multipart(form):
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    ]
    return "".join(parts) + "--b--\r\n"


def kinds():
    """Forms, JSON, multipart and query parameters, and a scope that narrows the rights."""
    instance = shared()
    instance.ctl("user", "add", "writer@example.com", "--tenant", "demo")
    instance.ctl("password", "set", "writer@example.com", stdin=PASSWORD + "\n")
    form = dict(VALID, username="writer@example.com", scope="read")
    path = "/oauth/token?"

    def send(query, body, *kind):
        headers = [("Content-Type", value) for value in kind]
        return instance.request("POST", path + urllib.parse.urlencode(query), body, headers)

    hidden = {"grant_type": "password", "username": form["username"], "scope": "work"}
    rest = {name: form[name] for name in ("password", "scope")}
    answers = {
        "a form": send({}, urllib.parse.urlencode(form), "application/x-www-form-urlencoded"),
        "JSON": send({}, json.dumps(form).encode(), "application/json"),
        "multipart": send({}, multipart(form).encode(), MULTIPART),
        "the query": send(form, b""),
        "both": send(hidden, json.dumps(rest).encode(), "application/json"),
    }
    for name, answer in answers.items():
        equal((answer.status, answer.json().get("scope")), (200, "read"), f"{name}: scope read")
        token = answer.json()["access_token"]
        instance.secrets.append(token)
        bearer = instance.bearer(token)
        equal(
            [instance.get("/tasks", bearer).status, instance.post("/tasks", {}, bearer).status],
            [200, 403],
            f"{name}: the token may read and not write",
        )
    for name, scope, error in (
        ("an unknown scope", "nonsense", "invalid_scope"),
        ("a right that the user lacks", "admin", "invalid_scope"),
    ):
        refused(name, error, ask(**dict(form, scope=scope)))
    refused("a boundary that does not occur", "invalid_request", send({}, b"--c--", MULTIPART))
    refused("JSON that is cut", "invalid_request", send({}, b'{"grant', "application/json"))
    refused("text", "invalid_request", send({}, urllib.parse.urlencode(form), "text/plain"))


def refused(name, error, answer, status=400):
    equal(
        (answer.status, answer.json()["error"], answer.headers["Content-Type"]),
        (status, error, "application/json; charset=utf-8"),
        f"{name}: {error}",
    )


def refusals():
    """Errors in the format of OAuth (RFC 6749 section 5.2)."""
    instance = shared()
    for name in ("unknown", "tester", "", "a/b", "x" * 300):
        refused(f"user {name[:9]!r}", "invalid_grant", ask(**dict(VALID, username=name)))
    for name in (PASSWORD[:-1], PASSWORD + "x", "", "x" * 2000):
        refused("a wrong password", "invalid_grant", ask(**dict(VALID, password=name)))
    refused("no password", "invalid_grant", ask(grant_type="password", username="tester"))
    refused("no grant_type", "invalid_request", ask(username="x"))
    refused("an empty body", "invalid_request", ask(body=b""))
    refused("another grant_type", "unsupported_grant_type", ask(grant_type="client_credentials"))
    refused(
        "a password twice",
        "invalid_request",
        ask(body=urllib.parse.urlencode(VALID) + "&password="),
    )
    refused("an invalid escape", "invalid_request", ask(body="grant_type=password&username=%zz"))
    refused("17 members", "invalid_request", ask(body="&".join(["a=b"] * 17)))
    refused("a body of 9000 bytes", "invalid_request", ask(body=b"x" * 9000), 413)
    answer = ask("GET", b"")
    refused("GET /oauth/token", "invalid_request", answer, 405)
    equal(answer.headers["Allow"], "POST", "405 has Allow: POST")
    instance.ctl("user", "revoke", "singer@example.com")
    refused("a revoked user", "invalid_grant", ask(**VALID))


def many(method):
    """300 requests that begin at once, on ten connections. No password is verified."""
    form = urllib.parse.urlencode(dict(VALID, grant_type="x"))

    def some(_):
        connection = shared().connect()
        return [
            shared().request(method, "/oauth/token", form, [], connection=connection)
            for _ in range(30)
        ]

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        return [answer for answers in pool.map(some, range(10)) for answer in answers]


def budgets():
    """nginx's bound counts logins, not other methods, and its refusal has the shape of OAuth."""
    for method in ("GET", "HEAD", "OPTIONS"):
        equal({answer.status for answer in many(method)}, {405}, f"300 {method}: none is counted")
    answers = many("POST")
    late = [answer for answer in answers if answer.status == 429]
    if ok(late, "300 logins at once: some get 429", [answer.status for answer in answers]):
        refused("429 of nginx", "temporarily_unavailable", late[0], 429)


def ending():
    shared().verify("after the logins")
    shared().stop("shared instance")


run_tests(accepted, kinds, refusals, budgets, ending)
