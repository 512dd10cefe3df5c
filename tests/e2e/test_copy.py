"""polytaskctl copy: a store moves from files to a PostgreSQL server and back, and its clients notice nothing."""
import glob
import json
import os
import signal
import subprocess
import time

import postgresql
from lib import POLYTASKCTL, Instance, run_tests
from tap import equal, ok, skip, until
from webhook_calls import LOOPBACK, add_hook, ask, deliveries

DIALECTS = ("virtshell", "vionlabs", "uplynk", "fourhse", "idol", "native")
EVENTS = "/v1/events"
JSON = ("Content-Type", "application/json")
MERGE = ("Content-Type", "application/merge-patch+json")
# A start that is refused, and the end of a service that was stopped while it waits.
TROUBLE = ("unrecoverable", "exit", "recover", "store-away")


def has_server():
    why = postgresql.lack()
    if why:
        skip("copies", why)
    return why is None


def copy(instance, source, target):
    return instance.ctl_run("copy", "--from", source, "--to", target, timeout=280)


def move_to(instance, **conf):
    """The same service with another store."""
    instance.conf.pop("store", None)
    instance.conf.update(conf)
    instance.write_conf()


def change(instance, task, body):
    headers = [*instance.bearer(), MERGE]
    return instance.request("PATCH", f"/v1/tasks/{task}", body, headers=headers, documented=False)


def create_once(instance, key, **members):
    headers = [*instance.bearer(), JSON, ("Idempotency-Key", key)]
    answer = instance.request("POST", "/v1/tasks", members, headers=headers, documented=False)
    return answer.status, answer.json()["id"]


def read_events(instance, place):
    """All events behind a place, and the place of the end."""
    seen = []
    while True:
        answer = ask(instance, "GET", f"{EVENTS}?after={place}&limit=100")
        seen += answer["items"]
        place = answer["next"]
        if not answer["more"]:
            return seen, place


def answers(instance):
    """What clients and the operator see of the store."""
    listed, query = [], "?limit=100&sort=created&total=true"
    while query:
        page = ask(instance, "GET", "/v1/tasks" + query)
        listed += page["items"]
        query = f"?limit=100&sort=created&cursor={page['next']}" if page.get("next") else None
    seen = {"tasks": listed}
    for task in listed[::40]:
        seen[task["id"]] = ask(instance, "GET", f"/v1/tasks/{task['id']}/history")
    stats = ask(instance, "GET", "/v1/stats")
    seen["/v1/stats"] = [[row[name] for name in ("dialect", "kind", "states", "ready")] for row in stats["items"]]
    for path in ("/v1/webhooks", "/v1/workers", "/v1/me"):
        seen[path] = ask(instance, "GET", path)
    seen["virtshell"] = instance.get("/tasks/", timeout=60).json()
    for words in ("user list", "token list", "key list", "quota list", "number list"):
        done = instance.ctl_run(*words.split(), "--noheadings")
        seen[words] = sorted(done.stdout.splitlines()) or done.stderr
    return seen


def same(before, after, name):
    for part in before:
        equal(after.get(part), before[part], f"{name}: {part}")


def fill(instance):
    for dialect in DIALECTS:
        instance.ctl("load-sample", "60", "--tenant", "demo", "--dialect", dialect)
    instance.ctl("quota", "set", "demo", "--tasks", "100000")
    instance.ctl("user", "add", "reader", "--tenant", "demo", "--rights", "read")
    instance.start()


def round_trip():
    """Files to a server and back to files: the same answers, feeds and webhooks that go on."""
    if not has_server():
        return
    server = postgresql.Server()
    instance = Instance(autostart=False, conf=LOOPBACK, expect=TROUBLE)
    instance.make_principal()
    fill(instance)
    home = instance.conf["home"]
    first = ask(instance, "GET", EVENTS + "?after=now")["next"]
    hook = add_hook(instance, "http://127.0.0.1:9/", format="standard", filter={"types": ["task.created"]}, enabled=False)
    kept = create_once(instance, "key one", kind="kept")
    equal(kept[0], 201, "a task with an Idempotency-Key")
    for n in range(30):
        change(instance, kept[1], {"priority": n + 1})
    middle = ask(instance, "GET", f"{EVENTS}?after={first}&limit=10")["next"]
    events, last = read_events(instance, middle)
    ok(len(events) > 15, "there are events behind the place in the middle", len(events))

    done = copy(instance, home, server.url)
    ok(done.returncode == 75 and done.stderr.startswith("polytaskctl: "), "refused beside the service", done)
    before = answers(instance)
    instance.stop_daemon()
    move_to(instance, store=server.url)
    equal(instance.ctl_run("store", "init").returncode, 0, "store init")
    done = copy(instance, home, server.url)
    equal(done.returncode, 0, "files to server")
    ok("rows copied\n" in done.stdout and f"tasks in {server.url}" in done.stdout, "it says what was done", done)

    for name, there, back in (
        ("on the server", {"store": server.url}, os.path.join(instance.dir, "second")),
        ("in files again", {"home": os.path.join(instance.dir, "second")}, None),
    ):
        move_to(instance, **there)
        instance.start()
        instance.wait_serving()
        same(before, answers(instance), name)
        equal(create_once(instance, "key one", kind="kept")[1], kept[1], f"{name}: the key is known")
        equal(read_events(instance, middle), (events, last), f"{name}: the feed goes on, without gap or repeat")
        equal(read_events(instance, last)[0], [], f"{name}: none behind its end")
        change(instance, kept[1], {"priority": 100 + len(name)})
        more, end = read_events(instance, last)
        equal([(e["event"], e["task_id"]) for e in more], [("changed", kept[1])], f"{name}: then the new one")
        events, last = events + more, end
        fresh = create_once(instance, name, kind="new")
        equal(fresh[0], 201, f"{name}: a new task")
        more, last = read_events(instance, last)
        events += more
        equal(instance.ctl_run("verify", timeout=120).returncode, 0, f"{name}: verify")
        if back:
            done = copy(instance, server.url, back)
            ok(done.returncode == 75 and "stop its service" in done.stderr, "refused while a host runs", done)
            before = answers(instance)
            instance.stop_daemon()
            done = copy(instance, server.url, back)
            equal(done.returncode, 0, "server to files")
            ok(not [n for n in os.listdir(back) if n.startswith("__db")], "no shared memory is left", os.listdir(back))
    instance.ctl("webhook", "enable", hook["id"], "--tenant", "demo", "--resume")
    count = 1 + sum(event["type"] == "task.created" for event in events)
    ok(until(lambda: len(deliveries(instance, hook)) == count, 20), "a webhook is told of the whole time", count)
    instance.stop("round trip")


