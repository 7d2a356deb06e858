// The path of the latents in a plane, the transition on that of its principal components, and the KL of each dimension.

const FRAME = { left: GUTTER, right: 8, top: 6, bottom: 36 };

// A window with one scale for both axes: where the numbers lie on the canvas.
function window2d(pen, [x0, x1], [y0, y1], room = 1.05) {
  const [w, h] = [pen.width - FRAME.left - FRAME.right, pen.height - FRAME.top - FRAME.bottom];
  const unit = Math.max((x1 - x0) / w, (y1 - y0) / h) * room || 1;
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  return {
    unit,
    at: (x, y) => [FRAME.left + w / 2 + (x - cx) / unit, FRAME.top + h / 2 - (y - cy) / unit],
    x: [cx - (unit * w) / 2, cx + (unit * w) / 2],
    y: [cy - (unit * h) / 2, cy + (unit * h) / 2],
  };
}

function paintAxes(pen, frame, names, theme) {
  const bottom = pen.height - FRAME.bottom;
  Object.assign(pen, { fillStyle: theme.ink });
  for (const v of ticks(...frame.x, 5)) {
    const x = frame.at(v, 0)[0];
    pen.globalAlpha = v ? 0.08 : 0.25;
    pen.fillRect(Math.round(x), FRAME.top, 1, bottom - FRAME.top);
    text(pen, String(v).replace("-", "−"), x, bottom + 10, "center", theme);
  }
  for (const v of ticks(...frame.y, 5)) {
    const y = frame.at(0, v)[1];
    Object.assign(pen, { fillStyle: theme.ink, globalAlpha: v ? 0.08 : 0.25 });
    pen.fillRect(FRAME.left, Math.round(y), pen.width - FRAME.left - FRAME.right, 1);
    text(pen, String(v).replace("-", "−"), FRAME.left - 6, y, "right", theme);
  }
  text(pen, names[0], pen.width - FRAME.right, bottom + 26, "right", theme);
  pen.save();
  pen.translate(10, FRAME.top);
  pen.rotate(-Math.PI / 2);
  text(pen, names[1], 0, 0, "right", theme);
  pen.restore();
}

function paintPath(scrubber, canvas) {
  const { past, moment, beat, theme, look } = scrubber;
  const { across, up } = scrubber.chosen;
  const pen = sizedPen(canvas, 300, theme);
  const frame = window2d(pen, past.extent(across), past.extent(up), 1.2);
  paintAxes(pen, frame, [across, up].map(axisName), theme);
  const [x, y] = [past.along(across, moment), past.along(up, moment)];
  const points = x.map((v, t) => frame.at(v, y[t]));
  scrubber.places.path = points;
  pen.save();
  pen.beginPath();
  pen.rect(FRAME.left, FRAME.top, pen.width - FRAME.left - FRAME.right, pen.height - FRAME.top - FRAME.bottom);
  pen.clip();
  points.forEach((point, t) => ellipse(pen, point, past.spread(across, up, moment, t), frame.unit, look.colours.draws, 0.05));
  if (beat !== null) ellipse(pen, points[beat], past.spread(across, up, moment, beat), frame.unit, look.colours.mark, 0.25);
  pen.restore();
  paintWay(scrubber, pen, points);
  const shares = [across, up].map((choice) => `${axisName(choice).replace(" ", "\u00a0")}:\u00a0${Math.round(100 * past.share(choice, moment))} %`);
  const sign = (colour, shape) => `<span style="color:${colour}">${shape}</span>`;
  const ends = `from ${sign(look.colours.start, "●")} to ${sign(look.colours.end, "■")}`;
  caption(canvas, "Path", `${ends} with two standard deviations. ${shares.join(", ")} of the variance.`);
}

// Beats in the colour of their time on a thin line, the ends, and the one that is looked at.
function paintWay({ beat, theme, look, past }, pen, points, small = false) {
  line(pen, points, look.colours.grey, 1.2, 0.7);
  const last = Math.max(points.length - 1, 1);
  points.forEach((point, t) => dot(pen, point, small ? 2 : 3.5, cssColour(ramp(past.time_scale, t / last))));
  dot(pen, points[0], small ? 3.5 : 5, look.colours.start);
  const [x, y] = points.at(-1);
  const half = small ? 3.5 : 4.5;
  pen.fillStyle = look.colours.end;
  pen.fillRect(x - half, y - half, 2 * half, 2 * half);
  if (beat !== null) dot(pen, points[beat], 8, look.colours.mark, { open: true, width: 3 });
}

// Two standard deviations of a covariance [[a, b], [b, c]] around a point.
function ellipse(pen, [x, y], [a, b, c], unit, colour, alpha) {
  const [middle, half] = [(a + c) / 2, Math.hypot((a - c) / 2, b)];
  const [long, short] = [middle + half, Math.max(middle - half, 0)].map((v) => (2 * Math.sqrt(v)) / unit);
  Object.assign(pen, { fillStyle: colour, globalAlpha: alpha });
  pen.beginPath();
  pen.ellipse(x, y, long, short, -Math.atan2(2 * b, a - c) / 2, 0, 2 * Math.PI);
  pen.fill();
  pen.globalAlpha = 1;
}

