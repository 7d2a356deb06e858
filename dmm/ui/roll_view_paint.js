// The panels of the roll view, from top to bottom: piano roll, latents, gates, time axis.

const CAPTION = 30; // room for a panel's caption
const LATENT_SCALE = 3; // latents that hardly move must look so: the axis reaches this far at least
const GUTTER = 46; // labels and keyboard, left of the time axis
const BLACK = new Set([1, 3, 6, 8, 10]);

const isBlack = (pitch) => BLACK.has(pitch % 12);

// Canvas pixels follow the screen's, so that lines are crisp; the pen goes on counting in CSS pixels.
function sizedPen(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// The frames share the width; below two pixels each, the view scrolls inside itself.
function layOut(view) {
  const { data, keys, look, panels } = view;
  const room = view.root.clientWidth - GUTTER;
  const step = Math.max(room / Math.max(view.longest, 1), 2);
  const rows = keys[1] - keys[0] + 1;
  const wish = {
    roll: Math.min(Math.max(rows * 5, 180), 320),
    latents: panels.latents ? 110 : 0,
    gates: panels.gates ? Math.min(Math.max(panels.gates * 6, 64), 140) : 0,
  };
  const fixed = CAPTION * (1 + !!panels.latents + !!panels.gates) + 34;
  const stretch = look.height ? Math.max(look.height - fixed, 80) / (wish.roll + wish.latents + wish.gates) : 1;
  let y = 0;
  const panel = (height) => {
    if (!height) return null;
    const top = y + CAPTION;
    y = top + height * stretch;
    return { top, height: height * stretch, bottom: y };
  };
  const box = { step, width: step * data.frames, visible: Math.min(room, step * data.frames) };
  Object.assign(box, { roll: panel(wish.roll), latents: panel(wish.latents), gates: panel(wish.gates) });
  return { ...box, end: y, height: y + 34 };
}

function readTheme(root) {
  const style = getComputedStyle(root);
  const ground = style.getPropertyValue("--st-background-color");
  return { ink: style.color, ground, font: style.fontFamily };
}

function paintAll(view) {
  const box = (view.box = layOut(view));
  const theme = (view.theme = readTheme(view.root));
  const side = sizedPen(view.part("side"), GUTTER, box.height);
  const pen = sizedPen(view.part("time"), box.width, box.height);
  for (const p of [side, pen]) Object.assign(p, { font: `12px ${theme.font}`, textBaseline: "middle" });
  paintKeyboard(view, side);
  paintRollGrid(view, pen);
  view.paintBehind(pen);
  if (view.data.voices) paintVoices(view, pen);
  else paintRoll(view, pen);
  if (view.data.latents) paintLatents(view, pen, side);
  if (view.data.gates) paintGates(view, pen, side);
  paintBeats(view, pen);
  view.paintBefore(pen);
  placeCaptions(view);
  placeLayers(view);
}

// What lies over the picture and moves on its own.
function placeLayers({ part, box }) {
  const { top } = box.roll;
  Object.assign(part("playhead").style, { top: `${top}px`, height: `${box.end - top}px` });
  Object.assign(part("ruler").style, { top: `${box.end}px`, height: `${box.height - box.end}px`, width: `${box.width}px` });
  Object.assign(part("region").style, { top: `${top}px`, height: `${box.height - top}px` });
}

function placeRegion({ part, box, player }) {
  const { on, from, to } = player.loop;
  part("region").hidden = !on;
  Object.assign(part("region").style, { left: `${from * box.step}px`, width: `${(to - from) * box.step}px` });
}

// The keys of the keyboard that sound at the playhead, in the colours of their notes.
function paintLit(view) {
  const { box, data, player } = view;
  const pen = sizedPen(view.part("lit"), GUTTER, box.roll.bottom);
  if (!player.playing) return;
  const t = view.within(Math.floor(player.position));
  for (let pitch = view.keys[0]; pitch <= view.keys[1]; pitch++) {
    if (data.roll[t * 88 + pitch - LOWEST] < SOUNDS) continue;
    const { y, height } = keyBox(view, pitch);
    const voice = data.voices ? data.voices.subarray(4 * t, 4 * t + 4).indexOf(pitch) : -1;
    pen.fillStyle = voice < 0 ? view.look.note_colour : view.look.voice_names[voice][1];
    pen.fillRect(GUTTER - 16, y, 14, height - 0.5);
  }
}

function placeCaptions({ root, box }) {
  for (const caption of root.querySelectorAll(".caption")) {
    const panel = box[caption.dataset.panel];
    if (panel) caption.style.top = `${panel.top - CAPTION + 4}px`;
  }
}

// --- piano roll ---------------------------------------------------------------------------------------------------

function keyBox({ keys, box }, pitch) {
  const height = box.roll.height / (keys[1] - keys[0] + 1);
  return { y: box.roll.bottom - (pitch - keys[0] + 1) * height, height };
}

function paintKeyboard(view, pen) {
  const { keys, theme } = view;
  for (let pitch = keys[0]; pitch <= keys[1]; pitch++) {
    const { y, height } = keyBox(view, pitch);
    pen.fillStyle = isBlack(pitch) ? "#3a3d42" : "#f4f4f2";
    pen.fillRect(GUTTER - 16, y, 14, height - 0.5);
    if (pitch % 12) continue;
    Object.assign(pen, { fillStyle: theme.ink, textAlign: "right", globalAlpha: 0.75 });
    pen.fillText(noteName(pitch), GUTTER - 21, y + height / 2);
    pen.globalAlpha = 1;
  }
  Object.assign(pen, { strokeStyle: theme.ink, globalAlpha: 0.3, lineWidth: 1 });
  pen.strokeRect(GUTTER - 16.5, view.box.roll.top - 0.5, 15, view.box.roll.height + 0.5);
  pen.globalAlpha = 1;
}

function paintRollGrid(view, pen) {
  const { keys, theme, box } = view;
  pen.fillStyle = theme.ink;
  for (let pitch = keys[0]; pitch <= keys[1]; pitch++) {
    const { y, height } = keyBox(view, pitch);
    pen.globalAlpha = isBlack(pitch) ? 0.05 : 0.015;
    pen.fillRect(0, y, box.width, height);
    pen.globalAlpha = 0.16;
    if (pitch % 12 === 0) pen.fillRect(0, Math.round(y + height), box.width, 1);
  }
  pen.globalAlpha = 1;
}

function note(view, pen, pitch, from, to) {
  const { y, height } = keyBox(view, pitch);
  const { step } = view.box;
  pen.beginPath();
  pen.roundRect(from * step, y + 0.25, Math.max((to - from) * step - Math.min(1, step / 4), 1), height - 0.5, 1.5);
  pen.fill();
}

// Stretches of equal value at least `least`, as [value, from, to]; where something is struck again a new one begins.
function runs(values, least = 1, struck = () => false) {
  const found = [];
  for (let t = 0; t < values.length; ) {
    let end = t + 1;
    while (end < values.length && values[end] === values[t] && !struck(end)) end++;
    if (values[t] >= least) found.push([values[t], t, end]);
    t = end;
  }
  return found;
}

// The notes of one of four voices, as [pitch, from, to].
function voiceNotes({ frames, voices, onsets }, v) {
  const pitches = Array.from({ length: frames }, (_, t) => voices[4 * t + v]);
  return runs(pitches, 1, (t) => onsets?.[4 * t + v]);
}

// The lowest voice first: where two share a key, the upper one is seen.
function paintVoices(view, pen) {
  for (const v of [3, 2, 1, 0]) {
    pen.fillStyle = view.look.voice_names[v][1];
    for (const [pitch, from, to] of voiceNotes(view.data, v)) note(view, pen, pitch, from, to);
  }
}

function paintRoll(view, pen) {
  const { frames, roll } = view.data;
  pen.fillStyle = view.look.note_colour;
  for (let key = view.keys[0] - LOWEST; key <= view.keys[1] - LOWEST; key++) {
    const values = Array.from({ length: frames }, (_, t) => roll[t * 88 + key]);
    for (const [value, from, to] of runs(values, 4)) {
      pen.globalAlpha = value / 255;
      note(view, pen, key + LOWEST, from, to);
    }
  }
  pen.globalAlpha = 1;
}

// --- latents and gates ----------------------------------------------------------------------------------------------

// The axis of the latents: the largest value that it names, and the way between values and pixels.
function latentAxis({ data, box }) {
  const scale = Math.max(data.latents.scale, LATENT_SCALE);
  const { top, bottom, height } = box.latents;
  const [middle, unit] = [(top + bottom) / 2, height / 2 / (scale * 1.05)];
  return { scale, yOf: (v) => middle - v * unit, valueAt: (y) => (middle - y) / unit };
}

function paintLatents(view, pen, side) {
  const { box, theme, look } = view;
  const { size, values } = view.data.latents;
  const { scale, yOf: py } = latentAxis(view);
  const { top, bottom } = box.latents;
  const label = Number(scale.toPrecision(2));
  for (const v of [-label, 0, label]) {
    const y = Math.round(py(v));
    Object.assign(side, { fillStyle: theme.ink, globalAlpha: 0.75, textAlign: "right" });
    side.fillText(String(v).replace("-", "−"), GUTTER - 6, Math.min(Math.max(y, top + 5), bottom - 5));
    Object.assign(pen, { fillStyle: theme.ink, globalAlpha: v ? 0.08 : 0.3 });
    pen.fillRect(0, y, box.width, 1);
  }
  side.globalAlpha = 1;
  Object.assign(pen, { globalAlpha: size > 8 ? 0.75 : 1, lineWidth: size > 8 ? 1 : 1.5, lineJoin: "round" });
  const draw = (k, colour) => {
    pen.strokeStyle = colour;
    pen.beginPath();
    for (let t = 0; t < view.data.frames; t++) pen.lineTo((t + 0.5) * box.step, py(values[t * size + k]));
    pen.stroke();
  };
  for (let k = 0; k < size; k++) {
    draw(k, mix(look.latent_colours[0], look.latent_colours[1], size > 1 ? k / (size - 1) : 0));
  }
  Object.assign(pen, { globalAlpha: 1, lineWidth: 2.5 });
  if (Number.isInteger(look.line) && look.line < size) draw(look.line, look.mark_colour);
}

function paintGates(view, pen, side) {
  const { box, theme, data, look } = view;
  const { size, values } = data.gates;
  const { top, height } = box.gates;
  const colours = Array.from({ length: 256 }, (_, i) => rgb(ramp(look.gate_scale, i / 255)));
  const picture = new ImageData(data.frames, size);
  for (let t = 0; t < data.frames; t++) {
    for (let k = 0; k < size; k++) {
      const at = 4 * (k * data.frames + t);
      picture.data.set([...colours[Math.round(values[t * size + k] * 255)], 255], at);
    }
  }
  const small = Object.assign(document.createElement("canvas"), { width: data.frames, height: size });
  small.getContext("2d").putImageData(picture, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, top, box.width, height);
  Object.assign(side, { fillStyle: theme.ink, globalAlpha: 0.75, textAlign: "right" });
  const row = height / size;
  side.fillText("1", GUTTER - 6, Math.max(top + row / 2, top + 6));
  if (size > 1) side.fillText(String(size), GUTTER - 6, Math.min(top + height - row / 2, top + height - 6));
  side.globalAlpha = 1;
  view.part("scale").querySelector("i").style.background = gradient(look.gate_scale);
}

function ramp([[, a], [middle, b], [, c]], v) {
  return v < middle ? mix(a, b, v / middle) : mix(b, c, (v - middle) / (1 - middle));
}

const gradient = (scale) => `linear-gradient(to right, ${scale.map(([place, colour]) => `${colour} ${100 * place}%`)})`;

function mix(a, b, share) {
  const [p, q] = [rgb(a), rgb(b)];
  return `rgb(${p.map((v, i) => Math.round(v + (q[i] - v) * share)).join()})`;
}

function rgb(colour) {
  if (!colour.startsWith("#")) return colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  const full = colour.length < 6 ? colour.replace(/[^#]/g, "$&$&") : colour;
  return [1, 3, 5].map((i) => parseInt(full.slice(i, i + 2), 16));
}

// --- time -------------------------------------------------------------------------------------------------------------

function paintBeats({ box, theme, data }, pen) {
  const every = [1, 2, 4, 8, 16, 32, 64].find((n) => n * box.step >= 44) ?? 128;
  Object.assign(pen, { fillStyle: theme.ink, textAlign: "center" });
  for (let t = 0; t < data.frames; t += every) {
    const x = (t + 0.5) * box.step;
    pen.globalAlpha = 0.35;
    pen.fillRect(Math.round(x), box.end + 2, 1, 4);
    pen.globalAlpha = 0.75;
    const word = t ? String(t + 1) : "beat 1";
    const half = pen.measureText(word).width / 2;
    pen.fillText(word, Math.max(Math.min(x, box.width - half), half), box.end + 16); // none is cut at the edge
  }
  pen.globalAlpha = 1;
}

function paintCrosshair({ part, box, theme, frame, data }) {
  const pen = sizedPen(part("over"), box.width, box.height);
  if (frame === null) return;
  const width = Math.max(box.step, 2);
  pen.fillStyle = theme.ink;
  for (const panel of [box.roll, data.latents && box.latents, data.gates && box.gates].filter(Boolean)) {
    pen.globalAlpha = 0.16;
    pen.fillRect(frame * box.step, panel.top, width, panel.height);
    pen.globalAlpha = 0.6;
    pen.fillRect(Math.round((frame + 0.5) * box.step) - 0.5, panel.top, 1, panel.height);
  }
}
