"""GET /v1/workers and POST /v1/workers/{name}/drain: who works, and who gets no more tasks."""
import functools
import json
import threading
import time
import urllib.parse

from claims_client import Worker, create
from lib import Instance, run_tests
from native_client import is_problem
from tap import equal, ok, until

HOSTILE = ["a b", "a/b", "\u00e4\u20ac", "a+b&c=d", "%41", "x" * 100, "*a", "?", "a;b", "{name}"]


class Site(Instance):
    """With users of another tenant, and of each right."""

    def __init__(self, **named):
        super().__init__(**named)
        self.tokens = {}
        for name, tenant, rights in (
            ("boss", "demo", "admin"),
            ("reader", "demo", "read"),
            ("writer", "demo", "write"),
            ("worker", "demo", "work"),
            ("foreign", "other", "read,work,write,admin"),
        ):
            self.ctl("user", "add", name, "--tenant", tenant, "--rights", rights)
            self.tokens[name] = self.add_token(name, name)

    def drain(self, name, drain=True, user="boss", **named):
        path = f"/workers/{urllib.parse.quote(name, safe='')}/drain"
        return self.native("POST", path, {"drain": drain}, token=self.tokens[user], **named)

    def seen(self, user="reader"):
        answer = self.native("GET", "/workers", token=self.tokens[user])
        if answer.status != 200:
            raise RuntimeError(f"workers: {answer}")
        return answer.json()

    def worker(self, name, user="reader"):
        found = [one for one in self.seen(user)["items"] if one["name"] == name]
        return found[0] if found else None


shared = functools.cache(Site)


def holds(shown):
    return [(one["dialect"], one["kind"], one["tasks"]) for one in shown["holds"]]


def a_list():
    site = shared()
    worker, other = Worker(site, "list-1"), Worker(site, "list-2")
    equal(site.worker("list-1"), None, "a worker that was never heard of is not in the list")
    equal(worker.claim(kinds=["none of it"]).status, 204, "a claim that finds nothing")
    shown = site.worker("list-1")
    ok(shown["first_seen_at"] == shown["last_seen_at"], "is a time", shown)
    equal((shown["tasks"], shown["holds"], shown["drain"]), (0, [], False), "without a task")
    tasks = [create(site, kind=kind) for kind in ("list-a", "list-a", "list-b")]
    claims = worker.claim(kinds=["list-a", "list-b"], max=3).json()["claims"]
    shown = site.worker("list-1")
    expected = [("native", "list-a", 2), ("native", "list-b", 1)]
    equal((shown["tasks"], holds(shown)), (3, expected), "what it has")
    first = min(worker.read(task)["started_at"] for task in tasks)
    equal(min(one["oldest_started_at"] for one in shown["holds"]), first, "and since when")
    before = shown["last_seen_at"]
    time.sleep(0.01)
    worker.report("heartbeat", claims[0])
    shown = site.worker("list-1")
    ok(shown["last_seen_at"] > before, "a report is a time, too", shown)
    before = site.worker("list-1")["last_seen_at"]
    equal(other.report("heartbeat", {**claims[0], "token": "0" * 16}).status, 409, "a wrong token")
    equal(site.worker("list-1")["last_seen_at"], before, "is none")
    for claim in claims:
        worker.report("complete", claim)
    shown = site.worker("list-1")
    equal((shown["tasks"], shown["holds"]), (0, []), "nothing is left")
    equal(site.seen("foreign")["items"], [], "another tenant sees no worker")
    answer = site.native("GET", "/workers?limit=1", token=site.tokens["reader"]).json()
    equal(len(answer["items"]), 1, "a page")
    names = [one["name"] for one in site.seen()["items"]]
    equal(names, sorted(names), "in the order of the names")


