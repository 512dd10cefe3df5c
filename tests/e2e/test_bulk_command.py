"""polytaskctl bulk: the question at a terminal, dry runs, waiting for the end, exit statuses."""
import functools
import json
import os
import re

from lib import POLYTASKCTL, Instance, run_tests
from tap import equal, ok
from terminal import Terminal

DONE = re.compile(r"^(\d+) tasks? done, (\d+) refused, (\d+) left alone$", re.M)
ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DEMO = ("--tenant", "demo")


class Site(Instance):
    def bulk(self, *words):
        return self.ctl_run("bulk", *DEMO, *words)

    def tasks(self, kind, count, **members):
        answer = self.native("POST", "/tasks", [{"kind": kind, **members}] * count)
        if answer.status != 201:
            raise RuntimeError(f"create: {answer}")

    def total(self, query):
        return self.native("GET", f"/tasks?limit=1&{query}").json()["total"]

    def terminal(self, *words):
        conf = os.path.join(self.dir, "polytask.conf")
        return Terminal([POLYTASKCTL, "-c", conf, "bulk", *DEMO, *words], columns=200)


shared = functools.cache(Site)


def done(process, name, counts, status=0):
    equal((process.returncode, process.stderr), (status, ""), f"{name}: status")
    found = DONE.fullmatch(process.stdout.strip())
    equal(found and tuple(map(int, found.groups())), counts, f"{name}: counts")


def actions():
    site = shared()
    site.tasks("a", 30)
    site.tasks("a", 2, state="succeeded")
    done(site.bulk("--kind", "a", "do", "cancel", "--yes"), "cancel", (30, 2, 0))
    done(site.bulk("--yes", "do", "retry", "--kind", "a", "--state", "cancelled"), "retry", (30, 0, 0))
    done(
        site.bulk("do", "set-priority", "--priority", "-4", "--kind", "a", "--yes"),
        "set-priority",
        (32, 0, 0),
    )
    equal(site.total("kind=a&priority=-4"), 32, "the priorities")
    done(site.bulk("do", "archive", "--filter", "priority=-4", "--yes"), "archive", (32, 0, 0))
    equal(site.total("kind=a"), 0, "no current task")
    words = ("--filter", "archived=any", "--filter", "kind=a", "--filter", "kind=b", "--yes")
    done(site.bulk("do", "delete", *words), "delete", (32, 0, 0))
    equal(site.total("kind=a&archived=any"), 0, "no task")


def dry_runs():
    site = shared()
    site.tasks("dry", 3)
    answer = site.bulk("--kind", "dry", "do", "cancel", "--dry-run")
    equal((answer.returncode, answer.stdout), (0, "3 tasks match\n"), "--dry-run")
    answer = json.loads(site.bulk("--kind", "dry", "do", "cancel", "--dry-run", "--json").stdout)
    equal((answer["dry_run"], answer["count"]), (True, 3), "--dry-run --json")
    site.tasks("single", 1)
    answer = site.bulk("--kind", "single", "do", "cancel", "--dry-run")
    equal(answer.stdout, "1 task matches\n", "one task")
    equal(site.total("kind=dry&state=pending"), 3, "nothing was changed")


def json_and_ids():
    site = shared()
    site.tasks("json", 3)
    task = json.loads(site.bulk("--kind", "json", "do", "cancel", "--yes", "--json").stdout)
    equal((task["kind"], task["state"], task["result"]["done"]), ("bulk", "succeeded", 3), "--json")
    equal(task["created_by"], "operator", "the user")
    answer = site.bulk("--kind", "json", "do", "archive", "--yes", "--no-wait")
    ok(ID.fullmatch(answer.stdout.strip()), "--no-wait: the id", answer.stdout)
    watched = site.ctl_run("task", "watch", answer.stdout.strip())
    equal(watched.returncode, 0, "which task watch takes")
    task = json.loads(site.bulk("--kind", "n", "do", "retry", "--yes", "--no-wait", "--json").stdout)
    equal(task["fields"], {"do": "retry", "filter": {"kind": "n"}}, "--no-wait --json")


