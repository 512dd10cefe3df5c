"""Ratios of throughput by the number of readers, and beside a client that lists.

    python3 tests/bench/workers.py [ROUNDS [SECONDS]]     (after make; needs wrk, nginx)

Each layout is an instance of its own, with 10,000 IDOL tasks. Each round runs every kind of request
in every layout, one after the other: only ratios within one run are meaningful.

    GET, POST            one task by id; a durable creation; 64 connections
    ... beside a list    the same, while one client repeats a list of IDOL in the order of an
                         unindexed member, which reads every task
    mix                  GET and POST at the same time, 32 connections each
"""
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from dialects import idol, virtshell
from lib import NGINX, Instance
from processes import find_program, finish, make_directory
from site_load import Site, wrk
from tap import until

READERS = (0, 1, 2, 4)  # 0: one worker for all requests
POST = os.path.join(HERE, "post.lua")
TASKS = 10000


class Layout:
    def __init__(self, readers, log):
        self.name = f"{readers} reader{'s' * (readers > 1)}" if readers else "1 worker"
        self.instance = Instance(
            autostart=False,
            compared=False,
            conf={"workers": str(readers + 1), "cache_mb": "128", "expected_tasks": "100000"},
        )
        self.instance.ctl("load-sample", str(TASKS), "--dialect", "idol")
        self.instance.ctl("load-sample", "100", "--dialect", "virtshell")
        self.instance.start_daemon()
        self.site = Site(self.instance, "known", log)
        lines = map(json.loads, self.instance.ctl("export").splitlines())
        sample = next(line["id"] for line in lines if line.get("dialect") == "virtshell")
        self.post = f"{self.site.url}{virtshell.PREFIX}/tasks"
        self.get = f"{self.post}/{sample}"
        self.list = f"{self.site.url}{idol.PREFIX}/import-tasks?sort=url"
        if not until(lambda: self.answers(self.get) and self.answers(self.list), 30, 0.1):
            raise SystemExit(f"{self.name} does not answer: {self.instance.log()[-2000:]}")

    @staticmethod
    def answers(url):
        return subprocess.run(["curl", "-sf", "-o", os.devnull, url], check=False).returncode == 0

    @contextlib.contextmanager
    def lister(self, seconds):
        lister = subprocess.Popen(
            ["wrk", "-t1", "-c1", f"-d{seconds + 2}s", "--timeout", "20s", self.list],
            stdout=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            lister.terminate()
            lister.wait()

    def mix(self, seconds):
        results = {}

        def run(what, *args):
            results[what] = wrk(*args, connections=32)

        threads = [
            threading.Thread(target=run, args=("mix GET", self.get, seconds)),
            threading.Thread(target=run, args=("mix POST", self.post, seconds, POST)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def round(self, seconds):
        """The results of one round by kind of request."""
        results = {"GET": wrk(self.get, seconds), "POST": wrk(self.post, seconds, POST)}
        with self.lister(seconds):
            results["GET beside a list"] = wrk(self.get, seconds)
        with self.lister(seconds):
            results["POST beside a list"] = wrk(self.post, seconds, POST)
        return {**results, **self.mix(seconds)}

    def stop(self):
        finish(self.site.nginx, signal.SIGQUIT, 20)
        self.instance.verify(self.name)
        self.instance.stop_daemon()


def print_results(layouts, rounds):
    base = layouts[1].name
    print(f"{'':20}{'':14}{'req/s':>9}{'/ 1 reader':>12}{'p99 ms':>9}{'errors':>8}")
    for what in rounds[0][base]:
        for layout in layouts:
            runs = [one[layout.name][what] for one in rounds]
            ratio = statistics.median(
                one[layout.name][what]["rate"] / one[base][what]["rate"] for one in rounds
            )
            print(
                f"{what:20}{layout.name:14}{statistics.median(run['rate'] for run in runs):9.0f}"
                f"{ratio:12.2f}{statistics.median(run['p99'] for run in runs):9.2f}"
                f"{sum(run['errors'] for run in runs):8}"
            )


def print_goals(layouts, rounds):
    def ratio(layout, what, other_layout, other):
        return statistics.median(
            one[layout.name][what]["rate"] / one[other_layout.name][other]["rate"]
            for one in rounds
        )

    one, most = layouts[1], layouts[-1]
    for name, value, goal in (
        (f"POST, {most.name} / 1 reader", ratio(most, "POST", one, "POST"), ">= 0.95"),
        ("POST beside a list / alone", ratio(one, "POST beside a list", one, "POST"), ">= 0.50"),
    ):
        print(f"{name:42}{value:8.3f}   goal {goal}")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    if not (NGINX and find_program("wrk") and find_program("curl")):
        raise SystemExit("needs nginx, wrk, curl and a built tree")
    with open(os.path.join(make_directory("polytask-bench-"), "log"), "ab") as log:
        layouts = [Layout(readers, log) for readers in READERS]
        results = [
            {layout.name: layout.round(seconds) for layout in layouts} for _ in range(rounds)
        ]
    print(f"{rounds} rounds of {seconds} s, {os.cpu_count()} processors, {TASKS} tasks")
    print_results(layouts, results)
    print_goals(layouts, results)
    for layout in layouts:
        layout.stop()


main()
