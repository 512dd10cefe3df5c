"""polytask-site of the Debian package: the site that it writes for /etc/polytask/site.conf, in a directory of its own.
tests/package/ tries it with nginx.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lib import run_tests
from paths import BUILD, SOURCE
from processes import make_directory
from tap import equal, ok

DEBIAN = os.path.join(SOURCE, "debian")
# Each with what the message must name.
REFUSED = (
    ("name = x", "unknown name"),
    ("names", "form NAME = VALUE"),
    ("names =", "empty"),
    ('names = a"b', "names"),
    ("names = a;b", "names"),
    ("names = $(id)", "names"),
    ("listen = 443", "listen"),
    ("listen = listen 443; } server {", "listen"),
    ("listen =", "empty"),
    ("certificate = cert.pem", "absolute path"),
    ('access_log = /var/log/a" x', "absolute path"),
    ("acme = /var/$host", "absolute path"),
    ("rate = 0", "number"),
    ("connections = many", "number"),
    ("hash_sizes = perhaps", "yes or no"),
    ("origins = https://a.example;", "origins"),
)


class System:
    """A directory with what the package installs."""

    def __init__(self):
        self.root = make_directory("polytask-site-")
        for folder in ("etc/nginx", "etc/polytask", "usr/share/polytask/nginx"):
            os.makedirs(self.path(folder))
        for tree in {SOURCE, BUILD}:
            for template in glob.glob(tree + "/nginx/polytask-*.conf.in"):
                shutil.copy(template, self.path("usr/share/polytask/nginx"))
        shutil.copy(os.path.join(SOURCE, "data", "fill.sh"), self.path("usr/share/polytask"))

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, *lines):
        """site.conf as it is installed, with further lines."""
        with open(os.path.join(DEBIAN, "site.conf")) as installed:
            text = installed.read()
        with open(self.path("etc/polytask/site.conf"), "w") as conf:
            conf.write(text + "".join(line + "\n" for line in lines))

    def run(self, *lines):
        self.write(*lines)
        return subprocess.run(
            ["sh", os.path.join(DEBIAN, "polytask-site")],
            capture_output=True,
            text=True,
            env=dict(os.environ, DPKG_ROOT=self.root),
        )

    def site(self):
        """The text of each file of the site."""
        texts = {}
        for path in glob.glob(self.path("etc/nginx/polytask/*")):
            with open(path) as file:
                texts[os.path.basename(path)] = file.read()
        return texts

    def certificate(self):
        return subprocess.run(
            ["openssl", "x509", "-noout", "-ext", "subjectAltName"]
            + ["-in", self.path("etc/polytask/tls/cert.pem")],
            capture_output=True,
            text=True,
            check=True,
        ).stdout


def defaults():
    """The installed values, except those of the package's own, are those of make."""
    system = System()
    done = system.run()
    equal((done.returncode, done.stderr), (0, ""), "polytask-site accepts the installed site.conf")
    site = system.site()
    built = {}
    for path in glob.glob(BUILD + "/nginx/polytask-*.conf"):
        with open(path) as file:
            built[os.path.basename(path)] = file.read()
    equal(set(built) - set(site), {"polytask-plain.conf"}, "all files but that of port 80")
    folder = r'"/[\w/.-]*/'
    for name, text in sorted(site.items()):
        wanted = re.sub(folder, '"', built[name])
        equal(re.sub(folder, '"', text), wanted, f"{name} is that of make install")
    ok("DNS:localhost, IP Address:127.0.0.1" in system.certificate(), "a certificate is made")
    mode = os.stat(system.path("etc/polytask/tls/key.pem")).st_mode & 0o777
    equal(mode, 0o600, "its key is private")
    before = system.certificate()
    system.run("names = tasks.example.com")
    equal(system.certificate(), before, "a certificate that exists is kept")


def values():
    system = System()
    done = system.run(
        "names = tasks.example.com *.example.org [::1]",
        "  plain_listen=listen 8080; listen [::]:8080;  ",
        "hash_sizes = no",
        "origins = https://app.example.com https://b.example",
        "rate = 7",
    )
    equal((done.returncode, done.stderr), (0, ""), "polytask-site accepts other values")
    site = system.site()
    ok("polytask-hash.conf" not in site, "hash_sizes = no: the sizes are left out")
    plain = site.get("polytask-plain.conf", "")
    ok("\tlisten 8080; listen [::]:8080;\n" in plain, "plain_listen: the port without TLS", plain)
    text = site["polytask-http.conf"]
    for line in ('"*.example.org" 1;', '"https://b.example" $http_origin;', "rate=7r/s"):
        ok(line in text, f"the site has {line}", text)
    names = system.certificate()
    ok("DNS:*.example.org, IP Address:0:0:0:0:0:0:0:1" in names, "the certificate has the names", names)


def refused():
    system = System()
    system.run()
    before = system.site()
    for line, message in REFUSED:
        done = system.run(line)
        ok(
            done.returncode == 1 and message in done.stderr and "site.conf:" in done.stderr,
            f"refused: {line}",
            done.stderr,
        )
    equal(system.site(), before, "a refused value changes nothing")
    equal(glob.glob(system.path("etc/nginx/.*")), [], "no temporary directory is left")


def scripts():
    """The maintainer scripts can be parsed, and the sum of defaults is the installed file."""
    for name in ("polytask.postinst", "polytask.postrm", "polytask-site", "tests/first-task"):
        done = subprocess.run(
            ["sh", "-n", os.path.join(DEBIAN, name)], capture_output=True, text=True
        )
        equal((done.returncode, done.stderr), (0, ""), f"sh -n {name}")
    with_file, without = System(), System()
    with_file.run()
    with open(without.path("etc/polytask/site.conf"), "w"):
        pass
    subprocess.run(
        ["sh", os.path.join(DEBIAN, "polytask-site")], env=dict(os.environ, DPKG_ROOT=without.root)
    )
    equal(without.site(), with_file.site(), "a value that is missing is the installed one")


run_tests(defaults, values, refused, scripts, needs=("openssl",))
