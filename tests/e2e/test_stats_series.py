"""GET /v1/stats/series: counts by time, compared with the tasks; limits, tenants and rights."""
import datetime
import functools
import itertools
import threading
import time
import urllib.parse

from claims_client import Worker, create, seconds
from credential_states import CredentialStates
from dialects import WITH_TASKS
from lib import Instance, run_tests
from native_client import is_problem
from tap import equal, note, ok

shared = functools.cache(Instance)
EVENTS = ("created", "succeeded", "failed", "cancelled")
KINDS = 300


class Site(Instance):
    """With the requests of each dialect's clients."""

    post_route = CredentialStates.post_route


def series(instance, token=None, **params):
    answer = instance.native("GET", "/stats/series?" + urllib.parse.urlencode(params), token=token)
    if answer.status != 200:
        raise RuntimeError(f"series: {answer}")
    return answer.json()


def sums(shown, dialect="native"):
    """The sum of each array of a dialect; all 0 if it is not there."""
    rows = [row for row in shown["items"] if row["dialect"] == dialect] or [{}]
    return tuple(sum(rows[0].get(event, ())) for event in EVENTS)


def counted(instance, shown, dialect):
    """The item of the dialect, made of its tasks."""
    start, step = seconds(shown["from"]), shown["step_seconds"]
    steps = round((seconds(shown["to"]) - start) / step)
    item = {"dialect": dialect, **{event: [0] * steps for event in EVENTS}}
    path = f"/tasks?dialect={dialect}&archived=any&limit=500"
    for task in instance.native("GET", path).json()["items"]:
        times = {"created": task["created_at"], task["state"]: task["finished_at"]}
        for event, at in times.items():
            place = int((seconds(at) - start) // step) if at else -1
            if event in EVENTS and 0 <= place < steps:
                item[event][place] += 1
    return item


def a_life():
    worker = Worker(shared())
    equal(series(shared())["items"], [], "a tenant without tasks has no items")
    for number in range(6):
        create(shared(), kind=f"kind {number % 2}")
    equal(sums(series(shared())), (6, 0, 0, 0), "tasks were created")
    claims = [worker.take() for _ in range(4)]
    ids = [claim["task"]["id"] for claim in claims]
    worker.report("complete", claims[0])
    worker.report("complete", claims[1])
    worker.report("fail", claims[2], retryable=False)
    answer = shared().native("PATCH", f"/tasks/{ids[3]}", {"state": "cancelled"})
    equal((answer.status, sums(series(shared()))), (200, (6, 2, 1, 1)), "some have ended")
    for task in ids:
        shared().native("POST", f"/tasks/{task}/archive")
    equal(sums(series(shared())), (6, 2, 1, 1), "archived tasks count")
    shared().native("DELETE", f"/tasks/{ids[0]}")
    shared().native("DELETE", f"/tasks/{ids[3]}")
    equal(sums(series(shared())), (4, 1, 1, 0), "removed ones do not")
    answer = shared().native("PATCH", f"/tasks/{ids[2]}", {"archived": False, "state": "pending"})
    equal((answer.status, sums(series(shared()))), (200, (4, 1, 0, 0)), "one begins again")


def every_dialect():
    """Each step of each dialect has as many tasks as a list shows; also after kill -9."""
    instance = Site()
    for turn in range(3):
        for dialect in WITH_TASKS.values():
            dialect.create(instance)
        for task in instance.native("GET", "/tasks?limit=500").json()["items"][turn::3]:
            state = ("succeeded", "failed", "cancelled")[turn]
            instance.native("PATCH", f"/tasks/{task['id']}", {"state": state})
        time.sleep(1.1)
    shown = series(instance, step=1)
    equal({row["dialect"] for row in shown["items"]}, set(WITH_TASKS), "each dialect has an item")
    for row in shown["items"]:
        equal(row, counted(instance, shown, row["dialect"]), f"{row['dialect']}: as its tasks")
    ok(sum(map(sum, (row["failed"] for row in shown["items"]))) > 0, "some have failed", shown)
    ok(shown["exact"], "of one moment")
    again = {"from": shown["from"], "to": shown["to"], "step": 1}
    equal(series(instance, **again)["items"], shown["items"], "the same times, the same numbers")
    for name in WITH_TASKS:
        rows = series(instance, dialect=name, **again)["items"]
        equal(rows, [row for row in shown["items"] if row["dialect"] == name], f"only {name}")
    instance.kill_daemon()
    instance.start()
    equal(series(instance, **again)["items"], shown["items"], "the same after kill -9")
    instance.stop("every dialect")


def steps():
    now = datetime.datetime.now(datetime.timezone.utc)
    for step in (1, 10, 60, 300, 600, 3600, 21600, 86400):
        shown = series(shared(), step=step)
        start, end = seconds(shown["from"]), seconds(shown["to"])
        equal((start % step, end - start), (0, 60 * step), f"{step} s: 60 whole steps")
        ok(end - step <= seconds(shown["at"]) <= end, f"{step} s: the last one is now", shown["at"])
    whole = now.replace(microsecond=0)
    times = {"from": (whole - datetime.timedelta(seconds=200)).isoformat(), "to": whole.isoformat()}
    equal(len(series(shared(), step=1, **times)["items"][0]["created"]), 200, "200 steps")
    for params, where in (
        ({"from": (now - datetime.timedelta(days=1)).isoformat()}, "step"),
        ({"from": (now + datetime.timedelta(days=1)).isoformat()}, "from"),
        ({"step": "30"}, "step"),
        ({"to": "now"}, "to"),
        ({"limit": "1"}, "limit"),
    ):
        answer = shared().native("GET", "/stats/series?" + urllib.parse.urlencode(params))
        ok(is_problem(answer, 400, "invalid", ("parameter", where)), f"{params}: 400", answer)
    for query in ("from=%00", "to=%ff", "step=-1", "step=", "dialect=x", "from[]=1", "step=60&step=60"):
        answer = shared().native("GET", f"/stats/series?{query}")
        equal(answer.status, 400, f"{query}: 400")
    equal(shared().native("POST", "/stats/series", {}).status, 405, "POST: 405")
    equal(shared().native("GET", "/stats/series/x").status, 404, "below it: 404")


def many_kinds():
    """The tasks of all kinds are summed up; no response takes long."""
    instance = Instance()
    batch = [{"kind": f"k\u00e4 / {number:03}"} for number in range(KINDS)]
    equal(instance.native("POST", "/tasks", batch).status, 201, "a task of each kind")
    for task in instance.native("GET", f"/tasks?limit={KINDS}").json()["items"][::2]:
        instance.native("PATCH", f"/tasks/{task['id']}", {"state": "failed"})
    began = time.monotonic()
    shown = series(instance, step=10)
    note(f"{KINDS} kinds: {(time.monotonic() - began) * 1000:.0f} ms")
    equal(shown["items"], [counted(instance, shown, "native")], "as the tasks")
    instance.stop("many kinds")


def one_moment():
    """Tasks move to the archive and back meanwhile: an exact response has each of them once."""
    instance, stop = Instance(), threading.Event()
    batch = [{"kind": f"k{number}", "state": "succeeded"} for number in range(150)]
    instance.native("POST", "/tasks", batch)
    tasks = [task["id"] for task in instance.native("GET", "/tasks?limit=150").json()["items"]]

    def move():
        for archived in itertools.cycle((True, False)):
            for task in tasks:
                instance.native("PATCH", f"/tasks/{task}", {"archived": archived})
                if stop.is_set():
                    return

    mover = threading.Thread(target=move)
    mover.start()
    responses = [series(instance, step=3600) for _ in range(200)]
    stop.set()
    mover.join()
    responses.append(series(instance, step=3600))
    exact = [sums(shown) for shown in responses if shown["exact"]]
    note(f"{len(exact)} of {len(responses)} responses are of one moment")
    equal(set(exact), {(150, 150, 0, 0)}, "each exact response has each task once")
    instance.stop("one moment")


def tenants_and_rights():
    instance = Instance()
    create(instance, kind="ours")
    tokens = {}
    instance.ctl("user", "add", "foreign", "--tenant", "other")
    tokens["foreign"] = instance.add_token("foreign", "foreign")
    for right in ("read", "write", "work", "admin"):
        instance.ctl("user", "add", right, "--tenant", "demo", "--rights", right)
        tokens[right] = instance.add_token(right, right)
    equal(series(instance, token=tokens["foreign"])["items"], [], "another tenant counts nothing")
    shown = series(instance, token=tokens["read"])
    equal(sums(shown), (1, 0, 0, 0), "the right to read is enough")
    for right in ("write", "work", "admin"):
        answer = instance.native("GET", "/stats/series", token=tokens[right])
        ok(is_problem(answer, 403, "forbidden"), f"{right}: 403", answer)
    instance.stop("tenants and rights")


run_tests(a_life, every_dialect, steps, many_kinds, one_moment, tenants_and_rights)
