// A line chart for numbers that keep arriving. Python sends packets of new points (the protocol is written
// down in live_chart.py); the chart keeps them all, and keeps its own zoom, crosshair and hidden series.
// It is built once and from then on only repainted. When a run of the whole script and a tick of the fragment meet,
// Streamlit may take the chart off the page and put a bare one there: then the old one, zoom and all, takes its place.
// The painting is in live_chart_paint.js, joined to this file when it is sent.

const charts = new WeakMap();
const latest = {}; // by key
const builds = {};

export default function ({ data, parentElement, setTriggerValue }) {
  const mounted = parentElement.querySelector(".live-chart");
  const root = charts.has(mounted) ? mounted : mount(mounted, data.key);
  charts.get(root).receive(data, (request) => setTriggerValue("resync", request));
  // Streamlit also calls this for a packet that the next one overtakes: tidy up only when the element is gone.
  return () => root.isConnected || charts.get(root).watcher.disconnect();
}

function mount(root, key) {
  const before = latest[key];
  if (before && !before.root.isConnected) {
    root.replaceWith(before.root);
    before.watcher.observe(before.canvas.parentElement);
    return before.root;
  }
  builds[key] = (builds[key] ?? 0) + 1;
  root.dataset.builds = builds[key];
  latest[key] = new LiveChart(root);
  charts.set(root, latest[key]);
  return root;
}

const clamp = (v, lo, hi) => Math.min(Math.max(v, lo), hi);
const isNumber = (v) => v !== null && v !== undefined;

function format(v) {
  if (!isNumber(v)) return "–";
  const size = Math.abs(v);
  if (size >= 10000) return Math.round(v).toLocaleString("en");
  return (size < 1 ? v.toFixed(3) : v.toPrecision(4)).replace("-", "−");
}

