"""A Prometheus scrapes the service, loads the installed rules, and answers an operator's questions."""
import functools
import http.client
import json
import os
import signal
import time
from urllib.parse import quote

from claims_client import Worker, create
from lib import Instance, run_tests
from paths import SOURCE
from processes import find_program, finish, free_port, kill, make_directory, start
from tap import equal, note, ok, skip, until
from vionlabs_client import address

RULES = os.path.join(SOURCE, "data", "prometheus", "polytask.rules.yml")
MONITOR = f"127.0.0.1:{free_port()}"
CONFIG = f"""global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: [{json.dumps(os.path.abspath(RULES))}]
scrape_configs:
  - job_name: polytask
    static_configs: [{{ targets: ["{MONITOR}"] }}]
"""
# What happens in the test.
CREATED, COMPLETED, READS, MISSING, REFUSED, MOVIES = 6, 2, 40, 10, 7, 20
CLAIMED = COMPLETED + 2  # one fails, one goes on


class Prometheus:
    def __init__(self):
        self.dir = make_directory("polytask-prometheus-")
        self.port = free_port()
        with open(os.path.join(self.dir, "prometheus.yml"), "w") as out:
            out.write(CONFIG)
        with open(os.path.join(self.dir, "log"), "wb") as log:
            self.process = start(
                [
                    "prometheus",
                    f"--config.file={self.dir}/prometheus.yml",
                    f"--storage.tsdb.path={self.dir}/data",
                    "--storage.tsdb.retention.time=1h",
                    "--storage.tsdb.retention.size=50MB",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--log.level=warn",
                ],
                log,
            )

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if answer["status"] != "success":
            raise RuntimeError(f"{path}: {answer}")
        return answer["data"]

    def has_scraped(self):
        try:
            return self.ask("up") == {(): 1}
        except (OSError, http.client.HTTPException, ValueError):
            return False

    def ask(self, query, *labels):
        """{values of the labels: number} of the time series that the query has now."""
        rows = self.get("/api/v1/query?query=" + quote(query))["result"]
        return {
            tuple(row["metric"].get(label, "") for label in labels): float(row["value"][1]) for row in rows
        }

    def alerts(self, *states):
        """{name of an alert: its state}, of those in one of the states."""
        rules = [rule for group in self.get("/api/v1/rules")["groups"] for rule in group["rules"]]
        return {rule["name"]: rule["state"] for rule in rules if rule.get("state") in states}


@functools.cache
def service():
    return Instance(conf={"monitor": MONITOR, "workers": "2"}, expect=("exit",))


@functools.cache
def prometheus():
    return Prometheus()


def answers(what, query, want, *labels):
    """The answer is the wanted one, once the last samples have come."""
    last = {}

    def is_right():
        last["answer"] = prometheus().ask(query, *labels)
        return want(last["answer"]) if callable(want) else last["answer"] == want

    ok(until(is_right, 15, 0.3), what, f"{query}\ngot:  {last['answer']}\nwant: {want}")
    return last["answer"]


def one(least, most):
    """Exactly one number, between these."""
    return lambda answer: len(answer) == 1 and least <= list(answer.values())[0] <= most


# ---- what happens ----

created_at = []
steady = []  # seconds


def work():
    """Two tasks succeed, one fails, one is running, the others wait."""
    worker = Worker(service())
    for _ in range(CREATED):
        created_at.append(time.time())
        create(service(), kind="film")
    claims = [worker.take(kinds=["film"]) for _ in range(CLAIMED)]
    equal([worker.report("complete", claim).status for claim in claims[:COMPLETED]], [200] * COMPLETED, "tasks succeed")
    equal(worker.report("fail", claims[COMPLETED], error="broken", retryable=False).status, 200, "one fails")
    return claims[-1]["task"]["id"]


def refused_credentials():
    for i in range(REFUSED):
        answer = service().request("GET", "/v1/tasks", headers=[("Authorization", f"Bearer wrong{i}")])
        if answer.status != 401:
            raise RuntimeError(f"wrong credential: {answer}")


def steady_requests(task):
    """Reads of a native task and creations of Vionlabs tasks; returns the seconds."""
    begun = time.monotonic()
    for i in range(READS):
        service().native("GET", f"/tasks/{task}")
        if i < MISSING:
            service().native("GET", "/tasks/none")
        if i % 2 == 0:
            service().request("POST", address(f"movie-{i}"))
        time.sleep(max(0, begun + (i + 1) * 0.2 - time.monotonic()))
    return time.monotonic() - begun


