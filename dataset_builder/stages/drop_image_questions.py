"""Reject questions that cannot be answered without a picture: the text alone is not the whole question."""

import re

from dataset_builder.stage import Batch, rejects, stage

VISUAL = r"(?:figures?|images?|photos?|photographs?|photomicrographs?|micrographs?|pictures?|illustrations?|diagrams?|exhibits?)"
RECORDING = (
    r"(?:radiographs?|x-?rays?|films?|cxr|ct|mri|scans?|ecg|ekg|electrocardiograms?|electroencephalograms?|echocardiograms?|smears?|"
    r"slides?|biops(?:y|ies)|sections?|angiograms?|ultrasounds?|sonograms?|tracings?|karyotypes?|pedigrees?|graphs?|fundus)"
)
SHOWN = r"(?:shown?|depicted|displayed|pictured|provided|illustrated|reproduced)"
# results "shown below" as text are no pictures: "below" alone does not match, a word for the picture is needed
NEEDS_IMAGE = re.compile(
    rf"\b(?:figures?|images?|exhibits?|pictures?|photographs?)\s+(?:(?-i:[A-F])|\d{{1,2}})\b"
    rf"|\b(?:{SHOWN}|seen|demonstrated)\s+(?:\w+\s+){{0,2}}?(?:in|on|by)\s+(?:the|this|these)\s+(?:\w+\s+){{0,3}}?{VISUAL}\b"
    rf"|\bsee\s+(?:the\s+)?(?:\w+\s+)?{VISUAL}\b"
    rf"|\b(?:this|these|the\s+(?:following|accompanying|attached|above|given))\s+(?!exhibit){VISUAL}\b"
    rf"|\b(?:{VISUAL}|{RECORDING})\s+(?:\w+\s+){{0,6}}?(?:is|are)\s+{SHOWN}\b(?!\s+(?:to|that|by|no|a|an)\b)"
    rf"|\b{RECORDING}\s+shown\b(?!\s+(?:to|that|by)\b)"
    rf"|\b{VISUAL}\s+(?:shown|provided|given|below|above)\b",
    re.IGNORECASE,
)


@stage(needs="question")
def drop_image_questions(batch: Batch) -> dict[str, list]:
    """Rejects: needs_image."""
    found = [NEEDS_IMAGE.search(question) for question in batch["question"]]
    return rejects("needs_image", [f"the question says {match.group()!r}" if match else None for match in found])
