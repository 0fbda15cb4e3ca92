"""WDMD (2025): micro-expressions in wild conversations; no files were found, so a plain table is read."""

from fleeting.datasets.base import DatasetInfo
from fleeting.datasets.csv_table import TableDataset
from fleeting.datasets.registry import reader


@reader
class Wdmd(TableDataset):
    """Reader of a WDMD copy that its holder describes in ``wdmd.csv``."""

    info = DatasetInfo(
        name="wdmd",
        title="WDMD, in-the-wild conversational micro-expressions",
        clips="not published",
        subjects="not published",
        fps="not published",
        licence="not published",
        request="Ask the authors of arXiv 2510.22575.",
        citation="Feng et al.: MELDAE and the WDMD dataset. arXiv 2510.22575, 2025.",
        url="https://arxiv.org/abs/2510.22575",
        layout=("any: the table gives the paths",),
        sheets=("wdmd.csv with the columns of the csv dataset",),
        notes=("nothing but the abstract is known to us: describe your copy in wdmd.csv",),
    )
