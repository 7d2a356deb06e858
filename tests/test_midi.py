"""Anybody's MIDI file: what is read, what is dropped and said, and one clear sentence for each way to be broken.

The rows are those of the list of bad inputs: every test makes its file byte by byte.
"""

import io
import time

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dmm.data import DataError
from dmm.data.midi import MOST_BEATS, read_midi
from dmm.data.midi_events import MOST_NOTES, read_events
from dmm.data.upload import file_name, read_upload
from dmm.music import KEYS, to_midi

ON, OFF, END = b"\x90\x3c\x40", b"\x80\x3c\x40", b"\x00\xff\x2f\x00"
BEAT = 96  # ticks


def vlq(value: int) -> bytes:
    """A number as MIDI writes it, seven bits to a byte."""
    out = [value & 127]
    while value := value >> 7:
        out.append(value & 127 | 128)
    return bytes(reversed(out))


def track(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return b"MTrk" + len(body).to_bytes(4) + body


def header(tracks: int = 1, form: int = 0, division: int = BEAT, size: int = 6) -> bytes:
    return b"MThd" + size.to_bytes(4) + form.to_bytes(2) + tracks.to_bytes(2) + division.to_bytes(2)


def note(pitch: int = 60, wait: int = 0, length: int = 2 * BEAT, channel: int = 0) -> bytes:
    """A note after so many ticks of silence, and the time until it ends."""
    return vlq(wait) + bytes([0x90 | channel, pitch, 64]) + vlq(length) + bytes([0x80 | channel, pitch, 0])


def song(*parts: bytes, **values) -> bytes:
    """A file of one track."""
    return header(**values) + track(*(parts or (note(),)), END)


def refused(raw: bytes) -> str:
    start = time.process_time()
    with pytest.raises(DataError) as error:
        read_upload(raw, "song.mid")
    assert time.process_time() - start < 2
    return str(error.value)


def read(raw: bytes):
    (piece,), _, report = read_upload(raw, "song.mid")
    return piece, report


def pitches(piece) -> list[list[int]]:
    return [(np.flatnonzero(frame) + 21).tolist() for frame in piece.roll]


# --- what is read ----------------------------------------------------------------------------------------------


def test_a_note_sounds_on_the_beats_that_it_lasts_into():
    piece, report = read(song(note(60), note(64, wait=BEAT, length=BEAT)))
    assert pitches(piece) == [[60], [60], [], [64]]
    assert (piece.name, piece.title, report.beats, report.notes, report.moved) == ("song", "", 4, 2, 0)
    assert report.sentences() == ("song.mid: 1 piece, 4 beats, 2 notes on the grid of one frame a beat.",)


def test_a_hand_that_is_a_little_late_is_on_the_beat_and_the_report_says_so():
    piece, report = read(song(note(60, wait=11, length=BEAT), note(62, length=BEAT - 4)))
    assert pitches(piece) == [[60], [62]]
    assert report.moved == 2
    assert "2 notes were moved to the nearest sixteenth." in report.sentences()


def test_a_note_between_two_beats_is_not_heard_and_counted():
    piece, report = read(song(note(60, length=BEAT // 2), note(62, length=BEAT // 2), note(64, length=BEAT)))
    assert pitches(piece) == [[60], [64]]
    assert (report.notes, report.unheard) == (2, 1)


def test_silence_at_both_ends_is_cut_off_and_counted():
    piece, report = read(song(note(60, wait=4 * BEAT), vlq(3 * BEAT), b"\xff\x01\x00"))
    assert pitches(piece) == [[60], [60]]
    assert report.silence == 7


def test_running_status_and_a_note_on_of_velocity_0():
    raw = song(b"\x00", ON, vlq(BEAT), b"\x3c\x00", b"\x00\x3e\x40", vlq(BEAT), b"\x3e\x00")
    assert pitches(read(raw)[0]) == [[60], [62]]


def test_running_status_goes_on_after_a_meta_event():
    raw = song(b"\x00", ON, b"\x00\xff\x01\x02hi", vlq(2 * BEAT), b"\x3c\x00")
    assert pitches(read(raw)[0]) == [[60], [60]]


def test_a_key_that_is_struck_again_begins_a_new_note():
    _, report = read(song(b"\x00", ON, vlq(BEAT), ON, vlq(BEAT), OFF))
    assert report.notes == 2


@pytest.mark.parametrize("form", [0, 1])
def test_tracks_sound_together(form):
    raw = header(2, form) + track(note(60), END) + track(note(64, wait=BEAT), END)
    assert pitches(read(raw)[0]) == [[60], [60, 64], [64]]


def test_other_chunks_and_longer_headers_are_passed_over():
    raw = header(size=8) + b"\x00\x00" + b"XFIH" + (3).to_bytes(4) + b"abc" + track(note(), END)
    assert pitches(read(raw)[0]) == [[60], [60]]


def test_a_tempo_that_changes_counts_in_the_length_alone():
    slow = b"\x00\xff\x51\x03" + (16_000_000).to_bytes(3)  # 16 s a beat
    fast = vlq(100 * BEAT) + b"\xff\x51\x03" + (100_000).to_bytes(3)
    piece, _ = read(song(slow, note(), fast, note(length=200 * BEAT)))
    assert len(piece.roll) == 302
    assert "would last 80 min" in refused(song(slow, note(length=300 * BEAT)))


def test_four_parts_of_one_note_at_a_time_are_the_voices_soprano_first():
    parts = {48: 2, 72: 2, 55: 1, 64: 2}
    raw = header(4, 1) + b"".join(track(note(p, length=BEAT), note(p, length=n * BEAT), END) for p, n in parts.items())
    piece, _ = read(raw)
    assert piece.voices.tolist() == [[72, 64, 55, 48]] * 2 + [[72, 64, 0, 48]]
    assert piece.onsets.tolist() == [[True] * 4] * 2 + [[False] * 4]


def test_parts_that_play_chords_are_no_voices():
    chord = b"\x00\x90\x3c\x40\x00\x40\x40" + vlq(BEAT * 2) + b"\x3c\x00\x00\x40\x00"
    raw = header(4, 1) + 3 * track(note(70), END) + track(chord, END)
    assert read(raw)[0].voices is None


ROLLS = arrays(np.uint8, st.tuples(st.integers(2, 9), st.just(KEYS)), elements=st.integers(0, 1), fill=st.just(0))


@settings(deadline=None, max_examples=100)
@given(ROLLS, st.sampled_from([30, 90, 117.5]))
def test_our_own_midi_comes_back_exactly_but_for_silence_at_its_ends(roll, tempo):
    roll[0, 40] = roll[-1, 30] = 1
    assert np.array_equal(read(to_midi(roll, tempo))[0].roll, roll)


MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(["note_on", "note_off", "control_change", "program_change", "pitchwheel", "sysex"]),
        st.integers(0, 15),
        st.integers(0, 127),
        st.integers(0, 127),
        st.integers(0, 300),
    ),
    max_size=20,
)


def as_mido(kind, channel, first, second, wait):
    data = {
        "note_on": {"note": first, "velocity": second},
        "note_off": {"note": first, "velocity": second},
        "control_change": {"control": first, "value": second},
        "program_change": {"program": first},
        "pitchwheel": {"pitch": first},
        "sysex": {"data": (first, second)},
    }[kind]
    return mido.Message(kind, time=wait, **data, **({} if kind == "sysex" else {"channel": channel}))


@settings(deadline=None, max_examples=100)
@given(st.lists(MESSAGES, min_size=1, max_size=3), st.sampled_from([1, 96, 480, 32767]))
def test_events_are_those_that_mido_reads(tracks, division):
    """Two readers, written apart, agree on every note of files that mido wrote."""
    made = [mido.MidiTrack(as_mido(*message) for message in messages) for messages in tracks]
    file, buffer = mido.MidiFile(type=1, ticks_per_beat=division, tracks=made), io.BytesIO()
    file.save(file=buffer)
    ours = read_events(buffer.getvalue())
    assert (ours.ticks_per_beat, len(ours.tracks), ours.notices) == (division, len(tracks), [])
    for mine, theirs in zip(ours.tracks, mido.MidiFile(file=io.BytesIO(buffer.getvalue())).tracks, strict=True):
        ticks = np.cumsum([message.time for message in theirs])
        expected = [
            (tick, "on" if m.type == "note_on" and m.velocity else "off", m.channel, m.note)
            for tick, m in zip(ticks, theirs, strict=True)
            if m.type in ("note_on", "note_off")
        ]
        assert [tuple(event) for event in mine[:-1]] == expected
        assert mine[-1].tick == ticks[-1]


# --- bad inputs, by the rows of the list -----------------------------------------------------------------------


def test_row_1_empty():
    assert refused(b"") == "This file is empty."


def test_row_2_four_bytes():
    assert refused(b"MThd") == "The MIDI header is cut off (4 of 14 bytes)."


@pytest.mark.parametrize(
    "raw", [np.random.default_rng(0).bytes(1024), b"hello\n", b"\x89PNG\r\n\x1a\n", b"RIFFxxxxWAVE"]
)
def test_rows_3_and_4_something_else(raw):
    assert refused(raw) == 'Not a MIDI file: it does not start with "MThd".'


def test_row_4_rmid_is_named():
    assert "RIFF-RMID" in refused(b"RIFF\x00\x00\x00\x00RMIDdata" + song())


def test_row_5_header_of_4_gb():
    assert refused(header(size=0xFFFFFFF0)) == "The header says it has 4 GB; a MIDI header has 6 bytes."


def test_row_6_division_0():
    assert refused(song(division=0)) == "Ticks per beat is 0, so time cannot be computed."


def test_row_7_smpte():
    assert refused(song(division=0xE728)) == "SMPTE time code is not supported; export with ticks per beat."


def test_row_8_header_promises_more_tracks():
    assert refused(song(tracks=65535)).startswith("Header promises 65535 tracks, found 1")


def test_header_that_promises_fewer_tracks_is_a_notice():
    _, report = read(header(1, 1) + 2 * track(note(), END))
    assert "Tracks: 2 were found and read; the header promises 1." in report.notices


def test_row_9_many_empty_tracks():
    assert refused(header(65535, 1) + 65535 * track(END)).startswith("More than 128 tracks")


@pytest.mark.parametrize(
    ("form", "words"), [(2, "Format 2 (independent patterns) is not supported"), (9, "Format 9 is")]
)
def test_row_10_formats(form, words):
    assert words in refused(song(form=form))


def test_row_11_truncated_track():
    raw = song(*[note()] * 20)
    assert refused(raw[:-60]) == "Track 1 is cut off: 60 bytes missing."


def test_row_12_track_of_4_gb():
    raw = header() + b"MTrk\xff\xff\xff\xff" + ON + bytes(6)
    assert refused(raw) == "Track 1 claims 4 GB, more than the whole file has (31 bytes)."


@pytest.mark.parametrize("times", [1, 1000])
def test_rows_13_and_14_endless(times):
    raw = song(*[vlq(2**28 - 1) + ON] * times, division=480)
    assert refused(raw) == f"The piece would last {77 if times == 1 else 77672:,} h; the limit is 30 min."


def test_row_15_slow_and_long_in_44_bytes():
    raw = song(b"\x00\xff\x51\x03\xff\xff\xff", b"\x00", ON, vlq(9_900_000), OFF, division=1)
    assert len(raw) < 50
    assert refused(raw) == "The piece would last 46,137 h; the limit is 30 min."


def test_many_beats_in_a_short_time_are_too_many():
    raw = song(b"\x00\xff\x51\x03\x00\x00\x01", b"\x00", ON, vlq(2**28 - 1), OFF, division=1)
    assert refused(raw) == f"The piece has {2**28 - 1:,} beats; the limit is {MOST_BEATS:,}."


@pytest.mark.parametrize("raw", [b"\xff" * 200, b"\x80\x80\x80\x80\x00" + ON])
def test_row_16_long_time_value(raw):
    assert refused(song(raw)) == "Time value longer than 4 bytes at byte 23."


def test_row_17_tempo_0():
    assert refused(song(vlq(BEAT) + b"\xff\x51\x03\x00\x00\x00")) == "Tempo of 0 µs per beat at tick 96."


def test_row_18_many_tempo_changes():
    assert refused(song(*[b"\x01\xff\x51\x03\x07\xa1\x20"] * 100_000)).startswith("More than 5,000 tempo changes")


def test_row_19_a_million_notes():
    assert refused(song(*[b"\x00\x90\x3c\x40"] * 1_000_000)).endswith("larger than 2 MB.")
    assert refused(song(*[b"\x00\x90\x3c\x40"] * 400_000)).startswith(f"More than {MOST_NOTES:,} notes")
    assert refused(song(*[b"\x00\xb0\x07\x40"] * 400_000)).startswith("More than 200,000 events")


def test_row_20_a_note_that_never_ends():
    piece, report = read(song(b"\x00", ON, vlq(4 * BEAT), b"\xff\x01\x00"))
    assert pitches(piece) == [[60]] * 4
    assert "1 note without an end was held to the end of the track." in report.sentences()


def test_row_21_data_byte():
    assert refused(song(b"\x00\x90\xc8\x40")) == "Data byte 200 at byte 25 is not legal MIDI."


def test_row_22_running_status_first():
    assert refused(song(b"\x00\x3c\x40")) == "Event without a status byte at byte 24."


@pytest.mark.parametrize("status", [0xF1, 0xF8, 0xFE])
def test_status_bytes_that_no_file_may_have(status):
    assert refused(song(bytes([0, status]))) == f"Status byte {status} at byte 24 is not legal in a MIDI file."


@pytest.mark.parametrize(("start", "kind"), [(b"\xff\x01", "meta"), (b"\xf0", "sysex")])
def test_row_23_events_longer_than_their_track(start, kind):
    assert refused(song(b"\x00" + start + vlq(100_000_000))).startswith("Event claims 100 MB at byte 24"), kind


def test_row_23_an_event_that_is_cut_off():
    assert refused(header() + track(b"\x00\x90\x3c")) == "Track 1 ends in the middle of an event, at byte 26."


def test_row_24_drums():
    assert refused(song(note(channel=9))) == "Only percussion found (channel 10); nothing to learn."
    _, report = read(song(note(), note(channel=9)))
    assert "1 note of percussion (channel 10) was left out." in report.sentences()


def test_row_25_keys_outside_the_piano():
    assert refused(song(note(20), note(109))).startswith("No note between A0 and C8")
    _, report = read(song(note(21), note(108), note(20), note(109)))
    assert (report.notes, report.outside) == (2, 2)


@pytest.mark.parametrize("raw", [song(b""), song(b"\x00\x90\x3c\x00"), header(0), song(b"\x00\xff\x03\x01a")])
def test_row_26_silence(raw):
    assert refused(raw) == "The piece is silent: it has no notes."


def test_no_note_on_a_beat_and_one_beat_alone():
    assert refused(song(note(wait=BEAT // 4, length=BEAT // 4))).startswith("No note falls on a beat")
    assert refused(song(note(length=BEAT))) == "The piece has 1 beat; at least 2 are needed for a transition."


@pytest.mark.parametrize("block", [b"\x02\x7f\x00", b"\x02\x00\x07", b"\x00"])
def test_row_27_impossible_key_signature(block):
    _, report = read(song(b"\x00\xff\x59" + block, note()))
    assert report.notices == ("A key signature that does not exist was left out.",)


@pytest.mark.parametrize("signature", [b"\x00\x00", b"\xf9\x01", b"\x07\x00"])
def test_row_27_possible_key_signatures_are_no_news(signature):
    assert read(song(b"\x00\xff\x59\x02" + signature, note()))[1].notices == ()


def test_row_28_track_name():
    name = "<script>alert(1)</script>\x00\n\u202e" + "x" * 300
    block = name.encode()
    piece, _ = read(song(b"\x00\xff\x03" + vlq(len(block)) + block, note()))
    assert piece.title == ("<script>alert(1)</script>" + "x" * 300)[:80]
    assert read(song(b"\x00\xff\x03\x02\xfcb", note()))[0].title == "üb"


def test_row_29_ten_thousand_notes_at_once():
    raw = song(*[bytes([0, 0x90, i % 128, 64]) for i in range(10_000)], vlq(2 * BEAT) + b"\xff\x01\x00")
    piece, report = read(raw)
    assert piece.roll.tolist() == [[1] * KEYS] * 2
    assert report.unended == 128


def test_row_59_archives():
    for start in (b"PK\x03\x04", b"\x1f\x8b\x08"):
        with pytest.raises(DataError, match="give a MIDI file"):
            read_upload(start + bytes(40), "songs.zip")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("\\\\host\\share\\CON", "CON"),
        ("a\x00b\nc\u202ed\ud800.mid", "abcd.mid"),
        ("x" * 5000 + ".mid", "x" * 80),
        ("🎵.mid", "🎵.mid"),
        ("\n", "my music"),
        ("..", "my music"),
    ],
)
def test_row_60_file_names(name, shown):
    assert file_name(name) == shown


def test_a_track_without_an_end_and_one_that_goes_on():
    assert read(header() + track(note()))[1].notices == ("Track 1 has no end; it was read as far as it goes.",)
    assert read(song(note(), END))[1].notices == ("Track 1 goes on after its end; the rest was not read.",)


def test_notices_are_few():
    _, report = read(header(100, 1) + 100 * track(note()))
    assert len(report.sentences()) <= 12


# --- anything at all -------------------------------------------------------------------------------------------

GOOD = header(2, 1) + track(
    b"\x00\xff\x03\x04name", b"\x00\xff\x51\x03\x07\xa1\x20", b"\x00\xff\x59\x02\x00\x00", note(), END
) + track(note(64), b"\x00\xf0\x02\x01\xf7", b"\x00\xc0\x13", b"\x00", ON, vlq(BEAT), b"\x3c\x00", END)  # fmt: skip


def only_a_data_error(raw: bytes) -> None:
    try:
        piece = read_midi(raw, "any").pieces[0]
    except DataError as error:
        str(error).encode()  # can be shown
        return
    assert 2 <= len(piece.roll) <= MOST_BEATS
    assert piece.roll.any()


@settings(deadline=None, max_examples=500)
@given(st.binary(max_size=80), st.integers(0, 40))
def test_any_bytes_give_a_piece_or_a_data_error(raw, kept):
    only_a_data_error(GOOD[:kept] + raw)


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4),
    st.integers(0, len(GOOD)),
    st.integers(0, 6),
    st.binary(max_size=6),
)
def test_damaged_files_give_a_piece_or_a_data_error(changes, at, removed, added):
    raw = bytearray(GOOD)
    for place, byte in changes:
        raw[place] = byte
    raw[at : at + removed] = added
    only_a_data_error(bytes(raw))
