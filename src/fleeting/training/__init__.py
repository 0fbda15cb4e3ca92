"""Training networks: loop, losses, augmentation, checkpoints, many at once. Needs the extra ``[train]``."""

from fleeting.training.augment import mirror_flow_maps, mirror_some, swap_sides
from fleeting.training.checkpoint import fingerprint, read_checkpoint, write_checkpoint
from fleeting.training.export import export_onnx, export_outputs, onnx_data
from fleeting.training.loop import TrainingRun, make_optimizer, train_module
from fleeting.training.losses import class_loss, class_weights, label_loss, positive_weights
from fleeting.training.many import fit_many
from fleeting.training.recognizer import ChangesRows, TorchRecognizer
from fleeting.training.rows import (
    Objective,
    Rows,
    as_rows,
    labelled,
    logits_of,
    make_objective,
    match_classes,
    of_inputs,
    predict_logits,
)
from fleeting.training.settings import TrainingSettings, epoch_batches, generator, torch_seed
from fleeting.training.store import load_arrays, save_arrays

__all__ = [
    "ChangesRows",
    "Objective",
    "Rows",
    "TorchRecognizer",
    "TrainingRun",
    "TrainingSettings",
    "as_rows",
    "class_loss",
    "class_weights",
    "epoch_batches",
    "export_onnx",
    "export_outputs",
    "fingerprint",
    "fit_many",
    "generator",
    "label_loss",
    "labelled",
    "load_arrays",
    "logits_of",
    "make_objective",
    "make_optimizer",
    "match_classes",
    "mirror_flow_maps",
    "mirror_some",
    "of_inputs",
    "onnx_data",
    "positive_weights",
    "predict_logits",
    "read_checkpoint",
    "save_arrays",
    "swap_sides",
    "torch_seed",
    "train_module",
    "write_checkpoint",
]
