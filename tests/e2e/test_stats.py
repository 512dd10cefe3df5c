"""GET /v1/stats: counts by dialect and kind, filters and pages, tenants and rights."""
import datetime
import functools
import time
import urllib.parse

from claims_client import Worker, create
from credential_states import CredentialStates
from dialects import WITH_TASKS
from lib import Instance, run_tests
from native_client import is_problem
from tap import equal, note, ok, until

shared = functools.cache(Instance)
STATES = ["pending", "running", "succeeded", "failed", "cancelled"]
KINDS = 500


class Site(Instance):
    """With the requests of each dialect's clients."""

    post_route = CredentialStates.post_route


def stats(instance, query="", token=None):
    answer = instance.native("GET", "/stats" + query, token=token)
    if answer.status != 200:
        raise RuntimeError(f"stats: {answer}")
    return answer.json()


def item(instance, kind):
    """The counts of a native kind."""
    query = urllib.parse.urlencode({"dialect": "native", "kind": kind})
    found = stats(instance, "?" + query)["items"]
    return found[0] if found else None


def workers_of(instance, query=""):
    """The names of the workers and what each holds, beside the counts."""
    shown = stats(instance, query)["workers"]
    return shown and {row["name"]: row["tasks"] for row in shown["items"]}


def by_state(shown):
    return [shown["states"][name] for name in STATES]


def lately(shown, name):
    return [shown[name][f"last_{window}"] for window in ("minute", "hour", "day")]


def a_life():
    worker = Worker(shared())
    equal(item(shared(), "life"), None, "no task, no item")
    tasks = [create(shared(), kind="life") for _ in range(4)]
    create(shared(), kind="life", not_before="2100-01-01T00:00:00Z")
    shown = item(shared(), "life")
    oldest = worker.read(tasks[0])["created_at"]
    equal(by_state(shown), [5, 0, 0, 0, 0], "pending tasks")
    equal((shown["ready"], shown["delayed"]), (4, 1), "ready ones and delayed ones")
    equal(shown["oldest_waiting_at"], oldest, "since when the oldest waits")
    claims = worker.claim(kinds=["life"], max=3).json()["claims"]
    shown = item(shared(), "life")
    equal((by_state(shown), shown["ready"]), ([2, 3, 0, 0, 0], 1), "three are claimed")
    equal(shown["oldest_waiting_at"], worker.read(tasks[3])["created_at"], "the oldest of the rest")
    equal(workers_of(shared()), {worker.name: 3}, "the worker and what it holds")
    listed = shared().native("GET", "/workers").json()
    shown = stats(shared())["workers"]
    equal(dict(shown, next=None), listed, "the workers are those of /v1/workers")
    worker.report("complete", claims[0])
    worker.report("fail", claims[1], retryable=False)
    shared().native("PATCH", f"/tasks/{tasks[2]}", {"state": "cancelled"})
    shown = item(shared(), "life")
    equal(by_state(shown), [2, 0, 1, 1, 1], "one has ended in each state")
    equal((lately(shown, "succeeded"), lately(shown, "failed")), ([1, 1, 1], [1, 1, 1]), "lately")
    shared().native("POST", f"/tasks/{tasks[0]}/archive")
    shown = item(shared(), "life")
    equal(by_state(shown), [2, 0, 0, 1, 1], "an archived task has no state here")
    equal(lately(shown, "succeeded"), [1, 1, 1], "but it has ended lately")
    shared().native("DELETE", f"/tasks/{tasks[0]}")
    equal(lately(item(shared(), "life"), "succeeded"), [0, 0, 0], "a removed one counts nowhere")
    total = shared().native("GET", "/tasks?kind=life").json()["total"]
    equal(sum(by_state(item(shared(), "life"))), total, "the sum of the states is a list's total")


def a_delay_is_no_wait():
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    task = create(shared(), kind="delayed", not_before=soon.isoformat(timespec="milliseconds"))
    ok(until(lambda: item(shared(), "delayed")["ready"] == 1, 30), "the delay ends")
    shown = item(shared(), "delayed")["oldest_waiting_at"]
    row = shared().native("GET", f"/tasks/{task}").json()
    ok(row["created_at"] < row["not_before"] <= shown, "a task waits since the end of its delay", (row, shown))


