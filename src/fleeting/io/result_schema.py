"""The fields of ``fleeting.result/1``, checked at the border with pydantic; private to the room.

A field may be added within version 1 (readers pass over what they do not know); none may be renamed or change
its meaning. ``tests/golden`` keeps a file of each version that every later release must read.
"""

import math
import reprlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePath
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PlainValidator,
    ValidationError,
)

from fleeting.core import (
    ActionUnit,
    Emotion,
    Expression,
    Face,
    InputError,
    Interval,
    ModelUse,
    Provenance,
    QualityWarning,
    Report,
    UsageError,
    VideoInfo,
)


def _text(value: object) -> str:
    """Take any text, also a file name that is no proper Unicode (pydantic's own ``str`` refuses those)."""
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {type(value).__name__}")
    return value


Text = Annotated[str, PlainValidator(_text)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class VideoPart(_Part):
    """``video``."""

    path: Text
    sha256: Text
    width: NonNegativeInt
    height: NonNegativeInt
    frames: NonNegativeInt
    duration_s: NonNegativeFloat
    fps: NonNegativeFloat
    variable_rate: bool


class FacePart(_Part):
    """``faces[]``."""

    id: NonNegativeInt
    coverage: Share


class EmotionPart(_Part):
    """``expressions[].emotion``."""

    label: Text
    probabilities: dict[Text, float]
    calibrated: bool = False


class ActionUnitPart(_Part):
    """``expressions[].action_units[]``; ``probability`` is null where nothing was calibrated."""

    au: NonNegativeInt
    side: Literal["left", "right", "both"]
    score: float | None = None
    probability: float | None = None


class ExpressionPart(_Part):
    """``expressions[]``; ``frame_s`` is how long the offset frame stands."""

    face: NonNegativeInt
    kind: Literal["micro", "macro"]
    onset_frame: NonNegativeInt
    apex_frame: NonNegativeInt | None
    offset_frame: NonNegativeInt
    onset_s: float
    apex_s: float | None
    offset_s: float
    frame_s: NonNegativeFloat | None = None
    confidence: float
    emotion: EmotionPart | None = None
    action_units: list[ActionUnitPart] = []


class WarningPart(_Part):
    """``warnings[]``."""

    code: Text
    message: Text


class ModelPart(_Part):
    """``provenance.models[]``."""

    name: Text
    sha256: Text
    licence: Text
    trained_on: Text


class ProvenancePart(_Part):
    """``provenance``."""

    version: Text
    settings: dict[Text, Any]
    models: list[ModelPart] = []
    machine: Text = ""
    runtime_s: float = 0.0


class SignalsPart(_Part):
    """``signals``: names the arrays in ``<stem>.signals.npz`` and pins that file."""

    names: list[Text]
    sha256: Text


class ResultPart(_Part):
    """The whole file."""

    # pydantic keeps the name `schema` for itself, hence the alias
    schema_name: Text = Field(alias="schema")
    video: VideoPart
    faces: list[FacePart]
    expressions: list[ExpressionPart]
    warnings: list[WarningPart]
    provenance: ProvenancePart
    signals: SignalsPart | None = None


def plain(value: object) -> Any:
    """Turn numpy numbers, tuples and paths into what JSON knows; raises UsageError for anything else."""
    if isinstance(value, np.generic):
        return plain(value.item())
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    raise UsageError(f"a result holds numbers, text and lists, not {type(value).__name__}: {value!r}")


def plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings as they are stored; JSON has no infinity, so that becomes the text ``inf``."""

    def finite(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: finite(item) for key, item in value.items()}
        if isinstance(value, list):
            return [finite(item) for item in value]
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value

    result: dict[str, Any] = finite(plain(settings))
    return result


def document_of(report: Report, schema: str) -> dict[str, Any]:
    """Lay a report out as the JSON object; raises UsageError naming the field that does not fit."""
    provenance = report.provenance
    document: dict[str, Any] = {
        "schema": schema,
        "video": asdict(report.video),
        "faces": [asdict(face) for face in report.faces],
        "expressions": [_expression_document(expression) for expression in report.expressions],
        "warnings": [asdict(warning) for warning in report.warnings],
        "provenance": {
            "version": provenance.version,
            "settings": plain_settings(provenance.settings),
            "models": [asdict(model) for model in provenance.models],
            "machine": provenance.machine,
            "runtime_s": provenance.runtime_s,
        },
        "signals": None,
    }
    document = plain(document)
    try:
        ResultPart.model_validate(document)
    except ValidationError as error:
        raise UsageError(f"this report cannot be saved: {_first_fault(error)}") from error
    return document


def _expression_document(expression: Expression) -> dict[str, Any]:
    interval = expression.interval
    return {
        "face": expression.face,
        "kind": interval.kind,
        "onset_frame": interval.onset_frame,
        "apex_frame": interval.apex_frame,
        "offset_frame": interval.offset_frame,
        "onset_s": interval.onset_s,
        "apex_s": interval.apex_s,
        "offset_s": interval.offset_s,
        "frame_s": interval.frame_s,
        "duration_s": interval.duration_s,
        "confidence": interval.score,
        "emotion": asdict(expression.emotion) if expression.emotion else None,
        "action_units": [asdict(unit) for unit in expression.action_units],
    }


def report_of(
    path: object, document: Mapping[str, Any], signals: Mapping[str, np.ndarray] | None = None
) -> tuple[Report, SignalsPart | None]:
    """Read the JSON object back; raises InputError naming the first field that does not fit."""
    try:
        result = ResultPart.model_validate(document)
    except ValidationError as error:
        raise InputError(path, f"is no whole result: {_first_fault(error)}", "run analyze again") from error
    try:
        expressions = tuple(_expression_of(part, result.video.fps) for part in result.expressions)
    except UsageError as error:
        raise InputError(path, f"holds a broken expression: {error}", "run analyze again") from error
    used = result.provenance
    report = Report(
        video=VideoInfo(**result.video.model_dump()),
        faces=tuple(Face(part.id, part.coverage) for part in result.faces),
        expressions=expressions,
        warnings=tuple(QualityWarning(part.code, part.message) for part in result.warnings),
        provenance=Provenance(
            used.version,
            used.settings,
            tuple(ModelUse(**part.model_dump()) for part in used.models),
            used.machine,
            used.runtime_s,
        ),
        signals=dict(signals or {}),
    )
    return report, result.signals


def _expression_of(part: ExpressionPart, fps: float) -> Expression:
    frame_s = part.frame_s if part.frame_s is not None else (1 / fps if fps > 0 else 0.0)
    interval = Interval(
        part.onset_frame,
        part.apex_frame,
        part.offset_frame,
        part.onset_s,
        part.apex_s,
        part.offset_s,
        frame_s,
        part.kind,
        part.confidence,
    )
    emotion = Emotion(**part.emotion.model_dump()) if part.emotion else None
    return Expression(part.face, interval, emotion, tuple(_unit_of(unit) for unit in part.action_units))


def _unit_of(part: ActionUnitPart) -> ActionUnit:
    if part.score is None and part.probability is None:
        raise UsageError(f"action unit {part.au} has neither score nor probability")
    score = part.probability if part.score is None else part.score
    return ActionUnit(part.au, part.side, float(score or 0.0), part.probability)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in fault["loc"]).lstrip(".")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {fault['msg']}, got {reprlib.repr(fault['input'])}{more}"
