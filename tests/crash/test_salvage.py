"""What reads all tasks, with damaged pages of the tasks, of the index and of the usage."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from damage import BTREE_LEAF, HASH_PAGE, PAGE, every_id, exported, fill, ids_in, listed, overwrite
from lib import Instance, run_tests
from tap import equal, note, ok, until

EVENTS = (
    "bdb", "exit", "index-left-out", "keeper", "page-damaged", "recover", "recovery", "reindex", "stuck",
    "store-lost", "task-damaged", "usage", "worker",
)  # fmt: skip
MORE_TASKS = 5000


def damaged_instance():
    """8,000 tasks; returns the ids by tenant, and those on the damaged page."""
    instance = Instance(expect=EVENTS)
    instance.ctl("load-sample", str(MORE_TASKS), "--tenant", "demo", "--dialect", "native")
    fill(instance)
    every = every_id(instance)
    number, page = overwrite(instance, "tasks2.db", HASH_PAGE, lambda page: page.count(b"demo\0") > 3)
    lost = set(ids_in(page))
    note(f"page {number} has {len(lost)} tasks")
    return instance, every, lost


def check_salvage(instance, every, lost, name, all_named=True):
    done = instance.ctl_run("export", "--salvage", timeout=120)
    equal((done.returncode, every - exported(done.stdout)), (1, lost), f"{name}: every other task")
    if all_named:
        ok(all(task in done.stderr for task in lost), f"{name}: names the lost tasks", done.stderr)
    equal("are not known" not in done.stderr, all_named, f"{name}: says whether it names all")


def damage_index(instance):
    with open(os.path.join(instance.conf["home"], "data", "index.db"), "r+b") as file:
        pages = file.read()
        for number in range(2, len(pages) // PAGE):
            if pages[number * PAGE + 25] == BTREE_LEAF:
                file.seek(number * PAGE + PAGE // 2)
                file.write(os.urandom(PAGE // 4))


def salvage():
    instance, ids, lost = damaged_instance()
    every, demo = ids["demo"] | ids["other"], ids["demo"]
    check_salvage(instance, every, lost, "running")
    equal(instance.status()["recoveries"], 0, "running: no recovery")
    done = instance.ctl_run("export")
    ok(done.returncode == 1 and "export --salvage" in done.stderr, "export names --salvage", done.stderr)
    equal(done.stdout, "", "export prints nothing")
    done = instance.ctl_run("quota", "recount")
    ok(done.returncode == 1 and "no count was changed" in done.stderr, "recount is refused", done.stderr)
    done = instance.ctl_run("backup", os.path.join(instance.dir, "backup"), timeout=120)
    ok(done.returncode == 1 and "damaged" in done.stderr, "backup is refused", done.stderr)
    instance.stop_daemon()
    check_salvage(instance, every, lost, "stopped")
    damage_index(instance)
    check_salvage(instance, every, lost, "damaged index", all_named=False)
    instance.start_daemon()
    instance.wait_ready()
    # The start, or the first list, replaces the index.
    until(lambda: instance.native("GET", "/tasks?limit=500").status == 200, 60, 0.1)
    until(lambda: instance.status()["store"]["index"] == "complete", 60, 0.1)
    status = instance.status()["store"]
    equal((status["index"], status["index_left_out"]), ("complete", 1), "the index is built without the page")
    equal(listed(instance), demo - lost, "lists have all others")
    check_salvage(instance, every, lost, "new index", all_named=False)
    instance.stop("salvage")


def usage():
    instance = Instance(expect=EVENTS)
    instance.ctl("quota", "set", "other", "--tasks", "1000")
    other = fill(instance)
    before = instance.ctl("quota", "list")
    with open(os.path.join(instance.conf["home"], "data", "usage.db"), "r+b") as file:
        file.seek(PAGE + PAGE // 2)
        file.write(os.urandom(PAGE // 4))
    done = instance.ctl_run("verify")
    ok("page 1 of usage.db" in done.stdout, "verify names the page", done.stdout)
    ok(until(lambda: instance.status()["recoveries"] == 1, 30, 0.1), "one recovery")
    instance.wait_ready()
    equal(instance.ctl("quota", "list"), before, "usage and quotas are as before")
    equal(instance.native("POST", "/tasks", {"fields": {}}, token=other).status, 201, "creations of the tenant")
    instance.verify("usage")
    equal(instance.status()["recoveries"], 1, "no other recovery")
    instance.stop("usage")


run_tests(salvage, usage)
