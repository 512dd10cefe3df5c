"""Configuration of a test's nginx: the site filled in from its templates, and a certificate."""
import functools
import os
import ssl
import subprocess
import tempfile

from paths import BUILD, SOURCE

# Those of the dialects are written by nginx/generate, into the build tree.
SITE_PARTS = (
    *("hash", "http", "site", "plain", "guard", "app", "authorize", "pass", "token", "error"),
    *("headers", "public", "console", "console-headers"),
    *("dialects-" + part for part in ("http", "site", "errors", "authorize", "pass")),
)


# The empty line ends a comment that is dropped.
END = "\n# end of a template\n"


def read_template(name):
    folder = BUILD if name.startswith("polytask-dialects-") else SOURCE
    with open(os.path.join(folder, "nginx", name + ".conf.in")) as template:
        return template.read()


def fill(text, values):
    done = subprocess.run(
        ["sh", os.path.join(SOURCE, "data", "fill.sh")]
        + [f"{placeholder}={value}" for placeholder, value in values.items()],
        check=True,
        input=text,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def fill_templates(names, values, directory):
    """One process fills all of them: an instance has some twenty."""
    texts = fill("".join(read_template(name) + END for name in names), values).split(END)
    for name, text in zip(names, texts):
        with open(os.path.join(directory, name + ".conf"), "w") as out:
            out.write(text)


def fill_template(name, values, path):
    with open(path, "w") as out:
        out.write(fill(read_template(name), values))


@functools.cache
def certificate():
    """The certificate and the key of all instances of a program."""
    with tempfile.TemporaryDirectory() as directory:
        cert, key = (os.path.join(directory, name) for name in ("cert.pem", "key.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
            + ["-nodes", "-days", "2", "-keyout", key, "-out", cert, "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with open(cert) as one, open(key) as other:
            return one.read(), other.read()


class NginxSite:
    """The part of an instance that writes nginx's files; it uses dir, memory, port and cert."""

    def write_nginx_conf(self, changed):
        """Fills the templates; changed overrides placeholders."""
        values = {
            "USER": "user root;" if os.geteuid() == 0 else "",
            "HOME": self.dir,
            "TEMP": os.path.join(self.dir, "nginx"),
            "CONF": os.path.join(self.dir, "conf"),
            "SOCKET": self.socket,
            "READ_SOCKET": self.socket + ".read",
            "CACHE": os.path.join(self.memory, "authorized"),
            "RATE": "100000",
            "BURST": "50",
            "CONNECTIONS": "65000",
            "ORIGINS": "",
            "NAMES": "localhost 127.0.0.1 [::1]",
            "LISTEN": f"listen 127.0.0.1:{self.port} ssl http2;",
            "PLAIN_LISTEN": "",
            "ACME": self.dir,
            "CERTIFICATE": self.cert,
            "CERTIFICATE_KEY": os.path.join(self.dir, "key.pem"),
            "ACCESS_LOG": os.path.join(self.dir, "log", "nginx-access.log"),
            "OPENAPI": os.path.join(BUILD, "data", "openapi"),
            "CONSOLE": os.path.join(SOURCE, "data", "console", "dist"),
        }
        values.update(changed)
        names = ["nginx", *("polytask-" + part for part in SITE_PARTS)]
        fill_templates(names, values, values["CONF"])

    def make_certificate(self):
        cert, key = certificate()
        with open(self.cert, "w") as out:
            out.write(cert)
        path = os.path.join(self.dir, "key.pem")
        with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
            out.write(key)
        self.tls = ssl.create_default_context(cafile=self.cert)
