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
OTHER = "other@example.com"
KEYCLOAK = "/realms/4hse/protocol/openid-connect/token"
GRANTS = ("/oauth/token", KEYCLOAK, "/oauth2/token", "/v1/token")
# By address: the status of a wrong password, the body of a revocation.
STATUSES = {"/oauth/token": 400, KEYCLOAK: 401, "/oauth2/token": 401, "/v1/token": 400}
REVOKED = {
    "/oauth/revoke": b"{}",
    "/realms/4hse/protocol/openid-connect/revoke": b"{}",
    "/oauth2/revoke": b'{"revoked":true}',
    "/v1/revoke": b"{}",
}
INFO = "/oauth/token/info"
JSON = [("Content-Type", "application/json")]


@functools.cache
def shared():
    instance = Instance()
    instance.expect |= {"refresh-reused"}
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
    form = {"grant_type": "password", "username": USER, "password": PASSWORD, **more}
    answer = post(path, **form)
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
        instance.native("GET", "/me", token=token).status,
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


def owner(token):
    """The id of the user of an access token, and the ids of the tasks that it sees."""
    instance = shared()
    info = instance.request("GET", INFO, None, instance.bearer(token)).json()
    listed = instance.request("GET", "/v1/tasks", None, instance.bearer(token)).json()
    return info["resource_owner_id"], {task["id"] for task in listed["items"]}


def isolation():
    """A refresh token acts for its own user at every address, beside any other credential."""
    instance = shared()
    instance.ctl("user", "add", OTHER, "--tenant", "other")
    instance.ctl("password", "set", OTHER, stdin=PASSWORD + "\n")
    other = log_in(username=OTHER)
    bearer = instance.bearer(other["access_token"])
    for token in (log_in()["access_token"], other["access_token"]):
        answer = instance.native("POST", "/tasks", {}, token=token)
        equal(answer.status, 201, "a task of each tenant")
    mine, theirs = owner(log_in()["access_token"]), owner(other["access_token"])
    ok(mine[0] != theirs[0] and mine[1] and theirs[1], "two users", (mine, theirs))
    ok(not mine[1] & theirs[1], "two tenants", (mine, theirs))
    for path, next_path in zip(GRANTS, GRANTS[1:] + GRANTS[:1]):
        form = {
            "grant_type": "refresh_token",
            "refresh_token": log_in(path)["refresh_token"],
            "username": OTHER,
            "password": PASSWORD,
            "client_id": OTHER,
            "tenant": "other",
        }
        answer = send(next_path, urllib.parse.urlencode(form), bearer)
        made = answer.json()
        shared().secrets += [made["access_token"], made["refresh_token"]]
        equal(owner(made["access_token"]), mine, f"{path}: renewed at {next_path}")
    equal(owner(other["access_token"]), theirs, "the other login is as it was")


def credentials():
    """A refresh token is no credential of any API, and no access token renews a login."""
    instance = shared()
    tokens = log_in()
    text = tokens["refresh_token"]
    for name, target, headers in (
        ("native", "/v1/tasks", instance.bearer(text)),
        ("idol", "/api/v2/import-tasks", instance.bearer(text)),
        ("idol, query", "/api/v2/import-tasks?access_token=" + text, []),
        ("4hse", "/v2/task/index", instance.bearer(text)),
        ("4hse, query", "/v2/task/index?access-token=" + text, []),
        ("vionlabs", "/tasks/catalog-item/x", [("X-API-Key", text)]),
        ("vionlabs, query", "/tasks/catalog-item/x?key=" + text, []),
        ("virtshell", "/api/virtshell/v1/tasks/", instance.bearer(text)),
        ("uplynk", "/api/v4/managed-slicer/ingest-points/tasks", instance.bearer(text)),
    ):
        answer = instance.request("GET", target, None, headers)
        ok(answer.status in (401, 403), f"{name}: refused", (answer.status, answer.body))
    operators = instance.add_token(USER, "laptop")
    for path in GRANTS:
        for name, token in (("access", tokens["access_token"]), ("operator's", operators)):
            answer = post(path, grant_type="refresh_token", refresh_token=token)
            refused(f"{path}: {name} token", answer, 400, "invalid_grant")
        answer = post(path, grant_type="password", username=USER, password=text)
        refused(f"{path}: as the password", answer, STATUSES[path], "invalid_grant")
    equal(status_of(tokens["access_token"]), {200}, "the login is as it was")


def reuse():
    """The use or revocation of a replaced refresh token ends the login."""
    for path, revoke in zip(GRANTS, REVOKED):
        tokens = log_in(path)
        second = renew(tokens, path).json()
        third = renew(second, path).json()
        equal(post(revoke, token=tokens["refresh_token"]).status, 200, f"{path}: revoked")
        ended(third, f"{path}: the login has ended")
        refused(f"{path}: no refresh", renew(third, path), 400, "invalid_grant")
        tokens = log_in(path)
        second = renew(tokens, path).json()
        third = renew(second, path).json()
        refused(f"{path}: a replaced token", renew(tokens, path), 400, "invalid_grant")
        ended(third, f"{path}: its use has ended the login")
    logged = [entry for entry in shared().events() if entry.get("event") == "refresh-reused"]
    ok(len(logged) >= len(GRANTS), "each is logged", logged)


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
        # Refused by the request line, before nginx has found the location.
        long = shared().request("POST", path + "?" + "x" * 10000, None, [], documented=False)
        refused(f"{path}: a query of 10000 bytes", long, 414, "invalid_request")
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


run_tests(
    grants,
    concurrency,
    revocations,
    isolation,
    credentials,
    reuse,
    information,
    methods,
    bodies,
    listing,
    ending,
)
