// Keys that press buttons of the page, as long as nothing else listens to them: no field, slider, tab or other button.

const BUSY =
  "input, textarea, select, button, a, summary, canvas, audio, [contenteditable=true], [role=slider], [role=tab], " +
  "[role=radio], [role=option], [role=combobox], [role=dialog]";

export default function ({ parentElement, data }) {
  const page = parentElement.ownerDocument;
  page.pressedByKeys = data.keys; // of the page that is open
  if (page.listensToKeys) return;
  page.listensToKeys = true;
  page.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const names = page.pressedByKeys?.[event.code];
    const at = event.composedPath()[0];
    const ours = at.closest?.(".st-key-run_buttons"); // a button of theirs that was just clicked is no obstacle
    const native = event.code === "Space" || !ours;
    if (!names || (at.closest?.(BUSY) && native) || page.querySelector("[role=dialog]")) return;
    const button = names.map((one) => page.querySelector(`.st-key-${one} button:not(:disabled)`)).find(Boolean);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}
