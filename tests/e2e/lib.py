"""A private instance of the service: the real polytaskd behind the real nginx.

stop() ends an instance and checks: no log and no answer contains a credential, the log has no
unexpected warning, no answer may be kept for others by a cache, and every answer agrees with the
OpenAPI documents.
"""
import http.client
import json
import os
import pwd
import signal
import socket
import subprocess

import caching
import leaks
import openapi
import postgresql
import tap
from client import Client
from nginx_site import NginxSite
from paths import BUILD
from processes import child_pids, find_program, finish, free_port, kill, make_directory, start
from tap import equal, ok, skip, until

POLYTASKD = os.path.join(BUILD, "polytaskd")
POLYTASKCTL = os.path.join(BUILD, "polytaskctl")


def _is_sanitized():
    try:
        with open(POLYTASKD, "rb") as program:
            return b"__asan_init" in program.read()
    except OSError:
        return False


WORKERS = ("worker", "writer", "reader")
RIGHTS = "read,write,work,admin"  # all
SANITIZED = _is_sanitized()
NGINX = (
    os.environ.get("POLYTASK_NGINX")
    if os.path.exists(os.environ.get("POLYTASK_NGINX", ""))
    else find_program("nginx")
)


def is_listening(path):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def run_tests(*functions, needs=("nginx", "curl", "openssl")):
    """Runs the tests of a program; skips all of them if a program that they need is missing."""
    missing = [name for name in needs if not (NGINX if name == "nginx" else find_program(name))]
    if missing or not os.path.exists(POLYTASKD):
        print("1..0 # SKIP", "missing:", " ".join(missing) or "polytaskd")
        return
    tap.run(functions)


