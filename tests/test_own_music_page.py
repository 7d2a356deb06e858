"""The learner's own music on the page Listen: read, shown, kept, taken to other pages and trained on; and every way in
which a file, its name or a link can be wrong. The rows are those of the list of bad inputs."""

import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFile

from dmm.data import child, load_dataset, uploads
from dmm.data.midi_events import MOST_NOTES
from dmm.data.own_music import cut_piece
from dmm.data.upload import read_upload
from dmm.runs import session, store
from dmm.ui import data_names, own_pieces
from dmm.ui.listen import uploading
from tests.test_lessons_browser import settle
from tests.test_midi import BEAT, END, OFF, ON, header, note, song, track, vlq
from tests.test_pages import (
    OWNER,
    ROOT,
    assert_alive,
    click,
    knob,
    new_run,
    open_page,
    pick,
    queue,
    sentences,
    turn_to,
    views,
)
from tests.test_upload import as_json, as_midi, tune
from tests.tiny_runs import TINY, make_run

__all__ = ["new_run", "queue"]  # fixtures

UNKNOWN = "upload-" + "0" * 32
ADA, BEN = "a" * 32, "b" * 32
SLOW = b"\x00\xff\x51\x03\xff\xff\xff"  # 16.7 s a beat
KEYS = [0] * 88

