"""Scripts of other sites: preflights and answers for the allowed origins, and for others."""
import concurrent.futures
import os
import re

import openapi
from dialects import DIALECTS, idol, vionlabs
from http2_client import Http2
from lib import Instance, run_tests
from raw_http import converse_http2, h2, http2_fields
from tap import equal, ok, skip, until

ALLOWED, SECOND, OTHER = "https://app.example", "https://b.example:8443", "https://evil.example"


def preflight(instance, path, origin, method="POST", names="authorization, content-type"):
    headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", names),
    ]
    return instance.request("OPTIONS", path, headers=headers, documented=False)


def grants(answer):
    return {
        name: value
        for name, value in answer.headers.items()
        if name.lower().startswith("access-control-")
    }


def preflights(instance):
    paths = {name: known.prefix + "/x" for name, known in DIALECTS.items()}
    paths["oauth"] = "/oauth/token"
    for name, path in paths.items():
        for origin in (ALLOWED, SECOND):
            answer = preflight(instance, path, origin)
            given = grants(answer)
            given.pop("Access-Control-Expose-Headers", None)
            equal(
                (answer.status, answer.body, "Origin" in answer.headers["Vary"], given),
                (
                    204,
                    b"",
                    True,
                    {
                        "Access-Control-Allow-Origin": origin,
                        "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
                        "Access-Control-Allow-Headers": "authorization, content-type",
                        "Access-Control-Max-Age": "7200",
                    },
                ),
                f"{name}: preflight of {origin}",
            )
        for origin in (OTHER, ALLOWED + ".evil", "null", "https://app.example:444"):
            answer = preflight(instance, path, origin)
            ok(
                answer.status in (401, 403, 405) and not grants(answer),
                f"{name}: no preflight of {origin}",
                f"{answer} {grants(answer)}",
            )
    answer = preflight(instance, paths["idol"], ALLOWED, names="x\u00e9, <y>")
    ok("Access-Control-Allow-Headers" not in grants(answer), "odd names are not echoed", answer)


def answers(instance):
    origin = [("Origin", ALLOWED)]
    item = vionlabs.PREFIX + "/x"
    for name, status, answer in (
        ("an answer", 200, instance.request("GET", item, headers=instance.bearer() + origin)),
        ("no credential", 401, instance.request("GET", item, headers=origin)),
        ("no route", 404, instance.request("GET", "/nowhere", headers=origin)),
        ("too large", 413, instance.request("POST", item, b"0" * 300000, origin)),
        (
            "OPTIONS that is no preflight",
            401,
            instance.request("OPTIONS", item, headers=origin, documented=False),
        ),
        ("a document", 200, instance.request("GET", "/v1/openapi/idol.json", headers=origin)),
    ):
        given = grants(answer)
        equal(
            (answer.status, sorted(given), given.get("Access-Control-Allow-Origin")),
            (status, ["Access-Control-Allow-Origin", "Access-Control-Expose-Headers"], ALLOWED),
            name,
        )
    answer = instance.request("GET", item, headers=instance.bearer() + [("Origin", OTHER)])
    equal((answer.status, grants(answer)), (200, {}), "another origin: no grant")
    answer = instance.request("GET", item)
    equal((answer.status, grants(answer)), (200, {}), "no origin: no grant")
    exposed = set(
        re.split(
            ", ",
            grants(instance.request("GET", "/nowhere", headers=origin))[
                "Access-Control-Expose-Headers"
            ],
        )
    )
    documented = set()
    for dialect in DIALECTS:
        documented |= documented_fields(openapi.load(dialect).root)
    # Scripts read these in any case, or they are for caches.
    documented -= {"Cache-Control", "Content-Type", "Content-Length", "Pragma", "Vary"}
    equal(documented - exposed, set(), "every documented header field can be read")


def documented_fields(part):
    if isinstance(part, list):
        return set().union(*map(documented_fields, part))
    if not isinstance(part, dict):
        return set()
    found = set()
    for name, value in part.items():
        # Those of the components have names of their own; with a type it is a member of a body.
        is_fields = isinstance(value, dict) and "type" not in value
        if name == "headers" and "securitySchemes" not in part and is_fields:
            found |= {key for key, one in value.items() if isinstance(one, dict)}
        found |= documented_fields(value)
    return found


def allowed():
    instance = Instance(nginx={"ORIGINS": f"{ALLOWED} {SECOND}"})
    preflights(instance)
    answers(instance)
    instance.stop("allowed")


def many(instance, count, ask):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))


def budgets():
    """Only preflights of an allowed origin are exempt from the limit of refusals."""
    path = idol.PREFIX + "/import-tasks"
    for origins in ("", ALLOWED):
        instance = Instance(nginx={"RATE": "1", "BURST": "2", "ORIGINS": origins})
        own = many(instance, 20, lambda _: preflight(instance, path, ALLOWED))
        equal(
            {answer.status for answer in own},
            {204} if origins else {401, 429},
            f"20 preflights at once, allowed origin {origins or 'none'}",
        )
        others = many(instance, 20, lambda _: preflight(instance, path, OTHER))
        equal({answer.status for answer in others}, {401, 429}, "another origin is counted")
        instance.stop("budgets")


def flood():
    """Preflights have a limit of their own, and no error of nginx is answered as a preflight."""
    if not h2:
        skip("many preflights", "python3-h2 is not installed")
        return
    instance = Instance(nginx={"ORIGINS": ALLOWED})
    fields = http2_fields(
        instance,
        "OPTIONS",
        idol.PREFIX + "/import-tasks",
        ("origin", ALLOWED),
        ("access-control-request-method", "POST"),
    )
    connections = [Http2(instance) for _ in range(8)]
    for connection in connections:
        for _ in range(60):
            connection.request(fields)
    for connection in connections:
        connection.send()
    answers = [status for connection in connections for status in connection.statuses(60)]
    equal((len(answers), set(answers)), (480, {204, 429}), "480 preflights at once: some are refused")
    log = os.path.join(instance.dir, "log", "nginx-access.log")
    ok(until(lambda: '"TooManyPreflights"' in open(log).read(), 10), "the log has the reason")
    fields[2] = (":authority", "evil.example")
    answer = converse_http2(instance, fields)
    equal((answer.status, answer.body[:2]), (421, b'{"'), "a preflight for another host: 421")
    instance.stop("flood")


run_tests(allowed, budgets, flood)
