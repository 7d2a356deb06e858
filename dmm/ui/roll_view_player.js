// The transport of a view: play, seek, loop, tempo, volume, and the bar they are in.
// While it plays, the view's playhead is read from the audio clock at every picture, and from nothing else.

const AHEAD = 0.25; // seconds that notes are handed over in advance
const ASLEEP = 3; // the same in a tab that is not seen, whose timers are slow
const PULSE = 30; // milliseconds
const LEAD = 0.02; // seconds that a first note is later than it could be
const NO_SOUND =
  "The browser gives no sound. Check that this page may play sound and that a device is there, then press Play again.";
const NO_FILE =
  "The browser could not make the file: the piece may be too long for its memory. Close other tabs and try again.";
const SAVED_RATE = 22050; // samples per second of a file

class Player {
  constructor(view) {
    this.view = view;
    this.root = view.root;
    this.stage = stage(view.root.ownerDocument);
    this.part = (name) => this.root.querySelector("." + name);
    this.position = 0; // in beats, from 0
    this.loop = { on: false, from: 0, to: 0 };
    this.listen();
  }

  isThere() {
    return this.root.isConnected && this.root.getClientRects().length > 0;
  }

  // Another piece, or the same again: what plays goes on from where it is, on the next beat or at once.
  receive(data, atOnce) {
    this.piece = pieceOf(data);
    const { frames } = data;
    if (!this.loop.on || this.loop.to > frames) this.loop = { on: false, from: 0, to: frames };
    this.position = Math.min(this.position, frames);
    if (this.sequence && atOnce) this.exchange();
    else if (this.sequence) {
      this.sequence.setPiece(this.piece);
      this.sequence.loop = this.loop;
    }
    this.show();
  }

  // The new piece begins where the old one is by then, while that one fades; if it is over by then, at its start.
  exchange() {
    const time = this.soonest();
    const beat = this.sequence.beatAt(time);
    this.sequence.silence();
    this.start(beat < this.piece.frames ? beat : 0, time);
  }

  get playing() {
    return this.sequence !== undefined && this.sequence !== null;
  }

  // --- play ---------------------------------------------------------------------------------------------------

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  async play() {
    const { stage } = this;
    stage.last = this;
    if (this.waking || !(await this.wake())) return;
    if (stage.playing !== this) stage.playing?.pause();
    stage.playing = this;
    this.part("volume").value = stage.volume;
    this.view.setFrame(null);
    if (this.position >= this.piece.frames) this.position = this.loop.on ? this.loop.from : 0;
    this.start();
    this.timer = setInterval(() => this.feed(), PULSE);
    this.tell(`Playing from beat ${Math.floor(this.position) + 1}.`);
    this.follow();
  }

  // Whether there is sound to be had.
  async wake() {
    this.waking = true;
    const awake = await wakeStage(this.stage);
    this.waking = false;
    this.complain(awake ? "" : NO_SOUND);
    return awake;
  }

  start(beat = this.position, time = this.soonest()) {
    const { context, volumeOf, volume } = this.stage;
    volumeOf.gain.value = (volume / 100) ** 2;
    this.sequence = new Sequence(context, volumeOf, this.piece, this.tempo, this.loop);
    this.sequence.begin(beat, time);
    this.feed();
  }

  soonest() {
    return soon(this.stage.context) + LEAD;
  }

  feed() {
    const now = soon(this.stage.context);
    if (!this.root.isConnected) return this.pause();
    this.sequence.schedule(now + (document.hidden ? ASLEEP : AHEAD), now);
  }

  // The time of what leaves the loudspeaker now.
  heard() {
    const { context } = this.stage;
    return context.currentTime - (context.outputLatency || 0);
  }

  follow() {
    cancelAnimationFrame(this.picture);
    if (!this.playing) return;
    const heard = this.heard();
    const { ended } = this.sequence;
    if (ended !== null && heard >= ended) return this.halt(0, "The end.", false);
    this.position = Math.min(this.sequence.beatAt(heard), this.piece.frames);
    this.root.dataset.heard = heard.toFixed(4);
    this.show();
    this.picture = requestAnimationFrame(() => this.follow());
  }

  pause() {
    if (this.playing) this.halt(this.position, `Paused at beat ${Math.floor(this.position) + 1}.`);
  }

  toStart() {
    this.halt(0, "At the start.");
    this.view.bringIntoSight(0);
  }

  halt(position, words, cut = true) {
    if (this.playing) {
      if (cut) this.sequence.silence();
      clearInterval(this.timer);
      cancelAnimationFrame(this.picture);
      leaveStage(this.stage, this);
    }
    this.sequence = null;
    this.position = position;
    this.tell(words);
    this.show();
    this.view.adopt();
  }

  // --- where, how fast, how loud --------------------------------------------------------------------------------

