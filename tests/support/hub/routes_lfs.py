"""Routes for large files: the batch request of git-lfs, and the signed URLs that it returns."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse, Response

from tests.support.hub.call import Call
from tests.support.hub.errors import HubError
from tests.support.hub.repository import Repository
from tests.support.hub.routes_files import LargeFile


def no_xet(call: Call) -> Response:
    """The client would send large files by Xet, which needs another server."""
    raise HubError(404, "This local Hub does not speak Xet: set HF_HUB_DISABLE_XET=1 before the client is imported")


def batch(call: Call) -> Response:
    """Where to send each large file; nothing for what is here already."""
    given = call.json()
    repository = call.writable() if given["operation"] == "upload" else call.repository()
    objects = [_placed(call, repository, given, wanted["oid"], wanted["size"]) for wanted in given["objects"]]
    transfer = "multipart" if call.hub.parts_above else "basic"
    body = {"transfer": transfer, "objects": objects}
    return JSONResponse(body, media_type="application/vnd.git-lfs+json")


def _placed(call: Call, repository: Repository, given: dict[str, Any], oid: str, size: int) -> dict[str, Any]:
    def address(**facts: Any) -> dict[str, str]:
        query = urlencode(call.hub.signatures.sign(_key(repository), oid, **facts))
        return {"href": f"{call.base}/_lfs/{repository.kind}s/{repository.id}/{oid}?{query}"}

    placed, step = {"oid": oid, "size": size}, call.hub.parts_above
    if given["operation"] == "download":
        return placed | {"actions": {"download": address()}}
    if repository.large.has(oid, size):
        return placed
    if step and size > step and "multipart" in given.get("transfers", []):
        starts = range(0, size, step)
        parts = {str(number): address(size=size, start=start)["href"] for number, start in enumerate(starts, 1)}
        return placed | {"actions": {"upload": address(size=size) | {"header": {"chunk_size": str(step), **parts}}}}
    return placed | {"actions": {"upload": address(size=size)}}


async def upload(call: Call) -> Response:
    """A large file, or a part of it. There is no token: the address is the permission."""
    repository, facts = _signed(call)
    oid, chunks = call.names["oid"], call.request.stream()
    if "start" in facts:
        end = await repository.large.receive_part(oid, int(facts["start"]), chunks)
        return Response(headers={"ETag": f'"{end}"'})
    await repository.large.receive(oid, int(facts["size"]), chunks)
    return Response(headers={"ETag": f'"{oid}"'})


def join_parts(call: Call) -> Response:
    """All parts of a large file are there."""
    repository, facts = _signed(call)
    repository.large.join_parts(call.names["oid"], int(facts["size"]))
    return Response()


def download(call: Call) -> Response:
    """A large file by its sha256, for git-lfs itself."""
    repository, _ = _signed(call)
    return LargeFile(repository.large.path(call.names["oid"]))


def _signed(call: Call) -> tuple[Repository, dict[str, str]]:
    names = call.names
    repository = call.named(names["kinds"].removesuffix("s"), names["namespace"], names["name"])
    query = dict(parse_qsl(call.request.url.query))
    return repository, call.hub.signatures.check(_key(repository), names["oid"], query)


def _key(repository: Repository) -> str:
    return f"{repository.kind} {repository.id}"