def refusals():
    site = shared()
    need = "polytaskctl: without a terminal, 'bulk do' requires --yes or --dry-run\n"
    for name, words, status, text in (
        ("no --yes", ("--kind", "a", "do", "cancel"), 2, need),
        ("no filter", ("do", "cancel", "--yes"), 1, "/filter: A bulk needs a filter"),
        ("a wrong state", ("--state", "done", "do", "cancel", "--yes"), 1, "/filter/state: state must"),
        ("a wrong condition", ("--filter", "limit=5", "do", "cancel", "--yes"), 1, "/filter/limit: A filter has"),
        ("a wrong action", ("--kind", "a", "do", "purge", "--yes"), 2, "the actions are cancel"),
        ("no action", ("--kind", "a", "do", "--yes"), 2, "requires ACTION"),
        ("no do", ("--kind", "a"), 2, "the subcommands of 'bulk' are do"),
        ("an unknown tenant", ("--tenant", "none", "--kind", "a", "do", "cancel", "--yes"), 1, "none"),
    ):
        answer = site.bulk(*words)
        equal((answer.returncode, answer.stdout), (status, ""), f"{name}: status")
        ok(text in answer.stderr, f"{name}: the reason", answer.stderr)


def questions():
    site = shared()
    site.tasks("asked", 4)
    for name, keys, status, text, left in (
        ("no", "n\r", 1, "nothing was changed", 4),
        ("an empty line", "\r", 1, "nothing was changed", 4),
        ("the end of the input", "\x04", 1, "nothing was changed", 4),
        ("yes", "y\r", 0, "4 tasks done, 0 refused, 0 left alone", 0),
    ):
        terminal = site.terminal("--kind", "asked", "do", "cancel")
        ok(terminal.wait_for("cancel 4 tasks of the tenant demo? [y/N] "), f"{name}: asks", terminal.text)
        terminal.type(keys)
        equal(terminal.end(), status, f"{name}: status")
        ok(text in terminal.text, f"{name}: output", terminal.text)
        equal(site.total("kind=asked&state=pending"), left, f"{name}: the tasks")
        terminal.close()
    terminal = site.terminal("--kind", "asked", "--state", "pending", "do", "cancel")
    equal((terminal.end(), terminal.text.strip()), (0, "0 tasks match"), "no task: no question")
    terminal.close()
    site.tasks("asked", 4)
    terminal = site.terminal("--kind", "asked", "--state", "pending", "do", "cancel")
    terminal.wait_for("? [y/N] ")
    site.tasks("asked", 1)
    terminal.type("y\r")
    equal(terminal.end(), 6, "another task meanwhile: refused")
    ok("The dry run counted 4 tasks, now there are 5." in terminal.text, "the reason", terminal.text)
    equal(site.total("kind=asked&state=pending"), 5, "nothing was changed")
    terminal.close()


def cancelled():
    """A bulk that is cancelled while the command waits for it."""
    site = shared()
    for _ in range(20):
        site.tasks("many", 1000)
    terminal = site.terminal("--kind", "many", "do", "set-priority", "--priority", "3", "--yes")
    ok(terminal.wait_for("to stop it: polytaskctl task cancel "), "says how to stop it", terminal.text)
    site.ctl("task", "cancel", ID.search(terminal.text)[0])
    equal(terminal.end(), 1, "cancelled: status")
    ok("has been cancelled" in terminal.text, "and says so", terminal.text)
    found = DONE.search(terminal.text.replace("\r", ""))
    ok(found and int(found[1]) < 20000, "with its counts", terminal.text)
    terminal.close()


def without_the_service():
    site = shared()
    site.tasks("later", 5)
    site.stop_daemon()
    answer = site.bulk("--kind", "later", "do", "cancel", "--dry-run")
    equal((answer.returncode, answer.stdout), (0, "5 tasks match\n"), "a dry run")
    answer = site.bulk("--kind", "later", "do", "cancel", "--yes")
    equal((answer.returncode, answer.stdout), (3, ""), "a bulk: not yet done")
    ok("begins when the service is started" in answer.stderr, "and why", answer.stderr)
    site.start()
    site.wait_serving()
    watched = site.ctl_run("task", "watch", ID.search(answer.stderr)[0])
    equal(watched.returncode, 0, "the service carries it out")
    equal(site.total("kind=later&state=cancelled"), 5, "all tasks")
    site.stop("shared")


run_tests(
    actions,
    dry_runs,
    json_and_ids,
    refusals,
    questions,
    cancelled,
    without_the_service,
)
