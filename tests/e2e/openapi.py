"""Checks answers against the OpenAPI documents of the tree."""
import datetime
import glob
import json
import os
import re

try:
    import jsonschema
except ImportError:
    jsonschema = None

from paths import SOURCE

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
# Refusals of an unknown address or method, by nginx, the authorizer or the application.
ANYWHERE = (400, 401, 403, 404, 405, 413, 414, 429, 431, 501, 503)


def documents():
    """The path of each document by the name of its dialect."""
    paths = glob.glob(os.path.join(SOURCE, "src", "dialect", "*", "openapi.json"))
    return {os.path.basename(os.path.dirname(path)): path for path in sorted(paths)}


def load(name):
    """The document of a dialect."""
    with open(documents()[name]) as text:
        return Document(name, text.read())


def escape(word):
    """Escapes a reference token of a JSON pointer (RFC 6901)."""
    return word.replace("~", "~0").replace("/", "~1")


def media_type(value):
    return value.split(";")[0].strip().lower()


def is_date_time(value):
    """Whether a string is a date-time (RFC 3339, section 5.6). Python's own parser takes more."""
    if not isinstance(value, str):
        return True
    found = DATE_TIME.fullmatch(value)
    try:
        return found is not None and bool(datetime.datetime.fromisoformat(f"{found[1]}T{found[2]}"))
    except ValueError:
        return False


def format_checker():
    """Debian's jsonschema checks date-time only if a package is there that Debian has not."""
    checker = jsonschema.FormatChecker()
    checker.checks("date-time")(is_date_time)
    return checker


class Document:
    def __init__(self, name, json_text):
        self.name = name
        self.root = json.loads(json_text)
        servers = self.root.get("servers") or [{"url": "/"}]
        bases = [re.sub("^https?://[^/]*", "", one["url"]).rstrip("/") for one in servers]
        # A template with fewer variables matches first.
        self.paths = sorted(
            (
                (template.count("{"), re.compile(self._pattern(base + template)), template)
                for template in self.root["paths"]
                for base in bases
            ),
            key=lambda row: (row[0], row[2]),
        )
        self.validators = {}

    @staticmethod
    def _pattern(template):
        parts = re.split(r"\{[^{}/]+\}", template)
        return "^" + "[^/]+".join(map(re.escape, parts)) + "$"

    def resolve(self, pointer):
        """Follows references: the pointer and the value at the end."""
        while True:
            value = self.root
            for word in pointer.split("/")[1:]:
                value = value[word.replace("~1", "/").replace("~0", "~")]
            if "$ref" not in value:
                return pointer, value
            pointer = value["$ref"]

    def find(self, path):
        for form in (path, path.rstrip("/")):
            for _, pattern, template in self.paths:
                if pattern.match(form):
                    return template
        return None

    def errors(self, pointer, value):
        """Where the value violates the schema at the pointer: a list of sentences."""
        if pointer not in self.validators:
            # The root of the schema is the whole document: references resolve against it.
            root = {name: part for name, part in self.root.items() if name != "$ref"}
            self.validators[pointer] = jsonschema.Draft202012Validator(
                dict(root, **{"$ref": pointer}), format_checker=format_checker()
            )
        return [
            "/".join(map(str, error.absolute_path)) + ": " + error.message[:300]
            for error in self.validators[pointer].iter_errors(value)
        ]

    def _response(self, operation_pointer, status):
        _, operation = self.resolve(operation_pointer)
        for form in (str(status), f"{status // 100}XX", "default"):
            if form in operation["responses"]:
                return self.resolve(f"{operation_pointer}/responses/{form}")
        return None, None

    def check(self, method, path, status, headers, body):
        """Where the answer differs from the document: a list of sentences."""
        path = path.split("?")[0]
        template = self.find(path)
        if template is None:
            return [] if status in ANYWHERE else ["the address is not documented"]
        # The documents describe the policy for a trailing slash in prose only.
        if path.endswith("/") and status in (307, 404):
            return []
        pointer, item = self.resolve("#/paths/" + escape(template))
        verb = method.lower()
        if verb == "head" and "head" not in item:
            verb = "get"
        if verb not in item:
            is_methods = method == "OPTIONS" and status in (200, 204)
            return [] if status in ANYWHERE or is_methods else ["the method is not documented"]
        pointer, response = self._response(f"{pointer}/{verb}", status)
        if response is None:
            return [f"status {status} is not documented"]
        return self._check_headers(pointer, response, headers) + self._check_body(
            pointer, response, method, status, headers, body
        )

    def _check_headers(self, pointer, response, headers):
        wrong = []
        for name in response.get("headers", {}):
            at, header = self.resolve(f"{pointer}/headers/{escape(name)}")
            value = headers.get(name)
            if value is None:
                wrong += [f"header {name} is missing"] if header.get("required") else []
            elif "schema" in header:
                if header["schema"].get("type") in ("integer", "number"):
                    value = int(value) if value.lstrip("-").isdigit() else value
                wrong += [f"header {name}: {e}" for e in self.errors(at + "/schema", value)]
        return wrong

    def _check_body(self, pointer, response, method, status, headers, body):
        content = response.get("content", {})
        if method == "HEAD" or status in (204, 304) or not (body or content):
            return [] if not body else [f"{status} with a body"]
        if not body:
            return [] if "x-without-body" in response else ["the documented body is missing"]
        sent = media_type(headers.get("Content-Type") or "")
        for name, described in content.items():
            if media_type(name) == sent:
                break
        else:
            return [f"media type {sent!r} is not documented"]
        if "json" not in sent or "schema" not in described:
            return []
        try:
            value = json.loads(body)
        except ValueError:
            return ["the body is not JSON"]
        return self.errors(f"{pointer}/content/{escape(name)}/schema", value)

    def examples(self):
        """Yields (pointer of the schema, pointer of the example, value) for each example."""
        yield from self._examples("#", self.root)

    def _examples(self, pointer, value):
        if isinstance(value, list):
            for index, part in enumerate(value):
                yield from self._examples(f"{pointer}/{index}", part)
        if not isinstance(value, dict):
            return
        if "schema" in value:
            if "example" in value:
                yield pointer + "/schema", pointer + "/example", value["example"]
            for name in value.get("examples", {}):
                at, example = self.resolve(f"{pointer}/examples/{escape(name)}")
                if "value" in example:
                    yield pointer + "/schema", at, example["value"]
        for name, part in value.items():
            if name not in ("example", "examples", "schema"):
                yield from self._examples(f"{pointer}/{escape(name)}", part)


class Checker:
    """Collects the problems of all answers; an address that no document has is not checked."""

    def __init__(self):
        loaded = [load(name) for name in documents()] if jsonschema else []
        self.documents = [document for document in loaded if document.paths]
        self.count = 0
        self.problems = {}

    def take(self, method, path, answer):
        for document in self.documents:
            if document.find(path.split("?")[0]) is None:
                continue
            self.count += 1
            for problem in document.check(
                method, path, answer.status, answer.headers, answer.body
            ):
                name = f"{document.name}: {method} {path.split('?')[0]}: {answer.status}: {problem}"
                self.problems.setdefault(name, answer)
            return
