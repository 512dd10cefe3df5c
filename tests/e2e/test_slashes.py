"""Doubled and encoded slashes in the addresses of every dialect and of nginx's own pages."""
import functools
import json
import re

from dialects import native, uplynk, vionlabs, virtshell
from lib import Instance, run_tests
from tap import equal, ok

shared = functools.cache(Instance)


def merged_slashes():
    """Only IDOL takes several slashes for one, and a signature covers them as sent."""
    instance = shared()
    track = {"data": {"type": "tracks", "id": "1"}}
    new = {
        "type": "import-tasks",
        "attributes": {"master-type": "hd"},
        "relationships": {"attachable": track},
    }
    body = json.dumps({"data": new})
    head = instance.bearer() + [("Content-Type", "application/vnd.api+json")]
    made = instance.request("POST", "/api//v2///import-tasks", body, head, documented=False)
    equal(made.status, 201, "IDOL: POST with empty segments: 201")
    number = made.json()["data"]["id"]
    links = {link for link in re.findall(rb'"https://[^"]*"', made.body) if b"//api//" in link}
    equal(links, set(), "IDOL: links have none")
    for path in (f"//api/v2/import-tasks/{number}", f"/api/v2/import-tasks//{number}//"):
        answer = instance.request("GET", path, documented=False)
        equal(answer.status, 200, f"IDOL: {path}: 200")
    for name, path in (
        ("Vionlabs", vionlabs.PREFIX + "//x"),
        ("Uplynk", uplynk.PREFIX + "//ingest-points"),
        ("4HSE", "/v2//task/index"),
        ("native", native.PREFIX + "//tasks"),
        ("VirtShell", "/api//virtshell/v1/tasks"),
    ):
        equal(instance.request("GET", path, documented=False).status, 404, f"{name}: {path}: 404")
        answer = instance.request("GET", path, headers=[], documented=False)
        ok(answer.status in (401, 403), f"{name}: without a credential: 401 or 403", answer)
    path = "/api//virtshell/v1/tasks"
    answer = instance.request("GET", path, headers=instance.sign("GET", path), documented=False)
    equal(answer.status, 404, "a signature of the address as sent is valid")
    lines = instance.sign("GET", virtshell.PREFIX + "/tasks")
    answer = instance.request("GET", path, headers=lines, documented=False)
    equal(answer.status, 403, "one of the address with single slashes is not")


def public_addresses():
    """nginx merges slashes and decodes %2F before it selects a public page."""
    instance = shared()
    for path in (
        "/v1//",
        "//v1",
        "/v1/%2f",
        "/v1//openapi",
        "/v1/openapi//",
        "/v1/openapi//native.json",
        "/v1/openapi/%2Fnative.json",
        "/v1%2Fopenapi/native.json",
        "//.well-known/api-catalog",
        "/v1//problems",
        "/v1/problems//",
        "/v1/problems//malformed",
        "/v1%2fproblems",
    ):
        answer = instance.raw_request(f"GET {path}?a=//%2F HTTP/1.1".encode(), [])
        equal(
            (answer.status, answer.headers["Content-Type"]),
            (404, "application/problem+json"),
            f"{path}: 404",
        )
    for path in ("/v1", "/v1/", "/v1/openapi/native.json", "/v1/problems/malformed"):
        answer = instance.raw_request(f"GET {path}?a=//%2F HTTP/1.1".encode(), [])
        equal(answer.status, 200, f"{path}: 200, whatever the query")
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    for path, status in (
        ("/oauth2/token", 400),
        ("/oauth2//token", 404),
        ("/oauth2%2Ftoken", 404),
        ("/realms/4hse//protocol/openid-connect/token", 404),
        ("//oauth2/revoke", 404),
        ("/v1/token", 400),
        ("/v1/token/", 400),
        ("/v1//token", 404),
        ("/v1%2Ftoken", 404),
        ("/oauth/token", 400),
        ("/oauth//token/", 400),
        ("//oauth/token//", 400),
    ):
        answer = instance.request("POST", path, "grant_type=x", form, documented=False)
        equal(answer.status, status, f"token address {path}: {status}")


def ending():
    shared().verify("after the requests")
    shared().stop("shared instance")


run_tests(merged_slashes, public_addresses, ending)
