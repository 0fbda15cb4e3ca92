"""Video in and out, and results: JSON, CSV, ELAN ``.eaf``; files are written whole or not at all."""

from fleeting.io._frame import DecodedFrame
from fleeting.io.atomic import atomic_path, explain_os_error, sweep_temporaries, validate_folder, write_atomic
from fleeting.io.cache import ArrayCache, CacheEntry, Damage, code_version, content_key, entry_key
from fleeting.io.csvfile import read_table, write_table
from fleeting.io.eaf import EafAnnotation, annotations_of, read_eaf, write_eaf
from fleeting.io.results import (
    SCHEMA,
    clear_result,
    read_result,
    result_is_current,
    result_paths,
    write_result,
)
from fleeting.io.score_tables import (
    AnswerEntry,
    GazeTable,
    IntervalEntry,
    LabelTable,
    UnitTable,
    read_answers,
    read_gaze,
    read_intervals,
    read_labels,
    read_units,
)
from fleeting.io.summary import SummaryRow, write_summary
from fleeting.io.tables import (
    RESULT_COLUMNS,
    IntervalRow,
    action_units_text,
    expression_rows,
    read_intervals_csv,
    to_frame,
    write_intervals_csv,
    write_result_csv,
)
from fleeting.io.video import VideoReader, content_sha256, open_video
from fleeting.io.writer import VideoWriter, write_video

__all__ = [
    "RESULT_COLUMNS",
    "SCHEMA",
    "AnswerEntry",
    "ArrayCache",
    "CacheEntry",
    "Damage",
    "DecodedFrame",
    "EafAnnotation",
    "GazeTable",
    "IntervalEntry",
    "IntervalRow",
    "LabelTable",
    "SummaryRow",
    "UnitTable",
    "VideoReader",
    "VideoWriter",
    "action_units_text",
    "annotations_of",
    "atomic_path",
    "clear_result",
    "code_version",
    "content_key",
    "content_sha256",
    "entry_key",
    "explain_os_error",
    "expression_rows",
    "open_video",
    "read_answers",
    "read_eaf",
    "read_gaze",
    "read_intervals",
    "read_intervals_csv",
    "read_labels",
    "read_result",
    "read_table",
    "read_units",
    "result_is_current",
    "result_paths",
    "sweep_temporaries",
    "to_frame",
    "validate_folder",
    "write_atomic",
    "write_eaf",
    "write_intervals_csv",
    "write_result",
    "write_result_csv",
    "write_summary",
    "write_table",
    "write_video",
]
