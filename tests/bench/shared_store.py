"""Ratios of throughput of a shared store, in one interleaved run: to Berkeley DB, and to a peer.

    python3 tests/bench/shared_store.py [ROUNDS [SECONDS]]
        (after make; needs wrk, nginx, node, npm, strace and PostgreSQL, and a disk for $TMPDIR)

After a warm-up, each round runs each kind of work for SECONDS in every target, one after the
other: only ratios within one run are meaningful. All targets are behind one nginx without an
authorizer:

    embedded        Berkeley DB
    pg              a store in a PostgreSQL server, which waits for its disk at each commit
    pg2             the same, two hosts, which nginx takes in turn
    peer            tasks in one table of the same server, by two processes of Fastify and
                    node-postgres (peers/peer.cjs); `direct`: without nginx. It does much less: no
                    users, journal, quotas, retries, leases or timeouts
    ... sync        the same, on a server whose commits wait for a synchronous standby

    POST, GET       a durable creation, one task by id; the number of connections
    ... of 10       the same with ten tenants; otherwise there is one
    mix             16 connections that create and 16 that read, at the same time
    claim           completes a task and claims the next one; 64 connections

The columns `/ peer` and `/ embedded` have medians of the ratios of each round; targets with a
standby are compared with the peer with a standby. Then follow the processor time for a request, by
kind of process, and trips of the workers to the server: each ends with a recvfrom() of libpq, but
may have several sendto().
"""
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "e2e"), os.path.join(HERE, "..", "crash")]
import postgresql
from lib import NGINX, POLYTASKD
from measures import count_calls, processor_ns_since, processor_times
from nginx_site import fill_template
from paths import SOURCE
from postgresql_pair import Pair
from processes import child_pids, find_program, finish, free_port, make_directory, start
from shared_targets import MODULES, Peer, Service, answers
from site_load import wrk
from tap import until

POST = os.path.join(HERE, "post.lua")
CLAIM = os.path.join(HERE, "claim.lua")
CONNECTIONS = (1, 16, 64)
MIXED = 16
MOST = CONNECTIONS[-1]
MANY = f"POST {MOST} of 10"
CONFIRM = "30"  # more than a slow response takes; the default is 0.8 s
WARM_UP_SECONDS = 2  # of each run
EXPECTED_CLAIMS = 4000  # in a second, until the first run is known
SETTINGS = {"max_connections": "200", "shared_buffers": "128MB"}
BASES = ("peer", "embedded")


