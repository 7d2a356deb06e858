// A link in a text, [words](page#anchor), leads to that page within the same visit, and to the right place on it.
// Streamlit would open a new tab, and so a new visit that knows nothing of this one; and where figures arrive late it
// scrolls to where the place was before them.

const PATIENCE = 15000; // milliseconds: so long is a place sought, and held while the page grows above it
const CALM = 2000; // so long it stays where it is, and is then left to the reader
const PAUSE = 60; // what a click ended, such as a number that was being typed, has to reach the server before the page turns
const HANDS = ["wheel", "touchmove", "pointerdown", "keydown"];

export default function ({ parentElement }) {
  const page = parentElement.ownerDocument;
  if (page.followsLinks) return; // the listeners of an earlier page are still there
  page.followsLinks = true;
  page.addEventListener("click", (event) => follow(page, event), true);
  hold(page, page.location.hash.slice(1));
}

function follow(page, event) {
  if (!event.isTrusted || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const of = (what) => event.target.closest?.(what);
  const link = of("[data-testid=stMarkdownContainer] a[href]");
  const [, name, anchor] = link?.getAttribute("href").match(/^([a-z_]+)(?:#(.+))?$/) ?? [];
  const there = name ? inMenu(page, name) : of("[data-testid=stSidebarNavLink], [data-testid=stPageLink-NavLink]");
  if (!there) return;
  event.preventDefault();
  event.stopPropagation();
  setTimeout(() => {
    page.querySelector("[role=dialog] [aria-label=Close]")?.click();
    if (name && last(page.location.href) === name) return hold(page, anchor);
    if (there.isConnected) there.click();
    else page.location.assign(there.href);
    hold(page, anchor);
  }, PAUSE);
}

const last = (url) => new URL(url).pathname.split("/").pop();

function inMenu(page, name) {
  return [...page.querySelectorAll("[data-testid=stSidebarNavLink]")].find((one) => last(one.href) === name);
}

// Scroll to a place as soon as it is there, and again whenever it moves, until it rests or somebody takes over.
function hold(page, anchor) {
  if (!anchor) return;
  const begun = performance.now();
  let rested = begun;
  let top = null;
  const stop = () => {
    clearInterval(timer);
    for (const hand of HANDS) page.removeEventListener(hand, stop, true);
  };
  const look = () => {
    const place = page.getElementById(anchor);
    const now = performance.now();
    place?.scrollIntoView();
    const here = place ? place.getBoundingClientRect().top : null;
    if (here !== top) [top, rested] = [here, now];
    if (now - begun > PATIENCE || (place && now - rested > CALM)) stop();
  };
  const timer = setInterval(look, 100);
  for (const hand of HANDS) page.addEventListener(hand, stop, true);
}