def drained():
    site = shared()
    worker, other = Worker(site, "drain-1"), Worker(site, "drain-2")
    for _ in range(4):
        create(site, kind="drain")
    claim = worker.take(kinds=["drain"])
    equal(worker.report("heartbeat", claim).json()["drain"], False, "not drained yet")
    equal(site.drain("drain-1").json(), {"name": "drain-1", "drain": True}, "drained")
    answer = worker.claim(kinds=["drain"], wait=50)
    equal((answer.status, answer.json()), (200, {"claims": [], "drain": True}), "no task, at once")
    equal(answer.headers["Retry-After"], "10", "and when it may claim again")
    equal(worker.report("heartbeat", claim).json()["drain"], True, "a heartbeat says so")
    answer = worker.report("complete", claim, claim_next=True).json()
    equal((answer["drain"], answer["claims"]), (True, []), "and a report, without a next task")
    equal(answer["task"]["state"], "succeeded", "which is accepted")
    equal(site.worker("drain-1")["drain"], True, "so does the list")
    answer = other.claim(kinds=["drain"])
    equal(answer.headers["Retry-After"], None, "a claim that gets a task need not wait")
    claim = answer.json()["claims"][0]
    equal(other.report("complete", claim).json()["drain"], False, "another worker is not drained")
    site.kill_daemon()
    site.start()
    shown = site.worker("drain-1")
    equal((shown["drain"], shown["last_seen_at"]), (True, None), "kill -9 ends times, but no drain")
    equal(worker.claim(kinds=["drain"]).json()["drain"], True, "still no task")
    equal(site.drain("drain-1", False).json()["drain"], False, "the end of it")
    equal(worker.claim(kinds=["drain"]).status, 200, "tasks again")


def everybody():
    site = Site()
    for _ in range(3):
        create(site)
    site.drain("one")
    equal(site.drain("*").json(), {"name": "*", "drain": True}, "all are drained")
    equal(Worker(site, "new").claim().json(), {"claims": [], "drain": True}, "also a new one")
    shown = site.seen()
    equal([one["drain"] for one in shown["items"]], [True, True], "as the list says")
    equal(shown["drain_all"], True, "and why")
    equal(site.drain("one", False).json()["drain"], True, "one: drained like all others")
    create_foreign = site.native("POST", "/tasks", {}, token=site.tokens["foreign"])
    equal(create_foreign.status, 201, "a task of another tenant")
    foreign = Worker(site, "new", site.tokens["foreign"])
    equal(len(foreign.claim().json()["claims"]), 1, "whose workers are not drained")
    equal(site.drain("*", False).json()["drain"], False, "the end for all")
    equal(Worker(site, "one").claim().status, 200, "tasks again")
    site.stop("everybody")