class Bench:
    """All targets, and the nginx before them."""

    def __init__(self):
        install_peers()
        self.dir = make_directory("polytask-shared-")
        self.log = open(os.path.join(self.dir, "output"), "ab")
        self.claims = {}
        self.server = server = postgresql.Server(parent=self.dir_of_servers(), **SETTINGS)
        self.pair = pair = Pair(parent=self.dir_of_servers(), **SETTINGS)
        self.targets = [
            Service("embedded"),
            *self.targets_of("", server, None),
            *self.targets_of(" sync", pair.primary, pair.standby),
        ]
        self.by_name = {target.name: target for target in self.targets}
        self.start_nginx()
        for target in self.targets:
            if not target.name.endswith("direct"):
                target.make_sample()
                self.warm_up(target)

    def dir_of_servers(self):
        """On a disk. The servers run as another user, who must be able to enter it."""
        kind = subprocess.check_output(["stat", "-f", "-c", "%T", self.dir], text=True).strip()
        if kind in ("tmpfs", "ramfs"):
            raise SystemExit(f"{self.dir} is in memory; set TMPDIR to a directory on a disk")
        os.chmod(self.dir, 0o711)
        return self.dir

    def targets_of(self, suffix, *servers):
        peer = Peer("peer" + suffix, self.log, *servers)
        return [
            Service("pg" + suffix, 1, *servers),
            Service("pg2" + suffix, 2, *servers),
            peer,
            *([] if suffix else [peer.direct]),
        ]

    def start_nginx(self):
        for name in ("conf", "log", "nginx"):
            os.mkdir(os.path.join(self.dir, name))
        own = os.path.join(self.dir, "conf", "nginx.conf")
        fill_template(
            "bench",
            {
                "USER": "user root;" if os.geteuid() == 0 else "",
                "HOME": self.dir,
                "SOCKET": self.targets[0].hosts[0].socket,
                "READ_SOCKET": self.targets[0].hosts[0].socket + ".read",
                "PLAIN_SOCKET": os.path.join(self.dir, "none"),
                "PORT": str(free_port()),
                "PLAIN_PORT": str(free_port()),
            },
            own,
        )
        for target in self.targets:
            path = os.path.join(self.dir, "conf", f"bench-{target.symbol}.conf")
            with open(path, "w") as conf:
                conf.write(target.nginx_conf())
        error_log = os.path.join(self.dir, "log", "nginx-error.log")
        self.nginx = start([NGINX, "-p", self.dir, "-e", error_log, "-c", own], self.log)
        url = f"{self.targets[0].url}/v1/tasks?limit=1"
        if not until(lambda: answers(url), 30, 0.1):
            raise SystemExit("nginx does not answer")

    def pids(self, target):
        return {**target.pids(), "nginx": child_pids(self.nginx.pid)}

    def measured(self, target, work):
        """The results of work(), and the us of processor time for a request by kind of process."""
        kinds = self.pids(target)
        before = {kind: processor_times(pids) for kind, pids in kinds.items()}
        result = work()
        used = {kind: processor_ns_since(before[kind], pids) for kind, pids in kinds.items()}
        count = max(1, result["count"])
        result["us"] = {kind: value / 1000 / count for kind, value in used.items()}
        return result

    def claim(self, target, seconds):
        expected = int(2 * self.claims.get(target.name, EXPECTED_CLAIMS) * seconds)
        if (lacking := expected - target.stock()) > 0:
            target.add_stock(lacking)
        result = wrk(target.url, seconds, CLAIM, env={"CONFIRM": CONFIRM})
        if target.stock() == 0:
            raise SystemExit(f"{target.name}: all tasks were claimed before the end")
        self.claims[target.name] = max(self.claims.get(target.name, 0), result["rate"])
        return result

    def warm_up(self, target):
        """Until node has compiled what it runs: its first requests take ten times as long."""
        for work, count in (
            (lambda: wrk(target.sample, WARM_UP_SECONDS), 20000),
            (lambda: wrk(target.tasks, WARM_UP_SECONDS, POST), 15000),
            (lambda: self.claim(target, WARM_UP_SECONDS), 1000),
        ):
            while count > 0:
                count -= max(1, work()["count"])

    def stop(self):
        finish(self.nginx, signal.SIGQUIT, 20)
        for target in self.targets:
            if not target.name.endswith("direct"):
                target.stop()
        for server in (self.server, self.pair.primary, self.pair.standby):
            server.stop()


