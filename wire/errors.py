"""The error envelope: `{"error": {"message", "type", "param", "code"}}`, whatever went wrong."""

from dataclasses import dataclass, field

from django.http import JsonResponse


@dataclass
class WireError(Exception):
    """A refusal on its way to the client. `status` is the HTTP status; the rest is the envelope."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    type: str = "invalid_request_error"
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, str | None]:
        return {"message": self.message, "type": self.type, "param": self.param, "code": self.code}

    def response(self) -> JsonResponse:
        return JsonResponse({"error": self.body()}, status=self.status, headers=self.headers)


def invalid(message: str, param: str | None = None, code: str | None = None) -> WireError:
    return WireError(400, message, code, param)


def not_found(what: str, value: str, param: str | None = "id") -> WireError:
    """A thing that is not there, or is another organization's: the two look the same."""
    return WireError(404, f"No such {what}: {value}", None, param)


def unknown_url(method: str, path: str) -> WireError:
    return WireError(404, f"Invalid URL ({method} {path})")


def method_not_allowed(method: str, allowed: list[str]) -> WireError:
    message = f"Not allowed to {method} on this URL. Allowed: {', '.join(allowed)}."
    return WireError(405, message, "method_not_supported", headers={"Allow": ", ".join(allowed)})


def too_large(limit: int) -> WireError:
    return WireError(413, f"Maximum content size limit ({limit} bytes) exceeded.", "content_too_large")


def server_error() -> WireError:
    message = "The server had an error while processing your request. Sorry about that!"
    return WireError(500, message, "server_error", type="server_error")
