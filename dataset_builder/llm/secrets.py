"""Which values of the environment are secret: in no file, message, store or card may one of them be."""

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit, urlunsplit

ENDINGS = ("_KEY", "_TOKEN")
URL_ENDINGS = ("_BASE_URL", "_ENDPOINT", "_PROXY", "_proxy")
MIN_LENGTH = 7  # a shorter value (`none`, `x`) is what servers get that want no key, and is in many texts by chance
# networks and names that are not reached through the internet: this machine, RFC 1918, link-local, shared (Tailscale), IPv6's own
OWN_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        [
            "0.0.0.0/32",
            "127.0.0.0/8",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "100.64.0.0/10",
            "::1/128",
            "fc00::/7",
            "fe80::/10",
        ],
    )
)
OWN_NAMES = (".localhost", ".local", ".lan", ".internal", ".intranet", ".home.arpa", ".ts.net")
_ESCAPED = re.compile(r"\\u00([2-7][0-9a-fA-F])|\\(/)")  # a character within JSON


def secrets(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Name and value of every key and token in the environment (default: of this process, as it is now), and of passwords in its URLs."""
    environment = os.environ if environment is None else environment
    found = {name: value for name, value in environment.items() if name.endswith(ENDINGS)}
    for name, value in environment.items():
        if not name.endswith(URL_ENDINGS):
            continue
        # the whole value too: a password with a comma makes a wrong list, and is secret nevertheless
        passwords = {password for url in (value, *split_urls(value)) if (password := _password(url))}
        for number, password in enumerate(sorted(passwords), start=1):
            which = f"the password in {name}" if len(passwords) == 1 else f"password {number} in {name}"
            found |= {which: unquote(password), f"{which}, as it is written there": password}
    return {name: value for name, value in found.items() if len(value) >= MIN_LENGTH}


def redacted(text: str, values: Iterable[str]) -> str:
    """The text with ``[key]`` for each of these secrets in it, such as one that an endpoint repeats in its refusal.

    Also where JSON writes some of its characters as escapes.
    """
    values = list(values)
    plain = _ESCAPED.sub(_unescape, text) if "\\u00" in text or "\\/" in text else text
    if plain is not text and any(value in plain for value in values):
        text = plain
    for value in values:
        text = text.replace(value, "[key]")
    return text


def split_urls(value: str) -> list[str]:
    """The URLs in a value that separates them by commas, without the blanks around them; none is checked."""
    return [url.strip() for url in value.split(",")]


def without_userinfo(url: str) -> str:
    """The URL without user and password, for files and messages."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


def sent_in_the_clear(variable: str, url: str, key: str, environment: Mapping[str, str] | None = None) -> str | None:
    """Why this key must not be sent to this URL: over plain http, through the internet. None where it may be.

    ``variable``: the name of the one with the URL; ``<ENDPOINT>_ALLOW_HTTP=1`` permits it. A host on this machine or in its own
    network may have it, as servers of one's own speak http; so may a key that is none.
    """
    environment = os.environ if environment is None else environment
    parts, allow = urlsplit(url), f"{variable.removesuffix('_BASE_URL').removesuffix('_OPENAI_ENDPOINT')}_ALLOW_HTTP"
    is_secret = len(key) >= MIN_LENGTH or _password(url) is not None
    if parts.scheme != "http" or not is_secret or _is_near(parts.hostname or "") or environment.get(allow) == "1":
        return None
    return (
        f"{variable} is plain http to {parts.hostname}, outside this machine and its network: everybody on the way could read the key, and the "
        f"questions. Give an https URL, or a tunnel (ssh -L 8000:localhost:8000 {parts.hostname}) and http://127.0.0.1:8000/v1, or leave the "
        f"key out; {allow}=1 sends it nevertheless"
    )


def _is_near(host: str) -> bool:
    """Whether a host is this machine or in a network of its own, by its address or name; nothing is looked up."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        name = host.lower().rstrip(".")
        return bool(name) and not re.fullmatch(r"[\dx.]+", name) and ("." not in name or name.endswith(OWN_NAMES))
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in OWN_NETWORKS if network.version == address.version)


def _unescape(match: re.Match[str]) -> str:
    character = match[2] or chr(int(match[1], 16))
    return match[0] if character in '"\\\x7f' else character


def _password(url: str) -> str | None:
    try:
        userinfo = urlsplit(url).netloc.rpartition("@")[0]
    except ValueError:  # no URL
        return None
    return userinfo.partition(":")[2] or None
