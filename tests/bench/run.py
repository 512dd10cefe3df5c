"""Ratios of throughput in one interleaved run: the event loop, the group commit, the site.

    python3 tests/bench/run.py [ROUNDS [SECONDS]]     (after make; needs wrk, nginx, strace)

Each round runs every target, one after the other, so that other load on the machine affects all of
them: only ratios within one run are meaningful.

    R       nginx `return 200`
    GET     one task by id, without an authorizer
    POST    a durable creation
    plain   the same POST to plain_loop
    known   GET through the whole site without TLS (maps, log, limits), with a fixed principal
    edge    the same with a bearer token whose decision is cached
"""
import os
import re
import signal
import statistics
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from dialects import virtshell
from lib import NGINX, POLYTASKD, Instance
from measures import count_calls
from nginx_site import fill_template
from paths import BUILD
from processes import find_program, finish, free_port, make_directory, start
from site_load import CONNECTIONS, Site, wrk
from tap import until

class Bench:
    """All targets: the service behind nginx without an authorizer, two sites, and plain_loop."""

    def __init__(self):
        self.instance = Instance(
            autostart=False,
            conf={"expected_tasks": "100000", "cache_mb": "128", "workers": "0"},
        )
        self.instance.ctl("load-sample", "100000")
        self.instance.ctl("user", "add", "bench", "--tenant", "default")
        sample = re.search(r'"id":"([^"]+)"', self.instance.ctl("export")).group(1)
        self.plain_dir = make_directory("polytask-plain-")
        self.log = open(os.path.join(self.plain_dir, "log"), "ab")
        self.instance.start_daemon()
        self.sites = {name: Site(self.instance, name, self.log) for name in ("known", "edge")}
        token = self.instance.ctl("token", "add", "bench", "--label", "bench").strip()
        self.headers = ["-H", "Authorization: Bearer " + token]
        plain_socket = os.path.join(self.plain_dir, "plain.sock")
        self.start_plain(plain_socket)
        service, plain = self.start_nginx(plain_socket)
        task = f"{virtshell.PREFIX}/tasks/{sample}"
        self.urls = {
            "R": service + "/return",
            "GET": service + task,
            "known": self.sites["known"].url + task,
            "edge": self.sites["edge"].url + task,
            "POST": f"{service}{virtshell.PREFIX}/tasks",
            "plain": f"{plain}{virtshell.PREFIX}/tasks",
        }
        self.wait_ready()

    def start_plain(self, socket):
        self.plain = start(
            [
                os.path.join(BUILD, "tests", "bench", "plain_loop"),
                os.path.join(self.plain_dir, "store"),
                os.path.join(self.instance.memory, "plain"),
                socket,
                "4",
            ],
            self.log,
        )

    def start_nginx(self, plain_socket):
        """The URLs of the service and of plain_loop behind an nginx without an authorizer."""
        port, plain_port = free_port(), free_port()
        conf = os.path.join(self.instance.dir, "conf", "bench.conf")
        fill_template(
            "bench",
            {
                "USER": "user root;" if os.geteuid() == 0 else "",
                "HOME": self.instance.dir,
                "SOCKET": self.instance.socket,
                "READ_SOCKET": self.instance.socket + ".read",
                "PLAIN_SOCKET": plain_socket,
                "PORT": str(port),
                "PLAIN_PORT": str(plain_port),
            },
            conf,
        )
        error_log = os.path.join(self.plain_dir, "nginx.log")
        self.nginx = start(
            [NGINX, "-p", self.instance.dir, "-e", error_log, "-c", conf], self.log
        )
        return f"http://127.0.0.1:{port}", f"http://127.0.0.1:{plain_port}"

    def wait_ready(self):
        for what in ("R", "GET"):
            if not until(lambda: self.answers(self.urls[what]), 30, 0.1):
                raise SystemExit(f"{what} does not answer: {self.instance.log()[-2000:]}")
        if not until(lambda: self.answers(self.urls["plain"] + "/cancelled"), 30, 0.1):
            raise SystemExit("plain_loop does not answer")

    @staticmethod
    def answers(url):
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            return opener.open(url, timeout=5).status == 200
        except OSError:
            return False

    def one(self, what, seconds):
        return wrk(
            self.urls[what],
            seconds,
            os.path.join(HERE, "post.lua") if what in ("POST", "plain") else None,
            self.headers if what in self.sites else [],
        )

    def syncs_per_post(self, seconds):
        """fdatasync calls of the workers per POST, counted with strace."""
        if not find_program("strace"):
            return None
        calls, posts = count_calls(
            self.instance.workers(),
            ("fdatasync", "fsync"),
            os.path.join(self.instance.dir, "log", "syncs"),
            lambda: self.one("POST", seconds)["count"],
        )
        return sum(calls.values()) / posts

    def stop(self):
        for nginx in (self.nginx, *(site.nginx for site in self.sites.values())):
            finish(nginx, signal.SIGQUIT, 20)
        finish(self.plain, signal.SIGTERM, 20)
        self.instance.verify("the store after the run")
        self.instance.stop_daemon()


def flushes(instance):
    return sum(child["flushes"] for child in instance.status()["processes"])


def run_rounds(bench, rounds, seconds):
    """The runs of each target, and the flushes per POST of each round."""
    results = {what: [] for what in bench.urls}
    flushed = []
    for _ in range(rounds):
        for what in bench.urls:
            before = flushes(bench.instance)
            results[what].append(bench.one(what, seconds))
            if what == "POST":
                flushed.append((flushes(bench.instance) - before) / results[what][-1]["count"])
    return results, flushed


def median(runs, value):
    return statistics.median(value(run) for run in runs)


def spread(run):
    return run["p99"] / run["p50"]


def print_runs(results):
    print(f"{'':8}{'req/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'p99/p50':>9}{'errors':>8}")
    for what, runs in results.items():
        print(
            f"{what:8}{median(runs, lambda run: run['rate']):10.0f}"
            f"{median(runs, lambda run: run['p50']):10.2f}"
            f"{median(runs, lambda run: run['p99']):10.2f}"
            f"{median(runs, spread):9.1f}{sum(run['errors'] for run in runs):8}"
        )


def print_ratios(results, flushed, syncs):
    def ratio(one, other):
        return statistics.median(
            a["rate"] / b["rate"] for a, b in zip(results[one], results[other])
        )

    lines = [
        ("GET / R", ratio("GET", "R"), ">= 0.40"),
        ("GET p99 / p50", median(results["GET"], spread), "<= 6"),
        ("edge / known", ratio("edge", "known"), ">= 0.75"),
        ("POST / plain", ratio("POST", "plain"), ">= 4"),
        ("flushes / POST (counted by the workers)", statistics.median(flushed), "<= 0.5"),
        ("fdatasync / POST (counted by strace)", syncs, "<= 0.5"),
        ("errors", float(sum(run["errors"] for runs in results.values() for run in runs)), "0"),
    ]
    for name, value, goal in lines:
        print(f"{name:42}{'-' if value is None else format(value, '8.3f'):>8}   goal {goal}")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    if not (NGINX and find_program("wrk") and os.path.exists(POLYTASKD)):
        raise SystemExit("needs nginx, wrk and a built tree")
    bench = Bench()
    results, flushed = run_rounds(bench, rounds, seconds)
    print(
        f"{rounds} rounds of {seconds} s, {CONNECTIONS} connections, {os.cpu_count()} processors"
    )
    print_runs(results)
    print_ratios(results, flushed, bench.syncs_per_post(seconds))
    bench.stop()


main()