MIDI = {  # row: what is in the file, and how the sentence begins
    "1": (b"", "This file is empty."),
    "2": (b"MThd", "The MIDI header is cut off (4 of 14 bytes)."),
    "3": (np.random.default_rng(0).bytes(1024), "Not a MIDI file"),
    "4 text": (b"hello\n", "Not a MIDI file"),
    "4 picture": (b"\x89PNG\r\n\x1a\n", "Not a MIDI file"),
    "4 RMID": (b"RIFF\x00\x00\x00\x00RMIDdata" + song(), "This is a RIFF-RMID file"),
    "5": (header(size=0xFFFFFFF0), "The header says it has 4 GB"),
    "6": (song(division=0), "Ticks per beat is 0"),
    "7": (song(division=0xE728), "SMPTE time code is not supported"),
    "8": (song(tracks=65535), "Header promises 65535 tracks, found 1"),
    "9": (header(65535, 1) + 65535 * track(END), "More than 128 tracks"),
    "10": (song(form=2), "Format 2 (independent patterns) is not supported"),
    "10 other": (song(form=9), "Format 9 is"),
    "11": (song(*[note()] * 20)[:-60], "Track 1 is cut off: 60 bytes missing."),
    "12": (header() + b"MTrk\xff\xff\xff\xff" + ON + bytes(6), "Track 1 claims 4 GB"),
    "13": (song(vlq(2**28 - 1) + ON, division=480), "The piece would last 77 h; the limit is 30 min."),
    "14": (song(*[vlq(2**28 - 1) + ON] * 1000, division=480), "The piece would last 77,672 h"),
    "15": (song(SLOW, b"\x00", ON, vlq(9_900_000), OFF, division=1), "The piece would last 46,137 h"),
    "16": (song(b"\xff" * 200), "Time value longer than 4 bytes at byte 23."),
    "17": (song(vlq(BEAT) + b"\xff\x51\x03\x00\x00\x00"), "Tempo of 0 µs per beat at tick 96."),
    "18": (song(*[b"\x01\xff\x51\x03\x07\xa1\x20"] * 100_000), "More than 5,000 tempo changes"),
    "19": (song(*[b"\x00\x90\x3c\x40"] * 1_000_000), "The file has 4000026 bytes, larger than 2 MB."),
    "19 fewer": (song(*[b"\x00\x90\x3c\x40"] * 400_000), f"More than {MOST_NOTES:,} notes"),
    "21": (song(b"\x00\x90\xc8\x40"), "Data byte 200 at byte 25 is not legal MIDI."),
    "22": (song(b"\x00\x3c\x40"), "Event without a status byte at byte 24."),
    "23": (song(b"\x00\xff\x01" + vlq(100_000_000)), "Event claims 100 MB at byte 24"),
    "23 sysex": (song(b"\x00\xf0" + vlq(100_000_000)), "Event claims 100 MB at byte 24"),
    "24": (song(note(channel=9)), "Only percussion found (channel 10); nothing to learn."),
    "25": (song(note(20), note(109)), "No note between A0 and C8"),
    "26": (song(b""), "The piece is silent"),
}
SAID = {  # row: a file that is taken, and what is said of it
    "20": (song(b"\x00", ON, vlq(4 * BEAT), b"\xff\x01\x00"), "1 note without an end was held to the end"),
    "27": (song(b"\x00\xff\x59\x02\x7f\x00", note()), "A key signature that does not exist was left out."),
    "29": (
        song(*[bytes([0, 0x90, i % 128, 64]) for i in range(10_000)], vlq(2 * BEAT) + b"\xff\x01\x00"),
        "128 notes without an end were held",
    ),
}
JSON = {
    "30": (b"", "This file is empty."),
    "30 null": (b"null", 'Expected {"sequences": [...]}'),
    "30 list": (b"[]", 'Expected {"sequences": [...]}'),
    "30 object": (b"{}", 'Expected {"sequences": [...]}'),
    "31": (b"[" * 100_000, "Nested more than 20 levels"),
    "32": (b"[[[NaN]]]", "Line 1: NaN is not a finite number."),
    "32 infinity": (b"[[[Infinity]]]", "Line 1: Infinity is not a finite number."),
    "32 1e400": (b"[[[1e400]]]", "Line 1: 1e400 is not a finite number."),
    "33": (b"[[[" + b"9" * 5000 + b"]]]", "Line 1: number too large, it has 5000 digits"),
    "34": (b'{"sequences": [], "T": 1, "T": 2}', 'Key "T" appears twice.'),
    "35 comma": (b"[[60],\n[60],]", "Line 2, column 6: not valid JSON, a value is missing after the comma"),
    "35 junk": (b"[1] x", "Line 1, column 5: not valid JSON, something follows the end."),
    "35 UTF-8": (b"[\xff]", "Byte 2 is not UTF-8 text"),
    "35 UTF-16": ("[1]".encode("utf-16"), "This file is UTF-16 text"),
    "36": (b"[" + b"0," * 10_000_000, "The file has 20000001 bytes, larger than 2 MB."),
    "36 string": (b'["' + b"x" * 50_000_000, "The file has 50000002 bytes, larger than 2 MB."),
    "37": (as_json([KEYS, [*KEYS, 0]]), "Frame 2 of sequence 1 has 89 values, expected 88."),
    "38": (as_json([KEYS, [0.5, *KEYS[1:]]]), "Frame 2 of sequence 1: 0.5 is not 0 or 1."),
    "38 true": (as_json([KEYS, [True, *KEYS[1:]]]), "Frame 2 of sequence 1: true is not 0 or 1."),
    "39": (as_json(tune(1), []), "Sequence 2 is empty"),
    "40": (as_json(tune(1), [[60]]), "Sequence 2 has 1 frame"),
    "41": (as_json([[60]] * 100_000), "Sequence 1 has 100000 frames, more than 10000"),
    "42": (as_json([[60], [128]]), "Frame 2 of sequence 1: pitch 128 is outside 21–108."),
    "42 half": (as_json([[60], [60.5]]), "Frame 2 of sequence 1: 60.5 is not a MIDI pitch"),
    "42 negative": (as_json([[60], [-1]]), "Frame 2 of sequence 1: pitch -1 is outside"),
    "43": (b'{"__class__": 1}', 'Unknown field "__class__"'),
    "43 many": (json.dumps({str(i): 0 for i in range(100_000)}).encode(), 'Unknown field "0"'),
    "44": (b'{"\\ud800": 1}', 'Unknown field "\\ud800"'),
    "59": (b"PK\x03\x04" + bytes(40), "This is a ZIP archive; give a MIDI file (.mid) or a JSON file."),
    "59 gzip": (b"\x1f\x8b\x08" + bytes(40), "This is a compressed file"),
    "59 tar": (b"../../etc/passwd".ljust(100, b"\0") + b"0000644\0".ljust(412, b"\0"), "Line 1, column 1: not valid"),
}
HOSTILE = [  # row 60 and 67: a file's name, and what of it is shown
    ("../../etc/passwd", "passwd"),
    ("CON", "CON"),
    ("\\\\host\\share\\a.mid", "a.mid"),
    ("a\x00b\nc\u202ed.mid", "abcd.mid"),
    ("x" * 5000 + ".mid", "x" * 80),
    ("🎵.mid", "🎵.mid"),
    ("<script>alert(1)<" + "script>.mid", "<script>alert(1)<script>.mid"),
    ("![x](http:evil.mid", "![x](http:evil.mid"),
    ("[a](javascript:alert(1)).mid", "[a](javascript:alert(1)).mid"),
    ("$\\LaTeX$ :material|home: # 1.mid", "LaTeX$ :material|home: # 1.mid"),
    ("# heading :smile: www.evil.org.mid", "# heading :smile: www.evil.org.mid"),
]


