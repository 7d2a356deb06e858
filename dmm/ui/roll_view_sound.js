// The sound of a note, of any audio context: a soft organ with a plucked start, the same as in dmm/sound.py.

const [ATTACK, RELEASE] = [0.015, 0.08]; // seconds
const [DECAY, SUSTAIN] = [0.7, 0.55]; // a held note falls to SUSTAIN of its start with this time constant, in seconds
const HARMONICS = 8;
const CREST = 1.07; // the highest point of one period, for a note of strength 1
const TURN = 1.8; // where all notes change at once, those that fade and the new ones together are so much louder
const PEAK = 0.95; // of full scale: never louder, whatever is played
const LOUD = 10; // what a loud chorale may reach; quieter music stays quieter

const hertz = (pitch) => 440 * 2 ** ((pitch - 69) / 12);
// Low notes are played louder, so that they are as loud to the ear.
const strength = ({ pitch, share }) => share * (440 / hertz(pitch)) ** 0.4;
// How loud a piece may be played whose loudest chord is so strong.
const levelFor = (most) => PEAK / Math.max(LOUD, TURN * CREST * most);

const waves = new WeakMap();

function waveOf(context) {
  if (!waves.has(context)) {
    const sines = Float32Array.from({ length: HARMONICS + 1 }, (_, k) => (k ? k ** -1.6 : 0));
    const wave = context.createPeriodicWave(new Float32Array(HARMONICS + 1), sines, { disableNormalization: true });
    waves.set(context, wave);
  }
  return waves.get(context);
}

// Begins a note; what comes back ends it.
function startNote(context, out, one, level, time) {
  const source = new OscillatorNode(context, { periodicWave: waveOf(context), frequency: hertz(one.pitch) });
  const [shape, end] = [new GainNode(context, { gain: 0 }), new GainNode(context)];
  const peak = level * strength(one);
  shape.gain.setValueAtTime(0, time);
  shape.gain.linearRampToValueAtTime(peak, time + ATTACK);
  shape.gain.setTargetAtTime(SUSTAIN * peak, time + ATTACK, DECAY);
  source.connect(shape).connect(end).connect(out);
  source.onended = () => end.disconnect();
  source.start(time);
  return {
    to: one.to,
    release(when) {
      end.gain.setValueAtTime(1, when);
      end.gain.linearRampToValueAtTime(0, when + RELEASE);
      source.stop(when + RELEASE);
    },
    cut: (when) => source.stop(when),
  };
}

// A whole piece as samples, its last release included.
function renderPiece(piece, tempo, rate) {
  const seconds = (piece.frames * 60) / tempo + RELEASE;
  const context = new OfflineAudioContext(1, Math.ceil(seconds * rate), rate);
  const sequence = new Sequence(context, context.destination, piece, tempo);
  sequence.begin(0, 0);
  sequence.schedule(Infinity);
  return context.startRendering();
}

// A 16-bit mono WAV file.
function wavOf(buffer) {
  const samples = buffer.getChannelData(0);
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, words) => [...words].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  const rate = buffer.sampleRate;
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  const header = [[16, 4], [1, 2], [1, 2], [rate, 4], [2 * rate, 4], [2, 2], [16, 2]];
  let at = 16;
  for (const [value, size] of header) {
    if (size === 4) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
    at += size;
  }
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((v, i) => view.setInt16(44 + 2 * i, Math.round(v * 32767), true));
  return new Blob([view], { type: "audio/wav" });
}