def start_copy(instance, source, target):
    return subprocess.Popen(
        [POLYTASKCTL, "-c", os.path.join(instance.dir, "polytask.conf"), "copy", "--from", source, "--to", target],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rows_of(server):
    try:
        return int(server.ask('SELECT count(*) FROM polytask."index"'))
    except RuntimeError:
        return 0


def has_mark(home):
    """Whether the log has the row that marks an unfinished copy."""
    for path in glob.glob(os.path.join(glob.escape(home), "log", "*")):
        with open(path, "rb") as log:
            if b"unfinished-copy" in log.read():
                return True
    return False


def interrupt(instance, source, target, begun, number):
    """Ends a copy some time after it has begun; returns its status."""
    process = start_copy(instance, source, target)
    until(begun, 30)
    time.sleep(0.2)
    process.send_signal(number)
    process.communicate()
    return process.returncode


def killed_copies():
    """Killed three times, then finished; nobody uses the unfinished store."""
    if not has_server():
        return
    server = postgresql.Server()
    instance = Instance(autostart=False, expect=TROUBLE)
    instance.make_principal()
    instance.ctl("load-sample", "6000", "--tenant", "demo")
    home, second = instance.conf["home"], os.path.join(instance.dir, "second")
    before = instance.ctl("task", "list", "--tenant", "demo", "--limit", "100", "--noheadings")
    move_to(instance, store=server.url)
    instance.ctl("store", "init")
    move_to(instance)
    for source, target, begun, conf in (
        (home, server.url, lambda: rows_of(server), {"store": server.url}),
        (server.url, second, lambda: has_mark(second), {"home": second}),
    ):
        name = "to the server" if target == server.url else "to files"
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGKILL):
            status = interrupt(instance, source, target, begun, number)
            equal(status, -number, f"{name}: ended by signal {int(number)}")
        move_to(instance, **conf)
        done = instance.ctl_run("user", "list")
        ok(done.returncode == 1 and "unfinished copy" in done.stderr, f"{name}: a command refuses it", done)
        instance.start_daemon()
        equal(instance.daemon.wait(60), 65, f"{name}: a service ends with status 65")
        ok("unfinished copy" in instance.events("unrecoverable")[-1]["text"], f"{name}: the log has the remedy")
        instance.daemon = None
        other = os.path.join(instance.dir, "other")
        done = copy(instance, source, target)
        equal(done.returncode, 0, f"{name}: the next run ends it")
        ok("by earlier runs" in done.stdout, f"{name}: it went on where it was", done.stdout)
        equal(instance.ctl("task", "list", "--tenant", "demo", "--limit", "100", "--noheadings"), before, f"{name}: the same list")
        equal(instance.ctl_run("verify", timeout=200).returncode, 0, f"{name}: verify")
        done = copy(instance, source, target)
        ok(done.returncode == 6 and "has a store already" in done.stderr, f"{name}: a second copy is refused", done)
        ok(not os.path.exists(other), "nothing else was made")
    instance.stop("killed copies")


def refusals():
    """Targets and words that are refused."""
    if not has_server():
        return
    server = postgresql.Server()
    instance = Instance(autostart=False)
    instance.make_principal()
    home, none = instance.conf["home"], os.path.join(instance.dir, "none")
    done = copy(instance, home, server.url)
    ok(done.returncode in (1, 6) and "polytaskctl store init" in done.stderr, "no tables: the remedy", done)
    done = copy(instance, none, server.url)
    ok(done.returncode == 5 and "no store found" in done.stderr, "no source", done)
    ok(not os.path.exists(none), "no home was made of it")
    secret = server.url.replace("user=polytask", "user=polytask&password=hunter2")
    for source, target in (
        (home, none),
        (server.url, server.url),
        (home, "somewhere"),
        (home, secret),
        ("host=/tmp password=hunter2", home),
    ):
        done = copy(instance, source, target)
        ok(done.returncode == 2 and "hunter2" not in done.stderr, f"{target}: usage, without a secret", done)
    equal(instance.ctl_run("copy", "--from", home).returncode, 2, "without --to: usage")
    move_to(instance, store=server.url)
    instance.ctl("store", "init")
    instance.ctl("user", "add", "other", "--tenant", "demo", "--rights", "read")
    rows = server.ask("SELECT count(*) FROM polytask.users")
    done = copy(instance, home, server.url)
    ok(done.returncode == 6 and "has a store already" in done.stderr, "a target with a user", done)
    equal(server.ask("SELECT count(*) FROM polytask.users"), rows, "it was not changed")
    instance.stop("refusals")


run_tests(round_trip, killed_copies, refusals)
