// A piece in time: its notes are handed to the audio clock a little ahead, and the clock's time is read as a beat.
// Nothing is counted up, so nothing drifts: frame t of a stretch sounds at its mark's time + (t - its beat) / rate.

const FADE = 0.03; // seconds in which all falls silent
// The earliest time that can still be heard as written: the clock that a page reads is a buffer or two behind.
const soon = (context) => context.currentTime + 0.01 + 2 * (context.baseLatency || 0.01);

class Sequence {
  constructor(context, out, piece, tempo, loop = { on: false }) {
    Object.assign(this, { context, piece, loop, rate: tempo / 60, voices: [], ended: null });
    this.bus = new GainNode(context);
    this.bus.connect(out);
  }

  // Times, in order, from which on the beats go by evenly, and the frame that is to be handed over next.
  begin(beat, time) {
    this.marks = [{ time, beat, rate: this.rate }];
    this.next = { time, beat };
    this.fresh = true; // all that sounds here begins here
  }

  jump(beat) {
    const { time } = this.next;
    this.marks.push({ time, beat, rate: this.rate });
    this.next = { time, beat };
    this.fresh = true;
  }

  // Which beat is heard at a time, from 0, with its fraction.
  beatAt(time) {
    while (this.marks.length > 1 && this.marks[1].time <= time) this.marks.shift();
    const { time: since, beat, rate } = this.marks[0];
    return beat + Math.max(time - since, 0) * rate;
  }

  // Hands over all frames before a time; those before `now` it is too late for, but the clock goes on.
  schedule(until, now = -Infinity) {
    while (this.ended === null && this.next.time < until) this.step(now);
  }

  step(now) {
    const { on, from, to } = this.loop;
    const { beat } = this.next;
    if (on && ((beat === to && !this.fresh) || beat >= this.piece.frames)) this.jump(from);
    else if (beat >= this.piece.frames) return this.end();
    if (this.next.time < now) this.fresh = true;
    else this.sound(Math.floor(this.next.beat), this.next.time);
    const after = Math.floor(this.next.beat) + 1;
    this.next = { beat: after, time: this.next.time + (after - this.next.beat) / this.rate };
  }

  sound(t, time) {
    const stays = (voice) => !this.fresh && voice.to > t;
    for (const voice of this.voices) if (!stays(voice)) voice.release(time);
    this.voices = this.voices.filter(stays);
    for (const one of this.fresh ? this.piece.heldAt(t) : this.piece.starts[t]) {
      this.voices.push(startNote(this.context, this.bus, one, this.piece.level, time));
    }
    this.fresh = false;
  }

  end() {
    for (const voice of this.voices) voice.release(this.next.time);
    this.ended = this.next.time;
  }

  // From the next frame on.
  setTempo(tempo) {
    this.rate = tempo / 60;
    this.marks.push({ ...this.next, rate: this.rate });
  }

  setPiece(piece) {
    this.piece = piece;
    this.fresh = true;
  }

  // Falls silent, without a click, and is of no further use.
  silence() {
    const from = soon(this.context);
    this.bus.gain.setValueAtTime(1, from);
    this.bus.gain.linearRampToValueAtTime(0, from + FADE);
    for (const voice of this.voices) voice.cut(from + FADE);
    setTimeout(() => this.bus.disconnect(), 500);
  }
}
