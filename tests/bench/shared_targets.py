"""What shared_store.py compares: Polytask on each engine, and Fastify with node-postgres.

A target has a name, a url, `pids()` by kind of process, and a stock of pending tasks for claims.
"""
import json
import os
import signal
import urllib.request

from dialects import virtshell
from lib import Instance
from paths import BUILD
from postgresql import DATABASE
from processes import child_pids, find_program, finish, free_port, start
from tap import until

HERE = os.path.dirname(os.path.abspath(__file__))
TASKS = 10000  # of each target at the start
TASK = {
    "description": "clone virtual machine database_01",
    "status": "pending",
    "type": "create_instance",
    "object_uuid": "92d30f0c-8c9c-11e5-8994-feff819cdc9f",
    "log": "the first line of a log that is as long as most of them are",
}
WORK = {"fields": {"text": "x" * 250}}
BATCH = 500
PEER_PROCESSES = 2
MODULES = os.path.join(BUILD, "tests", "bench", "peers")
UPSTREAM = """
upstream {name} {{
	{servers}
	keepalive 256;
	keepalive_requests 100000000;
}}
"""
SERVICE = """
map $request_method ${name} {{
	POST    {name}_writers;
	default {name}_readers;
}}
server {{
	listen 127.0.0.1:{port} backlog=1024;
	location / {{
		fastcgi_pass ${name};
		fastcgi_keep_conn on;
	}}
}}
"""
PEER = """
server {{
	listen 127.0.0.1:{port} backlog=1024;
	location / {{
		proxy_pass http://{name};
		proxy_http_version 1.1;
		proxy_set_header Connection "";
	}}
}}
"""


def ask(url, body=None):
    """The JSON of an answer; to a POST if there is a body."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(
        url,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json", "Prefer": "return=minimal"},
    )
    with opener.open(request, timeout=60) as answer:
        return json.load(answer)


def answers(url):
    try:
        ask(url)
    except OSError:
        return False
    return True


def server_pids(server, database):
    """Of a PostgreSQL server: processes of this database's clients, and others."""
    clients, others = [], []
    for pid in child_pids(server.process.pid):
        with open(f"/proc/{pid}/cmdline") as title:
            words = title.read().rstrip("\0 ").split()
        if words[1:3] == ["polytask", database]:
            clients.append(pid)
        elif words[1:2] != ["polytask"] or "walsender" in words:
            others.append(pid)
    return clients, others


class Target:
    def __init__(self, name, server=None, standby=None, database=None):
        self.name, self.server, self.standby, self.database = name, server, standby, database
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def tasks(self):
        return self.url + virtshell.PREFIX + "/tasks"

    @property
    def symbol(self):
        """The name in nginx's configuration."""
        return self.name.replace("-", "_").replace(" ", "_")

    def make_sample(self):
        """The task that is read has the same members in all targets."""
        made = ask(self.tasks, TASK)
        self.sample = f"{self.tasks}/{made.get('task_id') or made['id']}"
        ask(self.sample)

    def pids(self):
        if not self.server:
            return {}
        clients, others = server_pids(self.server, self.database)
        if self.standby:
            others = others + child_pids(self.standby.process.pid)
        return {"backends": clients, "PostgreSQL": others}


class Service(Target):
    """One or two hosts of Polytask, on Berkeley DB without a server."""

    def __init__(self, name, hosts=1, server=None, standby=None):
        super().__init__(name, server, standby, "bench" + str(hosts))
        conf = {"workers": "0", "cache_mb": "128", "expected_tasks": "100000"}
        if server:
            server.ask(f"CREATE DATABASE {self.database}")
            conf["store"] = server.url_of(self.database)
        self.hosts = [Instance(autostart=False, compared=False, conf=conf) for _ in range(hosts)]
        if server:
            self.hosts[0].ctl("store", "init")
        self.hosts[0].ctl("load-sample", str(TASKS))
        for host in self.hosts:
            host.start_daemon()
            host.wait_serving()

    def nginx_conf(self):
        def upstream(kind, suffix):
            servers = " ".join(f'server "unix:{host.socket}{suffix}";' for host in self.hosts)
            return UPSTREAM.format(name=f"{self.symbol}_{kind}", servers=servers)

        server = SERVICE.format(name=self.symbol, port=self.port)
        return upstream("writers", "") + upstream("readers", ".read") + server

    def stock(self):
        return ask(self.url + "/v1/tasks?limit=1&dialect=native&state=pending")["total"]

    def add_stock(self, count):
        for _ in range(0, count, BATCH):
            ask(self.url + "/v1/tasks", [WORK] * BATCH)

    def pids(self):
        workers = [pid for host in self.hosts for pid in host.workers()]
        children = [pid for host in self.hosts for pid in child_pids(host.daemon.pid)]
        others = [pid for pid in children if pid not in workers]
        return {"workers": workers, "other polytaskd": others, **super().pids()}

    def flushes(self):
        processes = [child for host in self.hosts for child in host.status()["processes"]]
        return sum(child.get("flushes", 0) for child in processes)

    def stop(self):
        for host in self.hosts:
            host.stop_daemon()


class Peer(Target):
    """The table and the processes of peers/peer.cjs."""

    def __init__(self, name, log, server, standby=None):
        super().__init__(name, server, standby, DATABASE)
        self.direct_port = free_port()
        environment = {
            "NODE_PATH": os.path.join(MODULES, "node_modules"),
            "NODE_ENV": "production",
            "HOST": server.dir,
            "USER_NAME": "polytask",
            "DATABASE": self.database,
            "PORT": str(self.direct_port),
            "PROCESSES": str(PEER_PROCESSES),
        }
        self.process = start(
            [find_program("node"), os.path.join(HERE, "peers", "peer.cjs")],
            log,
            env={**os.environ, **environment},
        )
        self.direct = Direct(self)
        if not until(lambda: self.is_ready(self.direct.tasks), 60, 0.1):
            raise SystemExit(f"{name}: peer.cjs does not answer")
        self.add_stock(TASKS)

    def is_ready(self, tasks):
        try:
            return bool(ask(tasks, TASK))
        except OSError:
            return False

    def nginx_conf(self):
        servers = f"server 127.0.0.1:{self.direct_port};"
        upstream = UPSTREAM.format(name=self.symbol, servers=servers)
        return upstream + PEER.format(name=self.symbol, port=self.port)

    def stock(self):
        return int(self.server.ask("SELECT count(*) FROM tasks WHERE state = 'pending'"))

    def add_stock(self, count):
        self.server.ask(
            "INSERT INTO tasks (id, tenant, body, state) SELECT gen_random_uuid(), 'default',"
            f" '{json.dumps(TASK)}', 'pending' FROM generate_series(1, {count})"
        )

    def pids(self):
        return {"node": [self.process.pid, *child_pids(self.process.pid)], **super().pids()}

    def stop(self):
        finish(self.process, signal.SIGTERM, 20)


class Direct:
    """The same service without nginx."""

    def __init__(self, peer):
        self.peer, self.name, self.port = peer, peer.name + " direct", peer.direct_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.tasks = self.url + virtshell.PREFIX + "/tasks"

    @property
    def sample(self):
        return self.tasks + self.peer.sample.removeprefix(self.peer.tasks)

    def __getattr__(self, name):
        return getattr(self.peer, name)