@pytest.fixture(autouse=True)
def _nobody_was_here(monkeypatch):
    """No visitor of another test has uploads here, or has used up what one may read; files are read in this process."""
    own_pieces._of_learners.clear()
    uploading._rates.clear()
    monkeypatch.setattr(child, "read_apart", read_upload)


def open_own(**query):
    return open_page("listen", part="own", **query)


def give(at, *files):
    """Upload files, each a name and what is in it."""
    at.file_uploader[0].set_value([(name, raw, "") for name, raw in files]).run()
    assert_alive(at, "listen")
    return at


def troubles(at):
    """What was refused, as it would be without Markdown's escapes: a line each."""
    return bare("\n".join(error.value.removeprefix(uploading.NOT_TAKEN) for error in at.error))


def bare(text):
    """Markdown as a browser shows it, if nothing in it acts."""
    return text.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\").replace("\u2060", "")


def words(at):
    return bare("\n".join(one.value for one in at.markdown))


def roll_of(packet):
    """The piano roll of a roll view as its packet says it."""
    bits = np.unpackbits(np.frombuffer(base64.b64decode(packet["roll"]["data"]), np.uint8))
    return bits[: packet["frames"] * 88].reshape(packet["frames"], 88)


def kept(runs_dir):
    return sorted(path.stem for path in (runs_dir / "uploads").glob("upload-*.json"))


def keep(*files):
    """Keep files as an upload, without a page."""
    return uploads.save([read_upload(raw, name) for name, raw in files])


# --- what is read, shown and kept ------------------------------------------------------------------------------


def test_a_file_is_told_of_and_shown_exactly_and_kept(runs_dir):
    raw = song(note(60), note(64, wait=BEAT + 5, length=BEAT), note(channel=9))
    at = give(open_own(), ("my song.mid", raw))
    assert sentences(at) == []
    assert "my song.mid: 1 piece, 4 beats, 2 notes on the grid of one frame a beat." in words(at)
    assert "1 note was moved to the nearest sixteenth." in words(at)
    assert "1 note of percussion (channel 10) was left out." in words(at)
    expected = read_upload(raw, "x").pieces[0].roll
    assert np.array_equal(roll_of(views(at)["own piece"]), expected)
    (name,) = kept(runs_dir)
    assert np.array_equal(uploads.load(name)[0].pieces[0].roll, expected)
    assert any("Whoever has a link with that name can use it" in one.value for one in at.caption)


def test_any_piece_of_several_files_can_be_looked_at():
    at = give(open_own(), ("a.mid", as_midi(tune(1, 30))), ("b.json", as_json(tune(2), tune(3))))
    assert len(pick(at, "Piece of yours").options) == 3
    pick(at, "Piece of yours").select_index(2).run()
    roll = read_upload(as_json(tune(2), tune(3)), "b.json").pieces[1].roll
    assert np.array_equal(roll_of(views(at)["own piece"]), roll)


