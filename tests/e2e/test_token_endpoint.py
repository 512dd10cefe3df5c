"""The token endpoint: a user's name and password for a token (RFC 6749 section 4.3)."""
import concurrent.futures
import functools
import time
import urllib.parse

from lib import Instance, run_tests
from tap import equal, ok

PASSWORD = "correct horse + battery & staple ä"
VALID = dict(grant_type="password", username="singer@example.com", password=PASSWORD)

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
        dict(token, access_token=None),
        {"access_token": None, "token_type": "Bearer", "expires_in": 7200, "scope": "read"},
        "members of the answer",
    )
    answer = instance.idol("GET", "/nothing", token=token["access_token"])
    ok(answer.status not in (401, 403), "the token is accepted", answer)
    answer = instance.post("/tasks", {"log": "x"}, instance.bearer(token["access_token"]))
    equal(answer.status, 403, "the token has the rights of the user")
    other = ask(**dict(VALID, client_id="x", scope="public")).json()["access_token"]
    instance.secrets.append(other)
    ok(other != token["access_token"], "each login gets another token; unknown fields are ignored")


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
    """The statuses of 300 requests that begin at once, from ten connections."""
    form = urllib.parse.urlencode(dict(VALID, password="a guess"))

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


run_tests(accepted, refusals, budgets, ending)
