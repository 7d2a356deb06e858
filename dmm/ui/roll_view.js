// A piano roll with the hidden state below it, on one time axis with one crosshair.
// Two layers: `paintAll` draws the still picture, `setFrame` only moves the crosshair; whatever wants to follow
// the sound later calls `setFrame(t)` and repaints nothing else.
// The panels are drawn in roll_view_paint.js, joined to this file when it is sent.

const views = new WeakMap();
const builds = {};

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".roll-view");
  if (!views.has(root)) {
    builds[data.key] = (builds[data.key] ?? 0) + 1;
    root.dataset.builds = builds[data.key];
    views.set(root, new RollView(root));
  }
  views.get(root).receive(data);
  // Streamlit also calls this for a packet that the next one overtakes: tidy up only when the element is gone.
  return () => root.isConnected || views.get(root).watcher.disconnect();
}

// --- data -------------------------------------------------------------------------------------------------------

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

function unpackBits(packed, count) {
  return Uint8Array.from({ length: count }, (_, i) => ((packed[i >> 3] >> (7 - (i & 7))) & 1) * 255);
}

// The arrays of a packet: roll (T, 88) in 0..255, voices (T, 4) pitches, latents (T, K), gates (T, K) in 0..1.
function decode({ frames, roll, voices, latents, gates }) {
  const raw = bytes(roll.data);
  const scaled = (a) => Float32Array.from(new Int16Array(bytes(a.data).buffer), (v) => (v * a.scale) / 32767);
  return {
    frames,
    roll: roll.bits ? unpackBits(raw, frames * 88) : raw,
    voices: voices && bytes(voices.data),
    latents: latents && { size: latents.size, values: scaled(latents), scale: latents.scale },
    gates: gates && { size: gates.size, values: Float32Array.from(bytes(gates.data), (v) => v / 255) },
  };
}

// The rows of a panel at frame t.
const rowOf = (panel, t) => panel.values.subarray(t * panel.size, (t + 1) * panel.size);

const NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const noteName = (pitch) => NAMES[pitch % 12] + (Math.floor(pitch / 12) - 1);
const LOWEST = 21; // the pitch of the piano's first key, A0

class RollView {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector("." + name);
    this.frame = null;
    this.watcher = new ResizeObserver(() => this.repaint());
    this.watcher.observe(root);
    document.fonts?.ready.then(() => this.repaint());
    this.listen();
  }

  receive(packet) {
    this.look = packet;
    this.data = decode(packet);
    this.keys = this.soundingRange();
    const over = this.part("over");
    over.setAttribute("aria-label", `${packet.title || "Piano roll"}: choose a beat`);
    over.setAttribute("aria-valuemax", packet.frames);
    this.part("title").textContent = packet.title;
    this.part("summary").textContent = `${packet.description} ${this.summary()}`;
    this.dressCaptions();
    this.paintNow();
  }

  // The keys to show: C2 to C6, and further where something sounds.
  soundingRange() {
    let [low, high] = [36, 84];
    this.data.roll.forEach((p, i) => {
      if (p < 26) return; // a probability below a tenth
      low = Math.min(low, LOWEST + (i % 88) - 2);
      high = Math.max(high, LOWEST + (i % 88) + 2);
    });
    return [Math.max(low, LOWEST), Math.min(high, LOWEST + 87)];
  }

  dressCaptions() {
    const chip = ([name, colour]) => `<span><i style="background:${colour}"></i>${name}</span>`;
    this.part("voices").innerHTML = this.data.voices ? this.look.voice_names.map(chip).join("") : "";
    this.root.querySelector("[data-panel=latents]").hidden = !this.data.latents;
    this.root.querySelector("[data-panel=gates]").hidden = !this.data.gates;
  }

  // --- words ------------------------------------------------------------------------------------------------

  notes(t) {
    const row = this.data.roll.subarray(t * 88, (t + 1) * 88);
    return [...row.keys()].filter((k) => row[k] >= 128).map((k) => noteName(k + LOWEST));
  }

  facts(t) {
    const number = (v) => v.toFixed(2).replace("-", "−");
    const facts = [["beat", t + 1], ["", this.notes(t).join(" ") || "silence"]];
    if (this.data.latents) {
      const z = rowOf(this.data.latents, t);
      facts.push(["z from", `${number(Math.min(...z))} to ${number(Math.max(...z))}`]);
    }
    if (this.data.gates) facts.push(["mean gate", number(mean(rowOf(this.data.gates, t)))]);
    return facts;
  }

  summary() {
    const { frames, gates } = this.data;
    let count = 0;
    for (const p of this.data.roll) count += p / 255;
    const words = [`${frames} beats`, `${(count / Math.max(frames, 1)).toFixed(1)} notes a beat`];
    if (gates) words.push(`mean gate ${mean(gates.values).toFixed(2)}`);
    return words.join(", ") + ".";
  }

  // --- the crosshair ----------------------------------------------------------------------------------------

  setFrame(t) {
    this.frame = t === null ? null : Math.min(Math.max(t, 0), this.data.frames - 1);
    this.root.dataset.frame = this.frame ?? "";
    paintCrosshair(this);
    this.showReadout();
  }

  showReadout() {
    const readout = this.part("readout");
    const facts = this.frame === null ? [] : this.facts(this.frame);
    readout.replaceChildren(
      ...facts.map(([name, value]) => {
        const span = document.createElement("span");
        span.append(name ? name + " " : "", Object.assign(document.createElement("b"), { textContent: value }));
        return span;
      })
    );
    if (!facts.length) readout.textContent = "Point at a beat, tap it, or use the arrow keys.";
    const over = this.part("over");
    over.setAttribute("aria-valuenow", (this.frame ?? 0) + 1);
    over.setAttribute("aria-valuetext", facts.map((fact) => fact.join(" ").trim()).join(", ") || "none chosen");
  }

  listen() {
    const over = this.part("over");
    const frameAt = (e) => Math.floor((e.clientX - over.getBoundingClientRect().left) / this.box.step);
    over.onpointermove = (e) => e.pointerType !== "touch" && this.setFrame(frameAt(e));
    over.onpointerdown = over.onclick = (e) => this.setFrame(frameAt(e));
    over.onpointerleave = (e) => e.pointerType !== "touch" && this.setFrame(null);
    over.onblur = () => this.setFrame(null);
    over.onkeydown = (e) => this.key(e);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 4 : 1;
    const moves = { ArrowLeft: -step, ArrowRight: step, PageDown: -16, PageUp: 16, Home: -Infinity, End: Infinity };
    if (event.key === "Escape") this.setFrame(null);
    else if (event.key in moves) this.setFrame(this.frame === null ? 0 : this.frame + moves[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
    this.keepInSight();
  }

  keepInSight() {
    const scroll = this.part("scroll");
    const x = (this.frame ?? 0) * this.box.step;
    if (x < scroll.scrollLeft || x > scroll.scrollLeft + scroll.clientWidth - 20) {
      scroll.scrollLeft = x - scroll.clientWidth / 2;
    }
  }

  // --- the picture ------------------------------------------------------------------------------------------

  repaint() {
    this.pending ??= requestAnimationFrame(() => this.look && this.paintNow());
  }

  paintNow() {
    this.pending = null;
    if (this.root.clientWidth === 0) return;
    paintAll(this);
    this.setFrame(this.frame);
    Object.assign(this.root.dataset, { frames: this.data.frames, keys: this.keys.join("-"), step: this.box.step });
  }
}

function mean(values) {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
