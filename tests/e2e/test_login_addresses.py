"""The addresses of the token endpoint: logins, refresh tokens, revocation and information."""
import concurrent.futures
import functools
import json
import time
import urllib.parse

from lib import Instance, run_tests
from tap import equal, ok, until

PASSWORD = "correct horse battery"
USER = "singer@example.com"
KEYCLOAK = "/realms/4hse/protocol/openid-connect/token"
GRANTS = ("/oauth/token", KEYCLOAK, "/oauth2/token")
# By address: the status of a wrong password, the body of a revocation.
STATUSES = {"/oauth/token": 400, KEYCLOAK: 401, "/oauth2/token": 401}
REVOKED = {
    "/oauth/revoke": b"{}",
    "/realms/4hse/protocol/openid-connect/revoke": b"{}",
    "/oauth2/revoke": b'{"revoked":true}',
}
INFO = "/oauth/token/info"
JSON = [("Content-Type", "application/json")]


@functools.cache
def shared():
    instance = Instance()
    instance.secrets += [PASSWORD, urllib.parse.quote_plus(PASSWORD)]
    instance.ctl("user", "add", USER, "--tenant", "demo")
    instance.ctl("password", "set", USER, stdin=PASSWORD + "\n")
    return instance


def send(path, body, headers=()):
    """A POST that is repeated while nginx's limit of logins refuses it."""
    return until(lambda: allowed(shared().request("POST", path, body, list(headers))), 60, 0.5)


def allowed(answer):
    return answer if answer.status != 429 else None


def post(path, **form):
    return send(path, urllib.parse.urlencode(form))


def log_in(path="/oauth/token", **more):
    answer = post(path, grant_type="password", username=USER, password=PASSWORD, **more)
    tokens = answer.json()
    shared().secrets += [tokens["access_token"], tokens["refresh_token"]]
    return tokens


def renew(tokens, path="/oauth/token", **more):
    answer = post(
        path, grant_type="refresh_token", refresh_token=tokens["refresh_token"], **more
    )
    if answer.status == 200:
        made = answer.json()
        shared().secrets += [made["access_token"], made["refresh_token"]]
    return answer


def status_of(token):
    """The status of a request with the token, in the dialect of each address."""
    instance = shared()
    return {
        instance.idol("GET", "/import-tasks", token=token).status,
        instance.fourhse("GET", "/index", token=token).status,
    }


def ended(tokens, name):
    """nginx may take its decision from its cache for up to 5 seconds."""
    ok(until(lambda: status_of(tokens["access_token"]) == {401}, 30), name)


def refused(name, answer, status, error):
    equal((answer.status, answer.json()["error"]), (status, error), name)


def grants():
    """Each address issues tokens, renews them once, and accepts those of the others."""
    for path, other in zip(GRANTS, GRANTS[1:] + GRANTS[:1]):
        tokens = log_in(path, client_id="x", client_secret="y")
        equal(status_of(tokens["access_token"]), {200}, f"{path}: the token is accepted")
        equal(status_of(tokens["refresh_token"]), {401}, f"{path}: the refresh token is no token")
        answer = renew(tokens, other)
        equal(answer.status, 200, f"{path}: renewed at {other}")
        made = answer.json()
        equal(status_of(made["access_token"]), {200}, f"{path}: the new token is accepted")
        ended(tokens, f"{path}: the old token has ended")
        refused(f"{path}: renewed twice", renew(tokens, path), 400, "invalid_grant")
        refused(f"{path}: more rights", renew(made, path, scope="admin"), 400, "invalid_scope")
        narrow = renew(made, path, scope="read").json()
        equal(narrow["scope"], "read", f"{path}: fewer rights")
        refused(f"{path}: more again", renew(narrow, scope="write"), 400, "invalid_scope")
        refused(
            f"{path}: a wrong password",
            post(path, grant_type="password", username=USER, password="wrong"),
            STATUSES[path],
            "invalid_grant",
        )


def concurrency():
    """Of refreshes with one token at once, one succeeds."""
    for round_number in range(5):
        tokens = log_in()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: renew(tokens), range(8)))
        equal(
            sorted(answer.status for answer in answers),
            [200] + [400] * 7,
            f"{round_number}: one of 8 refreshes succeeds",
        )