def test_a_long_piece_is_cut_for_the_models():
    at = give(open_own(), ("long.json", as_json(tune(1, 1200))))
    assert "1,200 beats" in words(at)
    assert [option.partition(" (")[0] for option in pick(at, "Piece of yours").options] == [
        f"long, sequence 1, part {part}" for part in (1, 2, 3)
    ]
    whole = read_upload(as_json(tune(1, 1200)), "long.json").pieces[0]
    parts = own_pieces.pieces_of(keep(("long.json", as_json(tune(1, 1200)))))
    assert [np.array_equal(a.roll, b.roll) for a, b in zip(parts, cut_piece(whole), strict=True)] == [True] * 3


def test_a_second_upload_stands_beside_the_first_and_both_are_found_after_a_reload(runs_dir):
    at = give(open_own(), ("a.mid", as_midi(tune(1, 30))))
    give(at, ("a.mid", as_midi(tune(2, 30))))
    assert len(kept(runs_dir)) == 2
    options = pick(at, "Your music").options
    assert len(set(options)) == 2, "files of one name are told apart"
    pick(at, "Your music").set_value(own_pieces._of_learners()[OWNER][1]).run()
    assert np.array_equal(roll_of(views(at)["own piece"]), read_upload(as_midi(tune(1, 30)), "a.mid").pieces[0].roll)
    again = open_own()
    assert pick(again, "Your music").options == options
    assert not open_page("listen", learner=ADA, part="own").selectbox.values[1:], "others do not see them"


def test_the_uploader_is_empty_again_and_nothing_holds_the_bytes(monkeypatch):
    held = {}
    add, remove = MemoryUploadedFileManager.add_file, MemoryUploadedFileManager.remove_file

    def added(manager, session_id, file):
        held[file.file_id] = len(file.data)
        add(manager, session_id, file)

    def removed(manager, session_id, file_id):
        held.pop(file_id, None)
        remove(manager, session_id, file_id)

    monkeypatch.setattr(MemoryUploadedFileManager, "add_file", added)
    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", removed)
    at = give(open_own(), *[(f"{i}.mid", bytes(2_000_000)) for i in range(50)], ("a.mid", as_midi(tune(1, 30))))
    assert held == {}
    assert at.file_uploader[0].value == []
    values = at.session_state._state.filtered_state.values()
    assert not any(isinstance(one, UploadedFile) for value in values for one in ([value] if value else []))
    assert not any(isinstance(value, list) and any(isinstance(one, UploadedFile) for one in value) for value in values)


def test_the_process_with_limits_is_the_one_that_reads(monkeypatch):
    monkeypatch.undo()
    own_pieces._of_learners.clear()
    asked, real = [], child.read_apart
    monkeypatch.setattr(child, "read_apart", lambda raw, name: asked.append(name) or real(raw, name))
    start = time.monotonic()
    at = give(open_own(), ("bad.mid", b"MThd"), ("deep.json", b"[" * 10**6), ("a.mid", as_midi(tune(1, 30))))
    assert time.monotonic() - start < 20
    assert asked == ["bad.mid", "deep.json", "a.mid"]
    assert "bad.mid: The MIDI header is cut off" in troubles(at)
    assert "deep.json: Nested more than 20 levels" in troubles(at)
    assert "a.mid: 1 piece, 30 beats" in words(at)


# --- what is wrong with files, by row --------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "ending"), [(MIDI, "mid"), (JSON, "json")], ids=["MIDI", "JSON"])
def test_every_bad_file_gets_its_sentence_and_the_good_one_among_them_is_taken(runs_dir, rows, ending):
    at = open_own()
    before = give(at, ("first.mid", as_midi(tune(1, 30)))) and kept(runs_dir)
    bad = [(f"row {row}.{ending}", raw) for row, (raw, _) in rows.items()]
    give(at, *bad[:20], ("good.mid", as_midi(tune(2, 30))), *bad[20:])
    said = troubles(at).splitlines()
    for row, (_, sentence) in rows.items():
        (line,) = [one for one in said if one.startswith(f"- row {row}.{ending}: ")]
        assert line.startswith(f"- row {row}.{ending}: {sentence}"), row
        assert line.endswith((".", "?")), row
        assert "Traceback" not in line
    assert len(said) == len(rows)
    assert "good.mid: 1 piece, 30 beats" in words(at)
    assert set(before) < set(kept(runs_dir)), "what was there before is there"
    assert len(pick(at, "Your music").options) == 2


