// A piano roll with the hidden state below it, on one time axis with one crosshair and one playhead.
// `paintAll` draws the still picture; `setFrame` only moves the crosshair, `movePlayhead` only the playhead.
// The files roll_view_*.js are joined to this one when it is sent: panels, notes, sound, files, and the player.

// What Streamlit is to call with every packet, for a kind of view.
function mountOf(View) {
  const views = new WeakMap();
  const builds = {};
  return ({ data, parentElement, setTriggerValue }) => {
    const root = parentElement.querySelector(".roll-view");
    if (!views.has(root)) {
      builds[data.key] = (builds[data.key] ?? 0) + 1;
      root.dataset.builds = builds[data.key];
      views.set(root, new View(root));
    }
    views.get(root).receive(data, setTriggerValue);
    // Streamlit also calls this for a packet that the next one overtakes: tidy up only when the element is gone.
    return () => root.isConnected || views.get(root).close();
  };
}

const HINT =
  "Click a beat, or use the arrow keys, to go there. Drag along the numbered beats, or hold Shift with the arrows, to loop.";

class RollView {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector("." + name);
    this.frame = null; // what is pointed at, or chosen by a key
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.player = new Player(this);
    this.watcher = new ResizeObserver(() => this.repaint());
    this.watcher.observe(root);
    document.fonts?.ready.then(() => this.repaint());
    this.listen();
  }

  close() {
    this.watcher.disconnect();
    this.player.close();
  }

  // What plays is not taken away by a newer piece that comes by itself: that one waits until it is asked for.
  receive(packet) {
    const waits = packet.live && this.player.playing && musicOf(packet) !== musicOf(this.look);
    this.newer = waits ? packet : null;
    if (!this.newer) this.showPacket(packet);
    this.part("newer").hidden = !this.newer;
  }

  adopt(asked = false) {
    if (!this.newer) return;
    const packet = this.newer;
    this.newer = null;
    this.part("newer").hidden = true;
    this.showPacket(packet);
    if (asked) this.part("play").focus();
  }

  showPacket(packet) {
    this.show(packet, decode(packet));
  }

  show(packet, data, atOnce = false) {
    const other = !this.look || musicOf(packet) !== musicOf(this.look);
    Object.assign(this, { look: packet, data });
    this.measure(this.pieces());
    this.root.classList.toggle("bar-only", Boolean(packet.bar_only));
    const over = this.part("over");
    over.setAttribute("aria-label", `${packet.title || "Piano roll"}: choose a beat`);
    over.setAttribute("aria-valuemax", packet.frames);
    this.part("bar").setAttribute("aria-label", `Play: ${packet.title || "piano roll"}`);
    this.part("title").textContent = packet.title;
    this.part("summary").textContent = `${packet.description} ${this.summary()}`;
    this.dressCaptions();
    if (other) this.player.receive(this.data, atOnce);
    this.paintNow();
  }

  pieces() {
    return [this.data];
  }

  // What is to have room in the picture: beats, panels, and keys from C2 to C6, further where something sounds.
  measure(pieces) {
    let [low, high] = [36, 84];
    for (const { roll } of pieces) {
      roll.forEach((p, i) => {
        if (p < 26) return; // a probability below a tenth
        low = Math.min(low, LOWEST + (i % 88) - 2);
        high = Math.max(high, LOWEST + (i % 88) + 2);
      });
    }
    this.keys = [Math.max(low, LOWEST), Math.min(high, LOWEST + 87)];
    this.longest = Math.max(...pieces.map((piece) => piece.frames));
    const most = (panel) => Math.max(...pieces.map((piece) => piece[panel]?.size ?? 0));
    this.panels = { latents: most("latents"), gates: most("gates") };
  }

  dressCaptions() {
    const chip = ([name, colour]) => `<span><i style="background:${colour}"></i>${name}</span>`;
    const voiced = this.pieces().some(({ voices }) => voices);
    this.part("voices").innerHTML = voiced ? this.look.voice_names.map(chip).join("") : "";
    for (const [name, size] of Object.entries(this.panels)) {
      this.root.querySelector(`[data-panel=${name}]`).hidden = !size;
    }
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

  // --- the crosshair and the playhead ------------------------------------------------------------------------

  setFrame(t) {
    if (!this.box) return; // the bar alone
    this.frame = t === null ? null : this.within(t);
    this.root.dataset.frame = this.frame ?? "";
    paintCrosshair(this);
    this.showReadout();
  }

  within(t) {
    return Math.min(Math.max(t, 0), this.data.frames - 1);
  }

  // Called for every picture while it plays.
  movePlayhead(position, beat) {
    if (!this.box) return;
    const at = (this.still.matches ? beat : position) * this.box.step;
    this.part("playhead").style.transform = `translateX(${at}px)`;
    if (this.player.playing) this.bringIntoSight(at);
  }

  // Called when the beat or what is played has changed.
  showBeat() {
    if (!this.box) return;
    paintLit(this);
    placeRegion(this);
    if (this.frame === null) this.showReadout();
  }

  hint() {
    return HINT;
  }

  showReadout() {
    const { position, playing } = this.player;
    const at = this.within(this.frame ?? Math.floor(position));
    const facts = this.facts(at);
    const readout = this.part("readout");
    readout.replaceChildren(
      ...facts.map(([name, value]) => {
        const span = document.createElement("span");
        span.append(name ? name + " " : "", Object.assign(document.createElement("b"), { textContent: value }));
        return span;
      })
    );
    if (this.frame === null && !playing && !position) readout.textContent = this.hint();
    if (playing && this.frame === null) return; // who listens is not told of every beat
    const over = this.part("over");
    over.setAttribute("aria-valuenow", at + 1);
    over.setAttribute("aria-valuetext", facts.map((fact) => fact.join(" ").trim()).join(", "));
  }

  listen() {
    const over = this.part("over");
    const frameAt = (e) => this.within(Math.floor((e.clientX - over.getBoundingClientRect().left) / this.box.step));
    over.onpointermove = (e) => e.pointerType !== "touch" && this.setFrame(frameAt(e));
    over.onpointerdown = (e) => this.setFrame(frameAt(e));
    over.onclick = (e) => this.choose(frameAt(e));
    over.onpointerleave = (e) => e.pointerType !== "touch" && this.setFrame(null);
    over.onblur = () => this.setFrame(null);
    over.onkeydown = (e) => this.key(e);
    const ruler = this.part("ruler");
    ruler.onpointerdown = (e) => {
      if (e.button) return;
      ruler.setPointerCapture(e.pointerId);
      this.held = frameAt(e);
      ruler.onpointermove = (e) => frameAt(e) !== this.held && this.select(this.held, frameAt(e));
    };
    ruler.onpointerup = (e) => {
      ruler.onpointermove = null;
      if (frameAt(e) === this.held) this.choose(this.held);
    };
    ruler.onpointercancel = () => (ruler.onpointermove = null);
  }

  // The music goes there.
  choose(t) {
    this.anchor = null;
    this.setFrame(t);
    this.player.seek(this.frame);
    if (this.player.playing) this.setFrame(null);
  }

  // The loop reaches from one beat to another, whichever comes first.
  select(a, b) {
    this.player.setLoop(Math.min(a, b), Math.max(a, b) + 1);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageDown: -16, PageUp: 16, Home: -Infinity, End: Infinity };
    const { position, playing } = this.player;
    const here = this.frame ?? Math.floor(position);
    const begins = this.frame === null && !position && !playing && event.key === "ArrowRight";
    if (event.key === "Escape") this.forget();
    else if (!(event.key in moves)) return;
    else if (event.shiftKey) this.extend(this.within(here), this.within(here + moves[event.key]));
    else this.choose(begins ? 0 : here + moves[event.key]);
    event.preventDefault();
    event.stopPropagation();
    this.bringIntoSight((this.frame ?? 0) * this.box.step);
  }

  // A region as text is marked: from where the first key with Shift was pressed to here.
  extend(from, to) {
    this.anchor ??= from;
    this.setFrame(to);
    this.select(this.anchor, to);
  }

  forget() {
    this.anchor = null;
    this.player.clearLoop();
    this.setFrame(null);
  }

  bringIntoSight(x) {
    const scroll = this.part("scroll");
    if (x < scroll.scrollLeft || x > scroll.scrollLeft + scroll.clientWidth - 20) {
      scroll.scrollLeft = x - scroll.clientWidth / 4;
    }
  }

  // --- the picture ------------------------------------------------------------------------------------------

  repaint() {
    this.pending ??= requestAnimationFrame(() => this.look && this.paintNow());
  }

  paintNow() {
    this.pending = null;
    if (this.root.clientWidth === 0) return;
    if (!this.look.bar_only) this.paintPicture();
    const { step = "", roll, latents } = this.box ?? {};
    const rows = (panel) => (panel ? `${panel.top}-${panel.bottom}` : "");
    const facts = { frames: this.data.frames, keys: this.keys.join("-"), step, rows: rows(roll), latents: rows(latents) };
    Object.assign(this.root.dataset, facts); // for tests
  }

  // What lies behind the notes, and before all: nothing here.
  paintBehind() {}
  paintBefore() {}

  paintPicture() {
    paintAll(this);
    this.setFrame(this.frame);
    const { position } = this.player;
    this.movePlayhead(position, this.within(Math.floor(position)));
    this.showBeat();
  }
}

function mean(values) {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
