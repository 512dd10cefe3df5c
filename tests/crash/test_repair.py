"""polytaskctl repair: a damaged page of tasks is given up, everything else works as before."""
import os
import re
import signal
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from damage import BTREE_LEAF, HASH_PAGE, every_id, exported, fill, ids_in, listed, overwrite, overwrite_all, overwrite_first
from lib import Instance, run_tests
from tap import equal, note, ok, until

EVENTS = ("bdb", "exit", "page-damaged", "page-repaired", "recover", "recovery", "stuck", "task-damaged", "task-lost", "worker")
ENDANGERED = re.compile(r"^task (\S+) of tenant demo would be lost$", re.M)
LOST = re.compile(r"^task (\S+) of tenant demo is lost$", re.M)


def damage(instance):
    other = fill(instance)
    every = every_id(instance)
    number, page = overwrite(instance, "tasks2.db", HASH_PAGE, lambda page: page.count(b"demo\0") > 3)
    lost = set(ids_in(page))
    note(f"page {number} has {len(lost)} tasks")
    return other, every, number, lost


def check_repaired(instance, every, lost, name):
    instance.verify(name)
    done = instance.ctl_run("export", "--salvage", timeout=120)
    equal((done.returncode, exported(done.stdout)), (0, (every["demo"] | every["other"]) - lost), f"{name}: salvage")
    equal(listed(instance), every["demo"] - lost, f"{name}: lists")
    equal({instance.native("GET", f"/tasks/{task}").status for task in lost}, {404}, f"{name}: lost tasks: 404")
    equal(instance.status()["store"]["damaged_pages"], 0, f"{name}: status")


def in_a_running_service():
    instance = Instance(expect=EVENTS)
    other, every, number, lost = damage(instance)
    done = instance.ctl_run("repair", timeout=120)
    ok(f"page {number} of tasks2.db: its rows will be lost" in done.stdout, "without --yes: the page", done.stdout)
    equal((done.returncode, set(ENDANGERED.findall(done.stdout))), (1, lost), "without --yes: the tasks")
    equal(instance.native("GET", f"/tasks/{min(lost)}").status, 500, "without --yes nothing is changed")
    equal(instance.native("GET", "/tasks?limit=50", token=other).status, 200, "lists of another tenant")
    done = instance.ctl_run("repair", "--yes", timeout=120)
    ok(f"page {number} of tasks2.db: emptied" in done.stdout, "the page", done.stdout + done.stderr)
    ok("make a new backup" in done.stdout, "the advice to make a new backup", done.stdout)
    equal((done.returncode, set(LOST.findall(done.stdout))), (0, lost), "the lost tasks")
    equal(len(instance.events("task-lost")), min(len(lost), 10), "the log names them")
    check_repaired(instance, every, lost, "repaired")
    new = {instance.native("POST", "/tasks", {"fields": {}}).json()["id"] for _ in range(300)}
    equal(instance.status()["recoveries"], 0, "no recovery")
    os.kill(instance.workers()[0], signal.SIGKILL)
    instance.kill_daemon()
    instance.start_daemon()
    instance.wait_ready()
    every["demo"] |= new
    check_repaired(instance, every, lost, "after kill -9")
    equal(instance.ctl("repair").strip(), "no page is damaged", "repair again")
    instance.stop("running")


def in_a_stopped_service():
    instance = Instance(expect=EVENTS)
    _, every, number, lost = damage(instance)
    instance.stop_daemon()
    os.unlink(os.path.join(instance.conf["home"], "data", "doublewrite"))
    done = instance.ctl_run("repair", timeout=120)
    equal((done.returncode, set(ENDANGERED.findall(done.stdout))), (1, lost), "without --yes: the tasks")
    done = instance.ctl_run("repair", "--yes", timeout=120)
    ok(f"page {number} of tasks2.db: emptied" in done.stdout, "the page", done.stdout + done.stderr)
    equal((done.returncode, set(LOST.findall(done.stdout))), (0, lost), "the lost tasks")
    instance.start_daemon()
    instance.wait_ready()
    check_repaired(instance, every, lost, "started again")
    instance.stop("stopped")


