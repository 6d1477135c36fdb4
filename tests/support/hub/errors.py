"""The server's answers to requests that cannot be fulfilled."""


class HubError(Exception):
    """An answer with this HTTP status. The client shows ``message``, and turns ``code`` (RepoNotFound, RevisionNotFound,
    EntryNotFound) into an exception of its own. ``headers`` and ``body``: what the client reads beside them."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        body: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.body = status, message, {"error": message, **(body or {})}
        self.headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {}), **(headers or {})}
