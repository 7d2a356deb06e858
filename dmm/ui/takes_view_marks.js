// What a take points out: keys in an outline, a hatched ground where something is erased, a tint over a stretch of time.

const HATCH = 7; // pixels from line to line

function decodeTake(take) {
  const cells = (text) => text && unpackBits(bytes(text), take.frames * 88);
  return { ...decode(take), marks: cells(take.marks), holes: cells(take.holes), shaded: take.shaded };
}

const countOf = (cells) => cells?.reduce((sum, v) => sum + (v > 0), 0) ?? 0;

// The stretches of cells that are set, among the keys that are shown, as [x, y, width, height].
function* boxesOf(view, cells) {
  const { frames } = view.data;
  const { step } = view.box;
  for (let pitch = view.keys[0]; pitch <= view.keys[1]; pitch++) {
    const row = Array.from({ length: frames }, (_, t) => cells[t * 88 + pitch - LOWEST]);
    const { y, height } = keyBox(view, pitch);
    for (const [, from, to] of runs(row)) yield [from * step, y, (to - from) * step, height];
  }
}

// Behind the notes, so that a rest that is not known differs from one that is.
function paintHoles(view, pen) {
  const { data, box, theme } = view;
  if (!data.holes) return;
  const ground = new Path2D();
  for (const place of boxesOf(view, data.holes)) ground.rect(...place);
  pen.save();
  pen.clip(ground);
  Object.assign(pen, { fillStyle: theme.ink, strokeStyle: theme.ink, lineWidth: 1, globalAlpha: 0.07 });
  pen.fillRect(0, box.roll.top, box.width, box.roll.height);
  pen.globalAlpha = 0.4;
  pen.beginPath();
  for (let x = -box.roll.height; x < box.width; x += HATCH) {
    pen.moveTo(x, box.roll.bottom);
    pen.lineTo(x + box.roll.height, box.roll.top);
  }
  pen.stroke();
  pen.restore();
}

// An outline with a halo of the page's colour, to be seen on a note of any colour.
function paintMarks(view, pen) {
  const { data, look, theme } = view;
  if (!data.marks) return;
  for (const [stroke, lineWidth] of [[theme.ground, 3.5], [look.mark_colour, 1.75]]) {
    Object.assign(pen, { strokeStyle: stroke, lineWidth, globalAlpha: 1 });
    for (const [x, y, width, height] of boxesOf(view, data.marks)) pen.strokeRect(x + 0.5, y, width - 1, height);
  }
}

// The tint lies behind all, so that no colour of a note or a gate is changed; the edges before.
function paintShade({ data, look, box }, pen) {
  if (!data.shaded) return;
  const [left, right] = data.shaded.map((t) => t * box.step);
  Object.assign(pen, { fillStyle: look.shade_colour, globalAlpha: 0.13 });
  pen.fillRect(left, box.roll.top, right - left, box.end - box.roll.top);
  pen.globalAlpha = 1;
}

function paintEdges({ data, look, box }, pen) {
  if (!data.shaded) return;
  const [left, right] = data.shaded.map((t) => t * box.step);
  const top = box.roll.top - 4;
  pen.fillStyle = look.shade_colour;
  pen.fillRect(left, top, right - left, 3);
  for (const x of [left, right]) pen.fillRect(Math.min(Math.max(x - 0.5, 0), box.width - 1), top, 1, box.end - top);
}

// --- in words -----------------------------------------------------------------------------------------------------

// What the view has of these, in any of its takes: the legend stays as it is from take to take.
function legendOf({ packet, takes }) {
  const there = Object.entries(packet.words).filter(([name, word]) => word && takes.some((take) => take[name]));
  return there.map(([name, word]) => {
    const entry = document.createElement("span");
    entry.append(Object.assign(document.createElement("i"), { className: name }), word);
    entry.style.setProperty("--marks", packet.mark_colour);
    entry.style.setProperty("--shaded", packet.shade_colour);
    return entry;
  });
}

function factsOf({ data, packet: { words } }, t) {
  const facts = [];
  for (const name of ["marks", "holes"]) {
    const row = data[name]?.subarray(t * 88, (t + 1) * 88) ?? [];
    const pitches = [...row.keys()].filter((k) => row[k]).map((k) => k + LOWEST);
    if (pitches.length) facts.push([words[name], keysInWords(pitches)]);
  }
  if (data.shaded && data.shaded[0] <= t && t < data.shaded[1]) facts.push(["", words.shaded]);
  return facts;
}

function keysInWords(pitches) {
  const [low, high] = [pitches[0], pitches.at(-1)];
  if (pitches.length === 88) return "all keys";
  if (pitches.length > 2 && high - low === pitches.length - 1) return `${noteName(low)} to ${noteName(high)}`;
  return pitches.length > 8 ? `${pitches.length} keys` : pitches.map(noteName).join(" ");
}

const beatsInWords = (from, to) => (to - from > 1 ? `beats ${from + 1} to ${to}` : `beat ${from + 1}`);

function summaryOf({ data, packet: { words } }) {
  const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
  const counted = (name) => `${capital(words[name])}: ${countOf(data[name])} cells.`;
  const facts = ["marks", "holes"].filter((name) => data[name]).map(counted);
  if (data.shaded) facts.push(`${capital(words.shaded)}: ${beatsInWords(...data.shaded)}.`);
  return facts;
}
