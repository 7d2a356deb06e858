// The notes that are heard as files: MIDI and a table, byte for byte as `to_midi` and `to_note_csv` of dmm/music.py.

const TICKS = 480; // a beat
const ORGAN = 19;

// What a piece is called: the view's title, and which of its takes it is.
const nameOf = ({ title, label }) => [title, label].filter(Boolean).join(", ");

function saveFile(file, look, kind) {
  const words = nameOf(look).replace(/[^\p{L}\p{M}\p{N}]+/gu, " ").trim();
  const name = [...words].slice(0, 60).join("").trim() || "Piano roll";
  const link = document.createElement("a");
  Object.assign(link, { href: URL.createObjectURL(file), download: `${name}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// --- MIDI -------------------------------------------------------------------------------------------------------------

// A number in bytes of seven bits; all but the last have the eighth bit set.
const inSevens = (n, more = 0) => (n < 128 ? [n | more] : [...inSevens(n >> 7, 128), (n & 127) | more]);
const inBytes = (n, count) => Array.from({ length: count }, (_, i) => (n >> (8 * (count - 1 - i))) & 255);
const letters = (text) => [...new TextEncoder().encode(text)];
const chunk = (name, content) => [...letters(name), ...inBytes(content.length, 4), ...content];

function midiOf({ frames, starts }, tempo, title) {
  const header = [...inBytes(0, 2), ...inBytes(1, 2), ...inBytes(TICKS, 2)];
  const track = [...titleOf(title), 0, 255, 81, 3, ...inBytes(Math.round(6e7 / tempo), 3), 0, 192, ORGAN];
  let [now, status] = [0, null];
  for (const [beat, on, pitch] of changesOf(starts.flat())) {
    const kind = on ? 144 : 128;
    track.push(...inSevens((beat - now) * TICKS), ...(kind === status ? [] : [kind]), pitch, 64);
    [now, status] = [beat, kind];
  }
  track.push(...inSevens((frames - now) * TICKS), 255, 47, 0);
  return new Blob([Uint8Array.from([...chunk("MThd", header), ...chunk("MTrk", track)])], { type: "audio/midi" });
}

// The first 80 characters that can be printed.
function titleOf(title) {
  const shown = [...title].filter((c) => c === " " || !/[\p{C}\p{Z}]/u.test(c));
  const text = letters(shown.slice(0, 80).join(""));
  return text.length ? [0, 255, 3, ...inSevens(text.length), ...text] : [];
}

// When which key goes down, 1, or up, 0; at one beat, up comes first.
function changesOf(notes) {
  const changes = notes.flatMap(({ pitch, from, to }) => [[from, 1, pitch], [to, 0, pitch]]);
  return changes.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
}

// --- the table --------------------------------------------------------------------------------------------------------

function tableOf({ starts }, data, voiceNames) {
  const rows = data.voices
    ? voiceNames.flatMap(([name], v) => voiceNotes(data, v).map((one) => [...one, name]))
    : starts.flat().map(({ pitch, from, to }) => [pitch, from, to, ""]);
  rows.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  const lines = rows.map(([pitch, from, to, voice]) =>
    [from + 1, to - from, pitch, noteName(pitch).replace("♯", "#"), voice].join()
  );
  return new Blob([["beat,length,pitch,name,voice", ...lines, ""].join("\n")], { type: "text/csv" });
}
