"""Work per second and processor time of the server: claims here, and beanstalkd.

    python3 tests/bench/claims.py [ROUNDS [SECONDS]]   (after make; needs wrk, nginx, beanstalkd)

Both sides have tasks of the same size and 64 connections. Each round runs both, one after the other:
only ratios within one run are meaningful. beanstalkd has its log with fsync for each write (-f0).

    tasks/s      tasks that were finished
    us           processor time of all processes of the server for a task
"""
import glob
import json
import os
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from lib import NGINX, POLYTASKD, Instance
from measures import processor_ns
from processes import child_pids, find_program, finish, free_port, make_directory, start
from site_load import CONNECTIONS, Site, wrk
from tap import until

TASKS = 60000
BODY = "x" * 300
SCRIPT = os.path.join(HERE, "claim.lua")


class Polytask:
    name = "polytask"

    def __init__(self, log):
        self.instance = Instance(
            autostart=False, compared=False, conf={"workers": "2", "expected_tasks": str(TASKS)}
        )
        self.instance.start_daemon()
        self.site = Site(self.instance, "known", log)
        self.instance.wait_serving()
        self.fill()

    def fill(self):
        path = os.path.join(self.instance.dir, "create.lua")
        body = json.dumps({"fields": {"text": BODY}})
        with open(path, "w") as file:
            file.write(
                f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                f"wrk.body = '{body}'\n"
            )
        made = 0
        while made < TASKS:
            made += wrk(self.site.url + "/v1/tasks", 2, path)["count"]

    def pids(self):
        return [
            *(child["pid"] for child in self.instance.status()["processes"] if child["pid"]),
            *(self.site.nginx.pid, *child_pids(self.site.nginx.pid)),
        ]

    def run(self, seconds):
        pids = self.pids()
        before = processor_ns(pids)
        result = wrk(self.site.url, seconds, SCRIPT)
        used = processor_ns(pids) - before
        if result["errors"]:
            raise SystemExit(f"polytask: {result['errors']} errors")
        return result["count"] / seconds, used / 1000 / result["count"]

    def stop(self):
        finish(self.site.nginx, signal.SIGTERM, 30)
        self.instance.stop("polytask")


class Beanstalkd:
    name = "beanstalkd"

    def __init__(self, log):
        self.dir, self.port = make_directory("beanstalkd-"), free_port()
        self.process = start(
            [
                *(find_program("beanstalkd"), "-l", "127.0.0.1", "-p", str(self.port)),
                *("-b", self.dir, "-f0"),
            ],
            log,
        )
        until(self.answers, 10)
        self.fill()

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def fill(self):
        put = f"put 0 0 60 {len(BODY)}\r\n{BODY}\r\n".encode()
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            for _ in range(TASKS // 1000):
                connection.sendall(put * 1000)
                got = 0
                while got < 1000:
                    got += connection.recv(65536).count(b"\r\n")

    def run(self, seconds):
        """Deletes a job and reserves the next one with one write, on each connection."""
        selector = selectors.DefaultSelector()
        connections = []
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", self.port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(b"reserve\r\n")
            selector.register(connection, selectors.EVENT_READ, [b""])
            connections.append(connection)
        before, begun, done = processor_ns([self.process.pid]), time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            for key, _ in selector.select(1):
                held = key.data
                held[0] += key.fileobj.recv(4096)
                at = held[0].find(b"RESERVED ")
                if at < 0 or len(held[0]) < at + len(BODY) + 14 or held[0][-2:] != b"\r\n":
                    continue
                job = held[0][at + 9 :].split(b" ", 1)[0]
                held[0] = b""
                key.fileobj.sendall(b"delete " + job + b"\r\nreserve\r\n")
                done += 1
        used, spent = processor_ns([self.process.pid]) - before, time.monotonic() - begun
        for connection in connections:
            connection.close()
        return done / spent, used / 1000 / done

    def stop(self):
        finish(self.process, signal.SIGTERM, 30)
        shutil.rmtree(self.dir)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    results = {}
    with open(os.devnull, "w") as log:
        sides = [Polytask(log), Beanstalkd(log)]
        for number in range(rounds):
            for side in sides[:: 1 if number % 2 else -1]:
                results.setdefault(side.name, []).append(side.run(seconds))
        for side in sides:
            side.stop()
    for name, values in results.items():
        rates, times = zip(*values)
        print(
            f"# {name:11} {statistics.median(rates):8.0f} tasks/s "
            f"[{min(rates):.0f}..{max(rates):.0f}]  "
            f"{statistics.median(times):6.1f} us [{min(times):.1f}..{max(times):.1f}]"
        )
    ours, theirs = ([value[1] for value in results[name]] for name in ("polytask", "beanstalkd"))
    ratios = [b / a for a, b in zip(ours, theirs)]
    print(f"# tasks per second of processor time, to beanstalkd: {statistics.median(ratios):.2f}")


if not NGINX or not find_program("wrk") or not find_program("beanstalkd"):
    raise SystemExit("needs nginx, wrk and beanstalkd")
if not os.path.exists(POLYTASKD):
    raise SystemExit("run make first")
main()
