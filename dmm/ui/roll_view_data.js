// A packet as arrays, and keys as names.

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

function unpackBits(packed, count) {
  return Uint8Array.from({ length: count }, (_, i) => ((packed[i >> 3] >> (7 - (i & 7))) & 1) * 255);
}

// The arrays of a packet: roll (T, 88) in 0..255, voices (T, 4) pitches, onsets (T, 4) 0 where none, latents (T, K),
// gates (T, K) in 0..1.
function decode({ frames, roll, voices, onsets, latents, gates }) {
  const raw = bytes(roll.data);
  const scaled = (a) => Float32Array.from(new Int16Array(bytes(a.data).buffer), (v) => (v * a.scale) / 32767);
  return {
    frames,
    roll: roll.bits ? unpackBits(raw, frames * 88) : raw,
    voices: voices && bytes(voices.data),
    onsets: onsets && unpackBits(bytes(onsets.data), frames * 4),
    latents: latents && { size: latents.size, values: scaled(latents), scale: latents.scale },
    gates: gates && { size: gates.size, values: Float32Array.from(bytes(gates.data), (v) => v / 255) },
  };
}

// The rows of a panel at frame t.
const rowOf = (panel, t) => panel.values.subarray(t * panel.size, (t + 1) * panel.size);

const NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const noteName = (pitch) => NAMES[pitch % 12] + (Math.floor(pitch / 12) - 1);
const LOWEST = 21; // the pitch of the piano's first key, A0

// What is heard of a packet, as one text.
const musicOf = ({ frames, roll, onsets }) => [frames, roll.data, onsets?.data].join();