def every_dialect():
    instance = Site()
    for dialect in WITH_TASKS.values():
        dialect.create(instance)
    whole = stats(instance)
    found = {shown["dialect"] for shown in whole["items"]}
    equal(found, set(WITH_TASKS), "each dialect has its kinds")
    for name in WITH_TASKS:
        part = stats(instance, f"?dialect={name}")["items"]
        equal(part, [one for one in whole["items"] if one["dialect"] == name], f"{name}: only it")
        total = instance.native("GET", f"/tasks?dialect={name}").json()["total"]
        equal(sum(sum(by_state(one)) for one in part), total, f"{name}: as many as in the list")
    equal(by_state(whole["totals"]), [sum(one["states"][name] for one in whole["items"])
        for name in STATES], "the totals are the sums")
    ok(whole["exact"] and whole["next"] is None, "of one moment, on one page", whole)
    instance.kill_daemon()
    instance.start()
    again = stats(instance)
    equal([by_state(one) for one in again["items"]], [by_state(one) for one in whole["items"]],
        "the same after kill -9")
    instance.stop("every dialect")


def pages():
    """Many kinds: pages of them are those of one answer; no answer stops a worker for long."""
    instance = Instance()
    for number in range(KINDS):
        create(instance, kind=f"k\u00e4 / {number:03}")
    whole = stats(instance)
    equal(len(whole["items"]), KINDS, "an item for each kind")
    equal(whole["totals"]["ready"], KINDS, "and their sum")
    read, cursor = [], ""
    while cursor is not None:
        page = stats(instance, f"?limit=200{cursor and '&cursor='}{cursor}")
        read += page["items"]
        cursor = page["next"]
    equal(read, whole["items"], "pages of 200 are the same")
    cursor = stats(instance, "?limit=1")["next"]
    answer = instance.native("GET", f"/stats?cursor={cursor}&kind=a")
    ok(is_problem(answer, 400, "invalid"), "a cursor of another query: 400", answer)
    began = time.monotonic()
    stats(instance)
    note(f"{KINDS} kinds: {(time.monotonic() - began) * 1000:.0f} ms")
    instance.stop("pages")


def arrays():
    """Parameters as PHP and axios write repeated ones, as in lists."""
    instance = Site()
    for dialect in WITH_TASKS.values():
        dialect.create(instance)
    for kind in ("a", "b", "c"):
        create(instance, kind=kind)
    for written, plain in (
        ("kind[]=a", "kind=a"),
        ("kind%5B%5D=a&kind%5B%5D=b", "kind=a&kind=b"),
        ("kind[0]=a&kind[1]=c", "kind=a&kind=c"),
        ("dialect[]=native", "dialect=native"),
        ("dialect[]=native&dialect[]=idol", "dialect=native&dialect=idol"),
        ("dialect[0]=native&kind[]=a", "dialect=native&kind=a"),
    ):
        shown, listed = stats(instance, f"?{written}"), stats(instance, f"?{plain}")
        ok(shown["items"], f"{written}: items", shown)
        equal(shown["items"], listed["items"], f"{written}: as {plain}")
        total = instance.native("GET", f"/tasks?{written}").json()["total"]
        equal(sum(by_state(shown["totals"])), total, f"{written}: as many as in the list")
    for query in ("kind[x]=a", "kind[=a", "dialect[]=x", "limit[]=1&limit[]=2", "x[]=1"):
        answer = instance.native("GET", f"/stats?{query}")
        ok(is_problem(answer, 400, "invalid"), f"{query}: 400", answer)
    instance.stop("arrays")


def tenants_and_rights():
    instance = Instance()
    create(instance, kind="ours")
    tokens = {}
    instance.ctl("user", "add", "foreign", "--tenant", "other")
    tokens["foreign"] = instance.add_token("foreign", "foreign")
    for right in ("read", "write", "work", "admin"):
        instance.ctl("user", "add", right, "--tenant", "demo", "--rights", right)
        tokens[right] = instance.add_token(right, right)
    equal(stats(instance, token=tokens["foreign"])["items"], [], "another tenant counts nothing")
    equal(len(stats(instance, token=tokens["read"])["items"]), 1, "the right to read is enough")
    for right in ("write", "work", "admin"):
        answer = instance.native("GET", "/stats", token=tokens[right])
        ok(is_problem(answer, 403, "forbidden"), f"{right}: 403", answer)
    for query in ("state=pending", "kind=%00", "kind=%ff", "limit=-1", "dialect=", "cursor=*"):
        answer = instance.native("GET", f"/stats?{query}")
        equal(answer.status, 400, f"{query}: 400")
    equal(instance.native("POST", "/stats", {}).status, 405, "POST: 405")
    instance.stop("tenants and rights")


run_tests(a_life, a_delay_is_no_wait, every_dialect, pages, arrays, tenants_and_rights)
