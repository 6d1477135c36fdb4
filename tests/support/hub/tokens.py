"""Users and permissions: every user has one token, and may write to some namespaces or to none."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.hub.errors import HubError


@dataclass(frozen=True)
class User:
    """The namespaces of a user are its own name and those of its organisations: it sees what is private there."""

    name: str
    organizations: tuple[str, ...] = ()
    may_write: bool = True

    @property
    def token(self) -> str:
        """What a client sends as ``Authorization: Bearer …``. No secret: the server listens on loopback only."""
        return f"hf_local_{self.name}"

    def belongs_to(self, namespace: str) -> bool:
        """Whether it sees what is private there."""
        return namespace in (self.name, *self.organizations)


def default_users(namespaces: Sequence[str] = ()) -> tuple[User, ...]:
    """``org`` writes to org (and these namespaces), ``reader`` only reads there, ``stranger`` has nothing to do with it."""
    return (
        User("org", tuple(namespaces)),
        User("reader", ("org", *namespaces), may_write=False),
        User("stranger"),
    )


def user_of(authorization: str, users: Sequence[User]) -> User | None:
    """The user of this header; None where it is empty. Raises HubError for a token that nobody has."""
    if not authorization:
        return None
    for user in users:
        if authorization.removeprefix("Bearer ").strip() == user.token:
            return user
    raise HubError(401, "Invalid credentials in Authorization header")
