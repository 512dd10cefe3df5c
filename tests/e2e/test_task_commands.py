"""polytaskctl task list, show, watch, create, cancel, retry and count, with the service up and down."""
import functools
import json
import os
import signal
import subprocess
import time

import dialects.fourhse
import dialects.idol
import dialects.uplynk
import dialects.vionlabs
import dialects.virtshell
from claims_client import Worker, create
from lib import POLYTASKCTL, Instance, run_tests
from tap import equal, ok, patient, until

UNKNOWN = "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"
DIALECTS = {
    name: getattr(dialects, name).DIALECT
    for name in ("virtshell", "vionlabs", "uplynk", "fourhse", "idol")
}
HEADER = "id\tdialect\tkind\tstate\tstatus\tattempt\tcreated\tupdated\terror"
MORE = "polytaskctl: note: more tasks match (--limit)\n"
HOSTILE = "\u001b[31mred\ttab\nline\u202e\u009b"
ESCAPED = r"\u001b[31mred\u0009tab\u000aline\u202e\u009b"


class Site(Instance):
    def task(self, *words, **named):
        return self.ctl_run("task", *words, **named)

    def watch(self, *words):
        return subprocess.Popen(
            [POLYTASKCTL, "-c", os.path.join(self.dir, "polytask.conf"), "task", "watch", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


shared = functools.cache(Site)


def finished(site, *words, **named):
    """The output of a command that succeeds."""
    done = site.task(*words, **named)
    if done.returncode or done.stderr not in ("", MORE):
        raise RuntimeError(f"task {words}: {done}")
    return done.stdout.rstrip("\n")


def refused(site, sentence, *words, status=1, **named):
    done = site.task(*words, **named)
    ok(
        (done.returncode, done.stdout) == (status, "") and sentence in done.stderr,
        f"task {' '.join(words)[:60]}: {sentence}".replace("\n", " "),
        done,
    )


def rows(site, *words):
    header, *lines = finished(site, "list", "--tenant", "demo", *words).splitlines()
    equal(header, HEADER, "the header of the list")
    return [line.split("\t") for line in lines]


def verbs(site, state):
    """Every verb with a task of every dialect."""
    for name, dialect in DIALECTS.items():
        kind, fields = dialect.kinds[0]
        if name == "vionlabs":
            fields = {**fields, "version": state}
        task = finished(
            site, "create", "--tenant", "demo", "--dialect", name, "--fields", json.dumps(fields)
        )
        shown = json.loads(finished(site, "show", task, "--json"))
        equal(
            (shown["id"], shown["dialect"], shown["kind"], shown["created_by"]),
            (task, name, kind, "operator"),
            f"{state}: {name}: a task is created by the operator",
        )
        cells = [row for row in rows(site, "--dialect", name, "--sort", "-created") if row[0] == task]
        equal(
            [cell[1:6] for cell in cells],
            [[name, kind, "pending", shown["status"], "0"]],
            f"{state}: {name}: it is in the list",
        )
        equal(finished(site, "cancel", task), "cancelled", f"{state}: {name}: cancelled")
        equal(site.task("watch", task).returncode, 1, f"{state}: {name}: watch: status 1")
        equal(finished(site, "retry", task), "pending", f"{state}: {name}: retried")
        refused(site, "its state is pending", "retry", task)
        lines = finished(site, "show", task, "--history").splitlines()
        ok(f"id:              {task}" in lines, f"{state}: {name}: show", lines)
        equal(
            [line.split("\t")[1] for line in lines[-3:]],
            ["retried", "changed", "created"],
            f"{state}: {name}: the history",
        )
    counted = [
        json.loads(line)
        for line in finished(site, "count", "--tenant", "demo", "--json").splitlines()
    ]
    ok(
        {item["dialect"] for item in counted} >= set(DIALECTS),
        f"{state}: count has each dialect",
        counted,
    )
    row = json.loads(
        finished(
            site, "list", "--tenant", "demo", "--dialect", "idol", "--json", "--limit", "1"
        )
    )
    equal(
        json.loads(finished(site, "show", f"idol:{row['number']}", "--json"))["id"],
        row["id"],
        f"{state}: a task by its number",
    )


def refusals(site, state):
    demo = ("--tenant", "demo")
    refused(site, f"no tenant has a task {UNKNOWN}", "show", UNKNOWN, status=5)
    refused(site, f"the tenant demo has no task {UNKNOWN}", "cancel", UNKNOWN, *demo, status=5)
    refused(site, f"no tenant has a task {UNKNOWN}", "watch", UNKNOWN, status=5)
    refused(site, "neither a UUID nor DIALECT:NUMBER", "watch", "x")
    refused(site, "the tenant default has no user", "list")
    refused(site, "ctl: priority must be", "create", *demo, "--dialect", "native", "--priority", "x")
    refused(site, "/fields/master-type: ", "create", *demo, "--dialect", "idol")
    refused(site, "sort: This is not one sort key: created, ", "list", *demo, "--sort", "x")
    refused(site, "unrecognized option '--fly'", "list", "--fly", status=2)
    refused(site, "'task list' has no option --max", "list", "--max", "3", status=2)
    refused(site, "'task show' requires ID", "show", status=2)
    refused(site, "the subcommands of 'task' are list, show, watch", "fly", status=2)
    refused(site, "must be UTF-8 without control characters", "list", *demo, "--kind", "a\nb")
    refused(site, "ctl: state must be pending, ", "list", *demo, "--state", "frob")
    refused(site, "the dialect virtshell has no numbers: give the id", "show", "virtshell:1")
    refused(site, "requires --dialect or --stdin\nusage: ", "create", *demo, status=2)
    refused(site, "takes either an ID or --all\nusage: ", "retry", *demo, status=2)
    refused(site, "'task retry --all' requires --dialect\nusage: ", "retry", "--all", status=2)
    refused(site, "[--dialect DIALECT[,DIALECT]] [--state", "list", "x", status=2)
    refused(site, "{ID | --all --dialect DIALECT[,DIALECT] ", "retry", "x", "y", status=2)


def from_input(site, state):
    body = json.dumps({"kind": "input", "error": HOSTILE, "fields": {"a": HOSTILE}}, indent=1)
    task = finished(site, "create", "--tenant", "demo", "--stdin", stdin=body)
    equal(rows(site, "--kind", "input", "--sort", "-created")[0][8], ESCAPED, f"{state}: escaped")
    shown = finished(site, "show", task)
    ok(
        "error:           " + ESCAPED in shown.split("\n") and "\u001b" not in shown,
        f"{state}: so it is in the task",
        shown,
    )
    equal(
        json.loads(finished(site, "show", task, "--json"))["fields"]["a"],
        HOSTILE,
        f"{state}: JSON has the text",
    )
    large = json.dumps({"fields": {"a": "x" * (17 << 20)}})
    refused(site, "too large", "create", "--tenant", "demo", "--stdin", stdin=large)
    refused(site, "The body must be one task", "create", "--tenant", "demo", "--stdin", stdin="[{}]")


def down():
    site = Site(autostart=False)
    site.make_principal()
    for test in (verbs, refusals, from_input):
        test(site, "down")
    task = finished(site, "create", "--tenant", "demo", "--dialect", "native")
    begun = time.monotonic()
    done = site.task("watch", task, "--timeout", "1")
    equal(done.returncode, 3, "down: a task that does not end: status 3")
    ok(time.monotonic() - begun < 5, "down: at the timeout", done)
    site.start()
    equal(site.native("GET", f"/tasks/{task}").json()["state"], "pending", "the task is served")
    site.stop("down")


def up():
    site = shared()
    for test in (verbs, refusals, from_input):
        test(site, "up")
    site.verify("up")


def no_fields_in_the_log():
    site = shared()
    fields = json.dumps({"secret": "sesame"})
    task = finished(site, "create", "--tenant", "demo", "--dialect", "native", "--fields", fields)
    site.task("watch", task, "--timeout", "1")
    log = [line for line in site.log().splitlines() if '"admin"' in line]
    ok(any("task create" in line for line in log), "the command is logged")
    ok(not any("sesame" in line for line in log), "without the fields")
    ok(not any("task watch" in line for line in log), "and the looks of a watch are not")


def a_watch_while_a_worker_moves_the_task():
    site = shared()
    worker = Worker(site, "mover")
    task = create(site, kind="moved")
    with site.watch(task) as watch:
        equal(watch.stdout.readline().split("\t")[0], "time", "the header")
        equal(watch.stdout.readline().split("\t")[1:4], ["pending", "pending", "0"], "as it is")
        claim = worker.take(kinds=["moved"])
        equal(watch.stdout.readline().split("\t")[1:4], ["running", "running", "1"], "claimed")
        worker.report("heartbeat", claim, progress={"percent": 40})
        equal(watch.stdout.readline().split("\t")[4], '{"percent":40}', "its progress")
        worker.report("heartbeat", claim)
        worker.report("complete", claim)
        rest = watch.stdout.read().splitlines()
        equal([line.split("\t")[1] for line in rest], ["succeeded"], "its end, and nothing else")
        equal(watch.wait(), 0, "status 0")
    task = create(site)
    with site.watch(task, "--json") as watch:
        equal(json.loads(watch.stdout.readline())["id"], task, "JSON")
        site.native("DELETE", f"/tasks/{task}")
        equal((watch.wait(), watch.stdout.read()), (5, ""), "removed: status 5")
    with site.watch(create(site)) as watch:
        watch.stdout.readline()
        watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        equal((watch.wait(), watch.stderr.read()), (130, ""), "Ctrl-C: status 130")


def a_watch_over_restarts():
    site = Site()
    task = create(site)
    with site.watch(task) as watch:
        watch.stdout.readline()
        watch.stdout.readline()
        equal(site.stop_daemon(), 0, "the service stops")
        time.sleep(3)
        site.start()
        site.native("PATCH", f"/tasks/{task}", {"state": "running"})
        equal(watch.stdout.readline().split("\t")[1], "running", "the watch goes on")
        site.kill_daemon()
        site.start()
        site.native("PATCH", f"/tasks/{task}", {"state": "succeeded"})
        rest = watch.stdout.read().splitlines()
        equal([line.split("\t")[1] for line in rest], ["succeeded"], "also after kill -9")
        equal(watch.wait(), 0, "status 0")
        ok("the service does not answer; trying again" in watch.stderr.read(), "with a note")
    site.stop("restarts")


def looks(site):
    """The operators that run now, which are the looks of watches here."""
    return [child for child in site.status()["processes"] if child["process"] == "operator"]


def operators_pids(site):
    return {child["pid"] for child in looks(site)}


def a_watch_waits_in_the_service():
    site = shared()
    task = create(site)
    with site.watch(task) as watch:
        watch.stdout.readline()
        watch.stdout.readline()
        until(lambda: looks(site), 10)
        time.sleep(2.5)
        pids = operators_pids(site)
        time.sleep(1)
        ok(len(pids | operators_pids(site)) <= 2, "a look waits for seconds", pids)
        begun = time.monotonic()
        site.native("PATCH", f"/tasks/{task}", {"state": "running"})
        equal(watch.stdout.readline().split("\t")[1], "running", "a change is shown")
        took = time.monotonic() - begun
        ok(took < patient(1), f"at once: {took * 1000:.0f} ms")
        equal(site.ctl_run("reload").returncode, 0, "a reload beside a wait")
        begun = time.monotonic()
        watch.send_signal(signal.SIGINT)
        equal((watch.wait(), watch.stderr.read()), (130, ""), "Ctrl-C: status 130")
        ok(time.monotonic() - begun < patient(1), "at once")
    ok(until(lambda: not looks(site), 10), "and its look ends in the service")


def more_watches_than_places():
    """Looks that wait leave their place to newer commands, and begin again."""
    site = shared()
    tasks = [create(site) for _ in range(20)]
    watches = [site.watch(task) for task in tasks]
    for watch in watches:
        watch.stdout.readline()
        watch.stdout.readline()
    begun = time.monotonic()
    equal(site.task("show", tasks[0], "--json").returncode, 0, "20 watches leave place for a command")
    ok(time.monotonic() - begun < 10, "soon")
    for task in tasks:
        site.native("PATCH", f"/tasks/{task}", {"state": "succeeded"})
    ends = [watch.communicate(timeout=60) for watch in watches]
    equal([watch.returncode for watch in watches], [0] * 20, "each sees the end of its task")
    equal({stderr for _, stderr in ends} - {""}, set(), "without a message")


def many():
    site = Site()
    site.ctl("load-sample", "10000", "--tenant", "demo")
    listed = finished(site, "list", "--tenant", "demo", "--limit", "10000", "--json").splitlines()
    equal(len({json.loads(line)["id"] for line in listed}), 10000, "10,000 tasks are listed")
    equal(len(rows(site, "--limit", "1234")), 1234, "or as many as wanted")
    before = site.log().count('"verb":"task list"')
    rows(site, "--limit", "5000")
    equal(site.log().count('"verb":"task list"') - before, 1, "by one call of the service")
    head(site, "up")
    equal(site.task("count", "--tenant", "demo").returncode, 0, "and does no harm")
    site.stop("many")
    head(site, "down")


def head(site, state):
    """A reader that ends early: no message, and the status of a program that SIGPIPE has ended."""
    for words in (
        "task list --tenant demo --limit 10000",
        "task list --tenant demo --limit 10000 --json",
        "export",
    ):
        command = f"{POLYTASKCTL} -c {site.dir}/polytask.conf {words} | head -n 2; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        equal(
            (len(done.stdout.splitlines()), done.stderr, done.returncode),
            (2, "", 141),
            f"{state}: {words} | head",
        )


def many_retries():
    site = shared()
    for _ in range(5):
        create(site, kind="again", state="failed")
    words = ("retry", "--all", "--tenant", "demo", "--dialect", "native", "--kind", "again")
    done = site.task(*words, "--max", "2")
    equal(done.stdout, "2 tasks retried, 0 refused\n", "two of five")
    ok("more tasks may match" in done.stderr, "more are left", done)
    equal(finished(site, *words), "3 tasks retried, 0 refused", "the others")
    states = [row[3] for row in rows(site, "--kind", "again")]
    equal(states, ["pending"] * 5, "all are pending")
    site.stop("shared")


run_tests(
    down,
    up,
    no_fields_in_the_log,
    a_watch_while_a_worker_moves_the_task,
    a_watch_over_restarts,
    a_watch_waits_in_the_service,
    more_watches_than_places,
    many,
    many_retries,
)
