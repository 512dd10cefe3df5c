"""The description of one dialect, an oracle: written from the dialect's page and its vendor's documents,
not from the code, with every sentence written out.
"""
import dataclasses
import json
import typing

PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    414: "URI Too Long",
    421: "Misdirected Request",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclasses.dataclass(frozen=True)
class Dialect:
    # Addresses.
    prefix: str
    has_tasks: bool = dataclasses.field(default=True, kw_only=True)  # of its own
    list_path: str  # an address whose GET answers a list
    # The address of a task: a template with its id, hex (the same without hyphens), number and fields.
    read_path: str
    reads_by_post: tuple = ()  # path templates whose POST needs the right to read only

    works: tuple = ()  # path templates that need the right to work
    administers: tuple = ()  # and those that need the right admin
    for_all: tuple = ()  # and those that need any right
    conflicts: tuple = ()  # path templates that the state of a new task does not allow: 409

    # Requests: a body that is accepted; bodies has exceptions by path template. One of them may be a
    # function that makes it of the variables.
    body: dict = dataclasses.field(default_factory=dict)
    bodies: dict = dataclasses.field(default_factory=dict)
    body_type: str = None
    # create(client) makes a task with client.post_route(path template, **variables), which returns
    # the JSON of the answer; returns the variables of the routes that lead to the task.
    create: typing.Callable = None
    # Fields of tasks, as the native API creates them, each with the task's kind before it. A dialect
    # without any has kinds that clients set.
    kinds: tuple = ()

    # Credentials.
    schemes: tuple = ()
    unauthenticated: int = 401
    challenge: str = None  # WWW-Authenticate; %s is the sentence
    challenges: dict = dataclasses.field(default_factory=dict)  # by reason, if it is another one
    bare_challenge: str = None  # without a credential, if it is another one
    scope_challenge: str = None  # of a 403; %s is the missing right
    # The sentence for each reason to refuse a credential, optionally for one kind of credential
    # ("expired key"). A reason that is not named is refused like a wrong credential.
    credential_sentences: dict = dataclasses.field(default_factory=dict)
    forbidden: str = "The credential does not allow this."

    # Refusals: shape(status, phrase, sentence) is the JSON value of the body.
    shape: typing.Callable = None
    media_type: str = "application/json"
    phrases: dict = dataclasses.field(default_factory=dict)  # where they are not those of HTTP
    sentences: dict = dataclasses.field(default_factory=dict)  # by status, of its own API

    def refusal_body(self, status, sentence):
        """The body of a refusal; REQUEST stands for the request's id."""
        phrase = self.phrases.get(status, PHRASES[status])
        sentence = self.sentences.get(status, sentence)
        return json.dumps(self.shape(status, phrase, sentence), separators=(",", ":"))
