// How the live chart looks: everything here is redrawn from the chart's state and keeps none of its own.

// Round numbers between lo and hi, about `count` of them: steps of 1, 2 or 5 times a power of ten.
function ticks(lo, hi, count, smallest = 0) {
  const raw = (hi - lo) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max([1, 2, 5, 10].find((m) => m * power >= raw * 0.999) * power, smallest);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const values = [];
  for (let i = Math.ceil(lo / step - 1e-9); i * step <= hi + step * 1e-9; i++) values.push(i * step + 0); // + 0: no −0
  const text = (v) =>
    v.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
  return { step, values, text };
}

// The range of one series that deserves the screen. A loss starts far above where it ends, so a few extreme
// early points may leave the picture; the latest fifth, where a divergence would show, never does.
function robustRange(values) {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  if (n < 5) return [sorted[0], sorted[n - 1]];
  const low = sorted[Math.floor(0.1 * (n - 1))];
  const high = sorted[Math.floor(0.9 * (n - 1))];
  const recent = values.slice(-Math.ceil(n / 5));
  const lo = Math.min(low - 0.75 * (high - low), ...recent);
  const hi = Math.max(high + 0.75 * (high - low), ...recent);
  return [Math.max(lo, sorted[0]), Math.min(hi, sorted[n - 1])];
}


function readTheme(root) {
  const style = getComputedStyle(root);
  return { ink: style.color, paper: style.getPropertyValue("--st-background-color"), font: style.fontFamily };
}

// Canvas pixels follow the screen's, so that lines are crisp; the pen goes on counting in CSS pixels.
function fitCanvas(canvas, pen) {
  const { clientWidth: width, clientHeight: height } = canvas.parentElement;
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { width, height };
}

function paint(chart) {
  const { pen, look } = chart;
  const { width, height } = fitCanvas(chart.canvas, pen);
  if (width === 0) return;
  chart.theme = readTheme(chart.root);
  pen.font = `12px ${chart.theme.font}`;
  pen.textBaseline = "middle";
  pen.lineJoin = "bevel"; // twice as fast as round, and as good at these widths

  const box = (chart.box = layOut(chart, width, height));
  box.px = (x) => box.left + ((x - box.x0) / (box.x1 - box.x0)) * (box.right - box.left);
  box.py = (y) => box.bottom - ((y - box.y0) / (box.y1 - box.y0)) * (box.bottom - box.top);
  const lines = look.lines.filter((line) => line.value >= box.y0 && line.value <= box.y1);

  paintAxes(chart);
  for (const line of lines) paintRule(chart, line);
  insideBox(chart, () => look.series.forEach((s) => chart.hidden.has(s.name) || paintSeries(chart, s)));
  paintRuleLabels(chart, lines);
  paintSelection(chart);
  paintCursor(chart);
  publish(chart);
}

// Where the plot lies and which part of the data it shows.
function layOut(chart, width, height) {
  const { pen, look } = chart;
  const [x0, x1] = chart.zoom ?? chart.domain();
  const box = { width, x0, x1, top: 26, bottom: height - 42, wide: width >= 640, ...yRange(chart, x0, x1) };
  box.yTicks = ticks(box.y0, box.y1, (box.bottom - box.top) / 52);
  // The range ends on half ticks, so that the axis holds still while the data move a little.
  const half = box.yTicks.step / 2;
  box.y0 = Math.floor(box.y0 / half + 1e-9) * half;
  box.y1 = Math.ceil(box.y1 / half - 1e-9) * half;
  box.yTicks = { ...box.yTicks, values: ticks(box.y0, box.y1, (box.y1 - box.y0) / box.yTicks.step).values };
  const widest = Math.max(...box.yTicks.values.map((v) => pen.measureText(box.yTicks.text(v)).width));
  box.left = Math.max(34, Math.ceil(widest) + 12);
  // Wide charts keep a margin for the names of the reference lines; narrow ones write them over the plot.
  const names = look.lines.map((line) => pen.measureText(ruleText(line)).width);
  box.margin = box.wide && names.length ? Math.ceil(Math.max(...names)) + 22 : 10;
  box.right = width - box.margin;
  return box;
}

// A zoomed part shows everything in it; the whole run leaves its steep beginning to the eye of the reader.
function yRange(chart, x0, x1) {
  const [a, b] = [chart.indexOf(x0), chart.indexOf(x1) + 1];
  let [lo, hi, max] = [Infinity, -Infinity, -Infinity];
  for (const { name } of chart.look.series) {
    if (chart.hidden.has(name)) continue;
    const values = chart.columns[name]?.slice(a, b).filter(isNumber) ?? [];
    if (!values.length) continue;
    const all = values.reduce(([p, q], v) => [Math.min(p, v), Math.max(q, v)], [Infinity, -Infinity]);
    const [low, high] = chart.zoom ? all : robustRange(values);
    [lo, hi, max] = [Math.min(lo, low), Math.max(hi, high), Math.max(max, all[1])];
  }
  if (lo > hi) [lo, hi] = [0, 1];
  [lo, hi] = calm(chart, lo, hi);
  const pad = (hi - lo) * 0.04 || Math.abs(hi) * 0.1 || 1;
  return { y0: lo >= 0 ? Math.max(0, lo - pad) : lo - pad, y1: hi + pad, max };
}

