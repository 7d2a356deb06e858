// The views over time: the roll, the gates, bands of two dimensions; and the bound over training, above the slider.

const stepOf = (pen, past) => (pen.width - GUTTER) / past.frames;

function paintRoll(scrubber, canvas) {
  const { past, moment, theme, look } = scrubber;
  const rows = past.notes;
  const height = Math.min(Math.max(rows * 4.5, 150), 230);
  const pen = sizedPen(canvas, height + AXIS, theme);
  const [step, key] = [stepOf(pen, past), height / rows];
  const top = (k) => height - (k + 1) * key;
  for (let k = 0; k < rows; k++) {
    const pitch = past.keys[0] + k;
    Object.assign(pen, { fillStyle: theme.ink, globalAlpha: isBlack(pitch) ? 0.06 : 0.02 });
    pen.fillRect(GUTTER, top(k), pen.width, key);
    pen.globalAlpha = 1;
    if (pitch % 12 === 0) text(pen, noteName(pitch), GUTTER - 6, top(k) + key / 2, "right", theme);
  }
  pen.fillStyle = look.colours.note;
  for (let t = 0; t < past.frames; t++) {
    for (let k = 0; k < rows; k++) {
      pen.globalAlpha = clamp(past.value("probabilities", moment, t, k), 0, 1);
      if (pen.globalAlpha > 0.01) pen.fillRect(GUTTER + t * step, top(k), step + 0.3, key);
    }
  }
  pen.globalAlpha = 1;
  paintHeard(pen, past, step, key, top, theme);
  paintBeats(pen, past, step, height, theme);
  markBeat(scrubber, pen, step, 0, height);
  const cost = `${number(past.means("reconstruction", moment)[0])} nats per beat`;
  caption(canvas, "Reconstruction", `shade: how likely a key is; outline: the piece. ${cost}.`);
}

// The notes of the piece as outlines, a held key as one.
function paintHeard(pen, past, step, key, top, theme) {
  Object.assign(pen, { strokeStyle: theme.ink, lineWidth: 1, globalAlpha: 0.85 });
  for (let k = 0; k < past.notes; k++) {
    for (let t = 0; t < past.frames; t++) {
      if (!past.roll[t * past.notes + k]) continue;
      let end = t + 1;
      while (end < past.frames && past.roll[end * past.notes + k]) end++;
      pen.strokeRect(GUTTER + t * step + 0.5, top(k) + 0.5, Math.max((end - t) * step - 1, 1), Math.max(key - 1, 1));
      t = end - 1;
    }
  }
  pen.globalAlpha = 1;
}

function paintBeats(pen, past, step, y, theme) {
  const every = [1, 2, 4, 8, 16, 32, 64].find((n) => n * step >= 44) ?? 128;
  for (let t = 0; t < past.frames; t += every) {
    const x = GUTTER + (t + 0.5) * step;
    text(pen, t ? String(t + 1) : "beat 1", Math.max(x, t ? 0 : GUTTER + 14), y + 13, "center", theme);
    Object.assign(pen, { fillStyle: theme.ink, globalAlpha: 0.35 });
    pen.fillRect(Math.round(x), y + 1, 1, 4);
    pen.globalAlpha = 1;
  }
}

function markBeat({ beat, theme }, pen, step, top, bottom) {
  if (beat === null) return;
  Object.assign(pen, { fillStyle: theme.ink, globalAlpha: 0.14 });
  pen.fillRect(GUTTER + beat * step, top, Math.max(step, 2), bottom - top);
  pen.globalAlpha = 0.7;
  pen.fillRect(Math.round(GUTTER + (beat + 0.5) * step), top, 1, bottom - top);
  pen.globalAlpha = 1;
}

