"""A running polytaskd without nginx, on a home that a test has made."""
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from fastcgi_client import Connection
from lib import POLYTASKCTL, POLYTASKD, user_name
from model import DEMO, compare_usage
from processes import child_pids, kill, start

MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # for homes whose files need no disk
RECORDER = os.path.join(os.path.dirname(POLYTASKD), "tests", "crash", "recorder.so")


class Service:
    """polytaskd on the directory `top`: top/home, and what is not on the disk in top/run.

    records: the directory where its changes of top/home are recorded (recorder.c), or None;
    small_logs: log files of 1 MiB instead of 32, so that many are finished within seconds.
    """

    def __init__(self, top, records=None, conf=None, small_logs=False):
        self.top, self.records = top, records
        self.home = os.path.join(top, "home")
        self.run = os.path.join(top, "run")
        self.archive = os.path.join(self.home, "archive")
        self.socket = os.path.join(self.run, "socket")
        self.log_path = os.path.join(self.run, "log")
        self.conf_path = os.path.join(self.run, "conf")
        self.daemon = None
        for path in (self.archive, self.run):
            os.makedirs(path, exist_ok=True)
        regions = os.path.join(self.run, "regions")
        if small_logs:
            os.makedirs(regions, 0o700)
            with open(os.path.join(regions, "DB_CONFIG"), "w") as out:
                out.write(f"set_lg_bsize {1 << 18}\nset_lg_max {1 << 20}\n")
        options = {
            "home": self.home,
            "regions": regions,
            "archive": self.archive,
            "socket": self.socket,
            "control": os.path.join(self.run, "control"),
            "peer_user": user_name(),
            "expected_tasks": "1000",
            "cache_mb": "4",
            "checkpoint_mb": "1",
            "checkpoint_seconds": "1",
            "reserve_mb": "1",
            "workers": "2",
            "principal_rate": "0",
            "idol_creates_a_day": "0",
            **(conf or {}),
        }
        with open(self.conf_path, "w") as out:
            out.writelines(f"{name} = {value}\n" for name, value in options.items())

    def environment(self):
        if not self.records:
            return None
        # A name in LD_PRELOAD cannot have blanks, but the path of the tree can.
        preload = os.path.join(self.run, "recorder.so")
        if not os.path.lexists(preload):
            os.symlink(RECORDER, preload)
        return {
            **os.environ,
            "LD_PRELOAD": preload,
            "POLYTASK_RECORD": self.records,
            "POLYTASK_RECORD_BELOW": os.path.realpath(self.home),
        }

    def start(self):
        with open(self.log_path, "ab") as log:
            self.daemon = start([POLYTASKD, "-c", self.conf_path], log, env=self.environment())

    def start_again(self):
        """As a service manager does if polytaskd ended because a command was using the home.

        Returns whether polytaskd runs.
        """
        if self.daemon.poll() is None:
            return True
        if " is using " not in self.log()[-200:]:
            return False
        time.sleep(0.2)
        self.start()
        return True

    def connect(self, tenant=DEMO, seconds=20):
        """A request on the connection waits for a worker."""
        # Every worker carries out every request: so writer and reader change tasks at the same time.
        path = random.choice((self.socket, self.socket + ".read"))
        return Connection(path, seconds, tenant)

    def ctl_words(self, *args):
        return [POLYTASKCTL, "-c", self.conf_path, *args]

    def ctl(self, *args, stdin=None, timeout=60):
        return subprocess.run(
            self.ctl_words(*args),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment(),
        )

    def export(self, *options):
        """The tasks of the service, or of the store that the options name."""
        done = self.ctl(*options, "export")
        if done.returncode != 0:
            raise RuntimeError(f"export: {done.stderr[-1000:]} {self.log()[-2000:]}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if "end" not in lines[-1] or lines[-1]["tasks"] != len(lines) - 2:
            raise RuntimeError(f"export without its last line: {done.stdout[-1000:]}")
        return lines[1:-1]

    def usage_problems(self, rows):
        """Differences of `quota list` from the tasks of an export."""
        listed = [json.loads(line) for line in self.ctl("quota", "list", "--json").stdout.splitlines()]
        counted = {line["tenant"]: int(line["tasks"]) for line in listed}
        return compare_usage(counted, rows)

    def verify_problems(self):
        """Only while no other process writes."""
        done = self.ctl("verify")
        return [] if done.returncode == 0 else [f"verify: {done.stdout} {done.stderr}"]

    def stop(self, seconds=20):
        """Ends it with SIGTERM; returns its status, or None if it had to be killed."""
        daemon, self.daemon = self.daemon, None
        daemon.send_signal(signal.SIGTERM)
        try:
            return daemon.wait(seconds)
        except subprocess.TimeoutExpired:
            self.daemon = daemon
            self.kill()
            return None

    def kill(self):
        daemon, self.daemon = self.daemon, None
        kill(daemon.pid, signal.SIGSTOP)
        children = child_pids(daemon.pid)
        daemon.kill()
        for pid in children:
            kill(pid, signal.SIGKILL)
        daemon.wait()

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()
