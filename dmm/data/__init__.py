"""Music as piano rolls: what ships, what users bring, and what a score is worth. Needs numpy only.

`load_dataset` gives a `Dataset` of `Piece`s in three splits; `make_batch` pads their rolls into one `Batch`.
"""

from dmm.data.batch import Batch, make_batch
from dmm.data.load import load_dataset
from dmm.data.piece import DataError, Dataset, Piece

__all__ = ["Batch", "DataError", "Dataset", "Piece", "load_dataset", "make_batch"]
