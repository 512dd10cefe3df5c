"""The native API: lists, their filters, orders, pages and cursors."""
import re
import time

from dialects import idol, uplynk, virtshell
from lib import run_tests
from native_client import TASKS, ask, create, is_problem, items, patch, shared
from tap import equal, ok


def lists():
    """Filters and orders of ten tasks, selected by their creation time."""
    first = create(fields={"n": 0})["created_at"]
    time.sleep(0.02)
    start = time.time()
    states = ("pending", "running", "failed")
    tasks = [create(state=states[i % 3], fields={"n": i}) for i in range(10)]
    time.sleep(0.02)
    other = shared().create(description="among them", status="failed")
    stop = ask("GET", f"{TASKS}/{other}").json()["created_at"]
    ids = [task["id"] for task in tasks]
    span = f"created_from={tasks[0]['created_at']}&created_to={stop}"
    ok(time.time() - start < 60 and first < tasks[0]["created_at"] < stop, "the selected time span")
    page = ask("GET", f"{TASKS}?{span}").json()
    equal(list(page), ["items", "total", "next"], "members of a page")
    equal(
        [t["id"] for t in page["items"]],
        ids,
        "created_from is inclusive, created_to exclusive, in order of creation",
    )
    equal((page["total"], page["next"]), (10, None), "total is 10, next is null")
    equal(page["items"][0], tasks[0], "an item equals its GET")
    equal([t["id"] for t in items(f"?{span}&sort=-created")], ids[::-1], "sort=-created")
    equal(
        [t["id"] for t in items(f"?{span}&state=pending,failed")],
        [t["id"] for t in tasks if t["state"] != "running"],
        "state=pending,failed",
    )
    states = [t["state"] for t in items(f"?{span}&sort=state")]
    equal(states, sorted(states), "sort=state: by name")
    reverse = sorted(reversed(tasks), key=lambda task: task["state"], reverse=True)
    equal(
        [t["id"] for t in items(f"?{span}&sort=-state")],
        [t["id"] for t in reverse],
        "sort=-state: by name, the newest first",
    )
    patch(tasks[3], {"priority": 1})
    equal(items(f"?{span}&sort=-updated")[0]["id"], ids[3], "sort=-updated")
    failed = [t["id"] for t in items("?state=failed&limit=500")]
    ok(other in failed and ids[2] in failed, "state=failed of all dialects")
    failed = [t["id"] for t in items("?state=failed&limit=500&dialect=native,uplynk")]
    ok(other not in failed and ids[2] in failed, "state=failed of two dialects")
    both = items("?dialect=virtshell,native&limit=500")
    equal({t["dialect"] for t in both}, {"virtshell", "native"}, "dialect=virtshell,native")
    found = items("?dialect=virtshell&status=failed&status=in+progress")
    ok(
        found and {t["status"] for t in found} <= {"failed", "in progress"},
        "two statuses of one dialect",
    )
    pages(f"?{span}", ids)
    pages(f"?{span}&sort=-created", ids[::-1])
    pages(f"?{span}&state[]=pending&state[]=running&state[2]=failed", ids)
    bad_lists()


def vionlabs_order():
    """Tasks of one item are in the order of product and version, whatever their creation."""
    for product, version in (("nudity", "2"), ("nudity", "1"), ("adbreaks", "3")):
        create(
            dialect="vionlabs",
            fields={"inventory_id": "order", "product": product, "version": version},
        )
    query = "?dialect=vionlabs&fields.inventory_id=order&sort="
    versions = [t["fields"]["version"] for t in items(query + "fields.inventory_id")]
    equal(versions, ["3", "1", "2"], "sort=fields.inventory_id")
    versions = [t["fields"]["version"] for t in items(query + "-fields.inventory_id")]
    equal(versions, ["2", "1", "3"], "sort=-fields.inventory_id")