class LiveChart {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector("." + name);
    this.canvas = root.querySelector("canvas");
    this.pen = this.canvas.getContext("2d");
    this.run = null;
    this.x = [];
    this.columns = {};
    this.hidden = new Set();
    this.zoom = null; // [x0, x1], or null to follow the data
    this.cursor = null; // an x value, not an index: it survives new points
    this.drag = null;
    this.box = { left: 0, right: 1, x0: 0, x1: 1 }; // where the plot lies; painting sets it
    this.asked = -Infinity;
    this.watcher = new ResizeObserver(() => this.repaint());
    this.watcher.observe(this.canvas.parentElement);
    document.fonts?.ready.then(() => this.repaint());
    this.listen();
  }

  // --- data ---------------------------------------------------------------------------------------------

  receive(packet, ask) {
    const known = packet.run === this.run ? this.x.length : 0;
    if (packet.start > known) {
      this.askForAll(packet, known, ask);
    } else {
      if (packet.run !== this.run) this.startRun(packet.run);
      // Keep what came before `start` and replace the rest: a repeated or overlapping packet does no harm.
      this.x = this.x.slice(0, packet.start).concat(packet.columns[packet.x]);
      for (const { name } of packet.series) {
        const before = (this.columns[name] ?? []).slice(0, packet.start);
        while (before.length < packet.start) before.push(null);
        this.columns[name] = before.concat(packet.columns[name]);
      }
    }
    this.dress(packet);
    this.repaint();
  }

  askForAll(packet, have, ask) {
    if (performance.now() - this.asked < 2000) return; // the answer is on its way
    this.asked = performance.now();
    ask({ run: packet.run, have });
  }

  startRun(run) {
    this.run = run;
    this.x = [];
    this.columns = {};
    this.zoom = this.cursor = this.drag = null;
  }

  dress(look) {
    const changed = JSON.stringify(this.look?.series) !== JSON.stringify(look.series);
    this.look = look;
    if (changed) this.makeLegend();
    this.part("plot").style.height = look.height + "px";
    this.canvas.setAttribute("aria-label", look.description);
    const last = this.x.length - 1;
    const latest = look.series.map((s) => [s, this.valueAt(s.name, last)]);
    for (const [s, at] of latest) this.legendValue(s.name).textContent = format(at?.value);
    const words = latest.map(([s, at]) => `${s.label} ${format(at?.value)}`).join("; ");
    this.part("summary").textContent =
      last < 0 ? "No points yet." : `${last + 1} points. At ${look.x_label} ${this.x[last]}: ${words}.`;
  }

  // The value at index i, or the latest before it: a series measured now and then still has a value to show.
  valueAt(name, i) {
    const column = this.columns[name] ?? [];
    for (let j = i; j >= 0; j--) if (isNumber(column[j])) return { value: column[j], index: j };
    return null;
  }

  // --- legend and buttons ----------------------------------------------------------------------------------

  makeLegend() {
    const legend = this.part("legend");
    legend.replaceChildren(
      ...this.look.series.map((s) => {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.series = s.name;
        button.setAttribute("aria-pressed", String(!this.hidden.has(s.name)));
        button.title = `Show or hide ${s.label}`;
        for (const [tag, text] of [["i", ""], ["span", s.label], ["b", "–"]]) {
          button.append(Object.assign(document.createElement(tag), { textContent: text }));
        }
        button.firstChild.style.borderTop = `3px ${s.dash ? "dotted" : "solid"} ${s.colour}`;
        button.onclick = () => this.toggle(s.name, button);
        return button;
      })
    );
  }

  legendValue(name) {
    return this.part("legend").querySelector(`[data-series="${CSS.escape(name)}"] b`);
  }

  toggle(name, button) {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    button.setAttribute("aria-pressed", String(!this.hidden.has(name)));
    this.repaint();
  }

  // --- zoom -------------------------------------------------------------------------------------------------

  domain() {
    if (this.x.length === 0) return [0, 1];
    const [first, last] = [this.x[0], this.x[this.x.length - 1]];
    return [first, Math.max(last, first + 1)];
  }

  setZoom(lo, hi) {
    const [first, last] = this.domain();
    const least = (3 * (last - first)) / Math.max(this.x.length, 3); // about three points
    const span = Math.max(hi - lo, Math.min(least, last - first));
    const start = clamp((lo + hi) / 2 - span / 2, first, Math.max(first, last - span));
    this.zoom = span >= (last - first) * 0.999 ? null : [start, start + span];
    this.repaint();
  }

  scaleZoom(factor, around) {
    const [lo, hi] = this.zoom ?? this.domain();
    const centre = around ?? this.cursor ?? (lo + hi) / 2;
    this.setZoom(centre - (centre - lo) * factor, centre + (hi - centre) * factor);
  }

  pan(amount) {
    if (!this.zoom) return;
    const [lo, hi] = this.zoom;
    const shift = amount * (hi - lo);
    this.setZoom(lo + shift, hi + shift);
  }

  reset() {
    this.zoom = null;
    this.repaint();
  }

  // --- input ------------------------------------------------------------------------------------------------

  listen() {
    const at = (event) => event.clientX - this.canvas.getBoundingClientRect().left;
    const canvas = this.canvas;
    canvas.onpointerdown = (e) => {
      if (e.button > 1) return;
      if (e.button === 1) e.preventDefault();
      canvas.setPointerCapture(e.pointerId);
      this.drag = { from: at(e), to: at(e), pan: e.shiftKey || e.button === 1, zoom: this.zoom };
    };
    canvas.onpointermove = (e) => {
      if (this.drag) this.dragTo(at(e));
      else if (e.pointerType !== "touch") this.point(this.toX(at(e)));
    };
    canvas.onpointerup = () => this.drop();
    canvas.onpointercancel = () => {
      this.drag = null;
      this.repaint();
    };
    canvas.onpointerleave = (e) => e.pointerType !== "touch" && !this.drag && this.point(null);
    canvas.ondblclick = () => this.reset();
    canvas.onblur = () => this.point(null);
    canvas.onkeydown = (e) => this.key(e);
    canvas.addEventListener("wheel", (e) => this.wheel(e, this.toX(at(e))), { passive: false });
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.onclick = () => this.act(button.dataset.do);
    }
  }

  act(what) {
    const acts = { in: [0.6], out: [1 / 0.6] };
    if (what in acts) this.scaleZoom(acts[what][0]);
    else if (what === "reset") this.reset();
    else this.pan(what === "left" ? -0.3 : 0.3);
  }

  dragTo(px) {
    this.drag.to = px;
    if (this.drag.pan && this.drag.zoom) {
      const [lo, hi] = this.drag.zoom;
      const shift = ((this.drag.from - px) / (this.box.right - this.box.left)) * (hi - lo);
      this.setZoom(lo + shift, hi + shift);
    }
    this.repaint();
  }

  drop() {
    const drag = this.drag;
    this.drag = this.cursor = null;
    if (!drag) return;
    const [a, b] = [drag.from, drag.to].map((px) => this.toX(px)).sort((p, q) => p - q);
    if (Math.abs(drag.to - drag.from) < 6) this.point(a); // a click or a tap
    else if (!drag.pan) this.setZoom(a, b);
    else this.repaint();
  }

  // A wheel over a chart that was not asked for anything scrolls the page, as everywhere else on it.
  wheel(event, x) {
    const focused = this.root.getRootNode().activeElement === this.canvas;
    if (!focused && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(event.deltaX / 600);
    else this.scaleZoom(Math.exp(clamp(event.deltaY, -120, 120) / 400), x);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 10 : 1;
    const moves = { ArrowLeft: -step, ArrowRight: step, Home: -Infinity, End: Infinity };
    if (event.key in moves) this.step(moves[event.key]);
    else if (event.key === "+" || event.key === "=") this.scaleZoom(0.6);
    else if (event.key === "-") this.scaleZoom(1 / 0.6);
    else if (event.key === "0" || event.key === "Escape") this.reset();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  step(by) {
    const last = this.x.length - 1;
    if (last < 0) return;
    const [lo, hi] = this.zoom ?? this.domain();
    const enter = this.cursor === null && Number.isFinite(by); // the first arrow only shows the crosshair
    const here = this.nearest(this.cursor ?? (by > 0 ? lo : hi)) + (enter ? 0 : by);
    const x = this.x[clamp(here, 0, last)];
    if (x < lo || x > hi) this.setZoom(x - (hi - lo) / 2, x + (hi - lo) / 2);
    this.point(x);
    this.part("spoken").textContent = this.describe(this.nearest(x));
  }

  point(x) {
    this.cursor = x === null || this.x.length === 0 ? null : this.x[this.nearest(x)];
    this.repaint();
  }

  // The first index whose x is not below the given one, by bisection.
  indexOf(x) {
    let [lo, hi] = [0, this.x.length];
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.x[mid] < x) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }

  nearest(x) {
    const i = clamp(this.indexOf(x), 0, this.x.length - 1);
    return i > 0 && x - this.x[i - 1] < this.x[i] - x ? i - 1 : i;
  }

  describe(i) {
    const shown = this.look.series.filter((s) => !this.hidden.has(s.name));
    const words = shown.map((s) => `${s.label} ${format(this.valueAt(s.name, i)?.value)}`);
    return `${this.look.x_label} ${this.x[i].toLocaleString("en")}: ${words.join(", ")}`;
  }

  // --- the picture (live_chart_paint.js) ------------------------------------------------------------------

  toX(px) {
    const { left, right, x0, x1 } = this.box;
    return x0 + ((clamp(px, left, right) - left) / (right - left)) * (x1 - x0);
  }

  repaint() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      if (this.look) paint(this);
    });
  }
}
