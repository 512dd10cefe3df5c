"""Scans the site with testssl.sh; fails on a finding worse than LOW.

    python3 tests/tls/run.py     (after make; needs nginx and testssl.sh; half a minute)
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from certificate_authority import HOST, Authority
from lib import NGINX, POLYTASKD, Instance
from processes import find_program

# Protocols, ciphers, server preferences, certificate, header fields, known vulnerabilities.
CHECKS = ("-p", "-s", "-P", "-S", "-h", "-U")
FINE = {"OK", "INFO", "LOW", "WARN"}


def findings(instance, authority, program):
    path = os.path.join(instance.dir, "findings.json")
    subprocess.run(
        [
            *(program, "--quiet", "--color", "0", "--warnings", "off", "--jsonfile", path),
            *("--ip", "127.0.0.1", "--add-ca", authority.cert, *CHECKS, f"{HOST}:{instance.port}"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd=instance.dir,
        timeout=300,
    )
    with open(path) as found:
        return json.load(found)


def main():
    program = find_program("testssl") or find_program("testssl.sh")
    if not (NGINX and program and os.path.exists(POLYTASKD)):
        raise SystemExit("needs nginx, testssl.sh and a built tree")
    instance = Instance(autostart=False)
    authority = Authority(instance.dir)
    authority.install(instance)
    instance.make_principal()
    instance.start()
    found = findings(instance, authority, program)
    worse = [finding for finding in found if finding["severity"] not in FINE]
    for finding in worse:
        print(finding["severity"], finding["id"], finding["finding"])
    # An interrupted scan has no findings either: require some of each kind.
    complete = {"TLS1_2", "TLS1_3", "HSTS_time", "BEAST", "cipherlist_STRONG"} <= {
        f["id"] for f in found
    }
    print(f"{len(found)} findings, {len(worse)} worse than LOW" + ("" if complete else "; the scan is incomplete"))
    raise SystemExit(1 if worse or not complete else 0)


main()
