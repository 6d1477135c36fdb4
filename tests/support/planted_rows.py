"""Rows in MedReason's columns, written by us: clean ones, and for every kind of finding rows that have it."""

import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]

FACTS = [  # question, options, gold, why
    ("Which enzyme does allopurinol inhibit in a man with gout?", ["Xanthine oxidase", "Carbonic anhydrase", "Cyclooxygenase", "Urease"], "A", "lowers the production of urate"),
    ("A child has a barking cough and stridor at night. Which virus is the usual cause?", ["Rotavirus", "Parainfluenza virus", "Measles virus", "Rhinovirus"], "B", "swells the larynx below the cords"),
    ("Which nerve is injured when a patient cannot lift the foot after a blow to the fibular neck?", ["Tibial nerve", "Femoral nerve", "Common fibular nerve", "Sural nerve"], "C", "winds around the neck of the fibula"),
    ("Low back pain in a young man improves with exercise. Which antigen is most often found?", ["HLA-B27", "HLA-DR4", "HLA-A3", "HLA-DQ2"], "A", "is carried by most patients with spondylitis"),
    ("Which vitamin must be given to a woman who has taken isoniazid for months and has tingling feet?", ["Vitamin C", "Vitamin B6", "Vitamin D", "Vitamin K"], "B", "is used up by the drug"),
    ("A newborn is cyanotic and its aorta arises from the right ventricle. What keeps it alive until surgery?", ["Indomethacin", "Digoxin", "Furosemide", "Alprostadil"], "D", "keeps the duct open so that blood can mix"),
    ("Which hormone is made in excess by a tumour that causes a large jaw and larger shoes?", ["Growth hormone", "Prolactin", "Cortisol", "Thyrotropin"], "A", "acts on bone and soft tissue of adults"),
    ("Which electrolyte disorder is expected in a boy with weeks of projectile vomiting?", ["Hyperkalaemia", "Hypochloraemia", "Hypermagnesaemia", "Hypercalcaemia"], "B", "is lost with gastric acid"),
]  # fmt: skip
CLEAN = len(FACTS)
GOUT = "Allopurinol is used to treat gout, and it is not given during the acute attack."


def reasoning(why: str, label: str, text: str, lead: str = "") -> str:
    """A rationale of more than 30 words that declares an answer."""
    return (
        f"{lead}The findings point to one mechanism, and each option can be held against it in turn. {text} {why}, which the other "
        f"options do not do, so they leave a part of the picture unexplained. The answer is {label}. {text}."
    )


def options_text(options: list[str]) -> str:
    """As MedReason writes options."""
    return "Answer Choices:\n" + "\n".join(
        f"{label}. {text}" for label, text in zip("ABCDEFGHIJ", options, strict=False)
    )


def row(number: int, fact: tuple[str, list[str], str, str], **changed: Any) -> Row:
    """A row without a fault, but for what is changed."""
    question, options, label, why = fact
    gold = options["ABCD".index(label)]
    made = {"dataset_name": "medmcqa", "id_in_dataset": number, "question": question, "options": options_text(options)}
    return made | {"answer": f"{gold}. Explanation: it {why}.", "reasoning": reasoning(why, label, gold)} | changed


def _about(thing: str) -> tuple[str, list[str], str, str]:
    """A fact of its own, so that no two planted rows ask the same."""
    options = [f"The first form of {thing}", f"Another form of {thing}", f"A mimic of {thing}", f"No form of {thing}"]
    return (
        f"A traveller returns with fever after a long stay where {thing} is endemic. What does he have?",
        options,
        "B",
        f"fits the course of {thing}",
    )


WEIGHED = "The fever could be one of many things, and each has to be weighed against the journey, the season, the food and the water, the bites and the animals, since all of them are "
SPANISH = "El paciente tiene fiebre y la enfermedad es la que se espera en las zonas de los trópicos, por lo que en un caso como este la respuesta es que la forma es la segunda, y no se trata de otra con los mismos signos. The answer is B."
# The codes of a row, and what is changed in it; `lead`: how its rationale begins
CHANGES: list[tuple[str, Row]] = [
    ("empty_question", {"question": "  "}),
    ("empty_rationale", {"reasoning": None}),
    ("no_answer", {"answer": ""}),
    ("wrong_type", {"reasoning": {"steps": 3}}),
    ("torn_row", {"lead": "A half \ud83d of a sign. "}),
    ("control_characters", {"lead": "A bell \x07 rings. "}),
    ("replacement_character", {"lead": "Sj\ufffdgren is not meant. "}),
    ("mojibake", {"lead": "The patientâ€™s fever is high. "}),
    ("markup", {"question": "A farmer has <b>fever</b> and a tender spleen after the lambing season. What is the cause?"}),
    ("unseen_characters", {"question": "A shepherd has fe\u200bver and orchitis after he drank raw goat milk. What is the cause?"}),
    ("options_unread", {"options": "first form / second form"}),
    ("no_options", {"options": json.dumps({"A": "One alone"}), "answer": "One alone", "lead": "One is left. "}),
    ("gold_twice", {"options": options_text(["Fever", "Fever", "Cough", "Rash"]), "answer": "Fever", "reasoning": reasoning("is what twins share", "A", "Fever")}),
    ("gold_unread", {"answer": "Something that no option says"}),
    ("error_text", {"reasoning": "Error communicating with OpenAI: connection reset by peer"}),
    ("refusal", {"lead": "I'm sorry, but I cannot help with this. "}),
    ("leaked_answer", {"lead": "According to the knowledge graph the bacterium is meant. "}),
    ("mentions_material", {"lead": "As the reviewer comments say, the correct answer was stated. "}),
    ("other_language", {"reasoning": SPANISH}),
    ("mixed_script", {"lead": "Это is the fever of travellers. "}),
    ("broken_markdown", {"lead": "```\nfever\n"}),
    ("loose_markdown", {"lead": "**Fever is one sign. "}),
    ("personal_data", {"lead": "Write to jane.roe@clinic.example for the chart. "}),
    ("unsupported_citation", {"lead": "Smith et al. showed it in a landmark study. "}),
    ("unfinished_thought answer_none", {"reasoning": f"<think>{WEIGHED}possible here"}),
    ("cut_off answer_none", {"reasoning": f"{WEIGHED}part of the"}),
    ("no_end answer_none", {"reasoning": f"{WEIGHED}possible here and now"}),
    ("short_rationale", {"reasoning": "The answer is B."}),
    ("answer_wrong", {"reasoning": reasoning("fits the course", "C", "The mimic")}),
    ("", {"reasoning": reasoning("is the form that both of two rows are given", "B", "Another form")}),
    ("rationale_repeated", {"reasoning": reasoning("is the form that both of two rows are given", "B", "Another form")}),
]  # fmt: skip
THINGS = "brucellosis leptospirosis tularaemia melioidosis yaws pinta trachoma loiasis dracunculiasis fascioliasis psittacosis typhus plague cholera anthrax leishmaniasis babesiosis filariasis histoplasmosis paragonimiasis mycetoma rabies dengue chikungunya ehrlichiosis listeriosis bartonellosis toxocariasis cysticercosis trichinosis glanders"


