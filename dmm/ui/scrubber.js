// The scrubber: a slider over training and a beat of the piece, which move all views together, in the browser alone.
// It is built once and fed with one packet; scrubber_data.js reads it, the other files beside this one draw.

const scrubbers = new WeakMap();
const left = {}; // what was looked at last, by run and piece: a page that comes back finds it
const PACE = 350; // milliseconds a moment, while it plays
const QUIET = 600; // milliseconds without a move, after which those who do not see the picture are told

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".scrubber");
  if (!scrubbers.has(root)) scrubbers.set(root, new Scrubber(root));
  scrubbers.get(root).receive(data, (what) => setTriggerValue("taken", what));
  // Streamlit also calls this for a packet that the next one overtakes: tidy up only when the element is gone.
  return () => root.isConnected || scrubbers.get(root).close();
}

const CHOOSES = { roll: "Beat of the piece. ", kl: "Dimension. " };
const PAINTERS = { roll: paintRoll, gates: paintGates, bands: paintBands, path: paintPath, field: paintField, kl: paintKL };
// How far a key moves, if it does; the page then does not scroll.
function moveOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const step = event.shiftKey ? 4 : 1;
  const moves = { ArrowLeft: -step, ArrowRight: step, PageDown: -16, PageUp: 16, Home: -Infinity, End: Infinity };
  if (!(event.key in moves)) return null;
  event.preventDefault();
  return moves[event.key];
}

const OVER_TIME = ["roll", "gates", "bands"];

