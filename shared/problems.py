"""Problems: every error an API can answer, in one catalogue (RFC 9457). No answer ever repeats what was sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>
<body><main><h1>{title}</h1><p>{cause}</p><p>{cure}</p></main></body>
</html>
"""


@dataclass(frozen=True)
class ProblemType:
    """One kind of error: its HTTP status, and for people what it means, where it comes from and what cures it."""

    status: int
    title: str
    cause: str
    cure: str


CATALOGUE: dict[str, ProblemType] = {
    "request_malformed": ProblemType(
        400, "The request cannot be read", "The request is not valid HTTP for this address.", "Compare it with the API's documentation."
    ),
    "json_invalid": ProblemType(
        400,
        "The body is not acceptable JSON",
        "`kind` says why: not_utf8, byte_order_mark, not_json, not_a_number (NaN, Infinity, 1e400), integer_too_large (beyond 2^53 - 1), "
        "duplicate_key, too_deep (more than 32 levels) or lone_surrogate.",
        "Send one JSON document in UTF-8, each key once, with numbers that every reader reads alike.",
    ),
    "idempotency_key_missing": ProblemType(
        400,
        "An Idempotency-Key is required",
        "A request that changes something came without the header, so it could not be repeated safely.",
        "Send a new random key with each new request, and the same key when the same request is repeated.",
    ),
    "idempotency_key_invalid": ProblemType(
        400,
        "The Idempotency-Key cannot be used",
        "The header is not one value of 1 to 255 visible ASCII characters.",
        "Send a UUID.",
    ),
    "if_match_invalid": ProblemType(
        400,
        "The If-Match header cannot be read",
        "The header is not one entity tag as this API gives them.",
        'Send the ETag of the last answer unchanged, as in `If-Match: "7"`.',
    ),
    "token_missing": ProblemType(
        401,
        "An access token is required",
        "The request has no Authorization header.",
        "Send `Authorization: Bearer <token>`. On the local street: `./sluss token --role ROLE`.",
    ),
    "token_invalid": ProblemType(
        401,
        "The access token is not accepted",
        "Its signature, algorithm, key, issuer, audience or form is not accepted, it has expired, or is of the future.",
        "Fetch a new token for this audience from the issuer. If a new one is refused too, tell the operator: a clock may be wrong.",
    ),
    "session_ended": ProblemType(
        401,
        "This browser is not let in",
        "There is no session, or it has ended (eight hours after the link was opened).",
        "Make a new link with `./sluss open` and open it.",
    ),
    "link_unknown": ProblemType(
        401,
        "The link is not known",
        "Nobody made this link, or a part of it is missing.",
        "Copy the whole link, or make a new one with `./sluss open`.",
    ),
    "role_missing": ProblemType(
        403,
        "The caller's role does not allow this",
        "The token is good, but it holds none of the roles that the operation asks for.",
        "Ask for a token with a role that the operation's documentation names.",
    ),
    "not_found": ProblemType(
        404,
        "There is no such thing",
        "Nothing has this address, or the caller may not know of it.",
        "Check the address and the identifier.",
    ),
    "method_not_allowed": ProblemType(
        405, "The method is not allowed here", "The address exists, but not with this method.", "Use a method that the Allow header names."
    ),
    "request_too_slow": ProblemType(
        408,
        "The request took too long to arrive",
        "The body was not complete after ten seconds.",
        "Send the request again over a better connection.",
    ),
    "step_not_allowed": ProblemType(
        409,
        "This step is not allowed now",
        "It is in a state that has no such step. `next` lists the steps that are allowed now; none of what the caller may not see.",
        "Read it again and take one of the steps in `next`.",
    ),
    "number_taken": ProblemType(
        409,
        "Somebody else has this number",
        "The number is registered for another person reference.",
        "Look the number up. If both references are one person, go on with the one that has the number, and mark the other's cases as "
        "duplicates; if not, one of the numbers is wrong.",
    ),
    "idempotency_in_flight": ProblemType(
        409,
        "The same request is still being carried out",
        "Another request with the same Idempotency-Key has not ended.",
        "Wait a second and send the same request with the same key again.",
    ),
    "not_complete_yet": ProblemType(
        409,
        "What was asked about has not arrived in full",
        "An import has not ended, so an answer would be wrong. `progress` says how far it is.",
        "Ask again when the import has ended.",
    ),
    "already_there": ProblemType(
        409, "The name is already in use for something else", "The name was given earlier, with other content.", "Choose another name."
    ),
    "reference_taken": ProblemType(
        409,
        "Another case is known by this reference",
        "Your system has used the reference for another case before.",
        "Find that case by the reference, or use another one. Nothing was registered.",
    ),
    "worker_unknown": ProblemType(
        409,
        "There is no such worker",
        "No caseworker is registered under this reference, or they were removed.",
        "Register the worker first, or send the case without one.",
    ),
    "still_unreadable": ProblemType(
        409,
        "The record still cannot be read",
        "The record in quarantine was tried again and was refused again. `reason` says why.",
        "Correct the reader and try again, or give the record up with `./sluss discard`.",
    ),
    "heard_by_several": ProblemType(
        409,
        "Several processes hear this topic",
        "One process alone can begin at a topic's start again; others hear in the same group.",
        "Stop the others, send the request again, and start them.",
    ),
    "clock_moves_forward_only": ProblemType(
        409,
        "The simulated clock moves forward only",
        "The time asked for is earlier than the clock's present; facts are already recorded at later times.",
        "Choose a later time, or begin anew with an empty street.",
    ),
    "link_used": ProblemType(410, "The link has been used", "A link opens one browser once.", "Make a new one with `./sluss open`."),
    "link_expired": ProblemType(
        410, "The link is too old", "A link must be opened within five minutes.", "Make a new one with `./sluss open`."
    ),
    "identity_erased": ProblemType(
        410,
        "The identity has been erased",
        "The key of this person was deleted when the time to keep it had passed. The reference stays; whose it was, nobody knows any more.",
        "Nothing brings it back. Somebody who comes again is registered anew.",
    ),
    "version_mismatch": ProblemType(
        412,
        "It has changed since it was read",
        "The version in If-Match is no longer the present one: somebody else has changed it.",
        "Read it again, look at the change, and decide anew.",
    ),
    "body_too_large": ProblemType(
        413, "The body is too large", "The body is larger than 256 kB.", "Send less at a time. A log is imported with `./sluss import`."
    ),
    "media_type_unsupported": ProblemType(
        415,
        "The kind of content is not supported",
        "The body is not `application/json` in UTF-8.",
        "Send JSON with `Content-Type: application/json`.",
    ),
    "content_encoding_unsupported": ProblemType(
        415, "Compressed requests are not supported", "The request has a Content-Encoding.", "Send the body as it is."
    ),
    "request_invalid": ProblemType(
        422,
        "The request does not fit the API's description",
        "`errors` lists each fault: where it is (`in`, and for a body the JSON pointer) and of which kind.",
        "Compare the named places with the API's documentation.",
    ),
    "idempotency_key_reused": ProblemType(
        422,
        "The Idempotency-Key belongs to another request",
        "The key was used before by the same caller, with another address or body.",
        "Use a new key for a new request.",
    ),
    "item_key_reused": ProblemType(
        422,
        "The item's key belongs to another item",
        "Your system has delivered another item under this key, with other content.",
        "Use a new key for what is new. What was told wrongly is corrected at its case (`/corrections`), not delivered again.",
    ),
    "time_in_future": ProblemType(
        422,
        "It cannot have happened yet",
        "The time at which something is said to have happened is later than now.",
        "Send the time at which it happened, with its offset.",
    ),
    "internal_error": ProblemType(
        500,
        "Something went wrong here",
        "A fault in the service; it is in the service's log.",
        "Try again; if it stays, tell the operator when it happened.",
    ),
    "unavailable": ProblemType(
        503,
        "The service cannot answer at the moment",
        "Something it depends on, most often its database, is away.",
        "Send the same request again after the seconds in Retry-After.",
    ),
}

