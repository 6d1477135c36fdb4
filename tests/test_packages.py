"""requirements/packages.py: by uv as pip is configured, by pip where that cannot be; both are scripts here that write down what they are told."""

import sys
from collections.abc import Sequence
from pathlib import Path

import packages
import pytest
import uv_settings
from uv_settings import ALWAYS, NoEquivalent, options, settings

SECRET = "https://me:s3cret@index.example/simple"  # nothing may print it

# --- uv's settings from pip's ------------------------------------------------------------------------------------------


def test_options_of_the_environment_come_before_those_of_the_files() -> None:
    listed = """:env:.find-links='/wheels /more'
global.find-links='/old'
global.index-url='https://a/simple'
install.index-url='https://b/simple'
download.index-url='https://c/simple'
:env:.default-timeout='180'
"""
    assert options(listed) == {"find-links": "/wheels /more", "index-url": "https://b/simple", "timeout": "180"}
    assert options("") == {}
    with pytest.raises(ValueError, match="without a section or a value"):
        options("Traceback")


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("index-url", SECRET, {"UV_DEFAULT_INDEX": SECRET}),
        ("extra-index-url", "file:///a\nhttps://b", {"UV_INDEX": "file:///a https://b"}),
        ("find-links", "/wheels https://c/links", {"UV_FIND_LINKS": "/wheels,https://c/links"}),
        ("trusted-host", "a b:8080", {"UV_INSECURE_HOST": "a b:8080"}),
        ("cert", "/etc/company.crt", {"SSL_CERT_FILE": "/etc/company.crt"}),
        ("cert", "/tmp", {"SSL_CERT_DIR": "/tmp"}),
        ("client-cert", "/me.pem", {"SSL_CLIENT_CERT": "/me.pem"}),
        ("proxy", "http://proxy:3128", {"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://proxy:3128"}),
        ("timeout", "1.5", {"UV_HTTP_TIMEOUT": "2"}),
        ("retries", "9", {"UV_HTTP_RETRIES": "9"}),
        ("no-cache-dir", "true", {"UV_NO_CACHE": "1"}),
        ("no-cache-dir", "0", {}),
        ("keyring-provider", "subprocess", {"UV_KEYRING_PROVIDER": "subprocess"}),
        ("constraint", "/etc/constraints.txt", {}),
        ("disable-pip-version-check", "1", {}),
        ("index-url", "", {}),
    ],
)
def test_an_option_of_pip_is_a_setting_of_uv(option: str, value: str, expected: dict[str, str]) -> None:
    assert settings({option: value}, {}) == (ALWAYS | expected, [])


def test_no_index_is_an_argument() -> None:
    assert settings({"no-index": "yes"}, {})[1] == ["--no-index"]
    assert settings({"no-index": "false"}, {})[1] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("no-binary", ":all:"), ("target", "/s3cret"), ("find-links", "/s3cret,b"), ("keyring-provider", "import")],
)
def test_what_uv_cannot_follow_is_refused_by_its_name(option: str, value: str) -> None:
    with pytest.raises(NoEquivalent, match=f"pip's configuration has {option}, which uv") as why:
        settings({option: value, "index-url": SECRET}, {})
    assert "s3cret" not in str(why.value)


def test_what_users_set_for_uv_itself_holds() -> None:
    own = {"UV_LINK_MODE": "hardlink", "UV_INDEX_URL": "https://mine/simple", "SSL_CERT_FILE": "/old.crt"}
    variables, _ = settings({"index-url": SECRET, "cert": "/new.crt"}, own)
    assert not {"UV_LINK_MODE", "UV_DEFAULT_INDEX"} & variables.keys()
    assert variables["SSL_CERT_FILE"] == "/new.crt"  # not uv's own: what pip is told counts


# --- uv, or else pip ---------------------------------------------------------------------------------------------------