def with_a_damaged_index():
    instance = Instance(expect=EVENTS + ("reindex",))
    _, every, _, lost = damage(instance)
    instance.stop_daemon()
    os.unlink(os.path.join(instance.conf["home"], "data", "doublewrite"))
    overwrite(instance, "index.db", BTREE_LEAF, lambda page: page.count(b"demo\0") > 20)
    done = instance.ctl_run("repair", "--yes", timeout=120)
    equal(done.returncode, 0, f"a damaged index: one command repairs both: {done.stderr}")
    ok("lost tasks were not named" in done.stdout, "a damaged index: the names are unknown", done.stdout)
    ok("index.db: it was replaced" in done.stdout, "a damaged index: it is replaced", done.stdout)
    instance.start_daemon()
    instance.wait_ready()
    check_repaired(instance, every, lost, "a damaged index")
    instance.stop("a damaged index")


def that_a_recovery_needs():
    """Changes that are only in the log: the recovery would make them on the damaged page."""
    instance = Instance({"checkpoint_seconds": "3600"}, expect=EVENTS + ("pages-given-up", "store-panic"))
    fill(instance)
    every = every_id(instance)
    changed = sorted(every["demo"])
    for task in changed[::3]:
        instance.native("PATCH", f"/tasks/{task}", {"priority": 7})
    os.kill(instance.workers()[0], signal.SIGKILL)
    instance.kill_daemon()
    os.unlink(os.path.join(instance.conf["home"], "data", "doublewrite"))
    number, page = overwrite(instance, "tasks2.db", HASH_PAGE, lambda page: page.count(b"demo\0") > 3)
    lost = set(ids_in(page))
    done = instance.ctl_run("repair", timeout=120)
    ok(f"page {number} of tasks2.db cannot be read" in done.stderr, "without --yes the recovery fails", done.stderr)
    done = instance.ctl_run("repair", "--yes", timeout=120)
    ok(f"page {number} of tasks2.db: emptied" in done.stdout, "the page", done.stdout + done.stderr)
    equal((done.returncode, set(LOST.findall(done.stdout))), (0, lost), "the lost tasks")
    instance.start_daemon()
    instance.wait_ready()
    check_repaired(instance, every, lost, "after the recovery")
    kept = set(changed[::3]) - lost
    equal(
        {instance.native("GET", f"/tasks/{task}").json()["priority"] for task in kept},
        {7},
        "changes on other pages were recovered",
    )
    instance.stop("recovery")


def of_another_table(table, text):
    """All pages of a table that the service needs for more than one task, also to start."""
    instance = Instance(expect=EVENTS + ("reindex",))
    fill(instance)
    sent = [("Idempotency-Key", '"first"')]
    first = instance.native("POST", "/tasks", {"fields": {}}, headers=sent).json()["id"]
    instance.ctl("checkpoint")
    instance.stop_daemon()
    os.unlink(os.path.join(instance.conf["home"], "data", "doublewrite"))
    numbers = overwrite_all(instance, table)
    done = instance.ctl_run("repair", timeout=120)
    equal((done.returncode, table in done.stdout + done.stderr), (1, True), f"{table}: without --yes")
    done = instance.ctl_run("repair", "--yes", timeout=120)
    said = done.stdout + done.stderr
    ok(done.returncode == 0, f"{table}: repaired", said)
    ok(all(f"page {number} of {table}: " in said for number in numbers), f"{table}: the pages", said)
    ok(text in done.stdout, f"{table}: what may be lost", said)
    equal("make a new backup" in done.stdout, table == "meta.db", f"{table}: advice of a new backup")
    instance.start_daemon()
    instance.wait_ready()
    ok(until(lambda: instance.native("GET", "/tasks").status == 200, 30), f"{table}: lists")
    again = instance.native("POST", "/tasks", {"fields": {}}, headers=sent)
    equal(again.status, 201, f"{table}: a creation")
    equal(again.json()["id"] == first, table != "once.db", f"{table}: known keys")
    instance.verify(table)
    instance.stop(table)