// Between two paints of the growing run the range grows at once, and shrinks only where that pays: no jumping axis.
function calm(chart, lo, hi) {
  const last = chart.zoom || chart.calm?.run !== chart.run ? null : chart.calm;
  const loose = last && lo >= last.lo && hi <= last.hi && hi - lo > 0.8 * (last.hi - last.lo);
  if (loose) [lo, hi] = [last.lo, last.hi];
  chart.calm = chart.zoom ? null : { run: chart.run, lo, hi };
  return [lo, hi];
}

function paintAxes(chart) {
  const { pen, box, look, theme } = chart;
  const grid = (alpha) => Object.assign(pen, { strokeStyle: theme.ink, globalAlpha: alpha, lineWidth: 1 });
  const words = (align) => Object.assign(pen, { fillStyle: theme.ink, globalAlpha: 0.75, textAlign: align });
  const xTicks = ticks(box.x0, box.x1, Math.min((box.right - box.left) / 84, 10), 1);
  for (const v of box.yTicks.values) {
    const y = Math.round(box.py(v)) + 0.5;
    grid(0.1);
    segment(pen, box.left, y, box.right, y);
    words("right").fillText(box.yTicks.text(v), box.left - 8, y);
  }
  for (const v of xTicks.values) {
    const x = Math.round(box.px(v)) + 0.5;
    grid(0.35);
    segment(pen, x, box.bottom, x, box.bottom + 4);
    words("center").fillText(xTicks.text(v), x, box.bottom + 14);
  }
  grid(0.35);
  segment(pen, box.left, box.bottom + 0.5, box.right, box.bottom + 0.5);
  // Say it when the picture leaves something out.
  const above = box.max > box.y1 ? ` (↑ up to ${format(box.max)})` : "";
  words("left").fillText(look.y_label + above, 0, 9);
  words("center").fillText(look.x_label, (box.left + box.right) / 2, box.bottom + 32);
  const middle = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  if (!chart.x.length) words("center").fillText("Waiting for the first point", ...middle);
  pen.globalAlpha = 1;
}

function segment(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function insideBox({ pen, box, zoom }, draw) {
  pen.save();
  const room = zoom ? 0 : 5; // for the first and the last dot
  pen.beginPath();
  pen.rect(box.left - room, box.top - 1, box.right - box.left + 2 * room, box.bottom - box.top + 1);
  pen.clip();
  draw();
  pen.restore();
}

// A series measured at every x breaks where a value is missing; one measured now and then is joined across
// the gaps, with a dot at each measurement while there is room for dots.
function paintSeries({ pen, box, x, columns }, { name, colour, width, dash }) {
  const column = columns[name] ?? [];
  const a = Math.max(0, lastNumber(column, firstAtLeast(x, box.x0) - 1));
  const b = nextNumber(column, firstAtLeast(x, box.x1));
  const count = column.slice(a, b + 1).filter(isNumber).length;
  const sparse = count <= (b - a + 1) / 2 || count === 1;
  Object.assign(pen, { strokeStyle: colour, fillStyle: colour, lineWidth: width });
  pen.setLineDash(dash ? [width * 3, width * 2] : []);
  pen.beginPath();
  let open = false;
  for (const i of thinned(column, a, b, (box.right - box.left) / 2)) {
    if (isNumber(column[i])) {
      pen[open ? "lineTo" : "moveTo"](box.px(x[i]), box.py(column[i]));
      open = true;
    } else if (!sparse) open = false;
  }
  pen.stroke();
  pen.setLineDash([]);
  if (!sparse || count * 10 > box.right - box.left) return;
  for (let i = a; i <= b; i++) if (isNumber(column[i])) dot(pen, box.px(x[i]), box.py(column[i]), width + 1);
}

// The indices a..b, or where there are far more of them than pixels, the lowest and the highest of each bucket.
function thinned(column, a, b, buckets) {
  const size = b - a > 2 * buckets ? Math.ceil((b - a) / buckets) : 1;
  const kept = [];
  for (let start = a; start <= b; start += size) {
    let [low, high] = [start, start];
    for (let i = start; i < start + size && i <= b; i++) {
      if (!isNumber(column[i])) continue;
      if (!isNumber(column[low]) || column[i] < column[low]) low = i;
      if (!isNumber(column[high]) || column[i] > column[high]) high = i;
    }
    kept.push(Math.min(low, high));
    if (low !== high) kept.push(Math.max(low, high));
  }
  return kept;
}

function firstAtLeast(x, v) {
  const i = x.findIndex((value) => value >= v);
  return i < 0 ? x.length : i;
}

function lastNumber(column, i) {
  while (i > 0 && !isNumber(column[i])) i--;
  return i;
}

function nextNumber(column, i) {
  while (i < column.length - 1 && !isNumber(column[i])) i++;
  return Math.min(i, column.length - 1);
}

function dot(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

// --- reference lines ------------------------------------------------------------------------------------------

const ruleText = (line) => `${line.label} ${Number(line.value.toPrecision(4)).toLocaleString("en")}`;

function paintRule({ pen, box }, line) {
  const y = Math.round(box.py(line.value)) + 0.5;
  Object.assign(pen, { strokeStyle: line.colour, lineWidth: 1.25 });
  pen.setLineDash([2, 3]);
  segment(pen, box.left, y, box.right, y);
  pen.setLineDash([]);
}

// Labels keep 15 pixels between each other; in the margin, a short stroke leads each to its line.
function paintRuleLabels({ pen, box, theme }, lines) {
  const labels = lines.map((line) => ({ line, at: box.py(line.value), y: box.py(line.value) - (box.wide ? 0 : 8) }));
  spread(labels, 15, box.top, box.bottom - 6);
  for (const { line, at, y } of labels) {
    pen.strokeStyle = line.colour;
    pen.lineWidth = 1.25;
    if (box.wide) segment(pen, box.right, at, box.right + 14, y);
    const x = box.wide ? box.right + 18 : box.right - 4;
    pen.textAlign = box.wide ? "left" : "right";
    haloText(pen, ruleText(line), x, y, theme);
  }
}

function spread(labels, gap, top, bottom) {
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, i) => (label.y = Math.max(label.y, i ? labels[i - 1].y + gap : top)));
  for (let i = labels.length - 1, limit = bottom; i >= 0; limit = labels[i].y - gap, i--) {
    labels[i].y = Math.min(labels[i].y, limit);
  }
}

