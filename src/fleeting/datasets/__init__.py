"""Datasets of micro-expressions: annotations and folders to samples and recordings. No torch."""

from fleeting.datasets.base import (
    CheckReport,
    DatasetInfo,
    Finding,
    LabelMap,
    Recording,
    Sample,
)
from fleeting.datasets.dataset import Dataset
from fleeting.datasets.manifest import MANIFEST_COLUMNS, manifest_rows, write_manifest
from fleeting.datasets.policies import APEX_POLICIES, OFFSET_POLICIES, settle
from fleeting.datasets.registry import check, get, info, names, open, reader

__all__ = [
    "APEX_POLICIES",
    "MANIFEST_COLUMNS",
    "OFFSET_POLICIES",
    "CheckReport",
    "Dataset",
    "DatasetInfo",
    "Finding",
    "LabelMap",
    "Recording",
    "Sample",
    "check",
    "get",
    "info",
    "manifest_rows",
    "names",
    "open",
    "reader",
    "settle",
    "write_manifest",
]
