"""Latency of one tenant beside attacks of another, as ratios of one interleaved run.

    python3 tests/bench/attackers.py [--rounds N] [--seconds N] [--connections N] [--limits]
                                     [ATTACK...]                  (after make; needs wrk, nginx)

The victim reads a task, creates tasks and lists 20 tasks, one after the other, with a few
connections: alone, then beside each attack. "control" loads nginx and the processors, but not the
service: its ratios are those of the machine. The attackers are one user without a request rate;
--limits: with the default rate, while the victim's requests are those of 1000 users. The programs
of the attackers have the lowest priority, because they would have processors of their own.

    p99    the clients' 99th percentile in ms: alone, beside the attack, and their ratio
    us     the service's, from its log: from a request's arrival at a worker to its response
    MiB    private memory that the workers have more, at most
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from dialects import fourhse, idol, virtshell
from lib import NGINX, Instance
from processes import find_program, make_directory
from site_load import Site, wrk
from tap import until

REQUEST = os.path.join(HERE, "request.lua")
KNOWN = """
set $polytask_user $http_x_user;
set $polytask_tenant $http_x_tenant;
set $polytask_rights read,write,work;
set $polytask_authorized_dialect $polytask_dialect;
set $polytask_reason "";
set $polytask_authorizer_status "";
"""
TASKS = {"idol": 16000, "fourhse": 16000, "virtshell": 20000}
ATTACKER = ("X-User: 00000000-0000-7000-8000-000000000001", "X-Tenant: default")
VICTIM = ("X-User: 00000000-0000-7000-8000-000000000002", "X-Tenant: victim")
TASK = json.dumps({"description": "a task", "log": "x" * 60})
SCAN = json.dumps(
    {
        "filter": {
            "handler": ["ImportHandler", *(f"Handler{i}" for i in range(63))],
            "entity_id": [None],
        },
        "sort": "-request",
        "per-page": 50,
    }
)
EXTERNAL = "/engine-rest/external-task"
# Locks that end at once: the same tasks can be fetched again.
FETCH = json.dumps(
    {
        "workerId": "attacker",
        "maxTasks": 100,
        "topics": [
            {"topicName": f"virtshell.kind{i}" if i else "virtshell", "lockDuration": 1}
            for i in range(64)
        ],
    }
)
# At most 8 run at a time; further ones are 409.
BULK = json.dumps({"filter": {"dialect": "virtshell"}, "do": "set_priority", "priority": 5})
BATCH = json.dumps([{"kind": "a", "fields": {"log": "x" * 60}}] * 500)
# Names of attacks: connections, path, variables of request.lua.
REQUESTS = {
    "control": (64, "/v1/openapi/native.json", {}),
    "lists by GET": (64, idol.PREFIX + "/import-tasks?sort=url", {}),
    "lists by POST": (64, fourhse.PREFIX + "/index", {"METHOD": "POST", "BODY": SCAN}),
    "whole lists": (8, virtshell.PREFIX + "/tasks", {}),
    "external fetches": (64, EXTERNAL + "/fetchAndLock", {"METHOD": "POST", "BODY": FETCH}),
    "external counts": (64, EXTERNAL + "/count?topicName=virtshell&locked=true", {}),
    "external lists": (8, EXTERNAL + "?topicName=virtshell", {}),
    "event pages": (64, "/v1/events?limit=1000", {}),
    "event scans": (64, "/v1/events?kind=none", {}),
    "events with tasks": (64, "/v1/events?include=task&limit=100", {}),
    "probes": (64, "/-/ready", {}),
    "callers": (64, "/v1/me", {}),
    "creations": (64, virtshell.PREFIX + "/tasks", {"METHOD": "POST", "BODY": TASK}),
    "creations of 64 users": (
        *(64, virtshell.PREFIX + "/tasks"),
        {"METHOD": "POST", "BODY": TASK, "USERS": "64"},
    ),
    "bulks": (4, "/v1/bulk", {"METHOD": "POST", "BODY": BULK}),
    "batches": (8, "/v1/tasks", {"METHOD": "POST", "BODY": BATCH}),
    "atomic batches": (8, "/v1/tasks?atomic=true", {"METHOD": "POST", "BODY": BATCH}),
    "large bodies": (
        *(8, virtshell.PREFIX + "/tasks"),
        {"METHOD": "POST", "LOG_BYTES": str(15 << 20)},
    ),
}
# Names of attacks: arguments of http2_streams.py.
STREAMS = {
    "unread": ("unread", "/v1/tasks?limit=500&total=false", "12", "128"),
    "resets": ("reset", idol.PREFIX + "/import-tasks?sort=url", "4", "100"),
}


def headers(lines):
    return [word for line in lines for word in ("-H", line)]


class Bench:
    def __init__(self, options):
        self.options = options
        limits = {"principal_rate": "1000", "principal_burst": "2000"} if options.limits else {}
        self.log = open(os.path.join(make_directory("polytask-bench-"), "log"), "ab")
        self.instance = Instance(
            autostart=False,
            compared=False,
            conf={"cache_mb": "128", "expected_tasks": "100000", **limits},
        )
        for dialect, count in TASKS.items():
            self.instance.ctl("load-sample", str(count), "--dialect", dialect)
        self.instance.ctl(
            *("load-sample", "1000", "--dialect", "virtshell", "--tenant", "victim")
        )
        lines = map(json.loads, self.instance.ctl("export").splitlines())
        sample = next(line["id"] for line in lines if line.get("tenant") == "victim")
        self.instance.start_daemon()
        self.site = Site(self.instance, "known", self.log, KNOWN)
        post = {"METHOD": "POST", "BODY": TASK}
        self.requests = {
            "GET": (f"{virtshell.PREFIX}/tasks/{sample}", {}),
            "POST": (f"{virtshell.PREFIX}/tasks", post),
            "list": ("/v1/tasks?limit=20", {}),
        }
        get = ["curl", "-sfo", os.devnull, *headers(VICTIM)]
        get.append(self.site.url + self.requests["GET"][0])
        if not until(lambda: subprocess.run(get, check=False).returncode == 0, 30, 0.1):
            raise SystemExit(f"no answer: {self.instance.log()[-2000:]}")
        self.workers = self.instance.workers()

    def attack(self, name):
        """Starts an attack."""
        if name in STREAMS:
            kind, path, *counts = STREAMS[name]
            argv = [sys.executable, os.path.join(HERE, "http2_streams.py"), kind]
            argv += [str(self.site.http2_port), path, *counts, *ATTACKER]
            env = {}
        else:
            connections, path, env = REQUESTS[name]
            argv = ["wrk", "-t1", f"-c{connections}", "-d600s", "--timeout", "60s", "-s", REQUEST]
            argv += [*headers(ATTACKER), self.site.url + path]
        argv = ["nice", "-n", "19", *argv]
        return subprocess.Popen(argv, stdout=subprocess.DEVNULL, env={**os.environ, **env})

    def memory(self):
        """Private memory of the workers in bytes, without the shared cache of the store."""
        pages = 0
        for pid in self.workers:
            with open(f"/proc/{pid}/statm") as statm:
                _, resident, shared, *_ = map(int, statm.read().split())
            pages += resident - shared
        return pages * os.sysconf("SC_PAGE_SIZE")

    def service_p99(self, begin):
        """The 99th percentile of the victim's times in the log from a position on, in us."""
        with open(self.instance.log_path, "rb") as log:
            log.seek(begin)
            lines = [line for line in log if b'"tenant":"victim"' in line]
        times = sorted(json.loads(line)["us"] for line in lines if line.endswith(b"}\n"))
        return times[len(times) * 99 // 100] if times else 0

    def measure(self):
        """Latencies of the victim by kind of request."""
        users = {"USERS": "1000"} if self.options.limits else {}
        results = {}
        for what, (path, env) in self.requests.items():
            begin = os.path.getsize(self.instance.log_path)
            results[what] = wrk(
                self.site.url + path,
                self.options.seconds,
                REQUEST,
                headers(VICTIM),
                self.options.connections,
                {**env, **users},
            )
            results[what]["us"] = self.service_p99(begin)
        return results

    def round(self, name):
        """Alone, beside the attack, and the workers' memory."""
        alone, before = self.measure(), self.memory()
        most, over = [before], threading.Event()

        def watch():
            while not over.wait(0.05):
                most[0] = max(most[0], self.memory())

        watcher = threading.Thread(target=watch)
        attacker = self.attack(name)
        watcher.start()
        try:
            time.sleep(1)
            return alone, self.measure(), most[0] - before
        finally:
            over.set()
            watcher.join()
            attacker.terminate()
            attacker.wait()
            self.idle()

    def idle(self):
        """Waits until the workers have nothing left of the attack."""

        def left():
            processes = self.instance.status()["processes"]
            return sum(one.get("queued", 0) + one.get("waiting", 0) for one in processes)

        if not until(lambda: left() == 0, 90, 0.2):
            print("the workers are not idle after 90 s", flush=True)

    def stop(self):
        self.site.nginx.terminate()
        self.site.nginx.wait()
        same = self.instance.workers() == self.workers
        print("the workers are", "the same processes" if same else "NOT the same processes")
        self.instance.verify("the store after the run")
        self.instance.stop_daemon()


def print_attack(name, rounds):
    for what in rounds[0][0]:
        alone = [one[0][what] for one in rounds]
        beside = [one[1][what] for one in rounds]

        def median(sides, member):
            return statistics.median(side[member] for side in sides)

        def ratio(member):
            return statistics.median(
                b[member] / max(a[member], 0.001) for a, b in zip(alone, beside)
            )

        print(
            f"{name:22}{what:5}{median(alone, 'p99'):8.2f}{median(beside, 'p99'):9.2f}"
            f"{ratio('p99'):7.1f}{median(alone, 'us'):9.0f}{median(beside, 'us'):9.0f}"
            f"{ratio('us'):7.1f}{sum(side['errors'] for side in beside):8}"
            f"{max(one[2] for one in rounds) / 2**20:7.0f}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--limits", action="store_true")
    parser.add_argument("attack", nargs="*")
    options = parser.parse_args()
    known = [*REQUESTS, *STREAMS]
    names = options.attack or known
    if unknown := set(names) - set(known):
        raise SystemExit(f"no such attack: {', '.join(unknown)}; there are: {', '.join(known)}")
    if not (NGINX and find_program("wrk") and find_program("curl")):
        raise SystemExit("needs nginx, wrk, curl and a built tree")
    bench = Bench(options)
    print(f"{options.rounds} rounds of {options.seconds} s, {os.cpu_count()} processors")
    print(
        f"{'':27}{'p99':>8}{'beside':>9}{'ratio':>7}{'us':>9}{'beside':>9}{'ratio':>7}"
        f"{'errors':>8}{'MiB':>7}"
    )
    try:
        for name in names:
            print_attack(name, [bench.round(name) for _ in range(options.rounds)])
    finally:
        bench.stop()


main()
