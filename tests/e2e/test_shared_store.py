"""A service whose store is in a PostgreSQL server: what an operator meets."""
import os
import re
import signal
import time

import postgresql
from lib import Instance, run_tests
from processes import kill
from scrape import Metrics, fetch
from tap import equal, ok, skip, until

# What the log has while the server is away, or a process was killed.
TROUBLE = ("store-away", "exit", "keeper", "worker", "notifier", "recover")


def has_server():
    why = postgresql.lack()
    if why:
        skip("a shared store", why)
    return why is None


def shared(server, **options):
    return Instance(autostart=False, conf=dict({"store": server.url}, **options), expect=TROUBLE)


def verbs():
    """polytaskctl store, on a server in each state."""
    if not has_server():
        return
    server = postgresql.Server()
    instance = shared(server)
    run = instance.ctl_run

    done = run("store", "check")
    ok(done.returncode == 6 and "polytaskctl store init" in done.stderr, "no tables: the remedy", done)
    done = run("user", "list")
    ok(done.returncode == 1 and "polytaskctl store init" in done.stderr, "another command: the same", done)
    equal(run("store", "init").returncode, 0, "init")
    done = run("store", "init")
    ok(done.returncode == 6 and "already" in done.stderr, "init again is refused", done)
    equal(run("store", "upgrade").returncode, 0, "upgrade of this version")
    done = run("store", "check")
    facts = dict(line.split(None, 1) for line in done.stdout.splitlines())
    equal(done.returncode, 0, "check: the store can be used")
    have, want = re.fullmatch(r"(\d+) of (\d+)", facts["tables"]).groups()
    equal(have, want, "check: all tables are there")
    equal((facts["fsync"], facts["synchronous_standby_names"]), ("on", "none"), "check: settings")
    ok("note: No standby" in done.stderr, "check: what should be known", done.stderr)
    for words in (("store",), ("store", "drop"), ("store", "init", "x")):
        equal(run(*words).returncode, 2, f"{' '.join(words)}: usage")

    server.ask("ALTER SYSTEM SET full_page_writes = off")
    server.ask("SELECT pg_reload_conf()")
    ok(
        until(lambda: run("store", "check").returncode == 6, 10)
        and "set full_page_writes to on" in run("store", "check").stderr,
        "check: a setting that breaks a promise, and the remedy",
    )
    for name, value in (("synchronous_commit", "local"), ("synchronous_standby_names", "*")):
        server.ask(f"ALTER SYSTEM SET {name} = '{value}'")
    server.ask("SELECT pg_reload_conf()")
    ok(
        until(lambda: "set synchronous_commit to on" in run("store", "check").stderr, 10),
        "check: with a standby, a commit that does not wait for it",
    )
    server.ask("ALTER SYSTEM RESET ALL")
    server.ask("SELECT pg_reload_conf()")
    ok(until(lambda: run("store", "check").returncode == 0, 10), "check: all is right again")
    server.ask("UPDATE polytask.layout SET version = 99")
    done = run("store", "check")
    ok(done.returncode == 6 and "newer build" in done.stderr, "check: tables of a newer build", done)
    server.stop()
    done = run("store", "check")
    ok(done.returncode in (1, 75) and "connection to server" in done.stderr, "check: no server", done)
    done = Instance(autostart=False).ctl_run("store", "check")
    ok(done.returncode == 1 and "the option store is empty" in done.stderr, "without the option", done)


def refusals():
    """Commands for files, with and without the service; nothing is made in the home."""
    if not has_server():
        return
    server = postgresql.Server()
    instance = shared(server)
    instance.ctl("store", "init")
    lines = ("repair", "checkpoint", "migrate", "reindex", "backup /tmp/none", "restore --home /tmp/none /tmp/none2")
    for line in lines:
        done = instance.ctl_run(*line.split())
        ok(
            done.returncode == 6
            and done.stdout == ""
            and re.fullmatch(r"polytaskctl: '\w+' is for a store in the home: .*\.\n", done.stderr),
            f"{line.split()[0]}: refused with one sentence",
            done,
        )
    ok(not os.path.exists(instance.conf["home"]), "no home was made")
    secret = "postgresql://polytask:hunter2@db.example/polytask"
    done = instance.ctl_run("-o", f"store={secret}", "status")
    ok(done.returncode != 0 and "hunter2" not in done.stderr, "a URL with a password is refused, not shown", done)