class Machine:
    """A .venv whose pip, and a PATH whose uv, are scripts that write their arguments to a file."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.unfinished = folder, folder / ".unfinished"
        for name in ("path", "venv"):
            (folder / name).mkdir()
        monkeypatch.setenv("PATH", f"{folder / 'path'}:/usr/bin:/bin")
        monkeypatch.setattr(sys, "executable", str(folder / "venv" / "python"))
        monkeypatch.setattr(packages, "PIP", [str(folder / "venv" / "pip")])
        monkeypatch.setattr(packages, "UNFINISHED", self.unfinished)
        monkeypatch.setattr(packages, "SITE", folder / "venv")
        for name in [name for name in packages.os.environ if name.startswith("UV_")]:
            monkeypatch.delenv(name)
        self.script("venv/pip", f"""[ "$1" != config ] || echo "global.index-url='{SECRET}'" """)

    def script(self, name: str, body: str) -> None:
        """Put an executable there that writes its name and arguments to the log, then does ``body``."""
        file = self.folder / name
        file.write_text(f'#!/bin/sh\necho {name} "$@" >> {self.folder}/log\n{body}\n')
        file.chmod(0o755)

    def uv(self, name: str, version: str = "0.13.9", body: str = "") -> None:
        """Put a uv of this version there; ``body`` is how it installs."""
        self.script(name, f'if [ "$1" = --version ]; then echo "uv {version} (x86_64)"; exit; fi\n{body}')

    def install(self, *locks: str) -> tuple[int, Sequence[str]]:
        """The exit status, and the installs that were asked for, as `name lock …`."""
        status = packages.main(locks)
        lines = [line.split() for line in (self.folder / "log").read_text().splitlines()]
        asked = [words for words in lines if "install" in words]
        assert all({"--no-deps", "--require-hashes"} <= set(words) for words in asked)
        return status, [" ".join([words[0], *(word for word in words if word.endswith(".lock"))]) for words in asked]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_uv_on_the_path_installs_all_locks_as_pip_is_configured(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.uv("path/uv", body=f'env | grep -E "^UV_" | sort > {machine.folder}/env; [ -e {machine.unfinished} ]')
    assert machine.install("slim.lock", "claims.lock") == (0, ["path/uv slim.lock claims.lock"])
    environment = dict(line.split("=", 1) for line in (machine.folder / "env").read_text().splitlines())
    assert environment == {**ALWAYS, "UV_DEFAULT_INDEX": SECRET}
    assert not machine.unfinished.exists()
    assert "s3cret" not in (machine.folder / "log").read_text() + "".join(capfd.readouterr())  # nor on a command line


def test_without_uv_pip_installs_it_into_the_environment_once(machine: Machine) -> None:
    body = f"""case "$*" in config*) ;; *installer.lock) cp {machine.folder}/uv {machine.folder}/venv/uv;; *) exit 9;; esac"""
    machine.script("venv/pip", body)
    machine.uv("uv")
    lock = str(packages.HERE / "installer.lock")
    assert machine.install("slim.lock") == (0, [f"venv/pip {lock}", "uv slim.lock"])
    assert machine.install("cpu.lock")[1][2:] == ["uv cpu.lock"]


@pytest.mark.parametrize(
    ("version", "said"), [("0.4.30", "is version 0.4.30; expected"), ("", "one that does not run")]
)
def test_an_old_or_broken_uv_is_not_used(
    machine: Machine, capfd: pytest.CaptureFixture[str], version: str, said: str
) -> None:
    machine.uv("path/uv", version, "exit 1") if version else machine.script("path/uv", "exit 127")
    machine.uv("venv/uv")
    assert machine.install("slim.lock") == (0, ["venv/uv slim.lock"])
    assert said in capfd.readouterr().out


@pytest.mark.parametrize(
    ("pip", "uv", "said"),
    [
        (
            'case "$*" in *installer.lock) exit 1;; esac',
            None,
            "found no usable uv, and pip could not install the one of",
        ),
        ("", None, "the uv of requirements/installer.lock does not run here"),
        ("", "exit 2", "uv ended with status 2; its message is above"),
        ('[ "$1" != config ] || exit 1', "", "`pip config list` ended with status 1"),
        (
            """[ "$1" != config ] || echo "global.target='/s3cret'" """,
            "",
            "pip's configuration has target, which uv has no",
        ),
    ],
)
def test_pip_installs_where_uv_cannot_and_a_line_says_why(
    machine: Machine, capfd: pytest.CaptureFixture[str], pip: str, uv: str | None, said: str
) -> None:
    machine.script("venv/pip", pip)
    if uv is not None:
        machine.uv("path/uv", body=uv)
    status, asked = machine.install("slim.lock", "claims.lock")
    assert (status, asked[-1]) == (0, "venv/pip slim.lock claims.lock")
    out = capfd.readouterr().out
    assert f"setup: pip installs ({said}" in out and "s3cret" not in out
    assert not machine.unfinished.exists()


def test_where_pip_fails_too_the_environment_counts_as_unfinished(machine: Machine) -> None:
    machine.script("venv/pip", 'case "$*" in config*) ;; *) exit 3;; esac')
    assert machine.install("slim.lock")[0] == 3
    assert machine.unfinished.exists()


def test_a_signal_to_uv_ends_all_and_leaves_the_environment_unfinished(machine: Machine) -> None:
    machine.uv("path/uv", body="kill -TERM $$")
    with pytest.raises(SystemExit) as end:
        machine.install("slim.lock")
    assert end.value.code == "setup: signal 15 ended uv"
    assert machine.unfinished.exists()


def test_where_uv_fails_while_it_writes_pip_does_not_take_its_half_packages_for_whole(machine: Machine) -> None:
    machine.uv("path/uv", body=f"touch {machine.folder}/venv/half.dist-info; exit 1")
    with pytest.raises(SystemExit, match="status 1 while it wrote packages"):
        machine.install("slim.lock")
    assert machine.unfinished.exists()


def test_uv_copies_so_that_an_edit_in_the_environment_is_none_in_its_cache() -> None:
    assert uv_settings.ALWAYS["UV_LINK_MODE"] == "copy" and uv_settings.ALWAYS["UV_PYTHON_DOWNLOADS"] == "never"
