"""Layers that several systems share. Needs the extra ``[train]``."""

from fleeting.nn.norm import BatchNorm, counted_rows

__all__ = ["BatchNorm", "counted_rows"]
