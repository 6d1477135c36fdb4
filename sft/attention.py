"""Which attention implementations keep rows apart that lie end to end in one sequence.

TRL only flattens and hands over position ids and the rows' lengths; an implementation that reads neither lets every row see those
before it, and training still looks healthy. Shown by equal logits, flattened and alone: tests/sft/test_attention.py.
"""

# transformers makes a mask from position ids that start anew (masking_utils.find_packed_sequence_indices)
BY_MASK = ("eager", "sdpa")
# the kernel is told where each row begins (cu_seq_lens)
BY_LENGTHS = ("flash_attention_2", "flash_attention_3", "flash_attention_4")
KEEPS_ROWS_APART = BY_MASK + BY_LENGTHS


def leak(attention: str | None, *, flattens: bool, packing: bool, strategy: str) -> str | None:
    """Why this combination would let rows see each other, or cut them, or None."""
    if not flattens:
        return None
    if packing and strategy != "bfd":
        return f"found packing_strategy {strategy}, which cuts rows in two; expected bfd"
    if attention is not None and attention not in KEEPS_ROWS_APART:
        return f"found attn_implementation {attention}, of which it is not known that it keeps flattened rows apart; expected one of {', '.join(KEEPS_ROWS_APART)}, or padding_free and packing off"
    return None