class Instance(Client, NginxSite):
    """polytaskd and nginx in a directory of their own, with a user, a token and two keys.

    conf and nginx: options and placeholders that differ from the defaults here; expect: events that
    may be logged at warning or above; compared=False: do not check answers against the documents
    (a stand-in answers).
    """

    def __init__(
        self,
        conf=None,
        store=None,
        expect=(),
        autostart=True,
        compared=True,
        nginx=None,
    ):
        self.dir = make_directory("polytask-")
        shm = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.memory = make_directory("polytask-test-", shm)
        self.port = free_port()
        self.host = f"localhost:{self.port}"
        self.socket = os.path.join(self.dir, "polytask.sock")
        self.secrets = []
        self.echoes = {}
        self.cached = {}
        self.documents = openapi.Checker()
        self.compared = compared
        self.expect = set(expect)
        self.daemon = self.nginx = None
        for name in ("log", "nginx", "conf"):
            os.mkdir(os.path.join(self.dir, name))
        self.cert = os.path.join(self.dir, "cert.pem")
        self.log_path = os.path.join(self.dir, "log", "polytaskd.log")
        self.conf = {
            "home": store or os.path.join(self.dir, "store"),
            "regions": os.path.join(self.memory, "regions"),
            "socket": self.socket,
            "socket_mode": "0600",
            "control": os.path.join(self.dir, "control.sock"),
            "peer_user": user_name(),
            "expected_tasks": "10000",
            "cache_mb": "16",
            "reserve_mb": "1",
            "workers": "2",
            # No limits: test_limits.py sets its own.
            "principal_rate": "0",
            "login_burst": "0",
            "idol_creates_a_day": "0",
        }
        if SANITIZED:
            # A leak check stops the process for longer than the default.
            self.conf["stuck_seconds"] = "10"
        self.conf.update(conf or {})
        is_new = self.choose_engine()
        self.write_conf()
        self.write_nginx_conf(nginx or {})
        self.make_certificate()
        if is_new:
            self.ctl("store", "init")
        if autostart:
            self.start_daemon()
            # In the service: a command that opens the store by itself takes several times as long.
            self.wait_controlled()
            self.make_principal()
            self.start_nginx()
            self.wait_ready()

    def choose_engine(self):
        """Sets the option store if tests run on PostgreSQL; whether the store must be made."""
        if not postgresql.is_chosen() or "store" in self.conf:
            return False
        self.conf["store"], is_new = postgresql.databases.url(self.conf["home"])
        return is_new

    # -- files --

    def write_conf(self):
        with open(os.path.join(self.dir, "polytask.conf"), "w") as out:
            for name, value in self.conf.items():
                out.write(f"{name} = {value}\n")

    def make_principal(self):
        self.ctl("user", "add", "tester", "--tenant", "demo", "--rights", RIGHTS)
        self.token = self.add_token("tester", "tests")
        self.key, self.secret = self.add_key("tester")
        self.owner, self.owner_key = self.add_key("tester", "--id", os.urandom(16).hex())

    def add_token(self, user, label, *args):
        token = self.ctl("token", "add", user, "--label", label, *args).strip()
        self.secrets.append(token)
        return token

    def add_key(self, user, *args):
        lines = dict(
            line.split(": ", 1)
            for line in self.ctl("key", "add", user, *args).strip().splitlines()
        )
        self.secrets.append(lines["secret"])
        return lines["id"], lines["secret"]

    # -- processes --

    def ctl_run(self, *args, stdin=None, env=None, timeout=60):
        return subprocess.run(
            [POLYTASKCTL, "-c", os.path.join(self.dir, "polytask.conf"), *args],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=env,
        )

    def ctl(self, *args, stdin=None):
        done = self.ctl_run(*args, stdin=stdin)
        if done.returncode != 0:
            raise RuntimeError(
                f"polytaskctl {' '.join(args)}: status {done.returncode}: "
                f"{done.stdout[-500:]} {done.stderr[-500:]}"
            )
        return done.stdout

    def start_daemon(self, argv=None):
        with open(self.log_path, "ab") as log:
            self.daemon = start(
                argv or [POLYTASKD, "-c", os.path.join(self.dir, "polytask.conf")], log
            )

    def start_nginx(self):
        error_log = os.path.join(self.dir, "log", "nginx-error.log")
        with open(error_log, "ab") as log:
            self.nginx = start(
                [
                    NGINX,
                    "-p",
                    self.dir,
                    "-e",
                    error_log,
                    "-c",
                    os.path.join(self.dir, "conf", "nginx.conf"),
                ],
                log,
            )

    def start(self, argv=None):
        self.start_daemon(argv)
        if not self.nginx or self.nginx.poll() is not None:
            self.start_nginx()
        self.wait_ready()

    def wait_controlled(self):
        """Waits until commands reach the service; not for long if it has ended."""
        until(lambda: self.daemon.poll() is not None or is_listening(self.conf["control"]), 30)

    def wait_ready(self, seconds=30):
        if not until(self.answers, seconds):
            raise RuntimeError(f"no answer: {self.log()[-3000:]}")

    def wait_serving(self):
        """Waits until `status` exits with 0. A first answer needs a reader only: the writer may be
        ready later."""
        until(lambda: self.ctl_run("status").returncode == 0, 30)

    def answers(self):
        try:
            return self.get("/tasks/status/none", timeout=5).status == 200
        except (OSError, http.client.HTTPException):
            if self.daemon and self.daemon.poll() is not None:
                raise RuntimeError(f"polytaskd ended: {self.log()[-3000:]}")
            return False

    def status(self):
        done = self.ctl_run("--json", "status")
        if done.returncode not in (0, 3):  # 3: it runs, but does not serve
            raise RuntimeError(f"polytaskctl status: {done.returncode}: {done.stderr[-500:]}")
        return json.loads(done.stdout)

    def workers(self):
        """Process ids of the workers, oldest first."""
        return [
            child["pid"]
            for child in self.status()["processes"]
            if child["process"].split()[0] in WORKERS
        ]

    def kill_daemon(self):
        """Kills the supervisor and all its children, as a power cut would."""
        children = child_pids(self.daemon.pid)
        self.daemon.kill()
        for pid in children:
            kill(pid, signal.SIGKILL)
        self.daemon.wait()

    def stop_daemon(self, seconds=30):
        status, self.daemon = finish(self.daemon, signal.SIGTERM, seconds), None
        return status

    def stop(self, name="instance"):
        """Stops both and checks the logs and the answers; every test of an instance ends with it."""
        if self.nginx:
            equal(finish(self.nginx, signal.SIGQUIT, 20), 0, f"{name}: nginx stops")
        if self.daemon:
            equal(self.stop_daemon(), 0, f"{name}: polytaskd stops with status 0")
        self.nginx = None
        self.check_logs(name)
        self.check_documented(name)

    # -- answers --

    def answered(self, method, path, answer):
        """Records answers that contain a credential, and those that a cache could give to others."""
        text = answer.body.decode("latin-1") + "".join(
            f"{name}: {value}\n"
            for name, value in answer.headers.items()
        )
        for leak in leaks.leaks(self.secrets, text):
            self.echoes.setdefault(f"{method} {path.split('?')[0]}: {answer.status}", leak)
        wrong = caching.fault(answer)
        if wrong:
            self.cached.setdefault(f"{method} {path.split('?')[0]}: {answer.status}", wrong)

    def documented(self, method, path, answer):
        if self.compared:
            self.documents.take(method, path, answer)

    def check_documented(self, name):
        """Checks that every answer so far agrees with the OpenAPI documents."""
        if not self.compared:
            return
        if not openapi.jsonschema:
            skip(f"{name}: answers agree with the documents", "python3-jsonschema is not installed")
            return
        problems = self.documents.problems
        ok(
            not problems,
            f"{name}: {self.documents.count} answers agree with the documents",
            "\n".join(f"{what}  {answer}" for what, answer in list(problems.items())[:30]),
        )

    # -- logs --

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def events(self, event=None):
        lines = []
        for line in self.log().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if event is None or entry.get("event") == event:
                lines.append(entry)
        return lines

    def check_logs(self, name):
        found, broken = [], []
        for file, text in leaks.texts(os.path.join(self.dir, "log")):
            found += [f"{file}: {leak}" for leak in leaks.leaks(self.secrets, text)]
            broken += [
                line
                for line in text.splitlines()
                if "Sanitizer" in line or "runtime error:" in line
            ]
        ok(not found, f"{name}: no credential in any log", "\n".join(found))
        ok(not self.echoes, f"{name}: no credential in any answer", self.echoes)
        ok(not self.cached, f"{name}: no answer may be kept for others", self.cached)
        cores = leaks.core_files(self.dir)
        ok(not cores, f"{name}: no core file", cores)
        # nginx's cache of decisions contains tokens: only its own user may read it.
        cache = os.path.join(self.memory, "authorized")
        if os.path.isdir(cache):
            mode = oct(os.stat(cache).st_mode & 0o7777)
            equal(mode, "0o700", f"{name}: mode of the decision cache")
        ok(not broken, f"{name}: no sanitizer report", "\n".join(broken))
        surprises = [
            entry
            for entry in self.events()
            if entry.get("level") in ("warn", "error", "fatal")
            and entry.get("event") not in self.expect
        ]
        ok(
            not surprises,
            f"{name}: no unexpected warning",
            "\n".join(map(json.dumps, surprises)),
        )

    def tasks(self, path="/tasks/"):
        answer = self.get(path, timeout=60)
        if answer.status != 200:
            raise RuntimeError(f"list: {answer}")
        return answer.json()["tasks"]

    def verify(self, name):
        done = self.ctl_run("verify", timeout=300)
        ok(done.returncode == 0, f"{name}: primary and index agree", done.stdout + done.stderr)


def user_name():
    return pwd.getpwuid(os.geteuid()).pw_name
