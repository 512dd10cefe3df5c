"""Bulks while the keeper, and the whole service, are killed: the counts are exact. Copies of a running one."""
import json
import os
import random
import signal
import time

from lib import Instance, run_tests
from tap import equal, ok, until

TASKS = 20000
KILLS = 6
CRASHES = {"exit", "recovery", "recover", "panic", "checkpoint", "shared-memory"}


def create(instance, count=TASKS):
    for _ in range(count // 1000):
        tasks = [{"kind": "mass", "state": "failed"}] * 1000
        answer = instance.native("POST", "/tasks", tasks, [("Prefer", "return=minimal")])
        if answer.status != 201:
            raise RuntimeError(f"create: {answer}")


def ask(instance, path, method="GET", body=None):
    """After a kill, nginx may have a connection whose other end is gone."""

    def answered():
        answer = instance.native(method, path, body)
        return answer if answer.status < 500 else None

    return until(answered, 30).json()


def total(instance, query):
    return ask(instance, f"/tasks?limit=1&kind=mass&{query}")["total"]


def each(instance):
    cursor = ""
    while cursor is not None:
        page = ask(instance, f"/tasks?limit=500&kind=mass&total=false{cursor}")
        yield from page["items"]
        cursor = f"&cursor={page['next']}" if page["next"] else None


def counts(task):
    shown = task["progress"] or {}
    return tuple(shown.get(name) for name in ("done", "refused", "total"))


def begin(instance, do):
    """The task of a bulk that has begun to change tasks."""
    request = {"do": do, "filter": {"kind": "mass", "state": "failed"}}
    count = ask(instance, "/bulk", "POST", {**request, "dry_run": True})
    equal(count["count"], TASKS, f"{do}: the dry run counts all")
    bulk = ask(instance, "/bulk", "POST", {**request, "token": count["token"]})["id"]
    until(lambda: total(instance, "state=pending") > 0, 30)
    return bulk


def keeper(instance):
    for process in instance.status()["processes"]:
        if process["process"] == "keeper":
            return process["pid"]
    return None


def kill_until_end(instance, bulk, kill):
    kills = 0
    while kills < KILLS and not ended(instance, bulk):
        time.sleep(random.uniform(0.05, 0.4))
        kill(instance)
        kills += 1
    return kills


def kill_keeper(instance):
    pid = keeper(instance)
    if pid:
        os.kill(pid, signal.SIGKILL)


def kill_service(instance):
    instance.kill_daemon()
    instance.start_daemon()
    instance.wait_serving()


def killed(name, kill):
    instance = Instance(expect=CRASHES)
    create(instance)
    bulk = begin(instance, "retry")
    kills = kill_until_end(instance, bulk, kill)
    ok(kills > 1, f"{name}: killed several times", kills)
    task = until(lambda: ended(instance, bulk), 60)
    equal((task["state"], counts(task)), ("succeeded", (TASKS, 0, TASKS)), f"{name}: all are done")
    equal(task["result"], task["progress"], f"{name}: the result has the counts")
    equal(total(instance, "state=pending"), TASKS, f"{name}: all begin again")
    twice = [task["id"] for task in each(instance) if task["revision"] != 2]
    ok(not twice, f"{name}: each once", twice[:5])
    instance.verify(name)
    instance.stop(name)


def killed_keepers():
    killed("keeper", kill_keeper)


def killed_services():
    killed("service", kill_service)


def cancelled_after_a_kill():
    """The counts of a cancelled bulk are those of the tasks."""
    instance = Instance(expect=CRASHES)
    create(instance)
    bulk = begin(instance, "retry")
    kill_keeper(instance)
    task = ask(instance, f"/tasks/{bulk}", "PATCH", {"state": "cancelled"})
    done = total(instance, "state=pending")
    equal(counts(task), (done, 0, TASKS), "cancelled: the counts are those of its tasks")
    ok(0 < done < TASKS, "cancelled: in the middle", done)
    instance.stop("cancelled")


def home_of(instance, name):
    """A folder for a copy of the store."""
    return os.path.join(instance.dir, name)


def expect_end(instance, bulk, name):
    task = until(lambda: ended(instance, bulk), 60)
    equal(task["state"], "succeeded", f"{name}: the bulk ends")
    equal(total(instance, "state=pending"), TASKS, f"{name}: all begin again")
    return counts(task)


def ended(instance, bulk):
    task = ask(instance, f"/tasks/{bulk}")
    return task if task["state"] != "running" else None


def copies():
    """A backup goes on with the counts; an imported bulk begins again, and knows what is left."""
    instance = Instance(expect=CRASHES)
    create(instance)
    bulk = begin(instance, "retry")
    lines = instance.ctl("export")
    instance.ctl("backup", home_of(instance, "backup"))
    exported = {json.loads(line).get("id"): json.loads(line) for line in lines.splitlines()}
    equal(exported[bulk]["is_bulk"], 1, "export: the bulk is marked")
    left = sum(
        task.get("kind") == "mass" and task["state"] == "failed" for task in exported.values()
    )
    ok(0 < left < TASKS, "export: in the middle", left)
    expect_end(instance, bulk, "original")
    instance.stop("original")

    instance.ctl("restore", home_of(instance, "backup"), "--home", home_of(instance, "restored"))
    restored = Instance(autostart=False, store=home_of(instance, "restored"))
    restored.token, restored.secrets = instance.token, instance.secrets
    restored.start()
    equal(expect_end(restored, bulk, "restored"), (TASKS, 0, TASKS), "restored: exact counts")
    restored.verify("restored")
    restored.stop("restored")

    imported = Instance(autostart=False)
    imported.make_principal()
    imported.ctl("import", stdin=lines)
    imported.start()
    equal(expect_end(imported, bulk, "imported"), (left, 0, left), "imported: what was left")
    imported.verify("imported")
    imported.stop("imported")


if __name__ == "__main__":
    run_tests(killed_keepers, killed_services, cancelled_after_a_kill, copies)
