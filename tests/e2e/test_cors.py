"""Scripts of other sites: preflights and answers for the allowed origins, and for others."""
import concurrent.futures
import re

import openapi
from dialects import DIALECTS, idol, vionlabs
from lib import Instance, run_tests
from tap import equal, ok

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
        # Those of the components have names of their own.
        if name == "headers" and "securitySchemes" not in part and isinstance(value, dict):
            found |= {key for key, one in value.items() if isinstance(one, dict)}
        found |= documented_fields(value)
    return found


def allowed():
    instance = Instance(nginx={"ORIGINS": f"{ALLOWED} {SECOND}"})
    preflights(instance)
    answers(instance)
    instance.stop("allowed")


def budgets():
    """Without the option, preflights are refused and use up no budget; other OPTIONS do."""
    instance = Instance(nginx={"RATE": "1", "BURST": "2"})
    path = idol.PREFIX + "/import-tasks"
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        several = list(pool.map(lambda _: preflight(instance, path, ALLOWED), range(20)))
    equal({answer.status for answer in several}, {401}, "20 preflights at once: 401 each")
    equal(grants(several[0]), {}, "no grant without the option")
    wrong = [("Authorization", "Bearer wrong")]
    asked = [("Origin", ALLOWED), ("Access-Control-Request-Method", "GET")]


    def guess(_):
        return instance.request("OPTIONS", path, headers=wrong + asked, documented=False).status

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(guess, range(20)))
    equal(set(statuses), {401, 429}, "OPTIONS with a wrong credential is counted")
    instance.stop("budgets")


run_tests(allowed, budgets)
