"""The table of routes: which function answers which request. Paths are matched as they arrive, percent-encoded."""

from collections.abc import Callable
from typing import Any

from tests.support.hub import routes_files, routes_lfs, routes_repositories
from tests.support.hub.call import Call

_ID = r"(?P<namespace>[^/]+)/(?P<name>[^/]+)"
_API = rf"/api/(?P<kinds>models|datasets|spaces)/{_ID}"
_PAGE = rf"/(?:(?P<kinds>datasets|spaces)/)?{_ID}"
_LARGE = rf"/_lfs/(?P<kinds>models|datasets|spaces)/{_ID}/(?P<oid>[0-9a-f]+)"
_REVISION = "(?P<revision>[^/]+)"

ROUTES: list[tuple[tuple[str, ...], str, Callable[[Call], Any]]] = [
    (("GET",), r"/api/whoami-v2", routes_repositories.who_am_i),
    (("POST",), r"/api/validate-yaml", routes_repositories.validate_yaml),
    (("POST",), r"/api/repos/create", routes_repositories.create),
    (("DELETE",), r"/api/repos/delete", routes_repositories.delete),
    (("PUT",), rf"{_API}/settings", routes_repositories.settings),
    (("GET",), _API, routes_repositories.information),
    (("GET",), rf"{_API}/revision/{_REVISION}", routes_repositories.information),
    (("GET",), rf"{_API}/refs", routes_repositories.references),
    (("GET",), rf"{_API}/commits/{_REVISION}", routes_repositories.history),
    (("POST",), rf"{_API}/branch/(?P<branch>[^/]+)", routes_repositories.create_branch),
    (("POST",), rf"{_API}/tag/{_REVISION}", routes_repositories.create_tag),
    (("DELETE",), rf"{_API}/(?P<what>branch|tag)/(?P<reference>[^/]+)", routes_repositories.delete_reference),
    (("GET",), rf"{_API}/tree/{_REVISION}(?:/(?P<path>.*))?", routes_files.tree),
    (("POST",), rf"{_API}/paths-info/{_REVISION}", routes_files.paths_info),
    (("POST",), rf"{_API}/preupload/{_REVISION}", routes_files.preupload),
    (("POST",), rf"{_API}/commit/{_REVISION}", routes_files.commit),
    (("GET", "HEAD"), rf"{_PAGE}/resolve/{_REVISION}/(?P<path>.+)", routes_files.download),
    (("GET",), rf"{_API}/xet-(?:write|read)-token/{_REVISION}", routes_lfs.no_xet),
    (("POST",), rf"{_PAGE}\.git/info/lfs/objects/batch", routes_lfs.batch),
    (("PUT",), _LARGE, routes_lfs.upload),
    (("POST",), _LARGE, routes_lfs.join_parts),
    (("GET",), _LARGE, routes_lfs.download),
]
STREAMED = {routes_lfs.upload}  # these read the body themselves, as it comes
