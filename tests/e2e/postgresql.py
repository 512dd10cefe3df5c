"""A PostgreSQL server of one test, in a directory of its own, on a unix socket.

It runs as an ordinary user: a test of root's uses `postgres` or `nobody`.
"""
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess

from processes import finish, make_directory, start
from tap import until

DATABASE = "polytask"
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None


def binaries():
    """The directory of the newest programs; None without any."""
    found = [os.path.dirname(path) for path in glob.glob("/usr/lib/postgresql/*/bin/initdb")]
    return max(found, key=lambda path: int(re.search(r"/(\d+)/bin$", path).group(1)), default=None)


def server_user():
    """Root's server: another user; else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def lack():
    """Why there can be no server; None if there can."""
    if not binaries():
        return "PostgreSQL is not installed"
    if os.geteuid() == 0 and not (server_user() and shutil.which("setpriv")):
        return "needs another user than root, and setpriv"
    return None


class Server:
    """A running server with an empty database, or a standby; settings: of postgresql.conf.

    Its files are in a directory below parent, which is in memory by default.
    """

    def __init__(self, primary=None, parent=MEMORY, **settings):
        self.dir = make_directory("polytask-pg-", parent)
        self.data = os.path.join(self.dir, "data")
        self.log_path = os.path.join(self.dir, "log")
        self.settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.dir,
            "max_connections": "60",
            "shared_buffers": "16MB",
        }
        self.settings.update(settings)
        self.process = None
        user = server_user()
        self.become = []
        if user:
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            self.become = ["setpriv", "--reuid", user.pw_name, "--regid", str(user.pw_gid), "--clear-groups"]
        if primary:
            self.follow(primary)
            return
        self._run("initdb", "-D", self.data, "-U", "polytask", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8")
        self.start()
        self._run("createdb", "-h", self.dir, "-U", "polytask", DATABASE)

    def follow(self, primary):
        """Begins anew as a standby of another server."""
        shutil.rmtree(self.data, ignore_errors=True)
        arguments = ("-h", primary.dir, "-U", "polytask", "-D", self.data, "-R", "-c", "fast", "--no-sync")
        self._run("pg_basebackup", *arguments)
        self.start()

    def _run(self, program, *args):
        subprocess.run(
            [*self.become, os.path.join(binaries(), program), *args],
            check=True,
            capture_output=True,
            timeout=120,
            cwd="/",
        )

    @property
    def url(self):
        return self.url_of(DATABASE)

    def url_of(self, database):
        return f"postgresql:///{database}?host={self.dir}&user=polytask"

    def start(self):
        argv = [os.path.join(binaries(), "postgres"), "-D", self.data]
        for name, value in self.settings.items():
            argv += ["-c", f"{name}={value}"]
        with open(self.log_path, "ab") as log:
            self.process = start([*self.become, *argv], log)
        if not until(self._answers, 60):
            raise RuntimeError("PostgreSQL does not answer")

    def _answers(self):
        if self.process.poll() is not None:
            with open(self.log_path, errors="replace") as log:
                raise RuntimeError("PostgreSQL ended: " + log.read()[-2000:])
        done = subprocess.run(
            [os.path.join(binaries(), "pg_isready"), "-q", "-h", self.dir], capture_output=True
        )
        return done.returncode == 0

    def stop(self, number=signal.SIGINT):
        """SIGINT ends the connections; SIGQUIT is like a crash."""
        finish(self.process, number, 60)

    def ask(self, sql):
        """The rows as lines of text."""
        done = subprocess.run(
            [os.path.join(binaries(), "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
            + ["-h", self.dir, "-U", "polytask", "-d", DATABASE, "-c", sql],
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{sql}: {done.stderr}")
        return done.stdout.strip()


# ---- tests of services that run on each engine ----


class Databases:
    """A server with a database for each home of a test's services."""

    def __init__(self):
        self.server = None
        self.names = {}

    def url(self, home):
        """The URL, and whether the database is new."""
        if not self.server:
            self.server = Server(max_connections="200")
        new = home not in self.names
        name = self.names.setdefault(home, f"home{len(self.names) + 1}")
        if new:
            self.server.ask(f"CREATE DATABASE {name}")
        return self.server.url_of(name), new


databases = Databases()


def is_chosen():
    """Whether services of tests have their stores in PostgreSQL: `make check-postgresql`."""
    return os.environ.get("POLYTASK_TEST_ENGINE") == "postgresql"
