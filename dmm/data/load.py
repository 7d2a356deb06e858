"""One door to all data sets."""

from dmm.data.chorales import load_chorales
from dmm.data.jsb_json import load_jsb
from dmm.data.piece import DataError, Dataset

SHIPPED = ("chorales", "chorales-in-c")  # the sets that come with the app


def load_dataset(name: str) -> Dataset:
    """Loads a data set by name.

    Args:
        name: "chorales" (in their own keys), "chorales-in-c" (every tonic moved to C), or the path of a file
            that ends in .json (see `dmm.data.jsb_json`).

    Returns:
        A `Dataset`.

    Raises:
        DataError: another name, or a file that cannot be used.
    """
    if name in SHIPPED:
        return load_chorales(transpose_to_c=name == "chorales-in-c")
    if name.lower().endswith(".json"):
        return load_jsb(name)
    raise DataError(f'There is no data set {name!a}; choose "chorales", "chorales-in-c" or a file that ends in .json.')
