// What the tools have in common: a button that takes one up, and lays it aside again.

class Tool {
  // `name` is the class of its button, `mode` of the view while it is in the hand, `hint` says how it is used.
  constructor(view, name, mode, hint) {
    Object.assign(this, { view, mode, hint, on: false });
    this.button = view.part(name);
    this.button.onclick = () => this.turn(!this.on);
  }

  receive(offered, send) {
    this.send = send;
    this.button.hidden = !offered;
    if (!offered) this.turn(false);
    if (this.sent) this.drop();
  }

  turn(on) {
    if (this.on === on) return;
    this.on = on;
    this.drop();
    this.button.setAttribute("aria-pressed", on);
    this.view.root.classList.toggle(this.mode, on);
    this.view.showReadout();
    this.view.player.tell(on ? this.hint : "");
  }
}