function paintGates(scrubber, canvas) {
  const { past, moment, theme, look } = scrubber;
  const height = Math.min(Math.max(past.size * 4, 60), 130);
  const pen = sizedPen(canvas, height + AXIS, theme);
  const step = stepOf(pen, past);
  const picture = new ImageData(past.frames, past.size);
  for (let t = 0; t < past.frames; t++) {
    for (let k = 0; k < past.size; k++) {
      const shade = scrubber.shades[Math.round(255 * clamp(past.value("gates", moment, t, k), 0, 1))];
      picture.data.set([...shade, 255], 4 * (k * past.frames + t));
    }
  }
  const small = Object.assign(document.createElement("canvas"), { width: past.frames, height: past.size });
  small.getContext("2d").putImageData(picture, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, GUTTER, 0, pen.width - GUTTER, height);
  const row = height / past.size;
  text(pen, "1", GUTTER - 6, Math.max(row / 2, 6), "right", theme);
  if (past.size > 1) text(pen, String(past.size), GUTTER - 6, Math.min(height - row / 2, height - 6), "right", theme);
  paintBeats(pen, past, step, height, theme);
  markBeat(scrubber, pen, step, 0, height);
  const scale = look.gate_scale.map(([place, colour]) => `${colour} ${100 * place}%`).join();
  const bar = `<i class="scale" style="background:linear-gradient(to right, ${scale})"></i>`;
  const middle = number(mean(past.means("gates", moment)));
  caption(canvas, "Gates", `0 linear ${bar} 1 non-linear; mean ${middle}`);
}

function paintBands(scrubber, canvas) {
  const { past, moment, theme, look } = scrubber;
  const dims = scrubber.bands();
  const height = 130;
  const pen = sizedPen(canvas, height + AXIS, theme);
  const step = stepOf(pen, past);
  const [low, high] = past.reach(dims);
  const py = (v) => height - 4 - ((v - low) / (high - low || 1)) * (height - 8);
  for (const v of ticks(low, high, 6)) {
    text(pen, String(v).replace("-", "−"), GUTTER - 6, py(v), "right", theme);
    Object.assign(pen, { fillStyle: theme.ink, globalAlpha: v ? 0.08 : 0.3 });
    pen.fillRect(GUTTER, Math.round(py(v)), pen.width, 1);
    pen.globalAlpha = 1;
  }
  dims.forEach((k, i) => {
    const colour = look.colours[["first", "second"][i]];
    const [z, sd] = [past.column("z_loc", moment, k), past.column("z_scale", moment, k)];
    const px = (t) => GUTTER + (t + 0.5) * step;
    const above = z.map((v, t) => [px(t), py(v + 2 * sd[t])]);
    const below = z.map((v, t) => [px(t), py(v - 2 * sd[t])]).reverse();
    Object.assign(pen, { fillStyle: colour, globalAlpha: 0.2 });
    pen.beginPath();
    for (const [x, y] of [...above, ...below]) pen.lineTo(x, y);
    pen.fill();
    line(pen, z.map((v, t) => [px(t), py(v)]), colour, 2);
  });
  paintBeats(pen, past, step, height, theme);
  markBeat(scrubber, pen, step, 0, height);
  const chip = (k, i) => `<i class="chip" style="background:${look.colours[["first", "second"][i]]}"></i>dimension ${k + 1}`;
  caption(canvas, "Posterior bands", `${dims.map(chip).join(" ")}, ± 2 sd`);
}

// The validation bound at each moment, lower is better, with a mark at this one and a star at the best.
function paintBounds(scrubber, canvas) {
  const { past, moment, theme, look } = scrubber;
  const pen = sizedPen(canvas, 34, theme);
  const known = past.bounds.filter((v) => v !== null);
  if (past.moments < 2 || !known.length) return;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const at = (s) => [8 + (s / (past.moments - 1)) * (pen.width - 16), 29 - ((past.bounds[s] - low) / (high - low || 1)) * 24];
  const places = [...past.bounds.keys()].filter((s) => past.bounds[s] !== null);
  line(pen, places.map(at), look.colours.bound, 2);
  for (const s of places) dot(pen, at(s), 1.5, look.colours.bound);
  if (past.bounds[past.best] !== null) dot(pen, at(past.best), 5, look.colours.bound, { open: true });
  const x = 8 + (moment / (past.moments - 1)) * (pen.width - 16);
  line(pen, [[x, 0], [x, 34]], theme.ink, 1, 0.4);
  if (past.bounds[moment] !== null) dot(pen, at(moment), 4, look.colours.bound);
}

function caption(canvas, title, words) {
  canvas.parentElement.querySelector("figcaption").innerHTML = `<b>${title}</b> ${words}`;
}
