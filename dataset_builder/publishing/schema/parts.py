"""The types of which the manifest's fields are made, and the fields on the graph."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0, lt=2**63)]
Name = Annotated[str, Field(min_length=1)]
ABSENT: Any = None  # the default of a field that may be left out, but not be null


class Part(BaseModel):
    """An object of the manifest, which may have further fields."""

    model_config = ConfigDict(strict=True, extra="allow")


class GraphSource(Part):
    """A source that a graph's relations name: how many, its license, and whether that allows commercial use."""

    relations: Count
    license: str
    commercial: str


class Graph(Part):
    """The knowledge graph of a build. ``sources``: where it has provenance."""

    name: str
    sha256: str
    nodes: Count = ABSENT
    edges: Count = ABSENT
    sources: dict[str, GraphSource] = ABSENT
    more_sources: Count = ABSENT
