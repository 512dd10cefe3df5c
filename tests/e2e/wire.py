"""A client written from the contract alone, its signature included: the service's oracle."""
import base64
import hashlib
import hmac
import http.client
import json
import socket
import time
import urllib.parse
import zlib

BASE = "/api/virtshell/v1"
VIONLABS = "/tasks/catalog-item"
UPLYNK = "/api/v4/managed-slicer"
FOURHSE = "/v2/task"
IDOL = "/api/v2"
NATIVE = "/v1"


def http_date(offset=0):
    return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(time.time() + offset))


def body_md5(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def virtshell_signature(secret, method, host, md5, content_type, date, resource):
    text = "\n".join((method, host, md5, content_type, date, resource))
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def uplynk_message(owner, key, timestamp=None, members=None):
    """msg and sig, as the vendor's own client makes them."""
    said = {"_owner": owner, "_timestamp": int(time.time() if timestamp is None else timestamp)}
    return uplynk_pack(json.dumps(dict(said, **(members or {}))).encode(), key)


def uplynk_pack(text, key):
    msg = base64.b64encode(zlib.compress(text, 9)).decode().strip()
    return msg, hmac.new(key.encode(), msg.encode(), hashlib.sha256).hexdigest()


def with_query(path, **members):
    """The address with these members in its query; a _ in a name stands for a -."""
    query = urllib.parse.urlencode({n.replace("_", "-"): v for n, v in members.items()})
    return path + ("&" if "?" in path else "?") + query


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def parse_answer(data):
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) < 2 or not words[1].isdigit():
        return Answer(0, {}, data)
    headers = http.client.HTTPMessage()
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name] = value.strip()
    if headers.get("Transfer-Encoding") == "chunked":
        body = dechunk(body)
    return Answer(int(words[1]), headers, body)


def dechunk(data):
    whole = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        count = int(size or b"0", 16)
        if count == 0:
            break
        whole, data = whole + data[:count], data[count + 2 :]
    return whole


class Client:
    """Requests to one address; host, port, tls, token, key, secret and secrets are the heir's.

    Each dialect has a method of its name that calls an address below its prefix with the credential
    that its clients send; owner and owner_key are Uplynk's.
    """

    def connect(self, timeout=10):
        return http.client.HTTPSConnection(
            "localhost", self.port, context=self.tls, timeout=timeout
        )

    def sign(
        self,
        method,
        path,
        content_type="",
        md5="",
        date=None,
        key=None,
        secret=None,
        host=None,
        resource=None,
    ):
        """The header lines of a signed request."""
        date = http_date() if date is None else date
        signature = virtshell_signature(
            secret or self.secret,
            method,
            host or self.host,
            md5,
            content_type,
            date,
            resource or path.split("?")[0],
        )
        self.secrets.append(signature)
        lines = [("Date", date), ("X-VirtShell-Authorization", f"{key or self.key}:{signature}")]
        return lines + ([("Content-MD5", md5)] if md5 else [])

    def bearer(self, token=None):
        return [("Authorization", "Bearer " + (token or self.token))]

    def answered(self, method, path, answer):
        """Called with every answer of request(); Instance looks for credentials in it."""

    def documented(self, method, path, answer):
        """Called with every answer of request(); Instance compares it with the OpenAPI documents."""

    def request(
        self,
        method,
        path,
        body=None,
        headers=None,
        timeout=10,
        connection=None,
        documented=True,
    ):
        """Sends exactly these header lines besides Host and Content-Length; a bearer by default.

        documented=False: a request so odd that nobody has to describe its answer.
        """
        own = connection or self.connect(timeout)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        try:
            own.putrequest(method, path, skip_accept_encoding=True)
            for name, value in self.bearer() if headers is None else headers:
                own.putheader(name, value)
            if body is not None and not any(
                n.lower() == "content-length" for n, _ in headers or ()
            ):
                own.putheader("Content-Length", str(len(body)))
            own.endheaders()
            if body:
                own.send(body)
            response = own.getresponse()
            answer = Answer(response.status, response.headers, response.read())
            self.answered(method, path, answer)
            if documented:
                self.documented(method, path, answer)
            return answer
        finally:
            if own is not connection:
                own.close()

    def vionlabs(self, method, path, body=None, headers=(), key=None, **named):
        address = with_query(VIONLABS + path, key=key or self.token)
        return self.request(method, address, body, list(headers), **named)

    def uplynk(self, method, path, body=None, headers=(), **named):
        msg, sig = uplynk_message(self.owner, self.owner_key)
        self.secrets += [msg, sig]
        address = with_query(UPLYNK + path, msg=msg, sig=sig)
        return self.request(method, address, body, list(headers), **named)

    def fourhse(self, method, path, body=None, headers=(), token=None, **named):
        own = [("Content-Type", "application/json")] if body is not None else []
        return self.request(
            method, FOURHSE + path, body, self.bearer(token) + own + list(headers), **named
        )

    def idol(self, method, path, body=None, headers=(), token=None, **named):
        own = [("Content-Type", "application/vnd.api+json")]
        return self.request(
            method, IDOL + path, body, self.bearer(token) + own + list(headers), **named
        )

    def native(self, method, path, body=None, headers=(), token=None, **named):
        own = [("Content-Type", "application/json")] if body is not None else []
        return self.request(
            method, NATIVE + path, body, self.bearer(token) + own + list(headers), **named
        )

    def get(self, path, headers=None, **named):
        return self.request("GET", BASE + path, headers=headers, **named)

    def post(self, path, body, headers=None, **named):
        return self.request("POST", BASE + path, body=body, headers=headers, **named)

    def put(self, path, body, headers=None, **named):
        return self.request("PUT", BASE + path, body=body, headers=headers, **named)

    def create(self, **members):
        answer = self.post("/tasks", members or {"description": "a task"})
        if answer.status != 200:
            raise RuntimeError(f"create: {answer}")
        return answer.json()["task_id"]

    def raw(self, data, timeout=10, shut=False):
        """Bytes over TLS as they are; what comes back until the server closes or falls silent."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as plain:
            with self.tls.wrap_socket(plain, server_hostname="localhost") as tls:
                try:
                    for offset in range(0, len(data), 16384):
                        tls.sendall(data[offset : offset + 16384])
                except OSError:
                    pass  # refused in the middle: the answer is there already
                try:
                    if shut:
                        plain.shutdown(socket.SHUT_WR)
                    while chunk := tls.recv(65536):
                        answer += chunk
                except OSError:
                    pass
        return parse_answer(answer)

    def raw_request(self, line, headers=None, body=b"", timeout=10):
        """A request whose first line and header lines are bytes that http.client would not send."""
        lines = [line, b"Host: " + self.host.encode(), b"Connection: close"]
        lines += (
            [f"{name}: {value}".encode() for name, value in self.bearer()]
            if headers is None
            else headers
        )
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        return self.raw(b"\r\n".join(lines) + b"\r\n\r\n" + body, timeout)
