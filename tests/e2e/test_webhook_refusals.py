"""Requests about webhooks that are refused, with the member that is at fault."""

from lib import Instance, run_tests
from tap import equal, ok

HOOKS = "/v1/webhooks"
URL = "https://example.com/x"
JSON = ("Content-Type", "application/json")

# Bodies of a creation, and the pointer of the error.
CREATIONS = (
    ({"url": URL, "filter": {"kinds": []}}, "/filter/kinds"),
    ({"url": URL, "filter": {"dialects": ["native", "none"]}}, "/filter/dialects/1"),
    ({"url": URL, "format": "vionlabs", "filter": {"dialects": ["idol"]}}, "/filter/dialects"),
    ({"url": URL, "headers": {"X": "a", "x": "b"}}, "/headers/x"),
    ({"url": URL, "headers": {"HTTP2-Settings": "a"}}, "/headers/HTTP2-Settings"),
)
BAD_HOSTS = ("[1.2.3.4]", "[:::]", "[1:2]", "[fe80::1%25lo]", "..", "-", "a..b", ".a", "a-.b", "-a.b", "a" * 64)
GOOD_HOSTS = ("[2001:db8::1]", "[::ffff:192.0.2.1]:8443", "a.b.", "a_b.c", "x-1.example", "a" * 63, "192.0.2.1")  # fmt: skip


def send(instance, method, path, body):
    return instance.request(method, path, body, headers=instance.bearer() + [JSON])


def expect_refusal(instance, method, path, body, pointer):
    answer = send(instance, method, path, body)
    equal(answer.status, 422, f"{method} {path} {body}: 422")
    if answer.status == 422:
        equal(answer.json()["errors"][0]["pointer"], pointer, f"{body}: the pointer")


def refusals():
    instance = Instance()
    for body, pointer in CREATIONS:
        expect_refusal(instance, "POST", HOOKS, body, pointer)
    for host in BAD_HOSTS:
        expect_refusal(instance, "POST", HOOKS, {"url": f"https://{host}/"}, "/url")
    for host in GOOD_HOSTS:
        answer = send(instance, "POST", HOOKS, {"url": f"https://{host}/"})
        equal(answer.status, 201, f"{host} is accepted")
        instance.secrets.append(answer.json()["secret"])
    hook = HOOKS + "/" + answer.json()["id"]
    expect_refusal(instance, "PATCH", hook, {"format": "vionlabs"}, "/format")
    equal(send(instance, "PATCH", hook, {"format": "standard"}).status, 200, "the same format")
    own = send(instance, "POST", HOOKS, {"url": URL, "format": "vionlabs"}).json()
    equal(own["filter"]["dialects"], ["vionlabs"], "a format of own tasks has no others")
    expect_refusal(instance, "PATCH", hook, {"resume": True}, "/resume")
    expect_refusal(instance, "PATCH", hook, {"resume": True, "enabled": False}, "/resume")
    times = {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    expect_refusal(instance, "POST", hook + "/redeliver", times, "/to")
    instance.stop("refusals")


def rotations():
    """A second rotation does not end the secret that receivers still have."""
    instance = Instance()
    hook = send(instance, "POST", HOOKS, {"url": URL}).json()
    path = f"{HOOKS}/{hook['id']}/rotate-secret"
    instance.secrets.append(hook["secret"])
    for body, status in (({}, 200), ({}, 409), ({"keep_seconds": 0}, 200), ({}, 200)):
        answer = send(instance, "POST", path, body)
        equal(answer.status, status, f"{body}: {status}")
        if status == 200:
            instance.secrets.append(answer.json()["secret"])
        else:
            ok("keep_seconds" in answer.json()["detail"], "the error has a way out")
            ok("webhook" in answer.json()["title"], "the title is not about tasks", answer)
    instance.stop("rotations")


def titles():
    """Errors of webhooks are not about tasks."""
    instance = Instance()
    hook = send(instance, "POST", HOOKS, {"url": URL}).json()
    instance.secrets.append(hook["secret"])
    for path in ("018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e", f"{hook['id']}/deliveries/1"):
        answer = instance.request("GET", f"{HOOKS}/{path}", headers=instance.bearer())
        equal(answer.status, 404, f"{path}: 404")
        equal(answer.json()["title"], "There is no such webhook or delivery.", "the title")
    instance.stop("titles")


run_tests(refusals, rotations, titles)
