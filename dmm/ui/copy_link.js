// The address as text that can be selected, and a button that copies it. What a press of "Copy link" on the page asks
// for is copied at once; a browser that refuses gets the text selected, and says so.

const copied = new Map(); // by the component's key: the press that was answered last

export default function ({ key, data, parentElement }) {
  const find = (what) => parentElement.querySelector(what);
  const [text, button, said] = [find("textarea"), find("button"), find("[role=status]")];
  if (text.value !== data.address) {
    text.value = data.address;
    said.textContent = "";
  }
  text.onfocus = () => text.select();
  button.onclick = () => copy(text, said);
  if (copied.get(key) === data.press) return;
  copied.set(key, data.press);
  copy(text, said);
}

async function copy(text, said) {
  const done = (await write(text.value)) || select(text);
  said.textContent = done ? "Copied." : "The browser does not let it be copied: press Ctrl+C, or ⌘C.";
  if (!done) text.focus();
}

async function write(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return false; // not allowed, or, on a page without https, not even there
  }
}

function select(text) {
  text.focus();
  text.select();
  return document.execCommand("copy");
}
