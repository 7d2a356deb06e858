"""What data sets are called on pages: those that come with the app, and the visitor's own music."""

from dmm.data import uploads
from dmm.data.load import split_name
from dmm.ui import own_pieces

DATA = {"chorales": "Bach chorales, original keys", "chorales-in-c": "Bach chorales, moved to C"}
BESIDE = {"": "alone", "chorales": "with the chorales", "chorales-in-c": "with the chorales, moved to C"}
GONE = "music that is no longer kept here"


def on_offer(now: str) -> dict[str, str]:
    """The sets that a run can have, in words; `now`, the one that is chosen, is among them whatever it is.

    The visitor's own music is there twice: alone, and added to the chorales.
    """
    own = split_name(now)[1]
    titles = own_pieces.called([*dict.fromkeys([*own_pieces.mine(), own])])
    offered = dict(DATA)
    for upload, title in titles.items():
        offered |= {upload: f"{title}, {BESIDE['']}", beside_chorales(upload): f"{title}, {BESIDE['chorales']}"}
    return offered if now in offered else offered | {now: in_words(now)}


def beside_chorales(upload: str) -> str:
    """What a configuration calls the chorales with an upload added to them."""
    return f"chorales+{upload}"


def in_words(name: str) -> str:
    """A set by the name that a configuration has; of a file, its own name.

    >>> in_words("chorales"), in_words("chorales+/home/ada/song.mid")
    ('Bach chorales, original keys', 'song.mid, with the chorales')
    """
    if name in DATA:
        return DATA[name]
    added_to, own = split_name(name)
    file = GONE if uploads.NAME.fullmatch(own) else own.replace("\\", "/").rsplit("/", 1)[-1]
    return f"{own_pieces.title_of(own) or file}, {BESIDE[added_to]}"
