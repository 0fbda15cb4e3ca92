"""Systems x data x protocol x seeds: run them on this machine or a cluster, score, write tables, merge.

The road: `load_examples` gives rows, `run_bench` gives predictions with every held-out fold sealed,
`write_bench` scores them and writes files. For spotters: `load_recordings`, `run_spotting_bench`,
`write_spotting_bench`.
"""

from fleeting.bench._megc import check_megc_submission, megc_submission
from fleeting.bench._spotting_fit import FittedDecoder, fit_decoder
from fleeting.bench._spotting_scores import (
    compare_spotters,
    decoder_counts,
    score_spotting_run,
    spotting_table,
)
from fleeting.bench._video_rows import live_rows, video_recording, video_rows
from fleeting.bench.data import (
    PRETRAIN_COUNT,
    Loaded,
    cache_folder,
    fingerprint,
    is_synthetic,
    join_examples,
    load_data,
    load_examples,
    pretrain_count,
)
from fleeting.bench.made_sets import made_set
from fleeting.bench.plan import BASELINES, PROTOCOLS, BenchSettings, SystemSpec, needed_inputs, read_spec
from fleeting.bench.prepare import PREPARED, Missing, Prepared, PrepareProgress, prepare, prepare_examples
from fleeting.bench.recordings import LoadedRecordings, is_recordings, load_recordings
from fleeting.bench.results import SCHEMA, merge_benches, read_bench, write_bench
from fleeting.bench.runner import BenchProgress, BenchRun, run_bench
from fleeting.bench.signal_sets import signal_set
from fleeting.bench.spotting import SpotterSpec, SpottingRun, SpottingSettings, run_spotting
from fleeting.bench.spotting_files import spotting_tables, write_spotting_bench
from fleeting.bench.spotting_runner import SPOTTING_BASELINES, SpottingBench, run_spotting_bench
from fleeting.bench.summary import Answers
from fleeting.bench.tables import brief_table, rows_told, to_html, to_latex, to_markdown
from fleeting.bench.train_spotter import train_spotter
from fleeting.bench.unit_bench import UNIT_BASELINES, UnitBench, load_unit_examples, run_unit_bench
from fleeting.bench.unit_files import unit_tables, write_unit_bench

__all__ = [
    "BASELINES",
    "PREPARED",
    "PRETRAIN_COUNT",
    "PROTOCOLS",
    "SCHEMA",
    "SPOTTING_BASELINES",
    "UNIT_BASELINES",
    "Answers",
    "BenchProgress",
    "BenchRun",
    "BenchSettings",
    "FittedDecoder",
    "Loaded",
    "LoadedRecordings",
    "Missing",
    "PrepareProgress",
    "Prepared",
    "SpotterSpec",
    "SpottingBench",
    "SpottingRun",
    "SpottingSettings",
    "SystemSpec",
    "UnitBench",
    "brief_table",
    "cache_folder",
    "check_megc_submission",
    "compare_spotters",
    "decoder_counts",
    "fingerprint",
    "fit_decoder",
    "is_recordings",
    "is_synthetic",
    "join_examples",
    "live_rows",
    "load_data",
    "load_examples",
    "load_recordings",
    "load_unit_examples",
    "made_set",
    "megc_submission",
    "merge_benches",
    "needed_inputs",
    "prepare",
    "prepare_examples",
    "pretrain_count",
    "read_bench",
    "read_spec",
    "rows_told",
    "run_bench",
    "run_spotting",
    "run_spotting_bench",
    "run_unit_bench",
    "score_spotting_run",
    "signal_set",
    "spotting_table",
    "spotting_tables",
    "to_html",
    "to_latex",
    "to_markdown",
    "train_spotter",
    "unit_tables",
    "video_recording",
    "video_rows",
    "write_bench",
    "write_spotting_bench",
    "write_unit_bench",
]
