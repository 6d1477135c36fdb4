"""One request to a route: its user, its repository, its content."""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from tests.support.hub.errors import HubError
from tests.support.hub.repository import Repository
from tests.support.hub.tokens import User, user_of

if TYPE_CHECKING:
    from tests.support.hub.server import Hub

NAME = re.compile(r"(?!.*\.\.)(?!.*--)[A-Za-z0-9_][A-Za-z0-9._-]{0,95}")
NOBODY = "Invalid username or password."


@dataclass
class Call:
    """``names``: what the route's pattern has found in the path, decoded."""

    hub: "Hub"
    request: Request
    body: bytes
    names: dict[str, str]

    @property
    def user(self) -> User | None:
        """Who asks; None without a token. Raises HubError for a wrong one."""
        return user_of(self.request.headers.get("authorization", ""), self.hub.users)

    @property
    def known_user(self) -> User:
        """Who asks. Raises HubError without a token."""
        if (user := self.user) is None:
            raise HubError(401, NOBODY)
        return user

    def json(self) -> Any:
        """The body. Raises HubError where it is no JSON."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError as why:
            raise HubError(400, f"the body is no JSON ({why})") from why

    def asks_for(self, name: str) -> bool:
        """Whether the query sets this flag."""
        return self.request.query_params.get(name, "").lower() in ("true", "1")

    @property
    def base(self) -> str:
        """The server's address, as the client has written it."""
        return f"{self.request.url.scheme}://{self.request.headers['host']}"

    def page(self, repository: Repository) -> str:
        """The address of a repository."""
        return f"{self.base}/{'' if repository.kind == 'model' else f'{repository.kind}s/'}{repository.id}"

    def named(self, kind: str, namespace: str, name: str) -> Repository:
        """A repository of this name, there or not. Raises HubError where none could be called so."""
        if not (NAME.fullmatch(namespace) and NAME.fullmatch(name)):
            raise HubError(400, f"no repository can be called {namespace}/{name}")
        return Repository(self.hub.root, kind, namespace, name)

    def repository(self) -> Repository:
        """The repository of the path. Raises HubError (RepoNotFound) also where this user must not know of it."""
        user, kind = self.user, (self.names.get("kinds") or "models").removesuffix("s")
        namespace, name = self.names["namespace"], self.names["name"]
        found = Repository(self.hub.root, kind, namespace, name)
        possible = NAME.fullmatch(namespace) and NAME.fullmatch(name)
        if not (possible and found.is_there) or (found.private and not (user and user.belongs_to(namespace))):
            raise HubError(404 if user else 401, "Repository not found", "RepoNotFound")
        return found

    def writable(self) -> Repository:
        """The same, where this user may change it. Raises HubError."""
        found = self.repository()
        self.expect_writer(found.namespace, f"You don't have the rights to write to {found.id}")
        return found

    def expect_writer(self, namespace: str, otherwise: str) -> User:
        """Who asks, where it may write in this namespace. Raises HubError with this message."""
        user = self.known_user
        if not (user.belongs_to(namespace) and user.may_write):
            raise HubError(403, f"{otherwise} (user {user.name}{'' if user.may_write else ', read-only token'})")
        return user