@pytest.mark.parametrize("row", SAID)
def test_what_can_be_mended_is_taken_and_said(row):
    raw, sentence = SAID[row]
    at = give(open_own(), ("a.mid", raw))
    assert sentence in words(at)
    assert "own piece" in views(at)


def test_row_35_byte_order_mark_is_no_trouble():
    at = give(open_own(), ("a.json", b"\xef\xbb\xbf" + as_json(tune(1))))
    assert sentences(at) == []


def test_a_bad_upload_alone_leaves_everything_as_it_was(runs_dir):
    at = give(open_own(), ("a.mid", as_midi(tune(1, 30))))
    before = words(at), kept(runs_dir), views(at)
    give(at, ("b.mid", b"MThd"))
    assert (words(at), kept(runs_dir), views(at)) == before
    give(at, ("a.mid", as_midi(tune(1, 30))))
    assert sentences(at) == [], "the next upload has its own word"


def test_too_much_music_in_one_upload_is_said():
    many = [(f"{i}.json", as_json(*[tune(i, 100)] * 150)) for i in range(4)]
    at = give(open_own(), *many)
    assert "60,000 beats are too many for one set; at most 50,000 are taken. Leave some out." in troubles(at)


def test_a_disk_that_is_full_is_said(runs_dir, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads, "_write", full)
    at = give(open_own(), ("a.mid", as_midi(tune(1, 30))))
    assert troubles(at) == "- The music could not be kept: no space left on device."


# --- names and titles of anybody's (rows 28, 44, 60, 67) -------------------------------------------------------


@pytest.mark.parametrize(("name", "shown"), HOSTILE)
def test_a_name_is_shown_as_text_whatever_is_in_it(name, shown, runs_dir):
    title = b"<img src=x onerror=alert(1)> [a](javascript:x) $\\x$"
    raw = song(b"\x00\xff\x03" + vlq(len(title)) + title, note(), note(62))
    at = give(open_own(), (name, raw), (name, b"MThd?"))
    (report,) = [one.value for one in at.markdown if "1 piece" in one.value]
    assert bare(report).startswith(f"**{shown}: 1 piece")
    (error,) = [one.value for one in at.error]
    assert bare(error).startswith(f"{uploading.NOT_TAKEN}- {shown}: The MIDI header")
    for text in (report, error):
        inner = text.strip("*")
        for sign in "[]$<>`|":
            assert inner.count(sign) == inner.count(f"\\{sign}"), "every sign that acts is escaped"
        assert ":material/" not in inner
        assert "://" not in inner
        assert "www." not in inner
        assert ":smile:" not in inner
    assert views(at)["own piece"]["title"].endswith(f"), {title.decode()}")
    assert [path.name for path in (runs_dir / "uploads").iterdir()] == [f"{kept(runs_dir)[0]}.json"]
    assert [path for path in runs_dir.rglob("*") if "passwd" in path.name] == []
    turn_to(at, "train")
    assert knob(at, "data").options[-1] == f"{shown}, with the chorales"
    assert_alive(at, "train")


def test_a_title_with_markup_stands_in_the_chooser_and_above_the_piece_as_text():
    title = "<script>x</script> [a](http://evil) $x$"
    block = f"{title} \u202e".encode()
    name = keep(("a.mid", song(b"\x00\xff\x03" + vlq(len(block)) + block, *[note(60 + i) for i in range(4)])))
    piece = own_pieces.pieces_of(name)[0].name
    at = open_page("latents", own=name, piece=piece)
    assert_alive(at, "latents")
    (option,) = [one for one in pick(at, "Piece").options if "your music" in one]
    assert option == f"{piece}: {title} (your music)"
    assert views(at)["scrubber"]["title"] == f"{piece}, {title}"
    assert not any("<script" in one.value for one in [*at.markdown, *at.caption, *at.warning])


# --- to other parts and pages ----------------------------------------------------------------------------------


