// A roll as the notes that are heard, as dmm/music.py has them: a key that stays on is one held note, unless it is known
// to have been struck again.

const SOUNDS = 128; // a key is heard where its chance, in 255ths, is at least this
const SOLO = 4; // chords with more notes than this play each note more softly

// A piece to play: `starts[t]` are the notes that begin at frame t, each { pitch, from, to, share }.
function pieceOf({ frames, roll, voices, onsets }) {
  const struck = voices && onsets && struckKeys(frames, voices, onsets);
  const starts = Array.from({ length: frames }, () => []);
  const crowd = new Array(frames).fill(0);
  for (let key = 0; key < 88; key++) {
    let held = null;
    for (let t = 0, at = key; t < frames; t++, at += 88) {
      if (roll[at] < SOUNDS) {
        held = null;
        continue;
      }
      crowd[t]++;
      if (held && !struck?.[at]) held.to = t + 1;
      else starts[t].push((held = { pitch: key + LOWEST, from: t, to: t + 1 }));
    }
  }
  const notes = starts.flat();
  for (const one of notes) one.share = Math.sqrt(SOLO / Math.max(SOLO, crowd[one.from]));
  const heldAt = (t) => notes.filter((one) => one.from <= t && t < one.to);
  const most = Math.max(0, ...starts.map((_, t) => heldAt(t).reduce((sum, one) => sum + strength(one), 0)));
  return { frames, starts, heldAt, level: levelFor(most) };
}

// Which keys are struck at which frame, (T, 88): where a voice that plays the key begins a note.
function struckKeys(frames, voices, onsets) {
  const struck = new Uint8Array(frames * 88);
  voices.forEach((pitch, i) => {
    if (pitch && onsets[i]) struck[(i >> 2) * 88 + pitch - LOWEST] = 1;
  });
  return struck;
}
