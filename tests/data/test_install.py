"""make install into a folder: files, units, users and the web server's configuration as described in
polytaskd(8) under DEPLOYMENT. Only systemd itself does not run here.
"""
import glob
import os
import re
import shutil
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib import NGINX, run_tests
from paths import BUILD, SOURCE
from processes import find_program, free_port, make_directory
from tap import equal, ok, skip

# Settings that the units must have.
SERVICE = {
    "Type": "notify",
    "NotifyAccess": "main",
    "User": "polytask",
    "UMask": "0077",
    "WatchdogSec": "2min",
    "OOMPolicy": "continue",
    "KillMode": "mixed",
    "LimitCORE": "0",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "IPAddressDeny": "link-local multicast",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native",
}
SOCKET = {"SocketMode": "0660", "SocketUser": "polytask", "SocketGroup": "www-data"}

# What Debian's nginx.conf sets at the same level, and a site beside Polytask's.
DEBIAN = """sendfile on; tcp_nopush on; types_hash_max_size 2048;
ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; gzip on;
limit_req_status 444; limit_conn_status 444;
"""
OTHER_SITE = """server {
	listen 80 default_server; listen [::]:80 default_server; listen 443 ssl http2 default_server;
	server_name _; ssl_certificate TLS/cert.pem; ssl_certificate_key TLS/key.pem;
	root /var/www/html;
}
"""


class Tree:
    """An installation below root, and the directories that it was configured for."""

    def __init__(self):
        self.root = make_directory("polytask-install-")
        os.chmod(self.root, 0o755)
        done = subprocess.run(
            ["make", "-s", "-C", BUILD, "install", "DESTDIR=" + self.root],
            capture_output=True,
            text=True,
            env={name: os.environ[name] for name in os.environ if not name.startswith("MAKE")},
        )
        ok(done.returncode == 0, "make install", done.stderr[-2000:])
        self.unit = self.find("polytaskd.service")
        with open(os.path.join(self.root, self.unit.lstrip("/"))) as unit:
            text = unit.read()
        self.sbin, self.sysconf = re.search(
            r"^ExecStart=(.*)/polytaskd -c (.*)/polytask/polytask.conf$", text, re.M
        ).groups()
        self.state, self.run = re.search(r"^ReadWritePaths=(\S+) (\S+)$", text, re.M).groups()

    def find(self, name):
        found = glob.glob(f"{self.root}/**/{name}", recursive=True)
        return found[0][len(self.root) :] if found else f"/no/{name}"

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def text(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def relocate(self, text):
        """Replaces the configured directories by those below root."""
        for name in (self.sbin, self.sysconf, self.state, self.run, "/var/log/nginx"):
            text = text.replace(name + "/", self.path(name) + "/")
        return text


def installed(tree):
    programs = ("polytaskd", "polytaskctl", "polytask-import")
    for name in (*programs, "polytaskd.8", "polytaskctl.8", "polytask.conf.5", "polytask-import.1"):
        ok(os.path.isfile(tree.path(tree.find(name))), f"{name} is installed")
    for name in ("prometheus/polytask.rules.yml", "prometheus/polytask.rules.test.yml",
                 "prometheus/prometheus.yml", "grafana/polytask.json"):
        found = tree.find("share/polytask/" + name)
        ok(os.path.isfile(tree.path(found)), f"{name} is installed")
    marks = []
    for folder, _, files in os.walk(tree.root):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read()
            if b"\0" not in content:
                marks += [(name, mark) for mark in re.findall(rb"@[A-Za-z_]+@", content)]
    equal(marks, [], "no placeholder is left in any file")
    conf = tree.text(tree.find("share/polytask/polytask.conf"))
    ok(re.search(r"^user = polytask$", conf, re.M), "the sample sets user = polytask", conf)
    done = subprocess.run(
        [tree.path(tree.sbin + "/polytaskd"), "--check-config", "-c"]
        + [tree.path(tree.find("share/polytask/polytask.conf"))],
        capture_output=True,
        text=True,
    )
    equal((done.returncode, done.stderr), (0, ""), "the sample is valid")


def files_below(folder):
    return sorted(
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
    )


def console(tree):
    """The console, if configure found what builds it; `make uninstall` removes it with the rest."""
    with open(os.path.join(BUILD, "Makefile")) as makefile:
        how = re.search(r"^CONSOLE = (.*)$", makefile.read(), re.M)[1]
    found = tree.path(os.path.dirname(os.path.dirname(tree.find("polytask-site.conf"))) + "/console")
    if how not in ("build", "built"):
        equal(files_below(found), [], "without the console none of its files are installed")
        return
    built = os.path.join(SOURCE, "data", "console", "dist")
    equal(files_below(found), files_below(built), "the console's files are installed")
    ok({"index.html", "index.html.gz"} < set(files_below(found)), "with its page", files_below(found))
    modes = {stat.S_IMODE(os.stat(os.path.join(found, name)).st_mode) for name in files_below(found)}
    equal(modes, {0o644}, "nginx can read them")


def uninstalled():
    tree = Tree()
    done = subprocess.run(
        ["make", "-s", "-C", BUILD, "uninstall", "DESTDIR=" + tree.root],
        capture_output=True,
        text=True,
        env={name: os.environ[name] for name in os.environ if not name.startswith("MAKE")},
    )
    ok(done.returncode == 0, "make uninstall", done.stderr[-2000:])
    equal(files_below(tree.root), [], "it leaves no file")


def settings(text):
    return dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Za-z]+=", line))