def waiting():
    """Claims and a heartbeat that wait when their worker is drained."""
    site = Site()
    answers = {}

    def claim(name):
        began = time.monotonic()
        answer = Worker(site, name).claim(wait=40)
        answers[name] = (answer.status, answer.json() if answer.body else None)
        later[name] = answer.headers["Retry-After"]
        times[name] = time.monotonic() - began

    times, later = {}, {}
    names = [f"wait-{number}" for number in range(8)]
    threads = [threading.Thread(target=claim, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    ok(until(lambda: sum(one.get("parked", 0) for one in site.status()["processes"]) == 8, 20), "all wait")
    site.drain("wait-3")
    ok(until(lambda: len(answers) == 1, 10), "the one that is drained ends", answers)
    equal(answers, {"wait-3": (200, {"claims": [], "drain": True})}, "with the reason")
    create(site)
    ok(until(lambda: len(answers) == 2, 10), "a task is given to one of the others", answers)
    site.drain("*")
    for thread in threads:
        thread.join(20)
    drained_ones = [one for one in answers.values() if one[1] and one[1].get("drain")]
    equal(len(drained_ones), 7, "all others end when all are drained")
    equal(sorted(map(str, later.values())), ["10"] * 7 + ["None"], "those may claim again later")
    ok(max(times.values()) < 35, "before their time is over", times)
    site.stop("waiting")


def commands():
    """polytaskctl worker, while the service runs and while it is stopped."""
    site, answers = Site(), []
    create(site, kind="commands")
    Worker(site, "busy").take()

    def claim():
        answers.append(Worker(site, "idle").claim(wait=40).json())

    def listed():
        lines = site.ctl("worker", "list", "--tenant", "demo", "--json").splitlines()
        return {line["name"]: line for line in map(json.loads, lines)}

    thread = threading.Thread(target=claim)
    thread.start()
    ok(until(lambda: site.worker("idle"), 20), "a claim waits")
    shown = listed()
    equal(shown["busy"]["holds"], "native/commands 1", "what a worker has")
    equal((shown["idle"]["tasks"], shown["idle"]["drain"]), ("0", None), "one without a task")
    site.ctl("worker", "drain", "idle", "--tenant", "demo")
    thread.join(20)
    equal(answers, [{"claims": [], "drain": True}], "drain ends the wait, in another process")
    site.ctl("worker", "drain", "a/../b", "--tenant", "demo")
    equal(site.worker("a/../b")["drain"], True, "a name that no address can have")
    site.stop_daemon()
    shown = listed()
    equal((shown["idle"]["drain"], shown["idle"]["last_seen"]), ("name", None), "while stopped")
    equal(shown["busy"]["tasks"], "1", "also the tasks")
    site.ctl("worker", "undrain", "idle", "--tenant", "demo")
    site.ctl("worker", "drain", "*", "--tenant", "demo")
    done = site.ctl_run("worker", "undrain", "idle", "--tenant", "demo")
    ok("all workers" in done.stderr, "undrain says that all are drained", done.stderr)
    site.start()
    equal(site.seen()["drain_all"], True, "changes made while it was stopped are seen")
    equal(site.worker("idle"), None, "and one that is neither drained nor seen is gone")
    site.stop("commands")


def names():
    site = shared()
    for name in HOSTILE:
        answer = site.drain(name)
        equal((answer.status, answer.json().get("name")), (200, name), f"{name!r}: drained")
        equal(Worker(site, name).claim().json()["drain"], True, f"{name!r}: this worker")
        equal(site.worker(name)["drain"], True, f"{name!r}: in the list")
        equal(site.drain(name, False).json()["drain"], False, f"{name!r}: ended")
    for path in ("%00", "a%00b", "%ff", "%C3", "a%0Ab", "a%7F", "x" * 101, "%2E%2E", "a%5Cb"):
        answer = site.native(
            "POST", f"/workers/{path}/drain", {"drain": True}, token=site.tokens["boss"]
        )
        equal(answer.status, 400, f"{path[:10]}: 400")
    answer = site.native("POST", "/workers//drain", {"drain": True}, token=site.tokens["boss"])
    equal(answer.status, 404, "no name: 404")
    create(site, kind="names")
    for name in ("*", "a\u009b1m", "a\x7f", "", "x" * 101):
        answer = Worker(site, name).claim(kinds=["names"])
        place = ("pointer", "/worker")
        ok(is_problem(answer, 422, "unprocessable", place), f"a claim of {name[:9]!r}: 422", answer)
    equal(site.worker("*"), None, "no worker has the name *")
    equal(len(Worker(site, "*a").take(kinds=["names"])), 4, "a longer name is one")


def rights():
    site = shared()
    for user in ("reader", "writer", "worker"):
        answer = site.drain("rights", user=user)
        ok(is_problem(answer, 403, "forbidden"), f"{user}: no right to drain", answer)
    for user in ("writer", "worker", "boss"):
        answer = site.native("GET", "/workers", token=site.tokens[user])
        ok(is_problem(answer, 403, "forbidden"), f"{user}: no right to see workers", answer)
    equal(site.worker("rights"), None, "nothing was changed")
    equal(site.drain("rights", user="foreign").status, 200, "another tenant drains its own")
    equal(site.worker("rights"), None, "which this one does not see")
    answer = site.native("GET", "/workers/rights/drain", token=site.tokens["boss"])
    equal(answer.status, 405, "GET: 405")


def a_bound():
    site = shared()
    for number in range(1000):
        if site.drain(f"bound {number}").status != 200:
            ok(False, "1000 names can be drained", number)
            break
    answer = site.drain("one more")
    ok(is_problem(answer, 409, "conflict"), "a further one: 409", answer)
    equal(site.drain("one more", user="foreign").status, 200, "another tenant has its own bound")
    equal(len(site.seen()["items"]) >= 1000, True, "they are in the list")


run_tests(a_list, drained, everybody, waiting, commands, names, rights, a_bound)