def planted() -> list[tuple[Row | str, set[str]]]:
    """Rows, or lines as they are, each with the codes that must be found in it. No other fault is in them."""
    made: list[tuple[Row | str, set[str]]] = [('{"dataset_name": "medqa", "question": "A torn', {"torn_row"})]
    for number, ((named, changed), thing) in enumerate(zip(CHANGES, THINGS.split(), strict=True), 1):
        lead = changed.get("lead")
        own = (
            {"reasoning": reasoning(f"is the form that matches number {number}", "B", "Another form", lead)}
            if lead
            else {}
        )
        own |= {name: value for name, value in changed.items() if name != "lead"}
        made.append((row(100 + number, _about(thing), **own), set(named.split())))
    return made + _of_clean()


def _of_clean() -> list[tuple[Row | str, set[str]]]:
    """Rows that repeat clean ones, that evaluation splits ask, or whose answer is only implied."""
    new = "A second text on the same question, with other words and the same end, so that no reader takes it for the first one of the two. It is long enough to be one. The answer is {}."
    first, second, third, fourth = FACTS[:4]
    near = (second[0].replace("at night", "in the evening"), second[1], second[2], second[3])
    implied = "Many causes come to mind. The most likely one in a man of this age with such a pain that improves with exercise is HLA-DR4, as it seems to the writer of this text, who does not say more."
    titled = (
        "**Finding reasoning paths:**\n1. Back pain -> spondylitis -> antigen\n\n**Reasoning Process:**\nThe pain of a young man that improves with "
        "exercise is inflammatory, and the antigen is looked for.\n\n**Conclusion:**\nThe antigen that most likely fits the picture is HLA-DR4."
    )
    tests = json.loads(
        (Path(__file__).parents[1] / "fixtures" / "sources" / "medqa.jsonl").read_text("utf-8").splitlines()[0]
    )
    asked = (
        tests["question"],
        list(tests["options"].values()),
        tests["answer_idx"],
        "binds tubulin and calms the attack",
    )
    reworded = (
        tests["question"].replace("wakes with", "wakes up with"),
        asked[1],
        asked[2],
        "acts on the spindle of dividing cells, too",
    )
    lice = _about("lice")
    long = (
        "A teacher sees small white grains on the hair of a girl who scratches her neck, and her brother has them too. They do not "
        "come off when the hair is combed, nobody in the house has been ill before, and the dog is well. What do they have?",
        *lice[1:],
    )
    return [
        (row(200, first), {"repeated_exact", "repeated_row"}),
        (row(201, (first[0].upper(), *first[1:]), reasoning=new.format("A")), {"repeated_normalised"}),
        (row(202, (third[0], ["Radial nerve", "Ulnar nerve", "Vagus nerve", "Common fibular nerve"], "D", third[3]), reasoning=new.format("D") + " It is."), {"repeated_stem"}),
        (row(203, near, reasoning=new.format("B") + " It is the virus."), {"repeated_near"}),
        (row(204, fourth, answer="HLA-DR4", reasoning=new.format("B") + " It is the antigen."), {"repeated_exact", "gold_conflict"}),
        (row(205, (fourth[0] + " In a man.", fourth[1], "A", fourth[3]), reasoning=implied), {"answer_implied"}),
        (row(210, (fourth[0] + " In a man of 30.", fourth[1], "A", fourth[3]), reasoning=titled), {"answer_concluded"}),
        (row(206, asked), {"contaminated"}),
        (row(207, reworded), {"contaminated_likely", "repeated_near"}),
        (row(208, _about("scabies"), dataset_name="MedXpertQA"), {"evaluation_source"}),
        (row(209, long, reasoning=f"{long[0]} The answer is B."), {"copied_prompt"}),
    ]  # fmt: skip


def write(path: Path) -> tuple[list[Row], list[set[str]]]:
    """Write clean and planted rows as JSON lines. Returns the clean rows, and the codes of each planted one, whose rows follow."""
    clean, codes = [row(number, fact) for number, fact in enumerate(FACTS)], []
    with path.open("w", encoding="utf-8", errors="surrogatepass") as file:
        for one in clean:
            file.write(json.dumps(one) + "\n")
        for one, expected in planted():
            line = one if isinstance(one, str) else json.dumps(one, ensure_ascii=True)
            file.write(line + "\n")
            codes.append(expected)
    return clean, codes