def test_a_piece_goes_to_other_parts_of_the_page_and_to_latents():
    at = give(open_own(), ("a.mid", as_midi(tune(1, 30))), ("b.mid", as_midi(tune(2, 30))))
    name = own_pieces.pieces_of(own_pieces._of_learners()[OWNER][0])[1].name
    pick(at, "Piece of yours").set_value(name).run()
    click(at, "Continue it")
    assert at.session_state["dial listen part"] == "continue"
    assert at.session_state["dial listen piece"] == name
    turn_to(at, "listen")
    at.session_state["dial listen part"] = "own"
    at.run()
    click(at, "Fill in holes")
    assert_alive(at, "listen")
    assert at.session_state["holes of listen"] == [(11, 19, 21, 108)], "it has no alto to erase"
    assert "Filling 1" in [take["label"] for take in views(at)["filling"]["takes"]]
    at.session_state["dial listen part"] = "own"
    at.run()
    click(at, "Look at its latents")
    assert_alive(at, "latents")
    assert pick(at, "Piece").value == name
    assert views(at)["scrubber"]["title"] == f"{name}, A song"
    assert views(at)["piece"]["frames"] == 30


def test_pieces_of_one_name_are_told_apart_by_their_notes():
    one, other = (own_pieces.pieces_of(keep(("song.mid", as_midi(tune(seed, 30)))))[0].name for seed in (1, 2))
    assert one != other
    assert one == own_pieces.pieces_of(keep(("song.mid", as_midi(tune(1, 30)))))[0].name


def test_a_link_carries_the_piece_and_its_upload_and_opens_both_for_somebody_else():
    name = keep(("a.mid", as_midi(tune(1, 30))))
    piece = own_pieces.pieces_of(name)[0].name
    at = open_page("latents", learner=ADA, own=name, piece=piece)
    assert_alive(at, "latents")
    assert sentences(at) == []
    assert pick(at, "Piece").value == piece
    at.button(key="copy_link button").click().run()
    address = views(at)["copy_link"]["address"]
    assert f"own={name}" in address
    pick(at, "Piece").set_value(load_dataset("chorales").test[0].name).run()
    at.button(key="copy_link button").click().run()
    assert name not in views(at)["copy_link"]["address"], "a link to a chorale tells nobody of one's music"


def test_a_link_to_your_music_opens_that_upload():
    first, second = (keep(("a.mid", as_midi(tune(seed, 30)))) for seed in (1, 2))
    at = open_page("listen", learner=ADA, part="own", own=first)
    assert sentences(at) == []
    assert np.array_equal(roll_of(views(at)["own piece"]), own_pieces.pieces_of(first)[0].roll)
    assert second not in at.session_state[own_pieces.CHOSEN]
    at.button(key="copy_link button").click().run()
    assert f"own={first}" in views(at)["copy_link"]["address"]


@pytest.mark.parametrize("name", [UNKNOWN, "../../etc/passwd", "<script>", "x" * 100_000, ""])
@pytest.mark.parametrize("page", ["listen", "latents"])
def test_a_link_to_music_that_is_not_here_says_so_and_the_page_lives(page, name):
    at = open_page(page, own=name)
    assert_alive(at, page)
    assert sentences(at) == [own_pieces.NOT_KEPT]
    assert sentences(at.run()) == []


def test_two_learners_with_one_file_have_one_copy_and_neither_sees_the_other(runs_dir):
    pages = [open_page("listen", learner=who, part="own") for who in (ADA, BEN)]
    for at in pages:
        give(at, ("a.mid", as_midi(tune(1, 30))))
        assert "a.mid: 1 piece" in words(at)
    assert len(kept(runs_dir)) == 1
    give(pages[0], ("b.mid", as_midi(tune(2, 30))))
    assert [len(own_pieces._of_learners()[who]) for who in own_pieces._of_learners()] in ([1, 2], [2, 1])


# --- training --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "beside"), [("alone", ""), ("with the chorales", "chorales+")])
def test_one_press_chooses_the_music_on_train_and_start_trains_on_it(queue, runs_dir, way, beside):
    at = give(open_own(), ("my song.mid", as_midi(tune(1, 60))))
    (name,) = kept(runs_dir)
    click(at, f"Train on it {way}")
    assert_alive(at, "train")
    assert knob(at, "data").value == f"{beside}{name}"
    assert f"my song.mid, {way}" in knob(at, "data").options
    click(turn_to(at, "train"), "Start")
    (run,) = [one for one in store.list_runs(runs_dir) if one.parent == runs_dir]
    assert store.read_run_config(run).data == f"{beside}{name}"
    assert store.read_about(run)["owner"] == OWNER
    headline = next(one.value for one in at.markdown if run.name in one.value)
    assert ("chorales and own music" if beside else "own music") in headline