function paintField(scrubber, canvas) {
  const { past, moment, theme, look } = scrubber;
  const { low, high } = past.plane;
  const pen = sizedPen(canvas, 300, theme);
  const frame = window2d(pen, [low[0], high[0]], [low[1], high[1]]);
  paintAxes(pen, frame, [0, 1].map(axisName), theme);
  const side = Math.round(Math.sqrt(past.arrowCount()));
  const gap = Math.min(high[0] - low[0], high[1] - low[1]) / (side - 1);
  const part = past.part(gap);
  for (let i = 0; i < side * side; i++) {
    const from = [0, 1].map((k) => low[k] + ((high[k] - low[k]) * (k ? Math.floor(i / side) : i % side)) / (side - 1));
    const step = past.step(moment, i);
    const shown = Math.min(part, (2 * gap) / Math.max(Math.hypot(...step), 1e-9));
    arrow(pen, frame.at(...from), frame.at(from[0] + shown * step[0], from[1] + shown * step[1]), look.colours.grey);
  }
  const [x, y] = [past.along(0, moment), past.along(1, moment)];
  scrubber.places.field = x.map((v, t) => frame.at(v, y[t]));
  pen.save();
  pen.beginPath();
  pen.rect(FRAME.left, FRAME.top, pen.width - FRAME.left - FRAME.right, pen.height - FRAME.top - FRAME.bottom);
  pen.clip();
  paintWay(scrubber, pen, scrubber.places.field, true);
  pen.restore();
  const fixed = past.fixed(moment);
  for (const [, px, py, stable] of fixed) dot(pen, frame.at(px, py), 7, look.colours.end, { open: !stable, width: 3 });
  const stable = fixed.filter((one) => one[3]).length;
  const several = `${fixed.length || "no"} fixed points here${fixed.length ? ` (large circles), ${stable} stable (filled)` : ""}.`;
  const count = fixed.length === 1 ? `one fixed point here (large circle), ${stable ? "stable" : "unstable"}.` : several;
  caption(canvas, "Transition", `arrows show ${number(100 * part, 0)}\u00a0% of a step; ${count}`);
}

function arrow(pen, [x0, y0], [x1, y1], colour) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [ux, uy] = length > 0.5 ? [(x1 - x0) / length, (y1 - y0) / length] : [0, 0];
  line(pen, [[x0, y0], [x1, y1]], colour, 1.2);
  if (length < 3) return dot(pen, [x0, y0], 1.2, colour);
  const head = Math.min(5, length);
  const wing = (side) => [x1 - head * ux + side * 0.5 * head * uy, y1 - head * uy - side * 0.5 * head * ux];
  line(pen, [wing(1), [x1, y1], wing(-1)], colour, 1.2);
}

function paintKL(scrubber, canvas) {
  const { past, moment, beat, theme, look } = scrubber;
  const pen = sizedPen(canvas, 170, theme);
  const [bottom, top] = [pen.height - 34, 8];
  const kl = past.means("kl", moment);
  const highest = past.dearest();
  const py = (v) => bottom - (Math.min(v, highest) / highest) * (bottom - top);
  for (const v of ticks(0, highest, 6)) {
    text(pen, String(v), GUTTER - 6, py(v), "right", theme);
    Object.assign(pen, { fillStyle: theme.ink, globalAlpha: v ? 0.08 : 0.3 });
    pen.fillRect(GUTTER, Math.round(py(v)), pen.width, 1);
    pen.globalAlpha = 1;
  }
  const step = (pen.width - GUTTER) / past.size;
  const now = beat === null ? null : past.row("kl", moment, beat);
  kl.forEach((v, k) => {
    const x = GUTTER + (k + 0.15) * step;
    if (k === scrubber.bar) {
      Object.assign(pen, { fillStyle: theme.ink, globalAlpha: 0.12 });
      pen.fillRect(GUTTER + k * step, top, step, bottom - top);
      pen.globalAlpha = 1;
    }
    pen.fillStyle = v > past.active ? look.colours.kl : look.colours.grey;
    pen.fillRect(x, py(v), step * 0.7, Math.max(bottom - py(v), 1));
    if (!now) return;
    pen.fillStyle = theme.ink;
    pen.fillRect(x - 1, py(now[k]) - 1, step * 0.7 + 2, 2);
  });
  const every = [1, 2, 4, 5, 10, 20].find((n) => n * step >= 24) ?? 50;
  for (let k = 0; k < past.size; k++) {
    if (k && (k + 1) % every) continue;
    text(pen, String(k + 1), GUTTER + (k + 0.5) * step, bottom + 10, "center", theme);
  }
  text(pen, "dimension of z", pen.width, bottom + 26, "right", theme);
  const active = kl.filter((v) => v > past.active).length;
  const total = number(kl.reduce((sum, v) => sum + v, 0));
  const more = scrubber.bar === null ? (now ? "Dashes: at this beat." : "") : scrubber.costs();
  caption(canvas, "KL", `${total} nats per beat, ${active} of ${past.size} dimensions active. ${more}`);
}

const axisName = (choice) => (choice < 2 ? `PC ${choice + 1}` : `dimension ${choice - 1}`);
