"""One door to all data sets."""

from pathlib import Path

from dmm.data import uploads
from dmm.data.chorales import load_chorales
from dmm.data.files import MEGABYTE, read_bytes
from dmm.data.jsb_json import load_jsb
from dmm.data.own_music import MOST_FILES, make_dataset
from dmm.data.piece import DataError, Dataset, printable
from dmm.data.report import Reading
from dmm.data.upload import JSON, MIDI, read_upload

SHIPPED = ("chorales", "chorales-in-c")  # the sets that come with the app
MOST_BYTES = 50 * MEGABYTE  # of a file that is named by its path


def load_dataset(name: str) -> Dataset:
    """Loads a data set by name.

    Args:
        name: "chorales" (in their own keys), "chorales-in-c" (every tonic moved to C), an upload's name (see
            `dmm.data.uploads`), or the path of a file that ends in .json (see `dmm.data.jsb_json`) or .mid, or of a
            folder of such files. "chorales+" before one of the others adds it to the chorales.

    Returns:
        A `Dataset`.

    Raises:
        DataError: another name, or a file that cannot be used.
    """
    if name in SHIPPED:
        return load_chorales(transpose_to_c=name == "chorales-in-c")
    added_to, own = split_name(name)
    if not added_to and own.lower().endswith(JSON) and not Path(own).is_dir():
        return load_jsb(own)
    return make_dataset(_read(own), load_dataset(added_to) if added_to else None)


def split_name(name: str) -> tuple[str, str]:
    """The set that comes with the app to which music is added, "" if to none, and the music's own name or path.

    >>> split_name("chorales+song.mid"), split_name("a+b.mid")
    (('chorales', 'song.mid'), ('', 'a+b.mid'))
    """
    before, _, after = name.partition("+")
    return (before, after) if after and before in SHIPPED else ("", name)


def judged_on(name: str) -> str:
    """The set whose pieces for validation and test are those of this one: numbers of runs on both are comparable.

    >>> judged_on("chorales+song.mid"), judged_on("chorales"), judged_on("song.mid")
    ('chorales', 'chorales', 'song.mid')
    """
    return split_name(name)[0] or name


def full_name(name: str) -> str:
    """The name of a data set that is found from any folder: of files the whole path."""
    added_to, own = split_name(name)
    if name in SHIPPED or uploads.NAME.fullmatch(own):
        return name
    return f"{added_to}+{Path(own).resolve()}" if added_to else str(Path(own).resolve())


def _read(name: str) -> list[Reading]:
    """The files behind an upload's name or a path."""
    if uploads.NAME.fullmatch(name):
        return uploads.load(name)
    path = Path(name)
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        is_folder = False
    if is_folder:
        return [_read_file(file) for file in _files(path)]
    if not name.lower().endswith(MIDI + JSON):
        raise DataError(
            f'There is no data set {name!a}; choose "chorales", "chorales-in-c", a file that ends in .json or .mid, '
            "or a folder of such files."
        )
    return [_read_file(path)]


def _files(folder: Path) -> list[Path]:
    """The music in a folder, by name."""
    found = sorted(path for path in folder.iterdir() if path.name.lower().endswith(MIDI + JSON))
    if not found:
        raise DataError(f"The folder {printable(str(folder), 120)} holds no file that ends in .json or .mid.")
    if len(found) > MOST_FILES:
        raise DataError(f"{len(found)} files are too many for one set; at most {MOST_FILES} are taken.")
    return found


def _read_file(path: Path) -> Reading:
    """One file; what is wrong with it is said with its name."""
    raw = read_bytes(path, MOST_BYTES)
    try:
        return read_upload(raw, path.name, MOST_BYTES)
    except DataError as error:
        raise DataError(f"{printable(path.name)}: {error}") from None