class Scrubber {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector("." + name);
    this.canvas = (name) => root.querySelector(`[data-view=${name}] canvas`);
    this.places = {}; // of the beats, in the views of a plane
    this.beat = this.pinned = this.bar = null; // a beat, and a dimension in the view of the KL
    this.watcher = new ResizeObserver(() => this.repaint());
    this.watcher.observe(root);
    document.fonts?.ready.then(() => this.repaint());
    this.listen();
  }

  close() {
    this.watcher.disconnect();
    document.removeEventListener("dmm-beat", this.sounds);
    this.pause();
  }

  async receive(packet, take) {
    [this.look, this.take] = [packet, take];
    if (this.id !== packet.id) {
      this.id = packet.id;
      const past = await decode(packet);
      if (this.id !== packet.id) return; // another packet was quicker
      this.begin(past);
    }
    this.shades = Array.from({ length: 256 }, (_, i) => ramp(packet.gate_scale, i / 255));
    this.paintNow();
  }

  // Another piece or run, or one that has trained on.
  begin(past) {
    this.pause();
    const before = left[past.place] ?? {};
    this.past = past;
    this.beat = this.pinned = before.beat ?? null;
    this.bar = null;
    const busiest = [...past.means("kl", past.best).entries()].sort((a, b) => b[1] - a[1]).map(([k]) => k);
    const planes = past.size < 2 ? [2, 2] : past.plane ? [0, 1] : busiest.slice(0, 2).map((k) => k + 2);
    this.chosen = before.chosen ?? { across: planes[0], up: planes[1], first: busiest[0], second: busiest[1] ?? -1 };
    this.dress();
    const found = past.steps.indexOf(before.step);
    this.moment = found < 0 ? past.best : found;
    this.part("moment").value = this.moment;
  }

  // What stays while one scrubs: words, choices, and which views there are.
  dress() {
    const { past } = this;
    const some = past.frames < past.whole ? `The first ${past.frames} of ${past.whole} beats. ` : "";
    this.part("title").textContent = past.title;
    this.part("note").textContent = some + past.note;
    this.part("moment").max = past.moments - 1;
    this.root.classList.toggle("single", past.moments < 2);
    this.part("take").hidden = !past.take;
    this.part("take").textContent = past.take;
    const shown = { gates: past.gates, path: past.size > 1, field: past.size > 1 && Boolean(past.arrows) };
    for (const [name, is] of Object.entries(shown)) this.root.querySelector(`[data-view=${name}]`).hidden = !is;
    const dims = Array.from({ length: past.size }, (_, k) => [k, `dimension ${k + 1}`]);
    const axes = dims.map(([k, words]) => [k + 2, words]);
    if (past.plane) axes.unshift([0, "PC 1"], [1, "PC 2"]);
    const options = { across: axes, up: axes, first: dims, second: [[-1, "none other"], ...dims] };
    for (const [name, all] of Object.entries(options)) {
      const select = this.select(name);
      select.replaceChildren(...all.map(([value, words]) => new Option(words, value)));
      select.value = this.chosen[name];
    }
  }

  select(name) {
    return this.root.querySelector(`select[name=${name}]`);
  }

  bands() {
    return [this.chosen.first, this.chosen.second].filter((k, i, all) => k >= 0 && all.indexOf(k) === i);
  }

  choose(name, value) {
    this.chosen = { ...this.chosen, [name]: value };
    this.select(name).value = value;
    this.remember();
    this.repaint();
  }

  // --- training ---------------------------------------------------------------------------------------------

  setMoment(moment) {
    this.moment = clamp(moment, 0, this.past.moments - 1);
    this.part("moment").value = this.moment;
    this.remember();
    this.repaint();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => (this.part("spoken").textContent = this.when()), QUIET);
  }

  remember() {
    const { past, moment, pinned, chosen } = this;
    left[past.place] = { step: past.steps[moment], beat: pinned, chosen };
  }

  when() {
    const { epochs, steps, bounds, best, moments } = this.past;
    const [epoch, bound] = [epochs[this.moment], bounds[this.moment]];
    const updates = `${steps[this.moment].toLocaleString("en")} update${steps[this.moment] > 1 ? "s" : ""}`;
    const inEpochs = `After ${epoch.toLocaleString("en")} epoch${epoch > 1 ? "s" : ""} (${updates})`;
    const trained = epoch ? inEpochs : steps[this.moment] ? `After ${updates}` : "Before training";
    const judged = bound === null ? "" : `: validation bound ${bound.toFixed(3)} nats per frame`;
    return trained + judged + (this.moment === best && moments > 1 ? ", the best" : "") + ".";
  }

  play() {
    if (this.playing) return this.pause();
    if (this.moment === this.past.moments - 1) this.setMoment(0);
    this.playing = setInterval(() => {
      this.setMoment(this.moment + 1);
      if (this.moment === this.past.moments - 1) this.pause();
    }, PACE);
    this.part("play").textContent = "Pause";
  }

  pause() {
    clearInterval(this.playing);
    this.playing = null;
    this.part("play").textContent = "Play";
  }

  // --- the piece --------------------------------------------------------------------------------------------

  setBeat(beat, pin = false) {
    const next = beat === null ? this.pinned : clamp(beat, 0, this.past.frames - 1);
    if (pin) this.pinned = next;
    if (pin) this.remember();
    if (pin && next !== null) this.tellPlayer(next);
    if (next === this.beat) return;
    this.beat = next;
    this.repaint();
  }

  // The player of the piece, if the page has one (play_bar in roll_view.py), goes on from there.
  tellPlayer(beat) {
    document.dispatchEvent(new CustomEvent("dmm-seek", { detail: { place: this.past.place, beat } }));
  }

  // And the beat that it plays is marked in every view.
  hear({ place, beat }) {
    if (place === this.past?.place) this.setBeat(beat < this.past.frames ? beat : null);
  }

  unpin() {
    this.pinned = null;
    this.setBeat(null, true);
  }

  // What there is to say of a beat at this moment.
  facts() {
    const { past, moment: s, beat: t } = this;
    const keys = [...Array(past.notes).keys()];
    const heard = keys.filter((k) => past.roll[t * past.notes + k]);
    const part = (k) => `${noteName(past.keys[0] + k)} ${number(past.value("probabilities", s, t, k))}`;
    const others = keys.filter((k) => !heard.includes(k) && past.value("probabilities", s, t, k) > 0.3);
    const kl = past.row("kl", s, t);
    const facts = [["beat", String(t + 1)], ["piece, and how likely", heard.map(part).join(", ") || "silence"]];
    if (others.length) facts.push(["likely too", others.map(part).join(", ")]);
    facts.push(["reconstruction", `${number(past.value("reconstruction", s, t))} nats`]);
    facts.push(["KL", `${number(kl.reduce((sum, v) => sum + v, 0))} nats`]);
    if (past.gates) facts.push(["mean gate", number(mean(past.row("gates", s, t)))]);
    for (const k of this.bands()) {
      const [z, sd] = [past.value("z_loc", s, t, k), past.value("z_scale", s, t, k)];
      facts.push([`dimension ${k + 1}`, `${number(z)}, sd ${number(sd)}`]);
    }
    return facts;
  }

  // --- input ------------------------------------------------------------------------------------------------

  listen() {
    const slider = this.part("moment");
    slider.oninput = () => {
      this.pause();
      this.setMoment(Number(slider.value));
    };
    // The page's shortcuts must not act on what is pressed here.
    this.root.onkeydown = (e) => e.stopPropagation();
    this.part("play").onclick = () => this.play();
    this.sounds = (event) => this.hear(event.detail);
    document.addEventListener("dmm-beat", this.sounds);
    this.part("take").onclick = () => this.take({ moment: this.moment, beat: this.beat });
    for (const name of ["across", "up", "first", "second"]) {
      this.select(name).onchange = (e) => this.choose(name, Number(e.target.value));
    }
    for (const name of OVER_TIME) this.point(this.canvas(name), (x) => this.beatOver(name, x));
    for (const name of ["path", "field"]) this.point(this.canvas(name), (x, y) => this.beatNear(name, x, y));
    const kl = this.canvas("kl");
    const bar = (e) => this.barOver(e.clientX - kl.getBoundingClientRect().left);
    kl.onpointermove = (e) => this.setBar(bar(e));
    kl.onpointerleave = kl.onblur = () => this.setBar(null);
    kl.onclick = (e) => bar(e) !== null && this.choose("first", bar(e));
    for (const [name, act] of [["roll", (e) => this.keyOfBeat(e)], ["kl", (e) => this.keyOfBar(e)]]) {
      Object.assign(this.canvas(name), { tabIndex: 0, role: "slider", onkeydown: act });
      this.canvas(name).setAttribute("aria-valuemin", 1);
    }
    for (const name of ["gates", "bands", "path", "field"]) this.canvas(name).setAttribute("role", "img");
  }

  point(canvas, find) {
    const beat = (e) => {
      const box = canvas.getBoundingClientRect();
      return find(e.clientX - box.left, e.clientY - box.top);
    };
    canvas.onpointermove = (e) => e.pointerType !== "touch" && this.setBeat(beat(e));
    canvas.onpointerleave = () => this.setBeat(null);
    canvas.onclick = (e) => this.setBeat(beat(e), true);
  }

  beatOver(name, x) {
    const step = (this.canvas(name).clientWidth - GUTTER) / this.past.frames;
    return x < GUTTER ? null : Math.floor((x - GUTTER) / step);
  }

  beatNear(name, x, y) {
    const far = (this.places[name] ?? []).map(([px, py]) => Math.hypot(px - x, py - y));
    const nearest = Math.min(...far);
    return nearest < 18 ? far.indexOf(nearest) : null;
  }

  barOver(x) {
    const step = (this.canvas("kl").clientWidth - GUTTER) / this.past.size;
    return x < GUTTER ? null : clamp(Math.floor((x - GUTTER) / step), 0, this.past.size - 1);
  }

  setBar(bar) {
    if (bar === this.bar) return;
    this.bar = bar;
    this.repaint();
  }

  keyOfBeat(event) {
    if (event.key === "Escape") this.unpin();
    const by = moveOf(event);
    if (by !== null) this.setBeat(this.beat === null ? 0 : this.beat + by, true);
  }

  keyOfBar(event) {
    const by = moveOf(event);
    if (by !== null) this.setBar(this.bar === null ? 0 : clamp(this.bar + by, 0, this.past.size - 1));
    if (event.key === "Enter" && this.bar !== null) this.choose("first", this.bar);
  }

  // --- the picture ------------------------------------------------------------------------------------------

  repaint() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      this.paintNow();
    });
  }

  paintNow() {
    if (!this.past || !this.shades || this.root.clientWidth === 0) return;
    const style = getComputedStyle(this.root);
    this.theme = { ink: style.color, font: style.fontFamily };
    for (const [name, paint] of Object.entries(PAINTERS)) {
      const figure = this.root.querySelector(`[data-view=${name}]`);
      if (!figure.hidden) paint(this, this.canvas(name));
    }
    paintBounds(this, this.part("bounds"));
    this.say();
    Object.assign(this.root.dataset, { moments: this.past.moments, moment: this.moment, beat: this.beat ?? "" });
  }

  // The words that belong to the picture, for all and for those who do not see it.
  say() {
    const when = this.when();
    this.part("when").textContent = when;
    this.part("moment").setAttribute("aria-valuetext", when);
    const facts = this.beat === null ? [] : this.facts();
    const words = facts.map(([name, value]) => `${name} ${value}`).join("; ");
    const readout = this.part("readout");
    readout.replaceChildren(
      ...facts.map(([name, value]) => {
        const span = document.createElement("span");
        span.append(`${name} `, Object.assign(document.createElement("b"), { textContent: value }));
        return span;
      })
    );
    if (!facts.length) readout.textContent = "Point at a beat in any view, or click to keep it; arrow keys move it.";
    for (const name of Object.keys(PAINTERS)) {
      const told = this.root.querySelector(`[data-view=${name}] figcaption`).textContent;
      this.canvas(name).setAttribute("aria-label", `${CHOOSES[name] ?? ""}${when} ${told}`);
    }
    this.tell("roll", this.past.frames, this.beat, words);
    this.tell("kl", this.past.size, this.bar, this.bar === null ? "" : this.costs());
  }

  // To those who do not see it: where a view that chooses something stands.
  tell(name, most, place, words) {
    const values = { valuemax: most, valuenow: (place ?? 0) + 1, valuetext: words || "none chosen" };
    for (const [what, value] of Object.entries(values)) this.canvas(name).setAttribute(`aria-${what}`, value);
  }

  // The dimension that is pointed at, in numbers.
  costs() {
    const [kl, gate] = ["kl", "gates"].map((name) => this.past.means(name, this.moment)[this.bar]);
    const open = this.past.gates ? `, gate ${number(gate)}` : "";
    return `Dimension ${this.bar + 1}: ${number(kl, 3)} nats${open}.`;
  }
}
