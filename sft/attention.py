"""Attention implementations that keep attention within a row when rows are put end to end in one sequence.

TRL only flattens the rows and passes on position ids and lengths. With an implementation that reads neither, every row attends to
the rows before it, and the loss does not show this. Tested by equal logits, flattened and alone: tests/sft/test_attention.py.
"""

# transformers makes a mask from position ids that restart at 0 (masking_utils.find_packed_sequence_indices)
BY_MASK = ("eager", "sdpa")
# the kernel gets the position where each row begins (cu_seq_lens)
BY_LENGTHS = ("flash_attention_2", "flash_attention_3", "flash_attention_4")
KEEPS_ROWS_APART = BY_MASK + BY_LENGTHS


def leak(attention: str | None, *, flattens: bool, packing: bool, strategy: str) -> str | None:
    """Why rows would attend to each other, or be cut, with this combination; None where they would not."""
    if not flattens:
        return None
    if packing and strategy != "bfd":
        return f"found packing_strategy {strategy}, which cuts rows; expected bfd"
    if attention is not None and attention not in KEEPS_ROWS_APART:
        return f"found attn_implementation {attention}, which is not known to keep flattened rows apart; expected one of {', '.join(KEEPS_ROWS_APART)}, or padding_free and packing off"
    return None
