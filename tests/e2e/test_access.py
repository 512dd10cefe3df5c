"""Who may do what: every route, every way to send a credential, every reason to be refused."""
import json
import os
import time

import access
from access import DIALECTS, WAYS, carries
from lib import SOURCE, equal, ok, run_tests
from refusals import difference, forbidden, unauthenticated
from table import OPEN, ROUTES, shared

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


def documents():
    """Every operation says which credential it wants, in words that the document explains."""
    for dialect in DIALECTS:
        with open(os.path.join(SOURCE, "data", "openapi", dialect + ".json")) as text:
            schemes = set(json.load(text)["components"]["securitySchemes"])
        mine = [route for route in ROUTES if route.dialect == dialect]
        open_ones = [
            route.name
            for route in mine
            if not route.security or not all(one and set(one) <= schemes for one in route.security)
        ]
        ok(mine and not open_ones, f"{dialect}: {len(mine)} routes want a credential", open_ones)
    # For everybody, and for nobody else's sake: they know no principal.
    equal([route.name for route in OPEN], ["POST /oauth/token"], "one route is for everybody")
    table = shared()
    answer = table.request("POST", "/oauth/token", "", [])
    equal(
        (answer.status, answer.json()["error"]), (400, "invalid_request"), "/oauth/token is open"
    )
    answer = table.request("GET", "/v1/openapi/native.json", None, [])
    equal(answer.status, 200, "/v1/openapi/ is open")


def judge(name, routes, refusal, send):
    """One line of the table: every route, sent in one way, gets its refusal."""
    table, wrong = shared(), []
    for route in routes:
        for answer in send(route):
            found = difference(answer, refusal(route), table.hidden, route.method)
            wrong += [f"{route.name}: {found}"] if found else []
    ok(routes and not wrong, name, "\n".join(wrong))


def refusals():
    """Every credential that is none, or that does not allow this, on every route."""
    table = shared()
    time.sleep(1.1)  # what expires has expired
    for way in WAYS:
        mine = [route for route in ROUTES if carries(way, route)]
        name = f"{way.dialect}, {way.name}"

        def send(who, offset=0):
            return lambda route: [table.ask(route, table.ours[route.dialect], way, who, offset)]

        def nobody(reason):
            return lambda route: unauthenticated(route.dialect, reason, way.kind)

        judge(
            f"{name}: absent",
            mine,
            nobody("absent"),
            lambda route: [table.ask(route, table.ours[route.dialect])],
        )
        if way.malformed:
            judge(
                f"{name}: malformed",
                mine,
                nobody("malformed"),
                lambda route: [
                    table.ask(route, table.ours[route.dialect], spoil=spoil)
                    for spoil in way.malformed
                ],
            )
        judge(f"{name}: wrong", mine, nobody("wrong"), send(table.wrong))
        if way.kind != "login":  # which lasts two hours, and has no name to revoke it by
            judge(f"{name}: expired", mine, nobody("expired"), send(table.expired))
            judge(f"{name}: revoked", mine, nobody("revoked"), send(table.revoked))
        judge(f"{name}: its user revoked", mine, nobody("user revoked"), send(table.left))
        if way.kind in ("key", "owner"):
            late = -910 if way.kind == "key" else -310
            judge(f"{name}: replayed", mine, nobody("replayed"), send(table.right, late))
        for right, other in (("read", "write"), ("write", "read")):
            these = [route for route in mine if route.right == right]
            if these:
                judge(
                    f"{name}: without the right to {right}",
                    these,
                    lambda route: forbidden(route.dialect),
                    send(table.having[other]),
                )


def limited():
    """A credential that is limited to another dialect."""
    table = shared()
    limits = {
        name: table.who("tester", "only-" + name, "--dialects", name)
        for name in ("idol", "native")
    }
    for way in WAYS:
        if way.kind == "login":
            continue
        who = limits["native" if way.dialect != "native" else "idol"]
        judge(
            f"{way.dialect}, {way.name}: limited to another dialect",
            [route for route in ROUTES if carries(way, route)],
            lambda route: forbidden(route.dialect),
            lambda route: [table.ask(route, table.ours[route.dialect], way, who)],
        )


def methods():
    """Without a credential no method tells anything: not what is there, not what could be done."""
    table = shared()
    for dialect in DIALECTS:
        wrong = []
        mine = {route.template: route for route in ROUTES if route.dialect == dialect}
        for route in mine.values():
            for method in METHODS:
                for line in ([], [("If-None-Match", "*")], [("If-None-Match", '"1"')]):
                    answer = table.request(
                        method,
                        access.address(route, table.ours[dialect]),
                        None,
                        line,
                        connection=table.connection,
                    )
                    want = unauthenticated(dialect, "absent", "key")
                    found = difference(answer, want, table.hidden, method)
                    wrong += [f"{method} {route.template}: {found}"] if found else []
        ok(mine and not wrong, f"{dialect}: no method tells anything to nobody", "\n".join(wrong))


def accepted():
    """The right credential is let in everywhere; lib compares each answer with the documents."""
    table = shared()
    for way in WAYS:
        wrong = []
        for route in (route for route in ROUTES if carries(way, route)):
            changes = route.right == "write" and access.has_id(route)
            values = table.values(route.dialect) if changes else table.ours[route.dialect]
            answer = table.ask(route, values, way, table.right)
            # Where the document has no success, an answer of the application's own is one.
            if answer.status >= 300 and (route.succeeds or answer.status != 400):
                wrong.append(f"{route.name}: {answer}")
        ok(not wrong, f"{way.dialect}, {way.name}: let in", "\n".join(wrong))


def stored():
    """No token lies in the store as it was given out; a key's secret must."""
    table = shared()
    tokens = [secret.encode() for secret in table.secrets if secret.startswith("pt_")]
    found = []
    for directory, _, files in os.walk(table.conf["home"]):
        for file in files:
            with open(os.path.join(directory, file), "rb") as data:
                text = data.read()
            found += [file for token in tokens if token in text]
    ok(tokens and not found, "no token is kept in clear", found)


def ending():
    shared().verify("after all of this")
    shared().stop("shared instance")


run_tests(documents, refusals, limited, methods, accepted, stored, ending)
