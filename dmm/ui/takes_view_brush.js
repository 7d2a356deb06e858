// The tool that chooses a rectangle of beats and keys, with the pointer or with keys, and sends it to the page.

const BRUSH_HINT =
  "Drag over the roll to erase a part; along the numbered beats, all keys. Or hold Shift with the arrow keys, then press Enter.";
const SLIP = 4; // pixels: whoever moves less has only pressed
const WAIT = 2000; // milliseconds that what was sent stays in sight, if no answer comes before

class Brush extends Tool {
  constructor(view) {
    super(view, "brush", "paints", BRUSH_HINT);
    this.area = null; // the rectangle: beats from 0 and pitches
    const scroll = view.part("scroll");
    scroll.addEventListener("pointerdown", (e) => this.begin(e), true);
    scroll.addEventListener("pointermove", (e) => this.drag(e));
    scroll.addEventListener("pointerup", (e) => this.end(e));
    scroll.addEventListener("pointercancel", () => this.begun && this.drop());
  }

  // --- with the pointer -----------------------------------------------------------------------------------------

  // Where a pointer is; above and below the keys that are shown are all others.
  placeOf(event) {
    const { box, keys } = this.view;
    const { left, top } = this.view.part("over").getBoundingClientRect();
    const beat = this.view.within(Math.floor((event.clientX - left) / box.step));
    const depth = (event.clientY - top - box.roll.top) / box.roll.height;
    const pitch = keys[1] - Math.floor(depth * (keys[1] - keys[0] + 1));
    return { beat, pitch: depth < 0 ? LOWEST + 87 : depth < 1 ? pitch : LOWEST, inside: depth >= 0 && depth < 1 };
  }

  begin(event) {
    if (!this.on || event.button || !event.isPrimary || !event.target.matches(".over, .ruler")) return;
    event.stopPropagation(); // it is the brush's alone
    this.drop();
    this.begun = { ...this.placeOf(event), x: event.clientX, y: event.clientY };
    this.view.part("scroll").setPointerCapture(event.pointerId);
    this.view.part("over").focus({ preventScroll: true }); // for Escape
  }

  drag(event) {
    if (!this.begun) return;
    const { x, y, beat, pitch, inside } = this.begun;
    if (!this.area && Math.hypot(event.clientX - x, event.clientY - y) < SLIP) return;
    const here = this.placeOf(event);
    const keys = inside ? [pitch, here.pitch] : [LOWEST, LOWEST + 87];
    this.choose(beat, here.beat, Math.min(...keys), Math.max(...keys));
  }

  end() {
    if (!this.begun) return;
    const { beat } = this.begun;
    this.begun = null;
    if (this.area) this.use();
    else this.view.choose(beat);
  }

  // --- with keys ------------------------------------------------------------------------------------------------

  // Whether the key was the tool's.
  key(event) {
    if (!this.area || this.sent || !["Enter", "Escape"].includes(event.key)) return false;
    if (event.key === "Enter") this.use();
    else this.drop();
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  chooseBeats(a, b) {
    this.choose(a, b, LOWEST, LOWEST + 87);
    this.view.player.tell(`${this.inWords()}. Enter erases, Escape does not.`);
  }

  // --- the rectangle --------------------------------------------------------------------------------------------

  choose(a, b, low, high) {
    clearTimeout(this.waiting);
    this.sent = false;
    this.area = { from: Math.min(a, b), to: Math.max(a, b) + 1, low, high };
    this.place();
    this.view.showReadout();
  }

  inWords() {
    const { from, to, low, high } = this.area;
    const pitches = Array.from({ length: high - low + 1 }, (_, i) => low + i);
    return `${beatsInWords(from, to)}, ${keysInWords(pitches)}`;
  }

  place() {
    const { view, area } = this;
    const frame = view.part("area");
    frame.hidden = !area;
    if (!area) return;
    const { step, roll } = view.box;
    const [low, high] = view.keys;
    const top = area.high > high ? roll.top : keyBox(view, Math.max(area.high, low)).y;
    const last = keyBox(view, Math.min(Math.max(area.low, low), high));
    const sizes = { left: area.from * step, width: (area.to - area.from) * step, top, height: last.y + last.height - top };
    for (const [name, size] of Object.entries(sizes)) frame.style[name] = `${size}px`;
  }

  drop() {
    clearTimeout(this.waiting);
    Object.assign(this, { area: null, begun: null, sent: false });
    this.view.anchor = null;
    this.place();
    this.view.setFrame(this.view.frame); // its readout again
  }

  use() {
    this.sent = true;
    this.view.anchor = null;
    this.send("paint", this.area);
    this.view.player.tell(`Erase ${this.inWords()}.`);
    this.waiting = setTimeout(() => this.drop(), WAIT);
  }
}