function haloText(pen, text, x, y, theme) {
  Object.assign(pen, { strokeStyle: theme.paper, fillStyle: theme.ink, lineWidth: 4 });
  pen.strokeText(text, x, y);
  pen.fillText(text, x, y);
}

// --- what the pointer does ------------------------------------------------------------------------------------

function paintSelection({ pen, box, drag, theme }) {
  if (!drag || drag.pan) return;
  const [a, b] = [drag.from, drag.to].map((px) => clamp(px, box.left, box.right));
  Object.assign(pen, { fillStyle: theme.ink, globalAlpha: 0.12 });
  pen.fillRect(Math.min(a, b), box.top, Math.abs(b - a), box.bottom - box.top);
  pen.globalAlpha = 1;
}

function paintCursor(chart) {
  const { pen, box, cursor, theme } = chart;
  const tip = chart.part("tip");
  const shown = cursor !== null && !chart.drag && cursor >= box.x0 && cursor <= box.x1;
  tip.hidden = !shown;
  if (!shown) return;
  const i = chart.nearest(cursor);
  const x = Math.round(box.px(chart.x[i])) + 0.5;
  Object.assign(pen, { strokeStyle: theme.ink, lineWidth: 1, globalAlpha: 0.5 });
  segment(pen, x, box.top, x, box.bottom);
  pen.globalAlpha = 1;
  const rows = chart.look.series.filter((s) => !chart.hidden.has(s.name)).map((s) => [s, chart.valueAt(s.name, i)]);
  for (const [s, at] of rows) {
    if (!at || chart.x[at.index] < box.x0 || at.value > box.y1 || at.value < box.y0) continue;
    pen.fillStyle = s.colour;
    dot(pen, box.px(chart.x[at.index]), box.py(at.value), 4);
  }
  fillTip(chart, tip, i, rows);
  const right = x < (box.left + box.right) / 2;
  tip.style.left = right ? `${x + 12}px` : "";
  tip.style.right = right ? "" : `${box.width - x + 12}px`;
  tip.style.top = box.top + 6 + "px";
}

function fillTip(chart, tip, i, rows) {
  const cell = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const row = ([s, at]) => {
    const line = document.createElement("div");
    const older = at && at.index !== i ? ` (at ${chart.x[at.index].toLocaleString("en")})` : "";
    line.append(cell("i", ""), cell("span", s.label + older), cell("b", format(at?.value)));
    line.firstChild.style.background = s.colour;
    return line;
  };
  tip.replaceChildren(cell("header", `${chart.look.x_label} ${chart.x[i].toLocaleString("en")}`), ...rows.map(row));
}

// What tests and the style sheet can see.
function publish(chart) {
  const { x0, x1, y0, y1 } = chart.box;
  const facts = { points: chart.x.length, run: chart.run, zoomed: chart.zoom !== null, xMin: x0, xMax: x1, yMin: y0, yMax: y1 };
  Object.assign(chart.root.dataset, facts);
  for (const name of ["left", "right", "reset", "out"]) chart.root.querySelector(`[data-do=${name}]`).disabled = !chart.zoom;
}
