"""A PostgreSQL primary and a synchronous standby that takes its place when it dies.

The pair does what Patroni does with synchronous_mode: a commit waits for the standby while there is
one, and a standby that was promoted does not wait for a standby that it does not have.
"""
import signal

from postgresql import DATABASE, Server
from processes import child_pids, kill
from tap import until

SECONDS = 60


class Pair:
    """options: of both servers."""

    def __init__(self, **options):
        options = {"max_connections": "100", **options}
        self.primary = Server(**options)
        self.standby = Server(primary=self.primary, **options)
        self.url = (
            f"postgresql:///{DATABASE}?host={self.primary.dir},{self.standby.dir}&user=polytask"
            "&target_session_attrs=read-write"
        )
        self.wait_for_standby()

    def wait_for_standby(self):
        """From then on a commit has reached both when it is acknowledged."""
        self.set_standbys("*")
        question = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        if not until(lambda: self.primary.ask(question) == "1", SECONDS):
            raise RuntimeError("the standby does not follow")

    def set_standbys(self, names):
        self.primary.ask(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.primary.ask("SELECT pg_reload_conf()")

    def kill_primary(self):
        """Kills all its processes, as the loss of its machine would."""
        process = self.primary.process
        kill(process.pid, signal.SIGSTOP)
        for pid in child_pids(process.pid):
            kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()

    def promote(self):
        """The standby takes the place of a primary that has died."""
        self.primary, self.standby = self.standby, self.primary
        self.primary.ask("SELECT pg_promote(true, 60)")
        self.set_standbys("")

    def replace(self):
        """The server that has died comes back as a standby."""
        self.standby.follow(self.primary)
        self.wait_for_standby()