def traffic():
    service()
    ok(until(prometheus().has_scraped, 30, 0.2), "Prometheus scrapes the service")
    task = work()
    refused_credentials()
    reader = [p["pid"] for p in service().status()["processes"] if p["process"].startswith("reader")][0]
    kill(reader, signal.SIGKILL)
    until(service().answers, 30)
    steady.append(steady_requests(task))
    note(f"{READS} reads in {steady[0]:.1f} s")


# ---- ten questions ----


def questions():
    native = CREATED + CLAIMED + COMPLETED + 1 + READS + MISSING
    seconds = steady.pop()
    rates = {("native",): READS / seconds, ("vionlabs",): MOVIES / seconds}
    answers(
        "how many requests a second are there, by dialect?",
        'sum by (dialect) (rate(polytask_http_requests_total{dialect=~"native|vionlabs",route!="(authorize)"}[5s]))',
        lambda got: set(got) == set(rates) and all(rates[key] / 2 < got[key] < rates[key] * 2 for key in got),
        "dialect",
    )
    answers("is it up?", "up", {("polytask",): 1}, "job")
    answers(
        "which share of them is refused?",
        'sum(polytask_http_requests_total{dialect="native",route!="(authorize)",code=~"4.."}) '
        '/ sum(polytask_http_requests_total{dialect="native",route!="(authorize)"})',
        one(MISSING / native - 1e-9, MISSING / native + 1e-9),
    )
    answers(
        "how long does one read of 100 take at least?",
        "histogram_quantile(0.99, sum by (le) (rate("
        'polytask_http_request_duration_seconds_bucket{dialect="native",route="/tasks/{id}"}[1m])))',
        one(1e-6, 2),
    )
    answers(
        "how many tasks of the tenant are pending, by dialect?",
        'sum by (dialect) (polytask_tasks{tenant="demo",state="pending"}) > 0',
        {("native",): CREATED - CLAIMED, ("vionlabs",): MOVIES},
        "dialect",
    )
    age = time.time() - created_at[CLAIMED]
    answers(
        "for how long has the oldest ready task waited?",
        'time() - polytask_oldest_ready_timestamp_seconds{tenant="demo",dialect="native"}',
        one(age - 2, age + 20),
    )
    answers(
        "how many tasks ended, by state?",
        "sum by (state) (polytask_tasks_ended_total)",
        {("succeeded",): COMPLETED, ("failed",): 1, ("cancelled",): 0},
        "state",
    )
    answers("how many were claimed?", 'sum(polytask_task_events_total{event="claimed"})', {(): CLAIMED})
    answers(
        "which processes died?",
        "sum by (role) (polytask_process_deaths_total) > 0",
        {("reader",): 1},
        "role",
    )
    answers("were they started again?", 'polytask_process_starts_total{role="reader"}', one(2, 2))
    answers(
        "how long does a flush take?",
        "histogram_quantile(0.99, rate(polytask_store_flush_duration_seconds_bucket[1m]))",
        one(1e-6, 10),
    )
    info = os.statvfs(service().dir)
    free = info.f_bavail * info.f_frsize
    answers("how much room has the disk?", "polytask_disk_free_bytes", one(free * 0.9, free * 1.1))
    answers(
        "how many credentials were refused?",
        'sum(polytask_http_requests_total{route="(authorize)",code="401"})',
        {(): REFUSED},
    )


# ---- alerts ----


def rules():
    groups = prometheus().get("/api/v1/rules")["groups"]
    wrong = [
        (rule["name"], rule["health"], rule.get("lastError"))
        for group in groups
        for rule in group["rules"]
        if rule["health"] != "ok"
    ]
    equal(wrong, [], "each rule is evaluated")
    ok(len(prometheus().alerts("inactive", "pending")) >= 25, "alerts are loaded")
    equal(prometheus().alerts("firing"), {}, "no alert fires for a service that works")


def down():
    equal(service().stop_daemon(), 0, "the service stops")
    found = until(lambda: prometheus().alerts("pending", "firing").get("PolytaskDown"), 20, 0.3)
    ok(found in ("pending", "firing"), "the alert of a service that is down", found)
    ok(not prometheus().alerts("firing").get("PolytaskAbsent"), "its target is not lost")


def end():
    equal(finish(prometheus().process, signal.SIGTERM, 20), 0, "Prometheus stops")
    service().stop("shared")


def without_prometheus():
    skip("questions of Prometheus", "prometheus is not installed")


if find_program("prometheus"):
    run_tests(traffic, questions, rules, down, end)
else:
    run_tests(without_prometheus)