# What the framework answers by itself, in our words.
BY_STATUS = {400: "request_malformed", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 415: "media_type_unsupported"}


class Problem(Exception):
    """An error answer. `code` is a key of CATALOGUE; extensions are facts of ours (steps, progress), never what was sent."""

    def __init__(self, code: str, *, headers: Mapping[str, str] | None = None, **extensions: object) -> None:
        super().__init__(code)
        self.code = code
        self.status = CATALOGUE[code].status
        self.headers = dict(headers or {})
        self.extensions = extensions

    def document(self) -> dict[str, object]:
        """The answer's body."""
        kind = CATALOGUE[self.code]
        return {
            "type": f"urn:sluss:error:{self.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": kind.cause,
            "cure": kind.cure,
            **self.extensions,
        }

    def body(self) -> bytes:
        """The answer's body as JSON."""
        return json.dumps(self.document(), ensure_ascii=False, default=str).encode()


def answer(problem: Problem, scope: Scope) -> Response:
    """The answer to a request: JSON for programs, a small page for somebody in a browser."""
    if "text/html" in Headers(scope=scope).get("accept", ""):
        kind = CATALOGUE[problem.code]
        page = PAGE.format(title=escape(kind.title), cause=escape(kind.cause), cure=escape(kind.cure))
        return Response(page, problem.status, problem.headers, "text/html")
    return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)


def as_markdown() -> str:
    """`docs/errors.md`: the whole catalogue, by status."""
    lines = [
        "# Errors",
        "",
        "Every error is answered as `application/problem+json` (RFC 9457). `type` is `urn:sluss:error:` and the code below.",
        "An answer never repeats what was sent. Made from `shared/problems.py` by `python -m shared.problems`; do not edit.",
        "",
        "| status | code | meaning | cause | cure |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {kind.status} | `{code}` | {kind.title} | {kind.cause} | {kind.cure} |"
        for code, kind in sorted(CATALOGUE.items(), key=lambda item: (item[1].status, item[0]))
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
