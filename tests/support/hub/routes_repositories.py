"""Routes for who am I; for repositories, their branches, tags and history; and for the check of a card."""

import contextlib
import hashlib
import re
from datetime import UTC, datetime
from typing import Any

import yaml
from dulwich.refs import Ref
from starlette.responses import JSONResponse, Response

from tests.support.hub import card_yaml
from tests.support.hub.call import Call
from tests.support.hub.errors import HubError
from tests.support.hub.objects import all_references, commit_object, content_of
from tests.support.hub.repository import Repository

REFERENCE = re.compile(r"(?!.*(\.\.|//|@\{|\.lock(/|$)))[A-Za-z0-9_][\w./+-]{0,200}(?<![./])")


def who_am_i(call: Call) -> Response:
    """The user, its organisations, and what its token may do."""
    user = call.known_user
    organizations = [
        {"type": "org", "id": n, "name": n, "fullname": n, "roleInOrg": "admin"} for n in user.organizations
    ]
    token = {"displayName": "local", "role": "write" if user.may_write else "read"}
    about = {"type": "user", "id": user.name, "name": user.name, "fullname": user.name, "email": None, "isPro": False}
    return JSONResponse(about | {"orgs": organizations, "auth": {"type": "access_token", "accessToken": token}})


def validate_yaml(call: Call) -> Response:
    """400 with what is wrong in a card's YAML."""
    given = call.json()
    messages = [{"message": message} for message in card_yaml.errors(given["content"], given.get("repoType", "model"))]
    return JSONResponse({"errors": messages, "warnings": []}, 400 if messages else 200)


def create(call: Call) -> Response:
    """A new repository; 409 with its address where it is there."""
    given, user = call.json(), call.known_user
    kind, namespace = given.get("type") or "model", given.get("organization") or user.name
    repository = call.named(kind, namespace, given["name"])
    call.expect_writer(namespace, f'You don\'t have the rights to create a {kind} under the namespace "{namespace}"')
    page = call.page(repository)
    try:
        repository.create(user.name, given.get("visibility") == "private" or given.get("private") is True)
    except HubError as why:
        why.body["url"] = page  # create_repo(exist_ok=True) reads it
        raise
    return JSONResponse({"url": page, "name": repository.id, "id": repository.id})


def delete(call: Call) -> Response:
    """Delete a repository."""
    given = call.json()
    namespace = given.get("organization") or call.known_user.name
    call.names |= {"kinds": f"{given.get('type') or 'model'}s", "namespace": namespace, "name": given["name"]}
    call.writable().delete()
    return Response()


def settings(call: Call) -> Response:
    """Make a repository private or public."""
    repository, given = call.writable(), call.json()
    if "visibility" in given or "private" in given:
        repository.set_private(given.get("visibility") == "private" or given.get("private") is True)
    return JSONResponse({"private": repository.private})


def information(call: Call) -> Response:
    """What the Hub knows of a repository at a revision: commit, files, the card's YAML."""
    repository = call.repository()
    with repository.git() as git:
        commit = repository.commit_of(git, call.names.get("revision") or "main")
        files = [(path.decode(), *about) for path, about in repository.files(git, commit).items()]
        readme = next((oid for path, _, oid in files if path == "README.md"), None)
        card = _card(content_of(git, readme).decode("utf-8", "replace")) if readme else None
        when = _time(commit_object(git, commit).commit_time)
        siblings = [_sibling(repository.describe(*file, oid_key="sha256"), call.asks_for("blobs")) for file in files]
    about = {
        "id": repository.id,
        "author": repository.namespace,
        "sha": commit.decode(),
        "private": repository.private,
    }
    about |= {"_id": hashlib.md5(repository.id.encode()).hexdigest()[:24], "lastModified": when, "createdAt": when}
    about |= {"gated": False, "disabled": False, "downloads": 0, "likes": 0, "siblings": siblings}
    about |= {"cardData": card, "tags": (card or {}).get("tags") or []}
    return JSONResponse(about | ({"modelId": repository.id} if repository.kind == "model" else {}))


def _card(text: str) -> dict[str, Any] | None:
    with contextlib.suppress(yaml.YAMLError):
        found = card_yaml.metadata(text)
        return found if isinstance(found, dict) else None


def _sibling(file: dict[str, Any], with_blob: bool) -> dict[str, Any]:
    blob = {"size": file["size"], "blobId": file["oid"], **({"lfs": file["lfs"]} if "lfs" in file else {})}
    return {"rfilename": file["path"], **(blob if with_blob else {})}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def references(call: Call) -> Response:
    """Branches and tags, with their commits."""
    repository = call.repository()
    with repository.git() as git:
        found = {
            kind: [
                {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit}
                for name, commit in all_references(git, kind).items()
            ]
            for kind in ("heads", "tags")
        }
    return JSONResponse({"branches": found["heads"], "tags": found["tags"], "converts": [], "pullRequests": []})


def history(call: Call) -> Response:
    """Every commit of a revision, the newest first."""
    repository, found = call.repository(), []
    with repository.git() as git:
        for entry in git.get_walker(include=[repository.commit_of(git, call.names["revision"])]):
            title, _, message = entry.commit.message.decode().partition("\n\n")
            author = {"user": entry.commit.author.decode().split(" <")[0]}
            date = _time(entry.commit.commit_time)
            found.append(
                {"id": entry.commit.id.decode(), "title": title, "message": message, "authors": [author], "date": date}
            )
    return JSONResponse(found)


def create_branch(call: Call) -> Response:
    """A branch from another revision."""
    return _add_reference(call.writable(), "heads", call.names["branch"], call.json().get("startingPoint") or "main")


def create_tag(call: Call) -> Response:
    """A tag on a revision."""
    return _add_reference(call.writable(), "tags", call.json()["tag"], call.names["revision"])


def _add_reference(repository: Repository, kind: str, name: str, start: str) -> Response:
    if not REFERENCE.fullmatch(name) or re.fullmatch("[0-9a-f]{40}", name):
        raise HubError(400, f"{name!r} is no name of a branch or a tag")
    with repository.lock, repository.git() as git:
        commit = repository.commit_of(git, start)
        if not git.refs.add_if_new(Ref(f"refs/{kind}/{name}".encode()), commit):
            raise HubError(409, f"Reference already exists: {name}")
    return JSONResponse({"ok": True}, 201)


def delete_reference(call: Call) -> Response:
    """Delete a branch or a tag."""
    repository, name = call.writable(), call.names["reference"]
    kind = "tags" if call.names["what"] == "tag" else "heads"
    if (kind, name) == ("heads", "main"):
        raise HubError(400, "main cannot be deleted")
    reference = Ref(f"refs/{kind}/{name}".encode())
    with repository.lock, repository.git() as git:
        if reference not in git.refs:
            raise HubError(404, f"Invalid rev id: {name}", "RevisionNotFound")
        git.refs.remove_if_equals(reference, None)
    return JSONResponse({"ok": True})
