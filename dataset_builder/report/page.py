"""One HTML page of a dataset folder: the funnel of its questions, its distributions and costs, and every row.

The page is a single file that needs no network and no other file but, above ROWS_IN_PAGE rows, the folder beside it. Its Content-Security-Policy
allows only the embedded style and script, and the rows are compressed, so that no text of a row is ever read as HTML.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError

from dataset_builder.llm.prices import dollars
from dataset_builder.publishing.funnel import reasons_of, total
from dataset_builder.publishing.hub.loaded import told
from dataset_builder.publishing.layout import MANIFEST, FolderError, question_files
from dataset_builder.publishing.reviews.reading import agreement_shown
from dataset_builder.publishing.schema.data_files import wrong_rows
from dataset_builder.publishing.verify import read_manifest
from dataset_builder.report import block_files
from dataset_builder.report.block_files import BlockFiles, remove_others
from dataset_builder.report.blocks import Written, element, packed, write_blocks
from dataset_builder.report.contamination_matrix import matrix_of
from dataset_builder.report.costs import stage_costs
from dataset_builder.report.figures import Bars, figures_of
from dataset_builder.report.flow import draw, steps_of
from dataset_builder.report.index import index_of
from dataset_builder.report.reasons import reason_meanings

HERE = Path(__file__).parent
SCRIPTS = ("paths.js", "row.js", "rows.js")
WIDE, NARROW = {"width": 1024, "left": 200, "trunk": 120}, {"width": 350, "left": 148, "trunk": 28}


class _Missing(StrictUndefined):
    """A field that the manifest lacks."""

    def __format__(self, format_spec: str, /) -> str:
        """Raises UndefinedError, which says which field, where Python's own raises TypeError: of `"{:,}".format(field)`."""
        return str(self)


_FILES = Environment(
    loader=FileSystemLoader(HERE),
    undefined=_Missing,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)
_FILES.filters["dollars"] = dollars


def write_report(folder: Path, page: Path) -> int:
    """Write the page of this dataset folder and return how many rows it shows. The page appears complete, or the one before stays.

    With more than ROWS_IN_PAGE rows, the rows are files in a folder beside the page: `page.stem`_rows.
    Raises FolderError where it is no dataset folder, or where its files cannot be read.
    """
    manifest = read_manifest(folder)
    if wrong := wrong_rows(folder, manifest):
        raise FolderError(f"its rows cannot be read. {told(folder, wrong)}")
    page.parent.mkdir(parents=True, exist_ok=True)
    files = BlockFiles(page) if sum(manifest["rows"].values()) > block_files.ROWS_IN_PAGE else None
    draft = page.with_name(f".{page.name}.{os.getpid()}.tmp")
    try:
        rows = _write_drafts(folder, manifest, draft, files)
        if files:
            files.place()
        draft.replace(page)
    except UndefinedError as why:  # of what a page shows, some is there only for some pipelines
        raise FolderError(f"{folder}: {MANIFEST} lacks what the page shows ({why}); build it again") from why
    finally:
        draft.unlink(missing_ok=True)
        if files:
            files.remove_draft()
    remove_others(page, files and files.folder)
    return rows


def _write_drafts(folder: Path, manifest: Mapping[str, Any], draft: Path, files: BlockFiles | None) -> int:
    """Write the page, and the files of its blocks where it is to have some. Returns the number of rows."""
    parquet = [folder / name for names in question_files(manifest).values() for name in names]
    with tempfile.TemporaryFile() as inside:
        put = files.put if files else lambda name, content: inside.write(element(name, content))
        written = write_blocks(parquet, put)
        where = quote(files.folder.relative_to(draft.parent).as_posix()) if files else None
        inside.write(element("index", packed(index_of(written, where))))
        inside.seek(0)
        facts = facts_of_page(folder, manifest, written, beside=files is not None)
        with draft.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(_FILES.get_template("report.html.jinja").generate(**facts, blocks=_pieces(inside)))
    return len(written.rows)


def _pieces(file: IO[bytes]) -> Iterator[str]:
    while piece := file.read(1 << 20):
        yield piece.decode("ascii")


def facts_of_page(folder: Path, manifest: Mapping[str, Any], written: Written, *, beside: bool) -> dict[str, Any]:
    """Everything that the template shows, except the rows. ``beside``: whether these are files beside the page."""
    counts = total(manifest["funnel"])
    steps = steps_of(manifest, counts)
    entering = {name: source["in"] for name, source in manifest["funnel"].items()}
    style = (HERE / "report.css").read_text("utf-8")
    script = "\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS)
    return {
        "name": folder.resolve().name,
        "manifest": manifest,
        "counts": counts,
        "reasons": list(reasons_of(counts)),
        "meanings": reason_meanings(),
        "flows": {
            "wide": draw(entering, steps, counts["published"], **WIDE),
            "narrow": draw(entering, steps, counts["published"], **NARROW),
        },
        "figures": [(figure, isinstance(figure, Bars)) for figure in figures_of(written, manifest.get("relevance"))],
        "stages": stage_costs(manifest["run"]["stages"]),
        "ledger": matrix_of(manifest),
        "agreement": agreement_shown(manifest, folder.joinpath),
        "rationales": sum(row.rationales for row in written.rows if row.outcome == "published"),
        "style": style,
        "script": script,
        "policy": policy(style, script, beside=beside),
    }


def policy(style: str, script: str, *, beside: bool = False) -> str:
    """The Content-Security-Policy that allows these two texts, and nothing to be loaded but, with ``beside``, what this script loads."""
    more = " 'strict-dynamic'" if beside else ""
    allowed = f"style-src 'sha256-{_sha256(style)}'; script-src 'sha256-{_sha256(script)}'{more}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
