"""uv's settings that do what pip's configuration says. uv does not read that: it would ask another index, and take another torch.

Standard library only: it runs before anything is installed.
"""

import ast
import math
from collections.abc import Mapping
from pathlib import Path

# What is so whatever pip's configuration says. pip looks for a version on all indexes alike, and uv on the first that has the name; the
# hashes of the locks decide which file is taken, so an index cannot slip in another. Copies: a hard link would be the file in uv's cache
# itself, and an edit in .venv an edit of every later environment.
ALWAYS = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}

# Earlier names of the same settings, which uv still reads: where users set these, theirs hold.
OLD_NAMES = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}

SAME_SETTING = {"pypi-url": "index-url", "default-timeout": "timeout"}

# Options of pip that change nothing here. A constraint cannot choose another file than the one that a lock pins by its hash; pre-releases
# and upgrades are decided by the pins too.
WITHOUT_EFFECT = set(
    [
        "cache-dir",
        "constraint",
        "debug",
        "disable-pip-version-check",
        "exists-action",
        "log",
        "no-color",
        "no-input",
        "no-python-version-warning",
        "no-warn-conflicts",
        "no-warn-script-location",
        "pre",
        "prefer-binary",
        "progress-bar",
        "quiet",
        "require-hashes",
        "require-virtualenv",
        "root-user-action",
        "upgrade",
        "upgrade-strategy",
        "use-deprecated",
        "use-feature",
        "verbose",
        "version",
        "no-deps",
        "compile",
        "no-compile",
    ]
)


class NoEquivalent(ValueError):
    """pip is configured in a way that uv cannot follow; the message names the options, never their values."""


def options(listed: str) -> dict[str, str]:
    """Option -> value for `pip install`, of what `pip config list` prints: the environment before [install] before [global].

    Raises ValueError where a line is not ``section.option='value'``.
    """
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in filter(None, listed.splitlines()):
        key, equals, value = line.partition("=")
        section, dot, option = key.partition(".")
        if not (equals and dot):
            raise ValueError(
                f"found a line of `pip config list` without a section or a value ({key}); expected section.option='value'"
            )
        if section in found:
            found[section][SAME_SETTING.get(option, option)] = str(ast.literal_eval(value))
    return found["global"] | found["install"] | found[":env:"]


def settings(configured: Mapping[str, str], environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Variables of the environment and arguments for `uv pip install`, from pip's options. What users set for uv itself (UV_…) holds.

    Raises NoEquivalent.
    """
    variables, arguments, unknown = dict(ALWAYS), list[str](), list[str]()
    for option, value in configured.items():
        if option in WITHOUT_EFFECT or not value.strip():
            continue
        if option == "no-index":
            arguments += ["--no-index"] if _is_true(value) else []
        elif (translated := _variables(option, value)) is not None:
            variables |= translated
        else:
            unknown.append(option)
    if unknown:
        raise NoEquivalent(f"pip's configuration has {', '.join(sorted(unknown))}, which uv has no equivalent of here")
    own = [name for name in variables if name.startswith("UV_")]
    given = {name for name in own if name in environment or OLD_NAMES.get(name, name) in environment}
    return {name: value for name, value in variables.items() if name not in given}, arguments


def _variables(option: str, value: str) -> dict[str, str] | None:
    """uv's variables for one option of pip; None where uv has none."""
    words = value.split()
    match option:
        case "index-url":
            return {"UV_DEFAULT_INDEX": value}
        case "extra-index-url":
            return {"UV_INDEX": " ".join(words)}
        case "find-links":  # uv separates these by commas
            return None if "," in value else {"UV_FIND_LINKS": ",".join(words)}
        case "trusted-host":
            return {"UV_INSECURE_HOST": " ".join(words)}
        case "cert":
            return {"SSL_CERT_DIR" if Path(value).is_dir() else "SSL_CERT_FILE": value}
        case "client-cert":
            return {"SSL_CLIENT_CERT": value}
        case "proxy":
            return {"HTTP_PROXY": value, "HTTPS_PROXY": value}
        case "timeout":
            return {"UV_HTTP_TIMEOUT": str(math.ceil(float(value)))}
        case "retries":
            return {"UV_HTTP_RETRIES": value}
        case "no-cache-dir":
            return {"UV_NO_CACHE": "1"} if _is_true(value) else {}
        case "keyring-provider":
            return {"subprocess": {"UV_KEYRING_PROVIDER": value}, "auto": {}, "disabled": {}}.get(value)
    return None


def _is_true(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on", "y", "t")
