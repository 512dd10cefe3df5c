"""An HTTP client that sends requests as the clients of each dialect do; no code of the service."""
import http.client
import json
import socket

from dialects import fourhse, idol, native, uplynk, vionlabs, virtshell
from dialects.credentials import with_query
from dialects.uplynk import uplynk_message
from dialects.virtshell import http_date, virtshell_signature


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
    """Requests to one service. A subclass sets host, port, tls (an SSL context), token, key and
    secret (VirtShell's), owner and owner_key (Uplynk's), and secrets (texts that must not leak).

    The method of a dialect's name requests an address below its prefix with the credential that its
    clients send; get, post, put and create are VirtShell's.
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
        """The header lines of a request with a VirtShell signature."""
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
        """Called with every answer of request(); Instance searches it for credentials."""

    def documented(self, method, path, answer):
        """Called with every answer of request(); Instance compares it with the documents."""

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
        """Sends exactly these header lines, and Host and Content-Length; by default a bearer token.

        documented=False: do not compare the answer with the OpenAPI documents.
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
        address = with_query(vionlabs.PREFIX + path, key=key or self.token)
        return self.request(method, address, body, list(headers), **named)

    def uplynk(self, method, path, body=None, headers=(), **named):
        msg, sig = uplynk_message(self.owner, self.owner_key)
        self.secrets += [msg, sig]
        address = with_query(uplynk.PREFIX + path, msg=msg, sig=sig)
        return self.request(method, address, body, list(headers), **named)

    def fourhse(self, method, path, body=None, headers=(), token=None, **named):
        own = [("Content-Type", "application/json")] if body is not None else []
        return self.request(
            method, fourhse.PREFIX + path, body, self.bearer(token) + own + list(headers), **named
        )

    def idol(self, method, path, body=None, headers=(), token=None, **named):
        own = [("Content-Type", "application/vnd.api+json")]
        return self.request(
            method, idol.PREFIX + path, body, self.bearer(token) + own + list(headers), **named
        )

    def native(self, method, path, body=None, headers=(), token=None, **named):
        own = [("Content-Type", "application/json")] if body is not None else []
        return self.request(
            method, native.PREFIX + path, body, self.bearer(token) + own + list(headers), **named
        )

    def get(self, path, headers=None, **named):
        return self.request("GET", virtshell.PREFIX + path, headers=headers, **named)

    def post(self, path, body, headers=None, **named):
        return self.request("POST", virtshell.PREFIX + path, body=body, headers=headers, **named)

    def put(self, path, body, headers=None, **named):
        return self.request("PUT", virtshell.PREFIX + path, body=body, headers=headers, **named)

    def create(self, **members):
        answer = self.post("/tasks", members or {"description": "a task"})
        if answer.status != 200:
            raise RuntimeError(f"create: {answer}")
        return answer.json()["task_id"]

    def raw(self, data, timeout=10, shut=False):
        """Sends bytes over TLS; returns the answer when the server closes or the timeout ends."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as plain:
            with self.tls.wrap_socket(plain, server_hostname="localhost") as tls:
                try:
                    for offset in range(0, len(data), 16384):
                        tls.sendall(data[offset : offset + 16384])
                except OSError:
                    pass  # refused before the end: the answer has arrived
                try:
                    if shut:
                        plain.shutdown(socket.SHUT_WR)
                    while chunk := tls.recv(65536):
                        answer += chunk
                except OSError:
                    pass
        return parse_answer(answer)

    def raw_request(self, line, headers=None, body=b"", timeout=10):
        """Sends a request line and header lines that http.client would refuse to send."""
        lines = [line, b"Host: " + self.host.encode(), b"Connection: close"]
        lines += (
            [f"{name}: {value}".encode() for name, value in self.bearer()]
            if headers is None
            else headers
        )
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        return self.raw(b"\r\n".join(lines) + b"\r\n\r\n" + body, timeout)
