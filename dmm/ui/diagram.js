// A diagram: laid out in columns and rows, painted anew in place whenever it changes.
// The parts are drawn in diagram_paint.js, joined to this file when it is sent.

const MARGIN = 0.55; // columns and rows around the outermost middles

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".diagram");
  const svg = root.querySelector("svg");
  const focused = root.getRootNode().activeElement?.dataset?.name;
  root.querySelector(".words").textContent = data.description;
  svg.setAttribute("aria-label", data.description);

  const sizes = {};
  const edges = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const [name, shape] of Object.entries(data.shapes)) {
    const box = shape.kind === "box";
    sizes[name] = [shape.width * data.unit, shape.height * data.row];
    const [wide, high] = box ? [shape.width / 2 + 0.1, shape.height / 2 + 0.1] : [MARGIN, MARGIN];
    const right = shape.kind === "text" ? shape.width : wide;
    edges.left = Math.min(edges.left, shape.x - (shape.kind === "text" ? 0.1 : wide));
    edges.right = Math.max(edges.right, shape.x + right);
    edges.top = Math.min(edges.top, shape.y - high);
    edges.bottom = Math.max(edges.bottom, shape.y + high);
  }
  for (const arrow of data.arrows) {
    const middle = (data.shapes[arrow.start].y + data.shapes[arrow.end].y) / 2 - arrow.bend;
    const room = arrow.label ? 0.4 : 0.15;
    edges.top = Math.min(edges.top, middle - room);
    edges.bottom = Math.max(edges.bottom, middle + room);
  }
  const place = ({ x, y }) => ({ x: (x - edges.left) * data.unit, y: (y - edges.top) * data.row });
  const [width, height] = [(edges.right - edges.left) * data.unit, (edges.bottom - edges.top) * data.row];
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.width = "100%";
  svg.style.minWidth = `${width * data.smallest}px`;
  svg.style.maxWidth = `${width * (data.fit ? 1.5 : 1)}px`;

  const border = (name) => (dx, dy) => reach(data.shapes[name], sizes[name], dx, dy);
  const painted = data.arrows.map((arrow) => {
    const [from, to] = [place(data.shapes[arrow.start]), place(data.shapes[arrow.end])];
    return paintArrow(arrow, from, to, [border(arrow.start), border(arrow.end)], arrow.bend * data.row);
  });
  for (const [name, shape] of Object.entries(data.shapes)) {
    const group = paintShape(name, shape, place(shape), sizes[name]);
    if (shape.clickable) {
      const press = () => setTriggerValue("pressed", name);
      group.onclick = press;
      group.onkeydown = (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        press();
      };
    }
    painted.push(group);
  }
  svg.replaceChildren(...painted);
  root.dataset.shapes = Object.keys(data.shapes).length;
  if (focused) svg.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
}
