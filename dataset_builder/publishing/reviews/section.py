"""The card's section on the agreement of experts, and the check that it is what the reviews give."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataset_builder.publishing.hub import markdown
from dataset_builder.publishing.layout import CARD
from dataset_builder.publishing.reviews.reading import Locate, agreement_shown

_FILES = markdown.environment(Path(__file__).parent)


def agreement_section(manifest: Mapping[str, Any], locate: Locate) -> str:
    """The section as Markdown; empty where the dataset has no reviews."""
    agreement = agreement_shown(manifest, locate)
    return _FILES.get_template("agreement.md.jinja").render(agreement=agreement).strip() if agreement else ""


def wrong_section(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Whether the card says something else of the reviews than they give; for a folder that this code has built."""
    section, card = agreement_section(manifest, folder.joinpath), folder / CARD
    if not card.is_file() or section in card.read_text("utf-8", errors="replace"):  # a missing card is another check's
        return []
    return [
        f"{CARD}: its section on the agreement of experts is not what the reviews give; import them again (make review-import)"
    ]