def processes():
    """Several writers; one that dies is replaced, and nothing else."""
    if not has_server():
        return
    server = postgresql.Server()
    instance = shared(server, workers="4")
    instance.ctl("store", "init")
    instance.make_principal()
    instance.start()
    ok(
        until(lambda: {c["state"] for c in instance.status()["processes"]} == {"ready"}, 20),
        "all processes are ready",
    )
    before = {c["process"]: c["pid"] for c in instance.status()["processes"]}
    equal(
        sorted(before),
        ["keeper", "notifier", "reader 1", "reader 2", "writer", "writer 2"],
        "half of the workers write",
    )
    uuid = instance.create(description="shared")
    kill(before["writer"], signal.SIGKILL)
    kill(before["keeper"], signal.SIGKILL)
    ok(
        until(
            lambda: {c["process"]: c["state"] for c in instance.status()["processes"]}
            == dict.fromkeys(before, "ready"),
            30,
        ),
        "killed processes are replaced",
        instance.status(),
    )
    after = {c["process"]: c["pid"] for c in instance.status()["processes"]}
    same = {name for name in before if before[name] == after[name]}
    equal(same, set(before) - {"writer", "keeper"}, "no other process ended")
    equal(instance.status()["recoveries"], 0, "no recovery")
    equal(instance.get("/tasks/" + uuid).status, 200, "the task is there")
    names = os.listdir(instance.conf["home"])
    ok(set(names) <= {"lock", "notifier.lock"}, "the home has locks only", names)
    ok(not os.path.exists(instance.conf["regions"]), "there are no regions")
    instance.verify("shared")
    instance.stop("processes")


def two_hosts():
    """A command while the service of this host is down, and another host uses the store."""
    if not has_server():
        return
    server = postgresql.Server()
    first, second = shared(server), shared(server)
    first.ctl("store", "init")
    first.make_principal()
    first.start()
    uuid = first.create(description="of the first host")
    text = second.ctl("show", uuid, "--tenant", "demo")
    ok("of the first host" in text, "another host's command sees the task", text)
    second.ctl("user", "add", "late", "--tenant", "demo", "--rights", "read")
    ok("late" in first.ctl("user", "list"), "the service sees what the command has changed")
    first.stop("two hosts")


def server_away():
    """Status, probes and requests while the server does not answer, and after that."""
    if not has_server():
        return
    server = postgresql.Server()
    instance = shared(server)
    instance.conf["monitor"] = monitor = os.path.join(instance.dir, "monitor.sock")
    instance.write_conf()
    instance.ctl("store", "init")
    instance.make_principal()
    instance.start()
    instance.wait_serving()
    since = "polytask_store_server_away_since_timestamp_seconds"
    page = Metrics(monitor)
    ok(f"# HELP {since}" in page.text and page.sum(since) == 0, "a metric without a sample")
    ok(
        until(lambda: Metrics(monitor).sum("polytask_store_engine", state="postgresql") == 1, 10),
        "the metrics name the engine",
        [line for line in page.text.splitlines() if "store_engine" in line],
    )
    for name in ("store_log_bytes", "disk_free_bytes", "archive_state", "store_damaged_pages"):
        ok(f"polytask_{name}" not in page.text, f"no metric of files: {name}")
    status, _, text = fetch(monitor, "/readyz?verbose")
    ok(status == 200 and "[+]server ok" in text and "disk" not in text, "the probe asks the server", text)
    server.stop(signal.SIGQUIT)
    ok(until(lambda: instance.status()["store"]["server_away_since"], 30), "the status says since when")
    status = instance.status()
    ok(any("does not answer" in text for text in status["attention"]), "it needs attention", status)
    equal(status["phase"], "serving", "the service goes on")
    equal(instance.ctl_run("status").returncode, 3, "status: 3")
    ok(abs(Metrics(monitor).sum(since) - time.time()) < 60, "the metric has the time")
    status, _, text = fetch(monitor, "/readyz")
    ok(status == 503 and text.startswith("[-]server failed"), "the probe says what fails", text)
    equal(instance.request("GET", "/-/ready").status, 503, "a load balancer is told")
    equal(instance.get("/tasks/status/none", timeout=60).status, 503, "a request gets 503")
    server.start()
    ok(until(lambda: instance.ctl_run("status").returncode == 0, 30), "it serves again by itself")
    equal(instance.request("GET", "/-/ready").status, 200, "the load balancer is told")
    ok(until(instance.answers, 30), "requests are answered")
    equal(instance.status()["recoveries"], 0, "no recovery")
    instance.stop("server away")


def start_without_server():
    """The service waits for the server; a wrong schema ends it with the remedy."""
    if not has_server():
        return
    server = postgresql.Server()
    instance = shared(server)
    instance.ctl("store", "init")
    server.stop()
    instance.start_daemon()
    ok(
        until(lambda: os.path.exists(instance.conf["control"]), 10)
        and until(lambda: (instance.status()["recovery"] or {}).get("attempt", 0) > 6, 60),
        "it tries again, more often than it gives up for another cause",
        instance.log(),
    )
    equal(instance.status()["recovery"]["limit"], None, "without a limit")
    ok("until the server answers" in instance.status()["attention"][0], "the status has the remedy")
    server.start()
    ok(until(lambda: instance.ctl_run("status").returncode == 0, 30), "it serves when the server answers")
    equal(instance.stop_daemon(), 0, "it stops")
    server.ask("DROP SCHEMA polytask CASCADE")
    instance.start_daemon()
    equal(instance.daemon.wait(60), 65, "without tables the service ends with status 65")
    line = instance.events("unrecoverable")[0]["text"]
    ok("polytaskctl store init" in line, "the log has the remedy", line)
    instance.daemon = None


run_tests(verbs, refusals, processes, two_hosts, server_away, start_without_server)