def test_settings_that_were_chosen_before_stay_when_music_is_chosen(queue):
    at = open_page("train")
    knob(at, "z_dim").set_value(9).run()
    turn_to(at, "listen")
    at.session_state["dial listen part"] = "own"
    at.run()
    give(at, ("a.mid", as_midi(tune(1, 60))))
    click(at, "Train on it alone")
    assert knob(at, "z_dim").value == 9


def test_what_each_way_would_learn_from_is_said_before():
    at = give(open_own(), ("a.mid", as_midi(tune(1, 60))))
    captions = "\n".join(bare(one.value) for one in at.caption)
    assert "Pieces: 1 to learn from, 1 to validate, 1 to test. Fewer than three tunes" in captions
    sizes = [len(part) for part in load_dataset("chorales")[2:]]
    assert f"Pieces: {sizes[0] + 1} to learn from, {sizes[1]} to validate, {sizes[2]} to test. Added to" in captions


def test_music_that_is_too_short_alone_says_so_and_can_be_added_to_the_chorales():
    at = give(open_own(), ("a.json", as_json(tune(1, 8))))
    alone, beside = (next(one for one in at.button if one.label == f"Train on it {way}") for way in WAYS)
    assert (alone.proto.disabled, beside.proto.disabled) == (True, False)
    assert any("too short to learn from alone" in one.value for one in at.caption)


WAYS = ("alone", "with the chorales")


@pytest.mark.parametrize("beside", ["", "chorales+"])
def test_a_small_run_on_uploaded_music_trains(runs_dir, beside):
    name = beside + keep(("a.json", as_json(*[tune(seed, 12) for seed in range(6)])))
    run = make_run(runs_dir, name, **TINY, epochs=1)
    assert session.train(run, load_dataset(name), steps=1).step == 1
    assert store.saved_step(run) == 1


@pytest.mark.parametrize("beside", ["", "chorales+"])
def test_a_link_may_choose_music_that_is_kept_and_no_other(queue, beside):
    name = beside + keep(("a.mid", as_midi(tune(1, 60))))
    at = open_page("train", learner=ADA, data=name)
    assert sentences(at) == []
    assert knob(at, "data").value == name
    at.button(key="copy_link button").click().run()
    assert name.replace("+", "%2B") in views(at)["copy_link"]["address"]
    at = open_page("train", data=beside + UNKNOWN)
    (sentence,) = sentences(at)
    assert "for that music is not kept on this server; chorales is used." in sentence
    assert knob(at, "data").value == "chorales"


def test_music_that_goes_while_it_is_chosen_is_told_at_start(queue, runs_dir):
    name = keep(("a.mid", as_midi(tune(1, 60))))
    at = open_page("train", data=name)
    (runs_dir / "uploads" / f"{name}.json").unlink()
    at.run()
    assert knob(at, "data").value == name
    assert f"{data_names.GONE}, alone" in knob(at, "data").options
    click(at, "Start")
    assert_alive(at, "train")
    assert "The music of this run is no longer kept here; upload the same files again." in sentences(at)


