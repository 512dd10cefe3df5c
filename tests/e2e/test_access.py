"""Access control: every route, every way to send a credential, every state of the credential."""
import itertools
import os
import time

import openapi
from credential_states import shared
from dialects import DIALECTS, SCHEMES
from lib import run_tests
from refusals import difference, forbidden, unauthenticated
from routes import OPEN, ROUTES, address, has_id, routes_of
from tap import equal, ok

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


def documents():
    """Every documented operation names credentials that its document defines."""
    for dialect in DIALECTS:
        defined = set(openapi.load(dialect).root["components"]["securitySchemes"])
        routes = [route for route in ROUTES if route.dialect == dialect]
        undefined = [
            route.name
            for route in routes
            if not route.security
            or not all(one and set(one) <= defined for one in route.security)
        ]
        ok(
            routes and not undefined,
            f"{dialect}: {len(routes)} routes need a defined credential",
            undefined,
        )
    # They precede any credential: some issue or revoke tokens, the others describe the APIs.
    equal(
        [route.name for route in OPEN],
        [
            "POST /oauth/revoke",
            "POST /oauth/token",
            "POST /oauth2/revoke",
            "POST /oauth2/token",
            "POST /realms/4hse/protocol/openid-connect/revoke",
            "POST /realms/4hse/protocol/openid-connect/token",
            "POST /v1/revoke",
            "POST /v1/token",
        ],
        "eight documented routes are open",
    )
    states = shared()
    answer = states.request("POST", "/oauth/token", "", [])
    equal(
        (answer.status, answer.json()["error"]),
        (400, "invalid_request"),
        "POST /oauth/token needs no credential",
    )
    answer = states.request("GET", "/v1/openapi/native.json", None, [])
    equal(answer.status, 200, "GET /v1/openapi/ needs no credential")
    lists = [states.request("GET", path, None, []) for path in ("/v1/openapi/", "/v1/openapi")]
    equal(
        [(answer.status, answer.body) for answer in lists],
        [(200, lists[0].body)] * 2,
        "the list of documents has a slash at its end or none",
    )


def check(name, routes, want, send):
    """One test: send(route) yields answers, each of which must equal want(route)."""
    states, wrong = shared(), []
    for route in routes:
        for answer in send(route):
            found = difference(answer, want(route), states.hidden, route.method)
            wrong += [f"{route.name}: {found}"] if found else []
    ok(routes and not wrong, name, "\n".join(wrong))


def refusals():
    """Every invalid credential, and every valid one without the right, on every route."""
    states = shared()
    time.sleep(1.1)  # until the credentials of one second have expired
    for dialect, scheme in SCHEMES:
        routes = routes_of(dialect, scheme)
        name = f"{dialect}, {scheme.name}"

        def send(credentials, offset=0):
            return lambda route: [
                states.ask(route, states.ours[dialect], scheme, credentials, offset)
            ]

        def refused(reason):
            return lambda route: unauthenticated(dialect, reason, scheme.kind)

        check(
            f"{name}, absent: refused",
            routes,
            refused("absent"),
            lambda route: [states.ask(route, states.ours[dialect])],
        )
        if scheme.malformed:
            check(
                f"{name}, malformed: refused",
                routes,
                refused("malformed"),
                lambda route: [
                    states.ask(route, states.ours[dialect], spoil=spoil)
                    for spoil in scheme.malformed
                ],
            )
        check(f"{name}, wrong: refused", routes, refused("wrong"), send(states.wrong))
        # A login's token lives two hours and has no label to revoke it by.
        if scheme.kind != "login":
            check(f"{name}, expired: refused", routes, refused("expired"), send(states.expired))
            check(f"{name}, revoked: refused", routes, refused("revoked"), send(states.revoked))
        check(
            f"{name}, of a revoked user: refused",
            routes,
            refused("user revoked"),
            send(states.user_revoked),
        )
        if scheme.kind in ("key", "owner"):
            late = -910 if scheme.kind == "key" else -310
            check(
                f"{name}, replayed: refused", routes, refused("replayed"), send(states.valid, late)
            )
        for right, other in itertools.permutations(("read", "write", "work", "admin"), 2):
            these = routes_of(dialect, scheme, right)
            if these:
                check(
                    f"{name}, with {other} but without {right}: refused",
                    these,
                    lambda route: forbidden(dialect, route.right),
                    send(states.with_right[other]),
                )


