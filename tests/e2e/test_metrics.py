"""The monitor: metrics, probes, what it refuses, and that it outlives the other processes."""
import functools
import os
import re
import signal
import socket
import subprocess
import time

from claims_client import Worker, create
from lib import Instance, run_tests
from paths import SOURCE
from processes import child_pids, find_program, free_port, kill
from scrape import Metrics, fetch
from tap import equal, note, ok, skip, until

CONNECTIONS = 32  # of the monitor at the same time
PORT = free_port()
ADDRESS = f"127.0.0.1:{PORT}"


@functools.cache
def shared():
    return Instance(
        conf={"monitor": ADDRESS, "workers": "3"},
        expect=("exit", "recovery", "panic", "worker", "regions", "stuck"),
    )


def scrape():
    return Metrics(ADDRESS)


def process(name):
    """The pid of a process of the service; None without one."""
    found = [p["pid"] for p in shared().status()["processes"] if p["process"] == name]
    return found[0] if found else None


def promtool():
    shared()
    page = scrape()
    equal(page.status, 200, "metrics are answered")
    equal(page.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8", "media type")
    equal(page.headers["Cache-Control"], "no-store", "no cache keeps them")
    if not find_program("promtool"):
        skip("promtool accepts all metrics", "prometheus is not installed")
        return
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, capture_output=True, text=True, timeout=60
    )
    equal((done.returncode, done.stdout + done.stderr), (0, ""), "promtool accepts all metrics")


def the_manual_has_each_family():
    with open(os.path.join(SOURCE, "src", "polytaskd.8")) as page:
        manual = page.read()
    families = re.findall(r"^# HELP polytask_(\S+) (.*)$", scrape().text, re.M)
    ok(len(families) > 50, "there are families", len(families))
    missing = [name for name, _ in families if f".It Cm {name}\n" not in manual]
    ok(not missing, "polytaskd(8) has each family", "\n".join(missing))
    told = re.findall(r"^\.It Cm ([a-z_]+)\n", manual.split(".Sh METRICS")[-1].split("\n.Sh ")[0], re.M)
    unknown = set(told) - {name for name, _ in families}
    ok(not unknown, "and no other", unknown)


def requests_are_counted():
    before = scrape()
    task = create(shared(), kind="counted")
    for _ in range(3):
        shared().native("GET", f"/tasks/{task}")
    shared().native("GET", "/tasks/none")
    shared().native("GET", "/nowhere")
    shared().request("GET", "/v1/tasks", headers=[("Authorization", "Bearer wrong")])
    after = scrape()

    def more(name, **labels):
        return after.sum(name, **labels) - before.sum(name, **labels)

    row = {"dialect": "native", "method": "GET", "route": "/tasks/{id}"}
    equal(more("http_requests_total", code="201", **{**row, "method": "POST", "route": "/tasks"}), 1, "a creation")
    equal(more("http_requests_total", code="200", **row), 3, "reads by route")
    equal(more("http_requests_total", code="404", **row), 1, "a read that failed")
    equal(more("http_requests_total", dialect="native", route="(none)"), 1, "an unknown path")
    ok(more("http_requests_total", route="(authorize)", code="401") >= 1, "a refused credential")
    equal(more("http_errors_total", error="no-route"), 1, "an error by its name")
    equal(more("http_request_duration_seconds_count", **row), 4, "durations of all of them")
    ok(0 < more("http_request_duration_seconds_sum", **row) < 4, "and their sum in seconds")


def a_wait_has_no_duration():
    row = {"dialect": "native", "route": "/claims"}
    before = scrape()
    shared().native("POST", "/claims", {"worker": "w", "kinds": ["nobody"], "wait": 1})
    after = scrape()
    for name, want in (("http_requests_total", 1), ("http_request_duration_seconds_count", 0)):
        equal(after.sum(name, **row) - before.sum(name, **row), want, f"a waiting claim: {name}")