@pytest.mark.parametrize("beside", ["", "chorales+"])
@pytest.mark.parametrize("is_gone", [False, True])
def test_every_page_lives_with_a_run_on_music_whether_it_is_kept_or_gone(queue, runs_dir, beside, is_gone):
    upload = keep(("so [ng](x).json", as_json(*[tune(seed, 12) for seed in range(6)])))
    run = make_run(runs_dir, beside + upload, **TINY, epochs=1)
    session.train(run, load_dataset(beside + upload), steps=2)
    if is_gone:
        (runs_dir / "uploads" / f"{upload}.json").unlink()
    for page in ("train", "latents", "listen", "numbers", "compare", "home"):
        how = {"runs": f"{run.name},0000000000000001"} if page == "compare" else {"run": run.name}
        at = open_page(page, **how)
        assert_alive(at, page)
        assert len(sentences(at)) == (page == "latents" and is_gone), (page, sentences(at))
        if page == "compare":
            what = data_names.GONE if is_gone else "so [ng](x).json"
            assert f"{what}, {'with the chorales' if beside else 'alone'}" in words(at)
        if page == "train":
            names = [series["name"] for series in views(at)["curve"]["series"]]
            assert ("published" in names) == bool(beside), "a published curve of chorales beside chorales alone"
    if is_gone:
        assert "no longer kept here" in sentences(open_page("latents", run=run.name))[0]


# --- how much one may give (row 65) ----------------------------------------------------------------------------


def test_row_65_more_files_than_one_may_give_are_told_and_others_may_go_on(monkeypatch):
    monkeypatch.setattr(uploading, "MOST", 3)
    uploading._rates.clear()
    at = give(open_own(), *[(f"{i}.mid", as_midi(tune(i, 30))) for i in range(5)])
    assert "2.mid: 1 piece" in words(at)
    assert "3.mid" not in words(at)
    assert troubles(at).startswith("- 2 files were not read: in 10 minutes a visitor may give 3 files")
    assert troubles(at).endswith("Try again in 10 minutes.")
    assert sentences(give(open_page("listen", learner=ADA, part="own"), ("a.mid", as_midi(tune(9, 30))))) == []


def test_row_65_a_network_has_its_cap_too(monkeypatch):
    monkeypatch.setattr(uploading, "MOST_OF_ADDRESS", 2)
    monkeypatch.setattr(uploading, "address", lambda: "192.0.2.7")
    uploading._rates.clear()
    for who, refused in ((ADA, 0), (BEN, 0), ("c" * 32, 1)):
        at = give(open_page("listen", learner=who, part="own"), ("a.mid", as_midi(tune(9, 30))))
        assert len(at.error) == refused


@pytest.mark.browser
@pytest.mark.parametrize("session_id", ["nobody", "../../etc"])
def test_row_65_an_upload_to_no_session_or_without_a_token_is_refused(lab, session_id):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mid"\r\n\r\nMThd\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    asked = urllib.request.Request(f"{lab}/_stcore/upload_file/{session_id}/1", body, headers, method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=10)
    refused.value.close()
    assert refused.value.code in (400, 403, 404, 405)


# --- in a real browser -----------------------------------------------------------------------------------------


def files_of(*files):
    return [{"name": name, "mimeType": "application/octet-stream", "buffer": raw} for name, raw in files]


@pytest.mark.browser
def test_files_are_given_in_a_browser_found_after_a_reload_and_trained_on(page, lab):
    page.goto(f"{lab}/listen?part=own")
    settle(page)
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(
        files_of(("b <i>ad.mid", b"MThd"), ("my song.mid", as_midi(tune(1, 60))), ("big.mid", bytes(3_000_000)))
    )
    page.get_by_text("big.mid").wait_for()  # which the browser refuses by itself
    page.get_by_text("my song.mid: 1 piece, 60 beats").wait_for()
    settle(page)
    assert page.get_by_role("alert").filter(has_text="b <i>ad.mid: The MIDI header is cut off").count() == 1
    page.reload()
    settle(page)
    page.get_by_text("my song.mid: 1 piece, 60 beats").wait_for()
    page.get_by_role("button", name="Train on it with the chorales").click()
    page.locator("h1").filter(has_text="Train").wait_for()
    settle(page)
    chosen = page.get_by_role("combobox", name="Data")
    assert "my song.mid, with the chorales" in (chosen.get_attribute("aria-label") or "") + chosen.input_value()


# --- weight ----------------------------------------------------------------------------------------------------


def test_neither_torch_nor_pyro_is_needed():
    code = (
        "import dmm.ui.listen.own_music, dmm.ui.own_pieces, dmm.ui.data_names, sys; "
        "print(sorted({'torch', 'pyro', 'mido'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert out.stdout.strip() == "[]"