def units(tree):
    for unit, wanted in (("polytaskd.service", SERVICE), ("polytaskd.socket", SOCKET)):
        known = settings(tree.text(os.path.dirname(tree.unit) + "/" + unit))
        equal({name: known.get(name) for name in wanted}, wanted, f"{unit}: required settings")
    if not find_program("systemd-analyze"):
        skip("systemd-analyze", "not installed")
        return
    folder = make_directory("polytask-units-")
    paths = []
    for unit in ("polytaskd.service", "polytaskd.socket"):
        paths.append(os.path.join(folder, unit))
        with open(paths[-1], "w") as out:
            text = tree.text(os.path.dirname(tree.unit) + "/" + unit)
            out.write(text.replace(tree.sbin + "/", tree.path(tree.sbin) + "/"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True
    )
    equal((done.returncode, done.stdout + done.stderr), (0, ""), "systemd-analyze verify")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", paths[0]],
        capture_output=True,
        text=True,
    )
    ok(done.returncode == 0, "systemd-analyze security: exposure at most 2.0", done.stdout[-2000:])


def users_and_directories(tree):
    if os.geteuid() != 0 or not find_program("systemd-sysusers"):
        skip("sysusers and tmpfiles", "needs root and systemd")
        return
    etc = tree.path("/etc")
    os.makedirs(etc, exist_ok=True)
    for name, line in (
        ("passwd", "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n"),
        ("group", "root:x:0:\nadm:x:4:\nwww-data:x:33:\n"),
    ):
        with open(os.path.join(etc, name), "w") as out:
            out.write(line)
    config = {
        kind: tree.path(tree.find(kind + ".d/polytask.conf")) for kind in ("sysusers", "tmpfiles")
    }
    for program, kind in (
        (["systemd-sysusers"], "sysusers"),
        (["systemd-tmpfiles", "--create"], "tmpfiles"),
    ):
        done = subprocess.run(
            [*program, "--root=" + tree.root, config[kind]], capture_output=True, text=True
        )
        ok(done.returncode == 0, program[0], done.stderr)
    with open(os.path.join(etc, "passwd")) as users:
        user = [line.split(":") for line in users if line.startswith("polytask:")]
    ok(user and user[0][6].strip().endswith("nologin"), "the user polytask has no shell", user)
    uid, gid = int(user[0][2]), int(user[0][3])
    for folder, mode, owner in (
        (tree.state, 0o700, (uid, gid)),
        (tree.run, 0o750, (uid, 33)),
        (tree.run + "/nginx", 0o700, (33, 33)),
        ("/var/log/nginx/polytask.log", 0o640, (33, 4)),
    ):
        info = os.stat(tree.path(folder))
        equal(
            (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid),
            (mode, *owner),
            f"{folder}: mode and owner",
        )


def web_server(tree):
    """nginx accepts the installed site, linked into its configuration, with a certificate."""
    site = os.path.dirname(tree.find("polytask-site.conf"))
    local = tree.path("/nginx")
    ports = {"80": str(free_port()), "443": str(free_port())}
    for folder in (local, tree.path("/var/log/nginx"), tree.path(tree.run + "/nginx")):
        os.makedirs(folder, exist_ok=True)
    for path in glob.glob(tree.path(site) + "/*.conf"):
        with open(path) as file:
            text = tree.relocate(file.read())
        share = os.path.dirname(site)
        # Only root may listen on the ports below 1024.
        text = re.sub(
            r"\b(listen (?:\[::\]:)?)(80|443)\b", lambda m: m[1] + ports[m[2]], text
        )
        with open(os.path.join(local, os.path.basename(path)), "w") as out:
            out.write(
                text.replace(site + "/", local + "/").replace(share + "/", tree.path(share) + "/")
            )
    tls = tree.path(tree.sysconf + "/polytask/tls")
    os.makedirs(tls, 0o700)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
        + ["-keyout", tls + "/key.pem", "-out", tls + "/cert.pem"],
        check=True,
        capture_output=True,
    )
    # As in Debian's nginx.conf: all files of one folder, in the order of their names.
    os.mkdir(local + "/conf.d")
    for name in ("hash", "http", "site", "plain"):
        os.symlink(f"../polytask-{name}.conf", f"{local}/conf.d/polytask-{name}.conf")
    with open(local + "/conf.d/default.conf", "w") as out:
        out.write(OTHER_SITE.replace("TLS", tls))
    with open(local + "/nginx.conf", "w") as out:
        out.write(
            f"pid {local}/pid;\nevents {{ }}\nhttp {{\n{DEBIAN}"
            + "".join(
                f"{kind}_temp_path {local}/{kind};\n"
                for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi")
            )
            + f"include {local}/conf.d/*.conf;\n}}\n"
        )
    done = subprocess.run(
        [NGINX, "-t", "-e", local + "/error.log", "-c", local + "/nginx.conf"],
        capture_output=True,
        text=True,
    )
    ok(done.returncode == 0, "nginx -t beside another site", done.stderr)
    ok("[warn]" not in done.stderr, "nginx -t beside another site: no warning", done.stderr)


def install():
    tree = Tree()
    installed(tree)
    console(tree)
    units(tree)
    users_and_directories(tree)
    web_server(tree)
    shutil.rmtree(tree.root)


run_tests(install, uninstalled, needs=("nginx", "openssl", "make"))
