"""CMED (2025): child micro-expressions on request; its files are not public, so a plain table is read."""

from fleeting.datasets.base import DatasetInfo
from fleeting.datasets.csv_table import TableDataset
from fleeting.datasets.labels import plain, three
from fleeting.datasets.registry import reader


@reader
class Cmed(TableDataset):
    """Reader of a CMED copy that its holder describes in ``cmed.csv``."""

    info = DatasetInfo(
        name="cmed",
        title="CMED, Child Micro-Expression Dataset",
        clips="not published",
        subjects="74",
        fps="not published (video calls, frame rate varies)",
        licence="data access agreement",
        request="Ask the authors of arXiv 2503.21690 (data access agreement).",
        citation="Matharaarachchi, Pasha, Coleman, Wong: CMED. arXiv 2503.21690, 2025.",
        url="https://arxiv.org/abs/2503.21690",
        layout=("any: the table gives the paths",),
        sheets=("cmed.csv with the columns of the csv dataset",),
        labels={
            3: three(("anger", "disgust", "fear", "sadness")),
            7: plain("anger", "disgust", "fear", "happiness", "sadness", "surprise"),
        },
        notes=(
            "layout and sheet of the release are not known to us: describe your copy in cmed.csv",
            "six basic emotions; classes=7 gives these six",
        ),
    )
