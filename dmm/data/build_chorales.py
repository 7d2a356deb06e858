"""Builds `assets/chorales.npz`: `python -m dmm.data.build_chorales` (needs music21, for this step only).

`scores.py` says how a score becomes a grid, `tunes.py` how the splits are made. Here: which scores are kept.
- A score whose choir waits for the instruments, silent for `PAUSE` beats or more, is skipped.
- Of scores of one length that agree in `ALIKE` of their frames, up to transposition, the first is kept.
- A score without a title takes the one that scores of its melody bear most often; `TITLES` names the rest.
"""

import io
import re
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from dmm.data import tunes
from dmm.data.chorales import PATH
from dmm.data.scores import Chorale, longest_silence, read_chorale

PAUSE = 4  # beats
ALIKE = 0.9
MISFILED = ("bwv62.6",)  # holds the notes of BWV 274, not "Nun komm, der Heiden Heiland"
TITLES = {
    "BWV 18.5-lz": "Durch Adams Fall ist ganz verderbt",
    "BWV 120.8-a": "Lobe den Herren, den mächtigen König der Ehren",
    "BWV 137.5": "Lobe den Herren, den mächtigen König der Ehren",
    "BWV 162.6-lpz": "Alle Menschen müssen sterben",
    "BWV 165.6": "Nun laßt uns Gott, dem Herren",
    "BWV 229.2": "Komm, Jesu, komm",
    "BWV 248.9-s": "Vom Himmel hoch, da komm’ ich her",
    "BWV 248.17": "Vom Himmel hoch, da komm’ ich her",
    "BWV 248.23-s": "Vom Himmel hoch, da komm’ ich her",
    "BWV 248.42-s": "Hilf, Herr Jesu, laß gelingen",
}  # by hand: no list and no other score names them


def main() -> int:
    """Reads music21's corpus, writes the file and prints a report; returns the exit status."""
    try:
        import music21
    except ImportError:
        print("The scores come with music21, which is not installed: pip install music21", file=sys.stderr)
        return 1
    files = [Path(p) for p in music21.corpus.getComposer("bach") if Path(p).suffix in (".mxl", ".xml")]
    files = sorted((file for file in files if file.stem not in MISFILED), key=by_number)
    kept, skipped = choose([read_chorale(music21, file) for file in files])
    kept = name_all(kept)
    table = make_table(kept)
    write(PATH, table)
    report(kept, skipped, table)
    return 0


def by_number(file: Path) -> list[tuple[int, str]]:
    """The order of BWV numbers: 2.6 before 10.7, 112.5 before 112.5-sc."""
    return [(int(n or 0), word) for n, word in re.findall(r"(\d*)([^\d]*)", file.stem.removeprefix("bwv"))]


def choose(scores: list[Chorale | None]) -> tuple[list[Chorale], Counter]:
    """The scores to keep, and how many were skipped for which reason."""
    kept: list[Chorale] = []
    skipped = Counter({"holds another chorale than its name says": len(MISFILED)})
    for score in scores:
        if score is None:
            skipped["not one each of soprano, alto, tenor and bass"] += 1
        elif longest_silence(score.voices) >= PAUSE:
            skipped[f"a silence of {PAUSE} beats or more"] += 1
        elif any(likeness(score.voices, other.voices) >= ALIKE for other in kept):
            skipped["the notes of an earlier score"] += 1
        else:
            kept.append(score)
    return kept, skipped


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """The share (0..1) of frames in which two pieces (T, 4) agree, moved to one key; 0 if lengths differ."""
    if len(a) != len(b):
        return 0.0
    apart = np.where((a > 0) & (b > 0), a.astype(int) - b, 0)  # (T, 4) semitones
    shift = Counter(apart[(a > 0) & (b > 0)].tolist()).most_common(1)
    moved = np.where(b > 0, b + np.int64(shift[0][0] if shift else 0), 0)
    return float((a == moved).all(1).mean())


def name_all(scores: list[Chorale]) -> list[Chorale]:
    """Gives the scores without a title the one that scores of the same melody bear most often."""
    melodies = [tunes.windows(score.voices[:, 0]) for score in scores]
    titles = [TITLES.get(score.name, score.title) for score in scores]
    named = list(titles)
    for i, title in enumerate(titles):
        alike = (j for j, other in enumerate(titles) if other and _one_tune(melodies[i], melodies[j]))
        named[i] = title or Counter(titles[j] for j in alike).most_common(1)[0][0]
    return [score._replace(title=title) for score, title in zip(scores, named, strict=True)]


def _one_tune(a: set[bytes], b: set[bytes]) -> bool:
    """Whether two melodies are near enough to be one tune."""
    return tunes.share(a, b) >= tunes.SHARED


def make_table(scores: list[Chorale]) -> dict[str, np.ndarray]:
    """The arrays of the file: N pieces, their frames one under the other."""
    names = [score.name for score in scores]
    group = tunes.group_by_tune([s.title for s in scores], [s.voices[:, 0] for s in scores])
    return {
        "names": np.array(names),
        "titles": np.array([score.title for score in scores]),
        "lengths": np.array([len(score.voices) for score in scores], dtype=np.int32),
        "voices": np.concatenate([score.voices for score in scores]),
        "onsets": np.concatenate([score.onsets for score in scores]),
        "tonics": np.array([score.tonic for score in scores], dtype=np.uint8),
        "minors": np.array([score.minor for score in scores]),
        "tunes": group.astype(np.int32),
        "splits": tunes.split_by_tune(group, names),
    }


def write(path: Path, table: dict[str, np.ndarray]) -> None:
    """Writes an .npz file without the time of day in it, so that equal tables give equal bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in table.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data.getvalue(), compresslevel=9)


def report(scores: list[Chorale], skipped: Counter, table: dict[str, np.ndarray]) -> None:
    """Prints what was kept and what was left out."""
    for reason, n in sorted(skipped.items()):
        print(f"skipped {n:3}: {reason}")
    for s, name in enumerate(tunes.SPLITS):
        sizes = table["lengths"][table["splits"] == s]
        print(f"{name:5}: {len(sizes)} pieces, {sizes.sum()} frames, {sizes.min()} to {sizes.max()} each")
    notes, unheard = sum(score.notes for score in scores), sum(score.unheard for score in scores)
    print(f"kept {len(scores)} pieces of {table['tunes'].max() + 1} tunes, {len(table['voices'])} frames")
    print(f"{unheard} of {notes} notes ({unheard / notes:.1%}) never fall on a beat")
    print(f"{PATH.name}: {PATH.stat().st_size} bytes")


if __name__ == "__main__":
    sys.exit(main())