def tasks_are_counted():
    before = scrape()
    worker = Worker(shared())
    create(shared(), kind="metered")
    time.sleep(0.2)
    worker.report("complete", worker.take(kinds=["metered"]))
    after = scrape()

    def more(name, **labels):
        return after.sum(name, dialect="native", **labels) - before.sum(name, dialect="native", **labels)

    for event in ("created", "claimed", "completed"):
        equal(more("task_events_total", event=event), 1, f"the event {event}")
    equal(more("tasks_ended_total", state="succeeded"), 1, "a task has ended")
    equal(more("task_wait_seconds_count"), 1, "it has waited")
    ok(0.2 <= more("task_wait_seconds_sum") < 5, "for the time until its claim")
    equal(more("task_run_seconds_count"), 1, "it has run")
    ok(after.sum("store_commits_total") > before.sum("store_commits_total"), "commits are counted")
    ok(after.sum("store_flushes_total") > before.sum("store_flushes_total"), "flushes are counted")


def a_refused_change_counts_nothing():
    before = scrape().sum("task_events_total")
    shared().native("POST", "/tasks", {"kind": 5})
    equal(scrape().sum("task_events_total"), before, "a refused creation is no event")


def the_census():
    tag = {"tenant": "demo", "dialect": "native"}
    before = scrape()
    for _ in range(4):
        create(shared(), kind="census")
    create(shared(), kind="census", not_before="2100-01-01T00:00:00Z")

    def has_come():
        page = scrape()
        pending = page.sum("tasks", state="pending", **tag) - before.sum("tasks", state="pending", **tag)
        ready = page.sum("tasks_ready", **tag) - before.sum("tasks_ready", **tag)
        return pending >= 5 and ready >= 4

    ok(until(has_come, 30), "pending and ready tasks of a tenant and dialect")
    page = scrape()
    age = time.time() - page.sum("oldest_ready_timestamp_seconds", **tag)
    ok(0 <= age < 300, "the oldest ready task", age)
    ok(time.time() - page.sum("census_timestamp_seconds") < 60, "the time of the count")
    equal(
        page.sum("tenant_tasks", tenant="demo"),
        sum(page.sum("tasks", tenant="demo", state=state) for state in
            ("pending", "running", "succeeded", "failed", "cancelled")),
        "all tasks of the tenant",
    )
    ok(page.sum("tenant_bytes", tenant="demo") > 100, "and their size")


def the_time_series_are_bounded():
    before = len(scrape().samples)
    for i in range(50):
        shared().native("GET", f"/tasks/invented{i}?q={i}")
        shared().request("GET", f"/invented/{i}")
    ok(len(scrape().samples) - before < 50, "paths of clients make no time series")


def counters_outlive_a_worker():
    before = scrape()
    for pid in shared().workers():
        kill(pid, signal.SIGKILL)
    ok(until(lambda: scrape().sum("serving") == 1 and shared().answers(), 30), "workers are started again")
    after = scrape()
    for name in ("http_requests_total", "task_events_total", "store_commits_total"):
        ok(after.sum(name) >= before.sum(name), f"{name} does not go back")
    ok(after.sum("process_deaths_total") >= before.sum("process_deaths_total") + 3, "deaths are counted")
    ok(after.sum("process_starts_total") > before.sum("process_starts_total"), "and starts")


def probes():
    equal(fetch(ADDRESS, "/livez")[::2], (200, "ok\n"), "/livez")
    equal(fetch(ADDRESS, "/readyz")[::2], (200, "ok\n"), "/readyz")
    status, _, text = fetch(ADDRESS, "/readyz?verbose&exclude=disk")
    equal(status, 200, "/readyz?verbose")
    equal(
        text,
        "[+]supervisor ok\n[+]recovery ok\n[+]workers ok\n[+]disk excluded\nreadyz check passed\n",
        "its lines",
    )
    equal(fetch(ADDRESS, "/readyz", "HEAD")[::2], (200, ""), "HEAD")


def it_answers_for_a_stopped_supervisor():
    """The monitor is not the supervisor: it answers, and a stop of less than 30 s is no death."""
    os.kill(shared().daemon.pid, signal.SIGSTOP)
    try:
        equal(fetch(ADDRESS, "/livez")[0], 200, "/livez while the supervisor is stopped for a moment")
        equal(fetch(ADDRESS, "/metrics")[0], 200, "/metrics at the same time")
    finally:
        os.kill(shared().daemon.pid, signal.SIGCONT)


