"""A private certificate authority for tests of TLS."""
import os
import ssl
import subprocess

HOST = "tasks.example.org"


def _openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
RSA = ("-newkey", "rsa:2048")
DAYS = "365"


class Authority:
    def __init__(self, directory):
        self.directory = directory
        self.cert = os.path.join(directory, "ca.pem")
        self.key = os.path.join(directory, "ca-key.pem")
        self.count = 0
        _openssl(
            *("req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", DAYS),
            *("-subj", "/CN=Polytask test CA", "-keyout", self.key, "-out", self.cert),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def issue(self, cert, key, kind=EC):
        """Writes a new key and its certificate; returns the certificate as DER."""
        self.count += 1
        request, extensions = (
            os.path.join(self.directory, name) for name in ("request.pem", "extensions")
        )
        with open(extensions, "w") as out:
            out.write(
                f"subjectAltName=DNS:{HOST},DNS:localhost,IP:127.0.0.1\n"
                "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                "extendedKeyUsage=serverAuth\n"
                "crlDistributionPoints=URI:http://ca.example.org/revoked.crl\n"
            )
        _openssl(
            *("req", *kind, "-nodes", "-subj", f"/CN={HOST}", "-keyout", key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key),
            *("-set_serial", str(0x1000000000000000 + self.count), "-days", DAYS, "-sha256"),
            *("-extfile", extensions, "-out", cert),
        )
        with open(cert) as text:
            return ssl.PEM_cert_to_DER_cert(text.read())

    def install(self, instance):
        """Before the start of an instance: issues its certificate and makes its client trust it."""
        self.issue(instance.cert, os.path.join(instance.dir, "key.pem"))
        instance.tls = ssl.create_default_context(cafile=self.cert)