def pages(query, ids):
    """Follows cursors while tasks change between the pages."""
    seen, cursor, totals, turns = [], "", set(), 0
    while turns < 30:
        turns += 1
        page = ask("GET", f"{TASKS}{query}&limit=3{cursor}").json()
        seen += [task["id"] for task in page["items"]]
        totals.add(page["total"])
        patch({"id": ids[turns % len(ids)]}, {"fields": {"touched": turns}})
        if not page["next"]:
            break
        cursor = "&cursor=" + page["next"]
    equal(seen, ids, f"{query[-9:]}: every task once, in order, while tasks change")
    equal(totals, {len(ids)}, "every page has the same total")
    page = ask("GET", f"{TASKS}{query}&limit=3&total=false").json()
    equal(page["total"], None, "total=false: no total")
    other = ask("GET", f"{TASKS}?limit=3").json()["next"]
    for name, address in (
        ("a cursor of another query", f"{TASKS}?state=failed&cursor={page['next']}"),
        ("a cursor of another list", f"/v1/ingest-points?cursor={other}"),
        ("a damaged cursor", f"{TASKS}{query}&cursor={page['next'][:-3]}AAA"),
        ("an invalid cursor", f"{TASKS}{query}&cursor=x"),
    ):
        answer = ask("GET", address)
        ok(is_problem(answer, 400, "invalid", ("parameter", "cursor")), f"{name}: 400", answer)


def archived():
    """An archived task is in no list of Uplynk, IDOL and VirtShell, but can be read by its id."""
    body = {"master-type": "cd", "attachable": {"type": "tracks", "id": "a"}}
    for dialect, fields, path, key in (
        ("uplynk", {"operation": "CREATE"}, uplynk.PREFIX + "/ingest-points/tasks", "id"),
        ("idol", body, idol.PREFIX + "/import-tasks", "number"),
        ("virtshell", {"description": "archived"}, virtshell.PREFIX + "/tasks", "id"),
    ):
        task = create(dialect=dialect, fields=fields)
        name = str(task[key])
        ok(f'"{name}"' in ask("GET", path).body.decode(), f"{dialect}: the list has the task")
        ask("POST", f"{TASKS}/{task['id']}/archive")
        ok(f'"{name}"' not in ask("GET", path).body.decode(), f"{dialect}: archived, not in the list")
        equal(ask("GET", f"{path}/{name}").status, 200, f"{dialect}: archived, read by its id")


def links():
    """rel="next" leads through all pages, also of large tasks; a page that is known is 304."""
    for i in range(16):
        create(fields={"linked": i, "text": "x" * (200000 if i % 2 else 10)})
    start = address = f"{TASKS}?dialect=native&limit=500"
    ids, pages = [], 0
    while address:
        answer = ask("GET", address)
        ids += [task["id"] for task in answer.json()["items"]]
        pages += 1
        known = ("If-None-Match", answer.headers["ETag"])
        equal(ask("GET", address, None, known).status, 304, f"page {pages} is known: 304")
        head = ask("HEAD", address)
        equal(head.headers["Link"], answer.headers["Link"], f"HEAD of page {pages} has its links")
        found = re.search('<https?://[^/>]*([^>]*)>; rel="next"', answer.headers["Link"])
        equal(bool(found), bool(answer.json()["next"]), f"page {pages} links to the next, if any")
        address = found and found.group(1)
    ok(pages > 1 and len(ids) == len(set(ids)), "the pages have each task once", (pages, ids))
    equal(len(ids), ask("GET", start).json()["total"], "the links lead to all tasks")


def bad_lists():
    for query, name in (
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=1&limit=1", "limit"),
        ("dialect=jira", "dialect"),
        ("state=done", "state"),
        ("archived=1", "archived"),
        ("total=yes", "total"),
        ("sort=attempt", "sort"),
        ("status=x", "status"),
        ("fields.n=1", "fields.n"),
        ("dialect=native&fields.n=1", "fields.n"),
        ("created_from=yesterday", "created_from"),
        ("page=2", "page"),
    ):
        answer = ask("GET", f"{TASKS}?{query}")
        ok(is_problem(answer, 400, "invalid", ("parameter", name)), f"?{query}: 400", answer)


def ending():
    shared().verify("native")
    shared().stop("native")


run_tests(lists, vionlabs_order, archived, links, ending)