def it_answers_during_a_recovery():
    """The children that have the store open are killed; the monitor is not."""
    monitor = process("monitor")
    recoveries = scrape().sum("recoveries_total")
    seen = set()

    def recovers():
        # A worker that dies inside the store: repeated, because it may be outside it.
        for pid in shared().workers()[:1]:
            kill(pid, signal.SIGABRT)
        for _ in range(40):
            seen.add(fetch(ADDRESS, "/readyz")[0])
        return scrape().sum("recoveries_total") > recoveries

    regions = os.path.join(shared().memory, "regions")
    for name in os.listdir(regions):
        if name.startswith("__db."):
            os.unlink(os.path.join(regions, name))
    ok(until(recovers, 60), "a recovery is counted")
    ok(503 in seen, "/readyz told that the store was being recovered", seen)
    equal(process("monitor"), monitor, "the monitor is the same process")
    ok(until(lambda: fetch(ADDRESS, "/readyz")[0] == 200, 60), "ready again")
    ok(scrape().sum("http_requests_total") > 10, "the counts are those from the start")
    until(shared().answers, 30)


def the_monitor_is_started_again():
    before = process("monitor")
    kill(before, signal.SIGKILL)
    ok(until(lambda: process("monitor") not in (None, before), 30), "a killed monitor is replaced")
    ok(until(lambda: fetch(ADDRESS, "/livez")[0] == 200, 30), "and answers")
    ok(scrape().sum("http_requests_total") > 10, "with the counts of before")


def a_reload_replaces_it():
    before = process("monitor")
    equal(shared().ctl_run("reload").returncode, 0, "reload")
    ok(until(lambda: process("monitor") not in (None, before), 30), "the next generation has another one")
    ok(until(lambda: before not in child_pids(shared().daemon.pid), 30), "the old one ends")
    ok(until(lambda: scrape().sum("generation") >= 2, 30), "the generation is told")


def it_refuses():
    for what, want, args in (
        ("another path", 404, ("/", "GET", None)),
        ("the site's paths", 404, ("/v1/tasks", "GET", None)),
        ("POST", 405, ("/metrics", "POST", None)),
        ("a name of a web page", 421, ("/metrics", "GET", {"Host": "rebound.example"})),
        ("a name like an address", 421, ("/metrics", "GET", {"Host": "127.0.0.1.example:80"})),
        ("localhost", 200, ("/livez", "GET", {"Host": f"localhost:{PORT}"})),
        ("an IPv6 address", 200, ("/livez", "GET", {"Host": "[::1]:1"})),
    ):
        path, method, headers = args
        equal(fetch(ADDRESS, path, method, headers)[0], want, f"{what}: {want}")
    equal(fetch(ADDRESS, "/metrics", "PUT")[1]["Allow"], "GET, HEAD", "Allow")


def exchange(data):
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except OSError:
            pass
        return answer