def revocations():
    """Each address ends both tokens of a login, and takes unknown tokens for ended ones."""
    for path, body in REVOKED.items():
        for name in ("access_token", "refresh_token"):
            tokens = log_in()
            answer = post(path, token=tokens[name], token_type_hint="access_token")
            equal((answer.status, answer.body), (200, body), f"{path}: {name}")
            ended(tokens, f"{path}: {name}: no access")
            refused(f"{path}: no refresh", renew(tokens), 400, "invalid_grant")
        for form in ({"token": "unknown"}, {"token": ""}, {}):
            answer = post(path, **form)
            equal((answer.status, answer.body), (200, body), f"{path}: {form}")


def information():
    instance = shared()
    tokens = log_in(scope="read")
    bearer = instance.bearer(tokens["access_token"])
    answer = instance.request("GET", INFO, None, bearer)
    info = answer.json()
    ok(7190 <= info["expires_in"] <= 7200, "expires_in", info)
    ok(abs(info["created_at"] - time.time()) < 60, "created_at", info)
    equal((answer.status, info["scope"]), (200, ["read"]), "information about a token")
    query = "?access_token=" + tokens["access_token"]
    equal(instance.request("GET", INFO + query, None, []).status, 200, "a token in the query")
    answer = instance.request("HEAD", INFO, None, bearer)
    equal((answer.status, answer.body), (200, b""), "HEAD")
    for name, headers in (
        ("no token", []),
        ("a refresh token", instance.bearer(tokens["refresh_token"])),
        ("an invented token", instance.bearer("pt_invented")),
    ):
        answer = instance.request("GET", INFO, None, headers)
        refused(name, answer, 401, "invalid_token")
        equal(
            answer.headers["WWW-Authenticate"],
            'Bearer realm="Doorkeeper", error="invalid_token", '
            'error_description="The access token is invalid"',
            f"{name}: challenge",
        )


def methods():
    for path in (*GRANTS, *REVOKED, INFO):
        allowed = "GET, HEAD" if path == INFO else "POST"
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST"):
            if method in allowed:
                continue
            answer = shared().request(method, path, None, [])
            equal((answer.status, answer.headers["Allow"]), (405, allowed), f"{method} {path}")


def bodies():
    """Bodies that no address reads, and the forms that it does."""
    for path in GRANTS:
        large = send(path, b"x" * 9000)
        refused(f"{path}: 9000 bytes", large, 413, "invalid_request")
        twice = "grant_type=refresh_token&refresh_token=x&refresh_token=y"
        refused(
            f"{path}: a parameter twice",
            send(path, twice),
            400,
            "invalid_request",
        )
        for value in ({"grant_type": 1}, {"grant_type": ["refresh_token"]}):
            answer = send(path, json.dumps(value).encode(), JSON)
            refused(f"{path}: {value}", answer, 400, "invalid_request")
        form = {"grant_type": "refresh_token", "refresh_token": log_in()["refresh_token"]}
        answer = send(path, json.dumps(form).encode(), JSON)
        equal(answer.status, 200, f"{path}: JSON")
        made = answer.json()
        shared().secrets += [made["access_token"], made["refresh_token"]]


def listing():
    """The operator sees both kinds, and ends them by the label or with the user."""
    instance = shared()
    tokens = log_in()
    rows = [json.loads(line) for line in instance.ctl("token", "list", "--json").splitlines()]
    kinds = {row["kind"] for row in rows if row["label"] == "oauth"}
    equal(kinds, {"access", "refresh"}, "token list: kinds")
    instance.ctl("token", "revoke", "oauth")
    refused("revoked by the label", renew(tokens), 400, "invalid_grant")
    tokens = log_in()
    instance.ctl("user", "revoke", USER)
    refused("of a revoked user", renew(tokens), 400, "invalid_grant")


def ending():
    shared().verify("after the refreshes")
    shared().stop("shared instance")


run_tests(grants, concurrency, revocations, information, methods, bodies, listing, ending)
