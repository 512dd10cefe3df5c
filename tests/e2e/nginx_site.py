"""Configuration of a test's nginx: the site filled in from its templates, and a certificate."""
import os
import ssl
import subprocess

from paths import BUILD, SOURCE

# Those of the dialects are written by nginx/generate, into the build tree.
SITE_PARTS = (
    *("hash", "http", "site", "plain", "guard", "app", "authorize", "pass", "token", "error"),
    *("headers", "public", "console", "console-headers"),
    *("dialects-" + part for part in ("http", "site", "errors", "authorize", "pass")),
)


def fill_template(name, values, path):
    folder = BUILD if name.startswith("polytask-dialects-") else SOURCE
    with open(os.path.join(folder, "nginx", name + ".conf.in")) as template, open(path, "w") as out:
        subprocess.run(
            ["sh", os.path.join(SOURCE, "data", "fill.sh")]
            + [f"{placeholder}={value}" for placeholder, value in values.items()],
            check=True,
            stdin=template,
            stdout=out,
        )


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
        for name in ("nginx", *("polytask-" + part for part in SITE_PARTS)):
            fill_template(name, values, os.path.join(values["CONF"], name + ".conf"))

    def make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
            + ["-nodes", "-days", "2", "-keyout", os.path.join(self.dir, "key.pem")]
            + ["-out", self.cert, "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.tls = ssl.create_default_context(cafile=self.cert)
