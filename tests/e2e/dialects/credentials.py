"""Ways to put a credential into a request, and malformed values to try in each of them."""
import collections
import urllib.parse

# The credentials of one principal: a token; a key for VirtShell's signatures and one for Uplynk's messages,
# each as (id, secret); the token of a login; the name of the user.
Credentials = collections.namedtuple(
    "Credentials", "token key owner login user", defaults=(None, "tester")
)
# headers is a list of (name, value); body may be a dict, sent as JSON.
Request = collections.namedtuple("Request", "method path headers body")
# put(client, credentials, request, offset) returns the request with the credential, signed by a
# clock that is offset seconds off; kind is the member of Credentials that it uses (a token and a
# login are sent alike); malformed holds functions that put a malformed value instead.
Scheme = collections.namedtuple("Scheme", "name kind put malformed needs_body", defaults=(False,))


def with_query(path, **members):
    """The address with these members in its query; a _ in a name becomes a -."""
    query = urllib.parse.urlencode({n.replace("_", "-"): v for n, v in members.items()})
    return path + ("&" if "?" in path else "?") + query


def header(name, before="", member="token"):
    """Sends the token as a header field, behind a prefix."""

    def put(client, credentials, request, offset=0):
        line = (name, before + getattr(credentials, member))
        return request._replace(headers=request.headers + [line])

    return put


def query(name):
    """Sends the token as a member of the query."""

    def put(client, credentials, request, offset=0):
        return request._replace(path=with_query(request.path, **{name: credentials.token}))

    return put


def form(client, credentials, request, offset=0):
    """Sends the token and the body as one form."""
    fields = {"access-token": credentials.token, **(request.body or {})}
    headers = [line for line in request.headers if line[0] != "Content-Type"]
    return request._replace(
        headers=headers + [("Content-Type", "application/x-www-form-urlencoded")],
        body=urllib.parse.urlencode(fields),
    )


def header_values(name, *values):
    """For each value a function that sends it in this header field."""
    return [
        lambda request, v=value: request._replace(headers=request.headers + [(name, v)])
        for value in values
    ]


def query_texts(*texts):
    """For each text a function that appends it to the query as it is."""
    return [
        lambda request, t=text: request._replace(
            path=f"{request.path}{'&' if '?' in request.path else '?'}{t}"
        )
        for text in texts
    ]


BEARER = Scheme(
    "bearer",
    "token",
    header("Authorization", "Bearer "),
    header_values(
        "Authorization", "Bearer a b", "Bearer \u00e9", "bearer x|y", "Bearer " + "x" * 4000
    ),
)