def mix(target, seconds):
    results = {}

    def run(what, *args):
        results[what] = wrk(*args, connections=MIXED)

    threads = [
        threading.Thread(target=run, args=("mix POST", target.tasks, seconds, POST)),
        threading.Thread(target=run, args=("mix GET", target.sample, seconds)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def kinds_of_work(bench, seconds):
    """Functions of a target, whose results are by the name of the work."""
    works = []
    for method in ("POST", "GET"):
        for number in CONNECTIONS:
            works.append((f"{method} {number}", method, number))
    works.append((MANY, "POST", MOST, ("-H", "X-Tenants: many")))

    def request(name, method, number, headers=()):
        def run(target):
            url, script = (target.tasks, POST) if method == "POST" else (target.sample, None)
            work = lambda: wrk(url, seconds, script, headers, connections=number)
            return {name: bench.measured(target, work)}

        return run

    return [
        *(request(*work) for work in works),
        lambda target: mix(target, seconds),
        lambda target: {f"claim {MOST}": bench.claim(target, seconds)},
    ]


def run_rounds(bench, rounds, seconds):
    """A list of results of the rounds, by work and target."""
    results = {}
    for number in range(rounds):
        for work in kinds_of_work(bench, seconds):
            for target in bench.targets[:: -1 if number % 2 else 1]:
                for name, result in work(target).items():
                    if not result["count"]:
                        raise SystemExit(f"{target.name}: {name}: no answer in {seconds} s")
                    results.setdefault(name, {}).setdefault(target.name, []).append(result)
    return results


def base_of(name, base):
    return "peer sync" if base == "peer" and name.endswith("sync") else base


def median(runs, value):
    return statistics.median(run[value] for run in runs)


def print_results(results):
    for what, targets in results.items():
        print(
            f"\n{what:14}{'req/s':>6} {'from..to':>15}{'p50 ms':>9}{'p99 ms':>9}{'errors':>7}"
            + "".join(f"{'/ ' + base:>12}" for base in BASES)
        )
        for name, runs in targets.items():
            rates = [run["rate"] for run in runs]
            spread = f"{min(rates):.0f}..{max(rates):.0f}"
            ratios = [
                statistics.median(
                    a / b["rate"] for a, b in zip(rates, targets[base_of(name, base)])
                )
                for base in BASES
            ]
            print(
                f"{name:12}{statistics.median(rates):8.0f} {spread:>15}{median(runs, 'p50'):9.2f}"
                f"{median(runs, 'p99'):9.2f}{sum(run['errors'] for run in runs):7}"
                + "".join(f"{ratio:12.2f}" for ratio in ratios)
            )


def print_processors(results):
    print("\nprocessor time for a request, us")
    for what in (f"POST {MOST}", MANY, f"GET {MOST}"):
        for name, runs in results[what].items():
            parts = {
                kind: statistics.median(run["us"][kind] for run in runs) for kind in runs[0]["us"]
            }
            text = "  ".join(f"{kind} {value:.1f}" for kind, value in parts.items())
            print(f"{what:14}{name:12}{sum(parts.values()):8.1f} = {text}")


def print_trips(bench, seconds):
    """A round is one of the event loop; it ends with a flush if it has written."""
    print("\ntrips of the workers to the server")
    target, table = bench.by_name["pg"], os.path.join(bench.dir, "log", "calls")
    works = {
        f"POST {MOST}": lambda: wrk(target.tasks, seconds, POST),
        f"GET {MOST}": lambda: wrk(target.sample, seconds),
        f"claim {MOST}": lambda: bench.claim(target, seconds),
    }
    for name, work in works.items():
        flushes = target.flushes()
        calls, result = count_calls(
            target.pids()["workers"], ("sendto", "recvfrom", "epoll_pwait"), table, work
        )
        flushes, trips = target.flushes() - flushes, calls["recvfrom"]
        rounds = flushes or calls["epoll_pwait"]
        print(
            f"{name:10}{trips / rounds:7.2f} a round, {trips / result['count']:.3f} a request; "
            f"{result['count']} requests, {rounds} rounds, {calls}"
        )


def install_peers():
    """In the build tree."""
    source = os.path.join(SOURCE, "tests", "bench", "peers")
    if os.path.realpath(source) != os.path.realpath(MODULES):
        os.makedirs(MODULES, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(source, name), MODULES)
    script = os.path.join(SOURCE, "tests", "lib", "npm_install.sh")
    subprocess.run(["sh", script, MODULES], check=True)
    if not os.path.exists(os.path.join(MODULES, "node_modules", "installed.json")):
        raise SystemExit("the packages of tests/bench/peers are not installed")


def lack():
    """What is missing; None if nothing is."""
    programs = ("wrk", "node", "npm", "strace")
    missing = [name for name in programs if not find_program(name)]
    if not NGINX or not os.path.exists(POLYTASKD):
        missing.append("nginx and a built tree")
    if missing:
        return "needs " + ", ".join(missing)
    return postgresql.lack()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    if why := lack():
        raise SystemExit(why)
    bench = Bench()
    results = run_rounds(bench, rounds, seconds)
    print(f"{rounds} rounds of {seconds} s, {os.cpu_count()} processors")
    print_results(results)
    print_processors(results)
    print_trips(bench, seconds)
    errors = sum(
        run["errors"] for targets in results.values() for runs in targets.values() for run in runs
    )
    print(f"\nerrors {errors}   goal 0")
    bench.stop()


main()
