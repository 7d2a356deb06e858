// The tool that draws the path of one latent over a stretch of time, with the pointer, and sends it to the page.

const PENCIL_HINT = "Drag over the latents, from left to right or back: the path that you draw is what the latent is made to be.";

class Pencil extends Tool {
  constructor(view) {
    super(view, "pencil", "draws", PENCIL_HINT);
    this.path = new Map(); // from a beat, counted from 0, to a value
    const scroll = view.part("scroll");
    scroll.addEventListener("pointerdown", (e) => this.begin(e), true);
    scroll.addEventListener("pointermove", (e) => this.last && this.drawTo(this.placeOf(e)));
    scroll.addEventListener("pointerup", () => this.last && this.end());
    scroll.addEventListener("pointercancel", () => this.drop());
  }

  // Where a pointer is, and what that is on the axis of the latents, beyond which nothing is drawn.
  placeOf(event) {
    const { left, top } = this.view.part("over").getBoundingClientRect();
    const beat = this.view.within(Math.floor((event.clientX - left) / this.view.box.step));
    const { top: upper, bottom } = this.view.box.latents;
    const y = event.clientY - top;
    return { beat, value: latentAxis(this.view).valueAt(Math.min(Math.max(y, upper), bottom)), inside: upper <= y && y <= bottom };
  }

  begin(event) {
    if (!this.on || !this.view.box.latents || event.button || !event.isPrimary) return;
    const place = this.placeOf(event);
    if (!place.inside) return;
    event.stopPropagation();
    this.drop();
    this.view.part("scroll").setPointerCapture(event.pointerId);
    this.view.part("over").focus({ preventScroll: true }); // for Escape
    this.last = place;
    this.drawTo(place);
  }

  // A straight line from where the pointer was, beat by beat.
  drawTo(place) {
    const { beat, value } = this.last;
    const steps = Math.abs(place.beat - beat);
    for (let i = 0; i <= steps; i++) {
      const share = steps ? i / steps : 1;
      this.path.set(beat + Math.sign(place.beat - beat) * i, value + share * (place.value - value));
    }
    this.last = place;
    this.place();
    this.view.showReadout();
  }

  end() {
    this.last = null;
    this.sent = true;
    const beats = this.beats();
    this.send("draw", { from: beats[0], values: beats.map((t) => Number(this.path.get(t).toFixed(3))) });
    this.view.player.tell(`Drawn: ${this.inWords()}.`);
    this.waiting = setTimeout(() => this.drop(), WAIT);
  }

  key(event) {
    if (event.key !== "Escape" || !this.last) return false;
    event.stopPropagation();
    this.drop();
    return true;
  }

  beats() {
    return [...this.path.keys()].sort((a, b) => a - b);
  }

  inWords() {
    const beats = this.beats();
    return beatsInWords(beats[0], beats.at(-1) + 1);
  }

  place() {
    const { view } = this;
    const sketch = view.part("sketch");
    sketch.toggleAttribute("hidden", !this.path.size);
    if (!this.path.size) return;
    const { yOf } = latentAxis(view);
    const corner = (t) => `${(t + 0.5) * view.box.step},${yOf(this.path.get(t))}`;
    sketch.setAttribute("width", view.box.width);
    sketch.setAttribute("height", view.box.end);
    sketch.firstElementChild.setAttribute("points", this.beats().map(corner).join(" "));
  }

  drop() {
    clearTimeout(this.waiting);
    Object.assign(this, { path: new Map(), last: null, sent: false });
    this.place();
    this.view.showReadout();
  }
}
