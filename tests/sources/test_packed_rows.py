"""Many rows in little memory: they read as a list of them does."""

import tracemalloc

import pytest

from dataset_builder.sources.packed_rows import BLOCK, PackedRows


@pytest.mark.parametrize("number", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 5])
def test_packed_rows_read_as_a_list_does(number: int) -> None:
    rows = [{"id": str(i), "options": [{"text": "å"}], "none": None} for i in range(number)]
    packed = PackedRows(rows)
    assert len(packed) == number and list(packed) == rows and packed == rows
    assert packed[1:40:3] == rows[1:40:3] and [packed[i] for i in range(-number, number)] == rows + rows
    with pytest.raises(IndexError):
        packed[number]


def test_they_take_a_fraction_of_the_memory() -> None:
    tracemalloc.start()
    packed = PackedRows(
        {"id": str(i), "text": f"question {i}", "options": [{"text": str(i)}] * 4} for i in range(2000)
    )
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(packed) == 2000 and held < 2000 * 150, "bytes; as a list over 1,000 a row"