def of_a_damaged_log():
    """The changes behind the damage are lost; the service goes on with the others."""
    instance = Instance(expect=EVENTS + ("changes-given-up", "unrecoverable"))
    fill(instance)
    before = every_id(instance)["demo"]
    with open(os.path.join(instance.conf["home"], "log", "synced"), "rb") as file:
        _, number, offset, _ = struct.unpack("4I", file.read())
    for _ in range(200):
        instance.native("POST", "/tasks", {"fields": {}})
    instance.kill_daemon()
    with open(os.path.join(instance.conf["home"], "log", f"log.{number:010}"), "r+b") as file:
        file.seek(offset + 50000)
        file.write(os.urandom(100))
    done = instance.ctl_run("repair", timeout=120)
    ok(done.returncode != 0 and "put the log back" in done.stderr, "without --yes: refused", done.stderr)
    done = instance.ctl_run("repair", "--yes", timeout=120)
    equal(done.returncode, 0, "given up")
    ok("the changes behind the damage are lost" in done.stdout, "what is lost", done.stdout + done.stderr)
    instance.start_daemon()
    instance.wait_ready()
    ok(before <= every_id(instance)["demo"], "tasks of before the damage")
    equal(instance.native("POST", "/tasks", {"fields": {}}).status, 201, "a creation")
    instance.kill_daemon()
    instance.start_daemon()
    instance.wait_ready()
    instance.verify("a damaged log")
    instance.stop("a damaged log")


def of_the_keys_that_a_start_needs():
    """The first page is read by each open; others by a recovery that has changes for them."""
    instance = Instance({"checkpoint_seconds": "3600"}, expect=EVENTS + ("file-set-aside", "store-panic", "unrecoverable"))
    fill(instance)
    every = every_id(instance)
    sent = [("Idempotency-Key", '"first"')]
    instance.native("POST", "/tasks", {"fields": {}}, headers=sent)
    instance.ctl("checkpoint")
    for first in (True, False):
        instance.native("POST", "/tasks", {"fields": {}}, headers=[("Idempotency-Key", f'"{first}"')])
        instance.kill_daemon()
        os.unlink(os.path.join(instance.conf["home"], "data", "doublewrite"))
        if first:
            overwrite_first(instance, "once.db")
        else:
            overwrite_all(instance, "once.db")
        done = instance.ctl_run("repair", timeout=120)
        ok(
            done.returncode != 0 and "once.db cannot be read" in done.stderr,
            f"first {first}: without --yes the open fails",
            done.stdout + done.stderr,
        )
        done = instance.ctl_run("repair", "--yes", timeout=120)
        equal(done.returncode, 0, f"first {first}: repaired")
        ok("of once.db: the table was emptied" in done.stdout, f"first {first}: the page", done.stdout + done.stderr)
        ok("is carried out again" in done.stdout, f"first {first}: what is lost", done.stdout)
        instance.start_daemon()
        instance.wait_ready()
        equal(instance.native("POST", "/tasks", {"fields": {}}, headers=sent).status, 201, f"first {first}: a creation")
        instance.ctl("checkpoint")
    equal(every_id(instance)["demo"] >= every["demo"], True, "all tasks are there")
    instance.verify("keys that a start needs")
    instance.stop("keys that a start needs")


def of_the_meta_table():
    of_another_table("meta.db", "revisions of removed tasks may be used again")


def of_the_keys():
    of_another_table("once.db", "is carried out again")


run_tests(
    in_a_running_service,
    in_a_stopped_service,
    with_a_damaged_index,
    that_a_recovery_needs,
    of_the_meta_table,
    of_the_keys,
    of_the_keys_that_a_start_needs,
    of_a_damaged_log,
)
