// What all views of the scrubber draw with.

const GUTTER = 46; // labels, left of the time axis
const AXIS = 22; // room for the beats below

// Canvas pixels follow the screen's, so that lines are crisp; the pen goes on counting in CSS pixels.
function sizedPen(canvas, height, theme) {
  const width = canvas.parentElement.clientWidth;
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  Object.assign(pen, { font: `12px ${theme.font}`, textBaseline: "middle", lineJoin: "round" });
  return Object.assign(pen, { width, height });
}

function rgb(colour) {
  if (!colour.startsWith("#")) return colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
}

// The colour at a place of a scale, 0 to 1, as three numbers.
function ramp(scale, v) {
  const i = Math.max(scale.findIndex(([place]) => place >= v), 1);
  const [[from, a], [to, b]] = [scale[i - 1], scale[i]];
  const share = (Math.min(Math.max(v, from), to) - from) / (to - from);
  const [p, q] = [rgb(a), rgb(b)];
  return p.map((one, k) => Math.round(one + (q[k] - one) * share));
}

const cssColour = (parts) => `rgb(${parts.join()})`;

function text(pen, words, x, y, align, theme, alpha = 0.75) {
  Object.assign(pen, { fillStyle: theme.ink, globalAlpha: alpha, textAlign: align });
  pen.fillText(words, x, y);
  pen.globalAlpha = 1;
}

function line(pen, points, colour, width, alpha = 1) {
  Object.assign(pen, { strokeStyle: colour, lineWidth: width, globalAlpha: alpha });
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
  pen.globalAlpha = 1;
}

function dot(pen, [x, y], radius, colour, { open = false, alpha = 1, width = 2 } = {}) {
  Object.assign(pen, { fillStyle: colour, strokeStyle: colour, lineWidth: width, globalAlpha: alpha });
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  if (open) pen.stroke();
  else pen.fill();
  pen.globalAlpha = 1;
}

// A few round numbers between two ends.
function ticks(low, high, most) {
  const rough = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= rough);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) found.push(Number(v.toPrecision(12)));
  return found;
}

// A number for people; none reads −0.00.
function number(v, digits = 2) {
  const words = v.toFixed(digits);
  return (Number(words) === 0 ? words.replace("-", "") : words).replace("-", "−");
}

const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

const NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
const noteName = (pitch) => NAMES[pitch % 12] + (Math.floor(pitch / 12) - 1);
const isBlack = (pitch) => [1, 3, 6, 8, 10].includes(pitch % 12);
const mean = (values) => values.reduce((sum, v) => sum + v, 0) / (values.length || 1);
