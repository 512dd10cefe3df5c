"""No cache may give an answer to another client: Cache-Control and Vary of every dialect."""
import functools
import re

from caching import fault
from dialects import DIALECTS
from lib import Instance, run_tests
from routes import ROUTES, ask
from tap import equal, ok

# Fields that hold credentials besides Authorization.
OWN = {"virtshell": {"X-VirtShell-Authorization"}, "vionlabs": {"X-API-Key"}}

shared = functools.cache(Instance)


def names(answer):
    return set(re.split(", *", answer.headers.get("Vary", "")))


def routes():
    """Every route, with a credential and without."""
    instance, wrong = shared(), {}
    for route in ROUTES:
        want = {"Authorization", "Accept", "Origin", "Prefer"} | OWN.get(route.dialect, set())
        for headers in (instance.bearer(), []):
            values = {}
            answer = ask(
                instance,
                route,
                values,
                spoil=lambda request, more=headers: request._replace(
                    headers=request.headers + more
                ),
                documented=False,
            )
            found = fault(answer) or (names(answer) != want and f"Vary {names(answer)}")
            if found:
                wrong[f"{route.name} {answer.status}"] = found
    ok(not wrong, f"{len(ROUTES)} routes", wrong)


def own_answers():
    """Answers of nginx itself."""
    instance = shared()
    for dialect, known in DIALECTS.items():
        path = known.prefix + "/x"
        answers = {
            "too long": instance.request("GET", path + "y" * 9000),
            "a header too large": instance.raw_request(
                f"GET {path} HTTP/1.1".encode(), [b"X-Big: " + b"x" * 9000]
            ),
            "a body too large": instance.request("POST", path, b"0" * 300000),
            "malformed": instance.raw_request(f"get {path} HTTP/1.1".encode()),
            "not implemented": instance.raw_request(f"TRACE {path} HTTP/1.1".encode()),
        }
        wrong = {name: fault(answer) for name, answer in answers.items() if fault(answer)}
        ok(not wrong, f"{dialect}: nginx's own refusals", f"{wrong} {answers}")
    equal(fault(instance.request("GET", "/nowhere")), None, "an unknown address")
    document = instance.request("GET", "/v1/openapi/native.json", headers=[])
    equal(fault(document), None, "an OpenAPI document")


def tokens():
    """RFC 6749 section 5.1."""
    instance = shared()
    for name, answer in {
        "a refused login": instance.request(
            "POST", "/oauth/token", "grant_type=password&username=x&password=y", []
        ),
        "another method": instance.request("GET", "/oauth/token", headers=[], documented=False),
        "nginx's refusal": instance.request(
            "POST", "/oauth/token", b"x" * 300000, [], documented=False
        ),
    }.items():
        equal(
            (answer.headers.get_all("Cache-Control"), answer.headers.get_all("Pragma")),
            (["no-store"], ["no-cache"]),
            f"token endpoint, {name}",
        )


def conditional():
    """A client may keep an answer, and asks for the newer one."""
    instance = shared()
    task = instance.create(description="kept")
    first = instance.native("GET", "/tasks/" + task)
    equal(first.headers.get_all("Cache-Control"), ["private, no-cache"], "a task may be kept")
    again = instance.native(
        "GET", "/tasks/" + task, headers=[("If-None-Match", first.headers["ETag"])]
    )
    equal(
        (again.status, again.headers["Cache-Control"], again.headers["Vary"]),
        (304, "private, no-cache", first.headers["Vary"]),
        "304 with the same fields",
    )
    changed = instance.native(
        "PATCH",
        "/tasks/" + task,
        {"state": "running"},
        [("Content-Type", "application/merge-patch+json")],
        documented=False,
    )
    equal(changed.headers.get_all("Cache-Control"), ["no-store"], "a change is not kept")


def ending():
    shared().stop("shared instance")


run_tests(routes, own_answers, tokens, conditional, ending)
