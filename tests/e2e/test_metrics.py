"""The metrics: their format, the manual, what counts requests and tasks, and their number."""
import functools
import os
import re
import signal
import subprocess
import time

from claims_client import Worker, create
from lib import Instance, run_tests
from paths import SOURCE
from processes import find_program, free_port, kill
from scrape import Metrics
from tap import equal, ok, skip, until

ADDRESS = f"127.0.0.1:{free_port()}"


@functools.cache
def shared():
    return Instance(conf={"monitor": ADDRESS, "workers": "3"}, expect=("exit", "recovery", "panic", "worker"))


def scrape():
    return Metrics(ADDRESS)


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
    families = re.findall(r"^# HELP (?:polytask_)?(\S+) (.*)$", scrape().text, re.M)
    ok(len(families) > 50, "there are families", len(families))
    missing = [name for name, _ in families if f".It Cm {name}\n" not in manual]
    ok(not missing, "polytaskd(8) has each family", "\n".join(missing))
    told = re.findall(r"^\.It Cm ([a-z_]+)\n", manual.split(".Sh METRICS")[-1].split("\n.Sh ")[0], re.M)
    # test_shared_store.py has that of a shared store.
    unknown = set(told) - {name for name, _ in families} - {"store_server_away_since_timestamp_seconds"}
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


def the_processes():
    """Each publishes its descriptors; the monitor reads the memory of all."""
    names = ["supervisor", "keeper", "writer", "reader 1", "reader 2", "notifier", "monitor"]

    def have_counted():
        page = scrape()
        return all(page.sum("process_open_fds", process=name) > 0 for name in names)

    ok(until(have_counted, 30), "every process has counted its descriptors")
    page = scrape()
    for name in names:
        resident = page.sum("process_resident_memory_bytes", process=name)
        own = page.sum("process_anonymous_memory_bytes", process=name)
        ok(100_000 < own <= resident, f"{name}: memory", (own, resident))
        files = page.sum("process_open_fds", process=name)
        ok(3 <= files < 200 < page.sum("process_max_fds", process=name), f"{name}: descriptors", files)
    resident = page.sum("process_resident_memory_bytes", process="keeper")
    ok(resident > 1_000_000, "the keeper has mapped the cache of the store", resident)
    age = time.time() - page.samples["process_start_time_seconds", frozenset()]
    ok(0 <= age < 300, "the start has the name that all services have", age)


def sizes_and_limits():
    """What an operator compares, in the same unit."""
    shared().ctl("quota", "set", "demo", "--tasks", "5000", "--bytes", "10000000")

    def have_come():
        page = scrape()
        return page.has("store_cache_used_bytes") and page.sum("tenant_max_tasks", tenant="demo") == 5000

    ok(until(have_come, 30), "the quota of a tenant")
    page = scrape()
    for part, whole in (
        ("tenant_bytes", "tenant_max_bytes"),
        ("tenant_tasks", "tenant_max_tasks"),
        ("disk_reserve_bytes", "disk_free_bytes"),
        ("disk_free_bytes", "disk_size_bytes"),
        ("store_data_bytes", "disk_size_bytes"),
        ("store_cache_used_bytes", "store_cache_size_bytes"),
    ):
        ok(0 < page.sum(part) <= page.sum(whole), f"{part} within {whole}", (page.sum(part), page.sum(whole)))
    ok(page.sum("store_cache_size_bytes") >= 4 << 20, "the cache")
    equal(page.sum("workers"), 3, "workers as configured")
    ready = sum(page.sum("processes", role=role, state="ready") for role in ("writer", "reader", "worker"))
    equal(ready, 3, "as many are ready")
    equal(page.sum("worker_waits_ratio"), 0, "no request waits")


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
    the_processes,
    sizes_and_limits,
    the_time_series_are_bounded,
    counters_outlive_a_worker,
    end,
)
