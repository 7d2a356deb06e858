// The parts of a diagram: each shape and arrow as SVG elements.

const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 21;
const SQUARE = 8;

function element(name, attributes = {}, ...children) {
  const one = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.append(...children);
  return one;
}

const SHIFTS = { "<sub>": 5, "</sub>": -5, "<sup>": -6, "</sup>": 6 };
const SMALL = 0.72; // em, of what is raised or lowered
const DIGIT = 0.56; // em, how wide one is

// Words with <sub>, <sup> and <b> in them, as tspans; nothing else of what looks like markup is anything but words.
// A raised word right behind a lowered digit stands above it, as in a formula.
function spans(words) {
  const parts = [];
  let [small, bold, lift, back, before] = [false, false, 0, 0, ""];
  for (const token of words.split(/(<\/?su[bp]>|<\/?b>)/).filter(Boolean)) {
    if (token in SHIFTS) {
      small = token[1] !== "/";
      lift += SHIFTS[token];
      if (token === "<sup>" && before === "</sub>") back = DIGIT * parts.at(-1).textContent.length;
    } else if (token === "<b>" || token === "</b>") {
      bold = token === "<b>";
    } else {
      const look = { dy: lift, ...(small ? { "font-size": `${SMALL}em` } : {}), ...(bold ? { "font-weight": 700 } : {}) };
      parts.push(element("tspan", back ? { ...look, dx: `${-back}em` } : look, token));
      [lift, back] = [0, 0];
    }
    before = token;
  }
  return parts;
}

function words(label, x, y, look = {}) {
  const lines = label.split("\n");
  return lines.map((line, i) =>
    element("text", { x, y: y + (i - (lines.length - 1) / 2) * 18, "text-anchor": "middle", ...look }, ...spans(line))
  );
}

const plainWords = (label) => label.replace("<sup>", " ").replace(/<\/?(sub|sup|b)>/g, "").replace(/\n/g, " ");

// How far from the middle of a shape its border lies, in the direction (dx, dy).
function reach(shape, [width, height], dx, dy) {
  if (shape.kind === "circle") return RADIUS;
  const half = shape.kind === "square" ? [SQUARE, SQUARE] : [width / 2, height / 2];
  return 1 / Math.max(Math.abs(dx) / half[0], Math.abs(dy) / half[1], 1e-9);
}

function paintShape(name, shape, at, size) {
  const { x, y } = at;
  const edge = { class: "edge", stroke: shape.colour, "stroke-width": shape.strong ? 4 : 2, fill: "none" };
  const fill = { fill: shape.colour, "fill-opacity": shape.seen ? 0.38 : 0 };
  const group = element("g", { "data-name": name, class: shape.pale ? "pale" : "" });
  if (shape.kind === "circle") {
    group.append(element("circle", { cx: x, cy: y, r: RADIUS, class: "body" }));
    group.append(element("circle", { cx: x, cy: y, r: RADIUS, ...edge, ...fill }), ...words(shape.label, x, y));
  } else if (shape.kind === "square") {
    const box = { x: x - SQUARE, y: y - SQUARE, width: 2 * SQUARE, height: 2 * SQUARE };
    group.append(element("rect", { x: x - 18, y: y - 18, width: 36, height: 36, fill: "transparent" }));
    if (shape.strong) {
      const ring = { x: x - SQUARE - 5, y: y - SQUARE - 5, width: 2 * SQUARE + 10, height: 2 * SQUARE + 10, rx: 4 };
      group.append(element("rect", { ...ring, ...edge, "stroke-width": 2 }));
    }
    group.append(element("rect", { ...box, ...edge, fill: shape.colour, "stroke-width": 2 }));
    group.append(...words(shape.label, x, y - SQUARE - 13, { class: "quiet" }));
  } else if (shape.kind === "box") {
    const box = { x: x - size[0] / 2, y: y - size[1] / 2, width: size[0], height: size[1], rx: 7 };
    group.append(element("rect", { ...box, class: "body" }), element("rect", { ...box, ...edge, ...fill }));
    group.append(...words(shape.label, x, y));
  } else {
    group.append(...words(shape.label, x, y, { "text-anchor": "start" }));
  }
  if (shape.hover) group.append(element("title", {}, shape.hover));
  if (shape.clickable) {
    const told = `${plainWords(shape.label)} ${shape.hover}`.trim();
    const pressed = shape.seen || shape.strong;
    for (const [key, value] of Object.entries({ role: "button", tabindex: 0, "aria-label": told, "aria-pressed": pressed }))
      group.setAttribute(key, value);
  }
  return group;
}

function paintArrow(arrow, from, to, ends, lift) {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 - 2 * lift };
  const toward = (a, b, far) => {
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const length = Math.hypot(dx, dy) || 1;
    const gap = far(dx / length, dy / length);
    return { x: a.x + (dx / length) * gap, y: a.y + (dy / length) * gap };
  };
  const start = toward(from, lift ? middle : to, ends[0]);
  const tip = toward(to, lift ? middle : from, (dx, dy) => ends[1](dx, dy) + 2);
  const [dx, dy] = lift ? [tip.x - middle.x, tip.y - middle.y] : [tip.x - start.x, tip.y - start.y];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const neck = { x: tip.x - 8 * ux, y: tip.y - 8 * uy };
  const path = lift
    ? `M${start.x},${start.y} Q${middle.x},${middle.y} ${neck.x},${neck.y}`
    : `M${start.x},${start.y} L${neck.x},${neck.y}`;
  const group = element("g", { class: arrow.pale ? "pale" : "" });
  const line = { d: path, stroke: arrow.colour, "stroke-width": 2, fill: "none" };
  group.append(element("path", arrow.dashed ? { ...line, "stroke-dasharray": "3 5" } : line));
  const head = [tip, { x: neck.x - 4.5 * uy, y: neck.y + 4.5 * ux }, { x: neck.x + 4.5 * uy, y: neck.y - 4.5 * ux }];
  group.append(element("polygon", { points: head.map((p) => `${p.x},${p.y}`).join(" "), fill: arrow.colour }));
  if (arrow.label) {
    const at = lift ? { x: middle.x, y: (from.y + to.y) / 2 - lift - 10 } : { x: middle.x, y: middle.y - 11 };
    group.append(...words(arrow.label, at.x, at.y, { class: "quiet" }));
  }
  return group;
}
