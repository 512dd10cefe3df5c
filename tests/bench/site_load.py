"""What the benchmarks share: wrk, and sites without TLS."""
import os
import re
import subprocess

from lib import NGINX
from processes import free_port, start

CONNECTIONS = 64


def wrk(url, seconds, script=None, headers=(), connections=CONNECTIONS, env=None):
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "5s"]
    text = subprocess.run(
        argv + (["-s", script] if script else []) + [*headers, url],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **(env or {})},
    ).stdout

    def milliseconds(percent):
        value, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)\b", text).groups()
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    errors = sum(
        int(number)
        for line in re.findall(r"Socket errors: .*", text)
        for number in re.findall(r"\d+", line)
    )
    errors += sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", text)))
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
        "count": int(re.search(r"(\d+) requests in", text).group(1)),
        "p50": milliseconds(50),
        "p99": milliseconds(99),
        "errors": errors,
    }


class Site:
    """The site without TLS on its own ports for HTTP/1 and HTTP/2; "known" has a fixed principal
    instead of an authorizer.
    """

    KNOWN = """
set $polytask_user 00000000-0000-7000-8000-000000000001;
set $polytask_tenant default;
set $polytask_rights read,write,work;
set $polytask_authorized_dialect $polytask_dialect;
set $polytask_reason "";
set $polytask_authorizer_status "";
"""

    def __init__(self, instance, name, log, known=KNOWN):
        home, port = os.path.join(instance.dir, name), free_port()
        self.known, self.http2_port = known, free_port()
        for folder in ("conf", "log", "nginx"):
            os.makedirs(os.path.join(home, folder))
        instance.write_nginx_conf(
            {
                "HOME": home,
                "CONF": os.path.join(home, "conf"),
                "CACHE": os.path.join(instance.memory, name),
                "LISTEN": f"listen 127.0.0.1:{port} backlog=1024; "
                f"listen 127.0.0.1:{self.http2_port} http2;",
                "ACCESS_LOG": os.path.join(home, "log", "access.log"),
            }
        )
        if name == "known":
            self.fix_principal(os.path.join(home, "conf", "polytask-app.conf"))
        self.url = f"http://127.0.0.1:{port}"
        self.nginx = start(
            [
                *(NGINX, "-p", home, "-e", os.path.join(home, "log", "error.log")),
                *("-c", os.path.join(home, "conf", "nginx.conf")),
            ],
            log,
        )

    def fix_principal(self, path):
        with open(path) as conf:
            lines = conf.readlines()
        with open(path, "w") as conf:
            conf.write(self.known)
            conf.writelines(line for line in lines if not line.startswith("auth_request"))
