// What all players of a page share, whichever copy of this file they come from: one audio context, the one player that
// sounds, and the one that was used last.

const REST = 2000; // milliseconds of silence after which the audio device is let go
const PATIENCE = 3000; // milliseconds that it may take to wake

const BUSY =
  "input, textarea, select, button, a, summary, audio, [contenteditable=true], [role=slider], [role=tab], " +
  "[role=radio], [role=option], [role=combobox]";

const isPlainSpace = (event) =>
  event.code === "Space" && !(event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);

function stage(page) {
  if (!page.dmmStage) {
    page.dmmStage = { context: null, playing: null, last: null, tempo: 100, volume: 90 };
    page.addEventListener("keydown", (event) => spaceOutside(page, event));
    page.addEventListener("visibilitychange", () => page.dmmStage.playing?.feed()); // timers are about to be slow
  }
  return page.dmmStage;
}

// The space bar plays what was used last, unless a field or a button is to have it, or the page uses it otherwise.
function spaceOutside(page, event) {
  const taken = page.pressedByKeys?.Space?.some((name) => page.querySelector(`.st-key-${name}`));
  const { last } = page.dmmStage;
  if (!isPlainSpace(event) || taken || event.defaultPrevented || !last?.isThere() || page.querySelector("[role=dialog]")) return;
  if (event.composedPath()[0].closest?.(BUSY)) return;
  event.preventDefault();
  last.toggle();
}

// A browser gives sound only to whoever pressed something, and some devices give none: whether it does.
async function wakeStage(stage) {
  clearTimeout(stage.rest);
  try {
    if (!stage.context) openStage(stage);
    await Promise.race([stage.context.resume(), new Promise((done) => setTimeout(done, PATIENCE))]);
    return stage.context.state === "running";
  } catch {
    return false;
  }
}

function openStage(stage) {
  stage.context = new AudioContext();
  stage.context.onstatechange = () => stage.context.state === "running" || stage.playing?.pause();
  stage.volumeOf = new GainNode(stage.context);
  stage.volumeOf.connect(stage.context.destination);
}

function leaveStage(stage, player) {
  if (stage.playing === player) stage.playing = null;
  clearTimeout(stage.rest);
  stage.rest = setTimeout(() => stage.playing || stage.context.suspend(), REST);
}
