"""Searches for credentials in texts that must not contain any."""
import functools
import json
import os
import re
import urllib.parse


@functools.lru_cache(maxsize=None)
def encodings(secret):
    """The forms a text can take: plain, as JSON with escapes, percent-encoded in an address."""
    quoted = [urllib.parse.quote(secret, safe=safe) for safe in ("", "/", "/=", "/+=")]
    quoted.append(urllib.parse.quote_plus(secret))
    lower = [re.sub("%..", lambda found: found[0].lower(), text) for text in quoted]
    plain = [secret, secret.encode().decode("latin-1")]
    return {*plain, secret.replace("/", "\\/"), json.dumps(secret)[1:-1], *quoted, *lower}


def leaks(secrets, text):
    """The first six characters of each secret that a text contains in any form."""
    return [f"{one[:6]}..." for one in secrets if any(form in text for form in encodings(one))]


def texts(directory):
    """Yields the name and the text of every file below a directory."""
    for parent, _, files in os.walk(directory):
        for file in files:
            with open(os.path.join(parent, file), errors="replace") as text:
                yield file, text.read()


def core_files(directory):
    return [
        os.path.join(parent, file)
        for parent, _, files in os.walk(directory)
        for file in files
        if file == "core" or file.startswith("core.")
    ]