  seek(beat) {
    this.stage.last = this;
    this.position = Math.min(Math.max(beat, 0), this.piece.frames - 1);
    if (this.playing) {
      this.sequence.silence();
      this.start();
    }
    this.show();
  }

  // Play from one frame to another, the second not included, again and again.
  setLoop(from, to) {
    this.loop = { on: true, from, to };
    this.changeLoop();
    this.tell(`Loop from beat ${from + 1} to ${to}.`);
    if (this.position < from || this.position >= to) this.seek(from);
  }

  toggleLoop() {
    this.loop = { ...this.loop, on: !this.loop.on };
    this.changeLoop();
    this.tell(this.loop.on ? `Loop from beat ${this.loop.from + 1} to ${this.loop.to}.` : "No loop.");
  }

  clearLoop() {
    this.loop = { on: false, from: 0, to: this.piece.frames };
    this.changeLoop();
  }

  changeLoop() {
    this.stage.last = this;
    if (this.playing) this.sequence.loop = this.loop;
    this.show();
  }

  get tempo() {
    return Number(this.part("tempo").value);
  }

  setTempo() {
    this.stage.tempo = this.tempo;
    if (this.playing) this.sequence.setTempo(this.tempo);
    this.show();
  }

  setVolume() {
    const { stage } = this;
    stage.volume = Number(this.part("volume").value);
    stage.volumeOf?.gain.setTargetAtTime((stage.volume / 100) ** 2, soon(stage.context), 0.02);
  }

  async save() {
    const button = this.part("save");
    button.disabled = true;
    try {
      saveFile(wavOf(await renderPiece(this.piece, this.tempo, SAVED_RATE)), this.view.look, "wav");
      this.tell("Saved.");
    } catch {
      this.complain(NO_FILE);
    }
    button.disabled = false;
  }

  saveMidi() {
    const { look } = this.view;
    saveFile(midiOf(this.piece, this.tempo, nameOf(look)), look, "mid");
    this.tell("Saved.");
  }

  saveTable() {
    const { look, data } = this.view;
    saveFile(tableOf(this.piece, data, look.voice_names), look, "csv");
    this.tell("Saved.");
  }

  // --- the bar ------------------------------------------------------------------------------------------------------

  listen() {
    const { stage } = this;
    const acts = { play: "toggle", start: "toStart", loop: "toggleLoop", save: "save", midi: "saveMidi", csv: "saveTable" };
    for (const [name, act] of Object.entries(acts)) this.part(name).onclick = () => this[act]();
    this.part("newer").onclick = () => this.view.adopt(true);
    Object.assign(this.part("tempo"), { value: stage.tempo, oninput: () => this.setTempo() });
    Object.assign(this.part("volume"), { value: stage.volume, oninput: () => this.setVolume() });
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.sought = ({ detail: { place, beat } }) => {
      if (place === this.view.look?.place && this.isThere()) this.seek(beat);
    };
    this.root.ownerDocument.addEventListener("dmm-seek", this.sought);
  }

  // The space bar inside the view is the player's, unless a button is pressed by it; the page never hears of it.
  key(event) {
    if (event.code !== "Space") return;
    event.stopPropagation();
    if (event.composedPath()[0].closest?.("button") || !isPlainSpace(event)) return;
    event.preventDefault();
    this.toggle();
  }

  close() {
    this.pause();
    this.root.ownerDocument.removeEventListener("dmm-seek", this.sought);
    if (this.stage.last === this) this.stage.last = null;
  }

  tell(words) {
    this.part("spoken").textContent = words;
  }

  complain(words) {
    this.part("trouble").textContent = words;
  }

  // What there is to see of it, and the facts that tests read.
  show() {
    const { root, loop, position, playing, piece } = this;
    const beat = Math.min(Math.floor(position), piece.frames - 1);
    const region = loop.on ? `${loop.from}-${loop.to}` : "";
    const facts = { playing: playing ? "yes" : "", beat: position.toFixed(4), loop: region, tempo: this.tempo };
    Object.assign(root.dataset, facts);
    this.view.movePlayhead(position, beat);
    const state = [beat, playing, region, this.tempo, piece.frames].join();
    if (state === this.state) return;
    this.state = state;
    root.classList.toggle("sounds", playing);
    this.part("play").querySelector("b").textContent = playing ? "Pause" : this.view.look.bar_only ? "Hear it" : "Play";
    this.part("loop").setAttribute("aria-pressed", loop.on);
    this.part("where").textContent = `beat ${beat + 1} of ${piece.frames}`;
    this.part("speed").textContent = this.tempo;
    this.part("tempo").setAttribute("aria-valuetext", `${this.tempo} beats a minute`);
    this.view.showBeat();
    const { place } = this.view.look;
    if (!place) return;
    const detail = { place, beat: playing || position > 0 ? beat : null };
    root.ownerDocument.dispatchEvent(new CustomEvent("dmm-beat", { detail }));
  }
}
