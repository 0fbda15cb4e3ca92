"""Results as pages that people read: one self-contained HTML file a video, and one over many."""

from fleeting.report.coding_page import PicturedRecording, render_coding
from fleeting.report.compare import comparison
from fleeting.report.index import IndexRow, index_row, render_index, write_index
from fleeting.report.page import render_report, write_html
from fleeting.report.pictures import face_mask
from fleeting.report.region_motion import region_motion
from fleeting.report.save import default_stem, save_report

__all__ = [
    "IndexRow",
    "PicturedRecording",
    "comparison",
    "default_stem",
    "face_mask",
    "index_row",
    "region_motion",
    "render_coding",
    "render_index",
    "render_report",
    "save_report",
    "write_html",
    "write_index",
]
