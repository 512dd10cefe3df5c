"""Bulks: one action on all tasks that match a filter, dry runs, rights, the task of a bulk, restarts."""
import functools
import json
import time

from lib import Instance, run_tests
from native_client import is_problem
from receivers import Receivers, answers
from tap import equal, ok, until
from webhook_calls import LOOPBACK, add_hook

MANY = 6000
# An index has these tasks.
MASS = {"kind": "mass", "dialect": "native"}
ENDS = ("succeeded", "failed", "cancelled")
WAIT = ("Prefer", "wait=50")
FIELDS = {
    "native": {},
    "virtshell": {"description": "d"},
    "fourhse": {"handler": "h"},
}


class Site(Instance):
    """An instance with users of several rights and two tenants."""

    def __init__(self, **named):
        super().__init__(**named)
        self.tokens = {None: self.token}
        for name, tenant, rights in (
            ("writer", "demo", "read,write"),
            ("reader", "demo", "read"),
            ("admin", "demo", "read,admin"),
            ("foreign", "other", "read,write,admin"),
        ):
            self.ctl("user", "add", name, "--tenant", tenant, "--rights", rights)
            self.tokens[name] = self.add_token(name, name)

    def ask(self, method, path, body=None, *lines, user=None):
        return self.native(method, path, body, lines, token=self.tokens[user])

    def events_of(self, task):
        """All of one task. A page ends after a while of looking, with or without events."""
        events, place, more = [], "first", True
        while more:
            page = self.ask("GET", f"/events?after={place}&id={task}").json()
            events, place, more = events + page["items"], page["next"], page["more"]
        return events

    def bulk(self, do, *lines, user=None, **members):
        """The filter is all members but those of the request."""
        own = ("dry_run", "token", "priority") if do == "set_priority" else ("dry_run", "token")
        body = {"do": do, **{name: members.pop(name) for name in own if name in members}}
        return self.ask("POST", "/bulk", {**body, "filter": members}, *lines, user=user)

    def new(self, **members):
        answer = self.ask("POST", "/tasks", members)
        if answer.status != 201:
            raise RuntimeError(f"create: {answer}")
        return answer.json()["id"]

    def many(self, kind, count=MANY):
        for _ in range(count // 1000):
            answer = self.ask("POST", "/tasks", [{"kind": kind}] * 1000, ("Prefer", "return=minimal"))
            if answer.status != 201:
                raise RuntimeError(f"create: {answer}")

    def read(self, task):
        return self.ask("GET", f"/tasks/{task}").json()

    def total(self, query):
        return self.ask("GET", f"/tasks?limit=1&{query}").json()["total"]

    def ended(self, bulk, seconds=120):
        """The task of a bulk at its end."""
        return until(lambda: self.at_end(bulk), seconds) or self.read(bulk)

    def at_end(self, bulk):
        answer = self.ask("GET", f"/tasks/{bulk}")
        return answer.json() if answer.status == 200 and answer.json()["state"] in ENDS else None

    def run_bulk(self, do, **members):
        """The task of a bulk that has ended, and its counts: done, refused, total."""
        answer = self.bulk(do, **members)
        if answer.status != 202:
            raise RuntimeError(f"bulk {do}: {answer}")
        task = self.ended(answer.json()["id"])
        return task, counts(task)


def counts(task):
    shown = task["progress"] or {}
    return tuple(shown.get(name) for name in ("done", "refused", "total"))


shared = functools.cache(Site)


def of_all_dialects(priority, **members):
    """A task of each dialect, by its id."""
    return {
        shared().new(dialect=name, priority=priority, fields=fields, **members): name
        for name, fields in FIELDS.items()
    }


def actions():
    site = shared()
    tasks = of_all_dialects(101)
    done = site.new(priority=101, state="succeeded")
    bulk, found = site.run_bulk("cancel", priority=101)
    equal(found, (len(tasks), 1, len(tasks) + 1), "cancel: counts")
    equal((bulk["state"], bulk["result"]), ("succeeded", bulk["progress"]), "cancel: the bulk's end")
    equal({site.read(task)["state"] for task in tasks}, {"cancelled"}, "cancel: the tasks")
    equal(site.read(done)["state"], "succeeded", "cancel: not one that has ended")

    tasks = of_all_dialects(102, state="failed")
    before = site.new(priority=102)
    equal(site.run_bulk("retry", priority=102)[1], (len(tasks), 1, len(tasks) + 1), "retry: counts")
    equal({site.read(task)["state"] for task in tasks}, {"pending"}, "retry: the tasks")

    equal(site.run_bulk("archive", priority=102)[1], (len(tasks) + 1, 0, len(tasks) + 1), "archive")
    equal({site.read(task)["archived"] for task in [before, *tasks]}, {True}, "archive: the tasks")
    equal(site.run_bulk("cancel", kind="none")[1], (0, 0, 0), "no task matches")
    for name, filters, want in (("current", {}, 0), ("archived", {"archived": True}, len(tasks) + 1)):
        found = site.run_bulk("delete", priority=102, **filters)[1]
        equal(found, (want, 0, want), f"delete {name}: counts")
    equal({site.ask("GET", f"/tasks/{task}").status for task in tasks}, {404}, "delete: the tasks")


def priorities():
    site = shared()
    tasks = [site.new(kind="prio", priority=index) for index in range(5)]
    bulk, found = site.run_bulk("set_priority", priority=3, kind="prio")
    equal((bulk["state"], found[2]), ("succeeded", 5), "set_priority: ends")
    equal([site.read(task)["priority"] for task in tasks], [3] * 5, "set_priority: the tasks")
    equal(site.read(tasks[3])["revision"], 1, "one that has it already is not written")
    equal(bulk["fields"], {"do": "set_priority", "filter": {"kind": "prio"}, "priority": 3}, "fields")


def the_task():
    """The response, the history of the tasks, and what a bulk's task allows."""
    site = shared()
    tasks = [site.new(kind="shown") for _ in range(3)]
    answer = site.bulk("cancel", WAIT, kind="shown", archived=False, user="writer")
    bulk = answer.json()
    equal(answer.status, 202, "202")
    ok(answer.headers["Location"].endswith("/v1/tasks/" + bulk["id"]), "Location", answer.headers)
    equal(answer.headers["Preference-Applied"], "wait=50", "Prefer: wait")
    equal((bulk["state"], counts(bulk)), ("succeeded", (3, 0, 3)), "waits for the end")
    equal((bulk["dialect"], bulk["kind"]), ("native", "bulk"), "dialect and kind")
    equal(bulk["fields"], {"do": "cancel", "filter": {"kind": "shown"}}, "fields")
    equal(answer.headers["ETag"], f'"{bulk["revision"]}"', "ETag")
    for task in tasks:
        entry = site.ask("GET", f"/tasks/{task}/history").json()["items"][0]
        equal((entry["request_id"], entry["by"]), (bulk["id"], bulk["created_by"]), "history")
    events = site.events_of(bulk["id"])
    equal(
        [event["type"] for event in events][-1:], ["task.succeeded"], "an event tells of the end"
    )
    minimal = site.bulk("cancel", ("Prefer", "return=minimal"), kind="shown")
    equal((minimal.status, minimal.body), (202, b""), "return=minimal")
    site.ended(minimal.headers["Location"].rsplit("/", 1)[1])
    for name, change, status in (
        ("its priority", {"priority": 5}, 200),
        ("another state", {"state": "running"}, 409),
        ("another state by force", {"state": "running", "force": True}, 409),
    ):
        answer = site.ask("PATCH", f"/tasks/{bulk['id']}", change)
        equal(answer.status, status, f"one that has ended: {name}")
    equal(site.ask("POST", f"/tasks/{bulk['id']}/archive").status, 200, "an ended one is archived")
    equal(site.ask("DELETE", f"/tasks/{bulk['id']}").status, 204, "and removed")


def dry_runs():
    site = shared()
    for _ in range(4):
        site.new(kind="dry")
    shown = site.bulk("cancel", kind="dry", dry_run=True)
    equal((shown.status, list(shown.json())), (200, ["dry_run", "count", "token"]), "a dry run")
    equal((shown.json()["dry_run"], shown.json()["count"]), (True, 4), "counts")
    equal(site.total("kind=dry&state=pending"), 4, "changes nothing")
    token = shown.json()["token"]
    at = ("pointer", "/token")
    for name, answer in (
        ("another filter", site.bulk("cancel", kind="other", token=token)),
        ("another action", site.bulk("archive", kind="dry", token=token)),
        ("another user", site.bulk("cancel", kind="dry", token=token, user="writer")),
        ("another tenant", site.bulk("cancel", kind="dry", token=token, user="foreign")),
        ("a made-up one", site.bulk("cancel", kind="dry", token="abc")),
        ("a changed one", site.bulk("cancel", kind="dry", token=swapped(token))),
    ):
        ok(is_problem(answer, 422, "unprocessable", at), f"{name}: 422", answer)
    site.new(kind="dry")
    answer = site.bulk("cancel", kind="dry", token=token)
    ok(is_problem(answer, 409, "conflict", at), "another count: 409", answer)
    equal(site.total("kind=dry&state=pending"), 5, "nothing was changed")
    token = site.bulk("cancel", kind="dry", archived=False, dry_run=True).json()["token"]
    answer = site.bulk("cancel", WAIT, kind="dry", token=token)
    equal((answer.status, counts(answer.json())), (202, (5, 0, 5)), "the same again is carried out")


def swapped(token):
    last = "A" if token[-1] != "A" else "B"
    return token[:-1] + last


def refusals():
    site = shared()
    for name, body, place in (
        ("no filter", {"do": "cancel"}, "/filter"),
        ("an empty filter", {"do": "cancel", "filter": {}}, "/filter"),
        ("archived alone", {"do": "delete", "filter": {"archived": "any"}}, "/filter"),
        ("a page", {"do": "cancel", "filter": {"kind": "a", "limit": 5}}, "/filter/limit"),
        ("a wrong state", {"do": "cancel", "filter": {"state": "done"}}, "/filter/state"),
        ("no action", {"filter": {"kind": "a"}}, "/do"),
        ("no priority", {"do": "set_priority", "filter": {"kind": "a"}}, "/priority"),
        (
            "a dry run with a token",
            {"do": "cancel", "filter": {"kind": "a"}, "dry_run": True, "token": "a"},
            "/token",
        ),
        ("a long filter", {"do": "cancel", "filter": {"kind": "a" * 9000}}, "/filter"),
    ):
        answer = site.ask("POST", "/bulk", body)
        ok(is_problem(answer, 422, "unprocessable", ("pointer", place)), f"{name}: 422", answer)
    for name, answer, scope in (
        ("a bulk of a reader", site.bulk("cancel", kind="r", user="reader"), "write"),
        ("a bulk of an administrator only", site.bulk("delete", kind="r", user="admin"), "write"),
        ("delete of a writer", site.bulk("delete", kind="r", user="writer"), "admin"),
        ("a dry run of it", site.bulk("delete", kind="r", dry_run=True, user="writer"), "admin"),
    ):
        equal(answer.status, 403, f"{name}: 403")
        ok(
            f'error="insufficient_scope", scope="{scope}"' in answer.headers["WWW-Authenticate"],
            f"{name}: the missing right",
            answer.headers,
        )
    equal(site.total("kind=bulk&state=running"), 0, "no bulk was created")


def idempotency():
    site = shared()
    site.new(kind="once")
    key = ("Idempotency-Key", "bulk-1")
    first, again = (site.bulk("cancel", key, kind="once") for _ in range(2))
    equal((first.status, again.status), (202, 202), "twice: 202")
    equal(first.headers["Location"], again.headers["Location"], "the same bulk")
    waited = site.bulk("cancel", key, WAIT, kind="once")
    equal(waited.headers["Location"], first.headers["Location"], "a third one waits for it")
    equal((waited.status, waited.json()["state"]), (202, "succeeded"), "until its end")
    other = site.bulk("archive", key, kind="once")
    ok(is_problem(other, 422, "key-reused"), "another action with the key: 422", other)
    site.ended(first.json()["id"])
    dry = site.bulk("cancel", key, kind="once", dry_run=True)
    equal((dry.status, dry.json()["count"]), (200, 1), "a dry run has no key")


def tenants():
    """A bulk reaches the tasks of its tenant only."""
    site = shared()
    mine = site.new(kind="tenants")
    theirs = site.ask("POST", "/tasks", {"kind": "tenants"}, user="foreign").json()["id"]
    bulk = site.bulk("delete", WAIT, kind="tenants", user="foreign").json()
    equal(counts(bulk), (1, 0, 1), "one task")
    equal(site.ask("GET", f"/tasks/{theirs}", user="foreign").status, 404, "that of the tenant")
    equal(site.read(mine)["state"], "pending", "not that of another")
    equal(site.ask("GET", f"/tasks/{bulk['id']}").status, 404, "which does not see the bulk")
    site.stop("shared")


# ---- many tasks ----

many = functools.cache(lambda: Site(conf=LOOPBACK))


def cancelled():
    """A bulk that is cancelled leaves the rest alone; a task that is changed meanwhile is left alone."""
    site = many()
    site.many("mass")
    last = site.ask("GET", "/tasks?kind=mass&sort=-created&limit=1").json()["items"][0]["id"]
    bulk = site.bulk("set_priority", priority=7, **MASS).json()
    changed = site.ask("PATCH", f"/tasks/{last}", {"priority": 1})
    equal(changed.status, 200, "a task changes meanwhile")
    for name, answer in (
        ("removal", site.ask("DELETE", f"/tasks/{bulk['id']}")),
        ("archival", site.ask("POST", f"/tasks/{bulk['id']}/archive")),
        ("another state", site.ask("PATCH", f"/tasks/{bulk['id']}", {"state": "succeeded"})),
        ("another priority", site.ask("PATCH", f"/tasks/{bulk['id']}", {"priority": 9})),
    ):
        ok(is_problem(answer, 409, "conflict"), f"{name} of a bulk that runs: 409", answer)
    stopped = site.ask("PATCH", f"/tasks/{bulk['id']}", {"state": "cancelled"})
    equal((stopped.status, stopped.json()["state"]), (200, "cancelled"), "it is cancelled")
    done, refused, total = counts(stopped.json())
    ok(done < MANY and (refused, total) == (0, MANY), "before its end", stopped.json()["progress"])
    time.sleep(1)
    equal(counts(site.read(bulk["id"])), (done, refused, total), "the counts stay")
    equal(site.total("kind=mass&priority=7"), done, "as many tasks were changed")
    bulk, (done, refused, total) = site.run_bulk("set_priority", priority=8, **MASS)
    equal((bulk["state"], done, total), ("succeeded", MANY, MANY), "another one does all")
    bulk = site.bulk("set_priority", priority=9, **MASS).json()
    site.ask("PATCH", f"/tasks/{last}", {"priority": 2})
    bulk = site.ended(bulk["id"])
    equal(counts(bulk), (MANY - 1, 0, MANY), "a task that was changed meanwhile is left alone")
    equal(site.read(last)["priority"], 2, "it keeps its priority")


def restarts():
    """A bulk goes on after a power cut, and does no task twice."""
    site = many()
    bulk = site.bulk("set_priority", priority=20, **MASS).json()
    until(lambda: (counts(site.read(bulk["id"]))[0] or 0) > 0, 30)
    site.kill_daemon()
    site.start()
    site.wait_serving()
    bulk = site.ended(bulk["id"])
    equal(bulk["state"], "succeeded", "it ends after a restart")
    equal(site.total("kind=mass&priority=20"), MANY, "all tasks are changed")
    equal(counts(bulk), (MANY, 0, MANY), "none of them twice")


def a_bound():
    """Eight bulks of a tenant run at a time; another tenant has its own."""
    site = many()
    bulks = [site.bulk("set_priority", priority=30 + index, **MASS) for index in range(9)]
    equal([answer.status for answer in bulks[:8]], [202] * 8, "eight bulks")
    ok(is_problem(bulks[8], 409, "conflict"), "the ninth: 409", bulks[8])
    equal(site.bulk("cancel", **MASS, user="foreign").status, 202, "another tenant")
    for answer in bulks[:8]:
        site.ask("PATCH", f"/tasks/{answer.json()['id']}", {"state": "cancelled"})
    equal(site.bulk("cancel", kind="none").status, 202, "after their end: another one")


def bulks_of(receivers):
    return [json.loads(call.body)["data"]["task"]["id"] for call in receivers.of("/bulk")]


def webhook():
    site, receivers = many(), Receivers()
    add_hook(
        site,
        receivers.on("/bulk", answers(200)),
        format="standard",
        filter={"kinds": ["bulk"], "types": ["task.succeeded"]},
    )
    site.new(kind="hooked")
    bulk = site.bulk("cancel", kind="hooked").json()
    # An earlier bulk may have ended meanwhile.
    until(lambda: bulk["id"] in bulks_of(receivers), 20)
    equal(bulks_of(receivers)[-1:], [bulk["id"]], "a webhook is told of the end")
    site.stop("many")


run_tests(
    actions,
    priorities,
    the_task,
    dry_runs,
    refusals,
    idempotency,
    tenants,
    cancelled,
    restarts,
    a_bound,
    webhook,
)
