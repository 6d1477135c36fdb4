"""Whether a build trusts its judges: it looks up their error rates, and stops where one is above a threshold."""

from collections.abc import Sequence

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.judge_calibration.calibration import JudgeCalibration, calibrations_of, judges_of
from dataset_builder.llm.model import ModelError
from dataset_builder.stage import Stage


def expect_trusted(
    stages: Sequence[Stage], store: AnswerStore, allowed: bool
) -> tuple[list[JudgeCalibration], list[str]]:
    """The calibrations of the judges that the store has, and a note for each judge that was not calibrated.

    Raises ModelError for a judge above a threshold, unless ``allowed``.
    """
    judges = judges_of(stages)
    found = calibrations_of(stages, store) if judges else []
    notes = []
    for name, llm, votes in judges:
        calibration = next((one for one in found if one.stage == name), None)
        if calibration is None:
            again = f" --judge-votes {votes}" if votes > 1 else ""
            notes.append(
                f"note: {llm} was not calibrated: `judge-calibration --judge {llm}{again}` measures how often it errs"
            )
        elif calibration.faults and not allowed:
            faults = "; ".join(calibration.faults)
            raise ModelError(
                f"judge {llm} ({name}) errs too often: {faults}. Choose another judge, or build with --allow-judge"
            )
    return found, notes
