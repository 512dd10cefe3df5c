"""The pages of every list of the native API: their links, and parameters that are arrays."""
import functools
import re

from claims_client import Worker, create
from dialects import uplynk
from lib import Instance, run_tests
from native_client import is_problem
from tap import equal, ok

shared = functools.cache(Instance)


def links(answer):
    """The links of a page: absolute addresses by relation."""
    found = dict(
        (relation, address)
        for address, relation in re.findall('<([^>]*)>; rel="([^"]*)"', answer.headers["Link"])
    )
    equal(found.pop("service-desc"), "/v1/openapi/native.json", "service-desc")
    return found


def follow(name, path, place, key, count):
    """Follows rel="next" from the first page, and compares it with the members of each page."""
    instance, seen, number = shared(), [], 0
    start = first = instance.native("GET", path)
    answer, address = start, path
    while True:
        number += 1
        page, found = answer.json(), links(answer)
        seen += [key(item) for item in page["items"]]
        more = page.get("more", page["next"] is not None)
        equal("next" in found, more, f"{name}: page {number} has a next one, or not")
        equal("first" in found, number > 1, f"{name}: page {number} leads to the first, or not")
        head = instance.native("HEAD", address)
        equal(head.headers["Link"], answer.headers["Link"], f"{name}: HEAD of page {number}")
        if "first" in found:
            first = instance.request("GET", strip(instance, found["first"]))
            ok(f"{place}=" not in found["first"], f"{name}: the first one has no {place}", found)
            equal(
                [key(item) for item in first.json()["items"]],
                [key(item) for item in start.json()["items"]],
                f"{name}: the first page",
            )
        if "next" not in found:
            break
        ok(f"{place}={page['next']}" in found["next"], f"{name}: next is that of the page", found)
        address = strip(instance, found["next"]).removeprefix("/v1")
        answer = instance.native("GET", address)
    equal(len(seen), count, f"{name}: the links lead to all")
    equal(len(set(seen)), count, f"{name}: to each once")
    ok(number > 1, f"{name}: several pages", number)


def strip(instance, address):
    """The path of an absolute address of this service."""
    base = f"https://{instance.host}"
    ok(address.startswith(base + "/"), f"{address} is absolute")
    return address.removeprefix(base)


def pages():
    instance = shared()
    tasks = [create(instance, kind=f"kind & {i}") for i in range(5)]
    for i in range(5):
        Worker(instance, f"worker {i}").take(kinds=[f"kind & {i}"])
    point = {"endpoint_name": "x", "server_region_id": "r", "stream_type_name": "SRT"}
    for _ in range(3):
        instance.request("POST", f"{uplynk.PREFIX}/slicers/ingest-points", point)
    for number in range(4):
        instance.native("PATCH", f"/tasks/{tasks[0]}", {"priority": number})
    kinds = "&".join(f"kind[]=kind+%26+{i}" for i in range(5))
    for name, path, place, key, count in (
        ("tasks", f"/tasks?limit=2&dialect[]=native&{kinds}", "cursor", "id", 5),
        ("points", "/ingest-points?limit=2", "cursor", "id", 3),
        ("stats", f"/stats?limit=2&{kinds}", "cursor", "kind", 5),
        ("workers", "/workers?limit=2", "cursor", "name", 5),
        ("history", f"/tasks/{tasks[0]}/history?limit=2", "before", "revision", 6),
        ("events", f"/events?limit=2&type[]=task.created&{kinds}", "after", "id", 5),
    ):
        follow(name, path, place, lambda item, key=key: item[key], count)


def streams():
    """A stream is no page."""
    instance = shared()
    accept = [("Accept", "text/event-stream")]
    answer = instance.native("HEAD", "/events", headers=accept)
    equal((answer.status, answer.headers["Link"]), (200, None), "a stream has no links")


def arrays():
    """A parameter that may be repeated takes both forms, in every list."""
    instance = shared()
    ids = [create(instance, kind="array") for _ in range(3)]
    for name, path, count in (
        ("tasks: kind[]", "/tasks?kind[]=array&kind[]=none", 3),
        ("tasks: fields.x[]", "/tasks?dialect[0]=vionlabs&fields.inventory_id[]=none", 0),
        ("stats: kind[0]", "/stats?kind[0]=array&dialect[]=native", 1),
        ("events: id[]", f"/events?id[]={ids[0]}&id[]={ids[1]}", 2),
        ("events: id[1]", f"/events?id[1]={ids[0]},{ids[2]}", 2),
        ("events: type[]", "/events?type[]=task.created&type[]=task.removed&kind[]=array", 3),
        ("events: encoded", "/events?type%5B%5D=task.created&kind%5B7%5D=array", 3),
    ):
        answer = instance.native("GET", path)
        equal((answer.status, len(answer.json()["items"])), (200, count), name)
    for path, name in (
        ("/tasks?limit[]=1", "limit[]"),
        ("/events?limit[0]=1", "limit[0]"),
        ("/events?type[x]=task.created", "type[x]"),
        ("/events?type[=task.created", "type["),
        ("/stats?limit[]=1", "limit[]"),
        ("/workers?cursor[]=1", "cursor[]"),
        (f"/tasks/{ids[0]}/history?before[]=1", "before[]"),
    ):
        answer = instance.native("GET", path)
        ok(is_problem(answer, 400, "invalid", ("parameter", name)), f"{path}: 400", answer)


def ending():
    shared().verify("after the requests")
    shared().stop("shared instance")


run_tests(pages, streams, arrays, ending)
