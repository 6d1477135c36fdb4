"""Filler for long scripted rationales: sentences as models write them, different for every draw, that decide nothing."""

import random

SENTENCES = (
    "The {a} of this patient is best explained by a change of the {b}, since the {c} is what one sees first.",
    "If the {a} were the cause, one would expect the {b} to be low, and this is not described here.",
    "Let me consider the {a}: it is typical of an impaired {b}, but it can also follow from the {c}.",
    "In addition, the {a} and the {b} point in the same direction, which makes a defect of the {c} more probable.",
    "**The {a}** is therefore compatible with what is known of the {b}; it does not by itself exclude the {c}.",
    "A rise of the {a} would be most likely in the first days, whereas the {b} stays as it was for several weeks.",
    "So the {a} is a consequence rather than the cause, and the {b} is the step at which the {c} is lost.",
    "- The {a}: this is seen in many patients with a disorder of the {b}, and it is not specific.",
    "One alternative is a failure of the {a}, which would explain the {b} but not the {c}.",
    "Based on the history, the {a} has been present for longer than the {b}, so both cannot have the same origin.",
    "The first-line treatment acts on the {a} (and, to a lesser degree, on the {b}); its effect on the {c} is indirect.",
    "Thus we are left with the {a}, because neither the {b} nor the {c} accounts for the whole course.",
)
NOUNS = (
    "renal perfusion", "bone marrow", "serum potassium", "vascular tone", "gastric mucosa", "airway resistance", "hepatic uptake",
    "cardiac output", "pulmonary pressure", "adrenal cortex", "neuronal membrane", "thyroid hormone", "platelet count", "immune response",
    "tubular reabsorption", "glucose tolerance", "muscle tone", "skin lesion", "joint effusion", "visual field", "facial nerve",
    "lymph node", "iron store", "calcium channel", "enzyme activity", "oxygen saturation", "blood pressure", "white matter",
)  # fmt: skip


def prose(characters: int, draw: str) -> str:
    """At least so many characters in paragraphs of five sentences; the same text for the same draw. Empty for 0."""
    random_ = random.Random(draw)
    text, sentences = "", 0
    while len(text) < characters:
        a, b, c = random_.sample(NOUNS, 3)
        sentences += 1
        text += random_.choice(SENTENCES).format(a=a, b=b, c=c) + ("\n" if sentences % 5 == 0 else " ")
    return text.rstrip()