def hostile_requests():
    head = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    for what, data in (
        ("a header of 64 KB", head + b"X: " + b"x" * 65536 + b"\r\n\r\n"),
        ("a path of 64 KB", b"GET /" + b"x" * 65536 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("bytes that are no HTTP", os.urandom(3000)),
        ("a body with GET", head + b"Content-Length: 100000\r\n\r\n" + b"x" * 100000),
        ("an endless chunk", head + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n" + b"x" * 200000),
    ):
        answer = exchange(data)
        ok(b" 200 " not in answer.split(b"\r\n")[0], f"{what} is refused", answer[:80])
        equal(fetch(ADDRESS, "/livez")[0], 200, f"{what}: the monitor answers others")


def silent_connections():
    """More than it accepts: they are closed in time, and probes go on then."""
    pid = process("monitor")
    begun = time.monotonic()
    silent = [socket.create_connection(("127.0.0.1", PORT)) for _ in range(CONNECTIONS + 8)]
    for connection in silent:
        connection.sendall(b"GET /livez HTTP/1.1\r\n")

    def answers():
        try:
            return fetch(ADDRESS, "/livez", timeout=3)[0] == 200
        except OSError:
            return False

    ok(until(answers, 60), "probes are answered beside silent connections, at last")
    note(f"after {time.monotonic() - begun:.1f} s")
    for connection in silent:
        connection.close()
    equal(process("monitor"), pid, "the monitor is the same process")


def the_site():
    """/-/ready, without a credential and with any Host."""
    instance = shared()
    answer = instance.request("GET", "/-/ready", headers=[])
    equal((answer.status, answer.body), (200, b"ready\n"), "/-/ready without a credential")
    equal(answer.headers["Cache-Control"], "no-store", "no cache keeps it")
    answer = instance.raw(b"GET /-/ready HTTP/1.1\r\nHost: 192.0.2.1\r\nConnection: close\r\n\r\n")
    equal((answer.status, answer.body), (200, b"ready\n"), "with an address as the host")
    equal(instance.request("HEAD", "/-/ready", headers=[]).status, 200, "HEAD")
    equal(instance.request("POST", "/-/ready", b"x", headers=[]).status, 405, "POST is refused")
    equal(instance.request("GET", "/-/ready", b"xx", headers=[]).status, 413, "and a body")
    logged = [line for line in instance.events("request") if "dialect" not in line]
    equal(logged, [], "probes are not logged")
    for path in ("/metrics", "/livez", "/readyz"):
        equal(instance.request("GET", path).status, 404, f"{path} is not on the site")
    ok(scrape().sum("http_requests_total", route="(ready)", code="200") >= 3, "probes are counted")


def the_site_without_the_service():
    instance = shared()
    equal(instance.stop_daemon(), 0, "the service stops")
    answer = instance.request("GET", "/-/ready", headers=[])
    equal((answer.status, answer.body), (503, b"not ready\n"), "/-/ready tells no")
    instance.start()
    equal(scrape().sum("recoveries_total"), 0, "a new start counts from zero")


def a_unix_socket():
    instance = Instance(autostart=False, conf={"workers": "1"})
    path = os.path.join(instance.dir, "monitor.sock")
    instance.conf["monitor"] = path
    instance.write_conf()
    instance.make_principal()
    instance.start()
    equal(os.stat(path).st_mode & 0o777, 0o600, "the mode is socket_mode")
    equal(fetch(path, "/readyz")[0], 200, "a unix socket answers")
    instance.stop("unix socket")
    ok(not os.path.exists(path), "the socket is removed at the end")


def without_the_option():
    instance = Instance(conf={"workers": "1"})
    names = [p["process"] for p in instance.status()["processes"]]
    ok("monitor" not in names, "no monitor without the option", names)
    instance.stop("without monitor")


def wrong_addresses():
    instance = shared()
    for value in ("9464", "localhost:9464", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "::1:9464",
                  "[::1]", "127.0.0.1:9464x", "metrics.sock"):
        done = subprocess.run(
            [os.path.join(os.environ["top_builddir"], "polytaskd"), "-o", f"monitor={value}", "--check-config"],
            capture_output=True, text=True, timeout=20,
        )
        ok(done.returncode == 1 and "monitor" in done.stderr, f"{value} is refused", done.stderr)
    done = subprocess.run(
        [os.path.join(os.environ["top_builddir"], "polytaskd"), "-c", os.path.join(instance.dir, "polytask.conf"),
         "-o", f"home={instance.dir}/other", "-o", f"regions={instance.memory}/other",
         "-o", f"socket={instance.dir}/o", "-o", f"control={instance.dir}/oc"],
        capture_output=True, text=True, timeout=20,
    )
    ok(done.returncode == 1 and "cannot listen on" in done.stderr, "an address in use ends the start", done.stderr)


def end():
    shared().stop("shared")


run_tests(
    promtool,
    the_manual_has_each_family,
    requests_are_counted,
    a_wait_has_no_duration,
    tasks_are_counted,
    a_refused_change_counts_nothing,
    the_census,
    the_time_series_are_bounded,
    probes,
    it_refuses,
    hostile_requests,
    silent_connections,
    the_site,
    counters_outlive_a_worker,
    it_answers_for_a_stopped_supervisor,
    it_answers_during_a_recovery,
    the_monitor_is_started_again,
    a_reload_replaces_it,
    the_site_without_the_service,
    a_unix_socket,
    without_the_option,
    wrong_addresses,
    end,
)