def limited():
    """A credential that is limited to another dialect."""
    states = shared()
    limits = {
        name: states.credentials("tester", "only-" + name, "--dialects", name)
        for name in ("idol", "native")
    }
    for dialect, scheme in SCHEMES:
        if scheme.kind == "login":
            continue
        credentials = limits["native" if dialect != "native" else "idol"]
        check(
            f"{dialect}, {scheme.name}, limited to another dialect: refused",
            routes_of(dialect, scheme),
            lambda route: forbidden(dialect, route.right),
            lambda route: [states.ask(route, states.ours[dialect], scheme, credentials)],
        )


def methods():
    """Without a credential no method tells which addresses or methods exist."""
    states = shared()
    for dialect in DIALECTS:
        wrong = []
        routes = {route.template: route for route in ROUTES if route.dialect == dialect}
        for route in routes.values():
            for method in METHODS:
                for line in ([], [("If-None-Match", "*")], [("If-None-Match", '"1"')]):
                    answer = states.request(
                        method,
                        address(route, states.ours[dialect]),
                        None,
                        line,
                        connection=states.connection,
                    )
                    want = unauthenticated(dialect, "absent", "key")
                    found = difference(answer, want, states.hidden, method)
                    wrong += [f"{method} {route.template}: {found}"] if found else []
        ok(
            routes and not wrong,
            f"{dialect}: without a credential all methods get the same refusal",
            "\n".join(wrong),
        )


def new_webhook(states):
    """A webhook with a delivery, as the variables of addresses."""
    made = states.native("POST", "/webhooks", {"url": "https://receiver.invalid/"}).json()
    delivery = states.native("POST", f"/webhooks/{made['id']}/test").json()
    return {"webhook": made["id"], "delivery": delivery["id"]}


def new_user(states):
    """A user with a token, as the variables of addresses."""
    name = "u" + os.urandom(8).hex()
    states.add_user(name, "demo")
    states.add_token(name, name)
    users = states.native("GET", "/users?limit=200").json()["items"]
    user = next(row for row in users if row["name"] == name)
    token = states.native("GET", "/credentials?user=" + user["id"]).json()["items"][0]
    return {"user": user["id"], "credential": token["id"]}


def accepted():
    """A valid credential is accepted on every route; lib.py compares the answers."""
    states = shared()
    for dialect, scheme in SCHEMES:
        wrong = []
        for route in routes_of(dialect, scheme):
            changes = route.right != "read" and has_id(route)
            values = states.new_task(dialect) if changes else states.ours[dialect]
            if "{webhook}" in route.template:
                values = new_webhook(states)
            elif "{user}" in route.template or "{credential}" in route.template:
                values = new_user(states)
            answer = states.ask(route, values, scheme, states.valid)
            # A route without a documented success answers 400 once the credential is accepted.
            conflict = answer.status == 409 and route.template in DIALECTS[dialect].conflicts
            if answer.status >= 300 and not conflict and (route.succeeds or answer.status != 400):
                wrong.append(f"{route.name}: {answer}")
        ok(not wrong, f"{dialect}, {scheme.name}, valid: accepted", "\n".join(wrong))


def stored():
    """The store has only digests of tokens. A key's secret must be stored: signatures need it."""
    states = shared()
    tokens = [secret.encode() for secret in states.secrets if secret.startswith("pt_")]
    found = []
    for directory, _, files in os.walk(states.conf["home"]):
        for file in files:
            with open(os.path.join(directory, file), "rb") as data:
                text = data.read()
            found += [file for token in tokens if token in text]
    ok(tokens and not found, "no token is stored in clear text", found)


def ending():
    shared().verify("after access control")
    shared().stop("shared instance")


run_tests(documents, refusals, limited, methods, accepted, stored, ending)
