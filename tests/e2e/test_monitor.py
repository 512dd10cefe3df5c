"""The monitor: probes, what it refuses, and that it outlives the other processes."""
import functools
import os
import signal
import socket
import subprocess
import time

from lib import Instance, run_tests
from processes import child_pids, free_port, kill
from scrape import Metrics, fetch
from tap import equal, note, ok, until

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


def requests():
    return scrape().sum("http_requests_total")


def probes():
    shared()
    ok(until(lambda: fetch(ADDRESS, "/readyz")[0] == 200, 30), "the service is ready")
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
    monitor, answered = process("monitor"), requests()
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
    ok(requests() >= answered > 0, "the counts are those from the start", answered)
    until(shared().answers, 30)


def the_monitor_is_started_again():
    before, answered = process("monitor"), requests()
    kill(before, signal.SIGKILL)
    ok(until(lambda: process("monitor") not in (None, before), 30), "a killed monitor is replaced")
    ok(until(lambda: fetch(ADDRESS, "/livez")[0] == 200, 30), "and answers")
    ok(requests() >= answered > 0, "with the counts of before", answered)


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
    # The service is ready a moment after its workers are.
    ok(until(lambda: fetch(path, "/readyz")[0] == 200, 10), "a unix socket answers", fetch(path, "/readyz"))
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
    probes,
    it_refuses,
    hostile_requests,
    silent_connections,
    the_site,
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
