// Several takes of one piece in one roll view: one of them is seen and heard.
// The files takes_view_*.js are joined to this one when it is sent: what a take points out, and the tools that erase and draw.

class TakesView extends RollView {
  listen() {
    super.listen();
    this.brush = new Brush(this);
    this.pencil = new Pencil(this);
    this.part("takes").onkeydown = (e) => this.keyOfChoice(e);
  }

  receive(packet, send) {
    this.brush.receive(packet.paint, send);
    this.pencil.receive(packet.draw, send);
    super.receive(packet);
  }

  showPacket(packet) {
    this.packet = packet;
    this.takes = packet.takes.map(decodeTake);
    const largest = Math.max(...this.takes.map(({ latents }) => latents?.scale ?? 0));
    for (const { latents } of this.takes) if (latents) latents.scale = largest; // one axis for all
    this.dressChoice(packet.takes.map(({ label }) => label));
    this.showTake();
  }

  pieces() {
    return this.takes;
  }

  showTake(atOnce = false) {
    const take = this.packet.takes[this.chosen];
    const data = this.takes[this.chosen];
    for (const [i, button] of [...this.part("takes").children].entries()) {
      button.setAttribute("aria-checked", i === this.chosen);
      button.tabIndex = i === this.chosen ? 0 : -1;
    }
    this.show({ ...this.packet, ...take, label: this.takes.length > 1 ? take.label : "" }, data, atOnce);
    this.root.dataset.take = take.label;
    for (const name of ["marks", "holes"]) this.root.dataset[name] = countOf(data[name]);
    this.root.dataset.shaded = data.shaded?.join("-") ?? "";
  }

  // --- which take -----------------------------------------------------------------------------------------------

  // The buttons; the take that was chosen stays so if there still is one of its name.
  dressChoice(labels) {
    const row = this.part("takes");
    const focused = row.contains(this.root.getRootNode().activeElement);
    this.chosen = Math.max(labels.indexOf(this.root.dataset.take), 0);
    row.hidden = labels.length < 2;
    row.setAttribute("aria-label", `${this.packet.title || "Piano roll"}: which one`);
    row.replaceChildren(...labels.map((label, i) => this.buttonOf(label, i)));
    if (focused) row.children[this.chosen].focus();
  }

  buttonOf(label, i) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
    button.setAttribute("role", "radio");
    button.onclick = () => this.chooseTake(i);
    return button;
  }

  chooseTake(i) {
    if (i === this.chosen) return;
    this.chosen = i;
    this.brush.drop();
    this.pencil.drop();
    this.showTake(true);
    this.player.tell(this.look.label);
  }

  keyOfChoice(event) {
    const last = this.takes.length - 1;
    const moves = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
    const ends = { Home: 0, End: last };
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in moves || event.key in ends)) return;
    event.preventDefault();
    event.stopPropagation();
    this.chooseTake(ends[event.key] ?? (this.chosen + moves[event.key] + last + 1) % (last + 1));
    this.part("takes").children[this.chosen].focus();
  }

  // --- what a take points out -----------------------------------------------------------------------------------

  paintBehind(pen) {
    paintShade(this, pen);
    paintHoles(this, pen);
  }

  paintBefore(pen) {
    paintMarks(this, pen);
    paintEdges(this, pen);
    this.brush.place();
    this.pencil.place();
  }

  dressCaptions() {
    super.dressCaptions();
    for (const entry of this.part("voices").children) entry.classList.toggle("absent", !this.data.voices);
    this.part("voices").append(...legendOf(this));
    for (const name of ["latents", "gates"]) {
      this.root.querySelector(`[data-panel=${name}]`).toggleAttribute("data-none", !this.data[name]);
    }
  }

  facts(t) {
    return [...super.facts(t), ...factsOf(this, t)];
  }

  summary() {
    return [super.summary(), ...summaryOf(this)].join(" ");
  }

  // --- the tool -------------------------------------------------------------------------------------------------

  hint() {
    return this.brush.on ? BRUSH_HINT : this.pencil.on ? PENCIL_HINT : super.hint();
  }

  showReadout() {
    super.showReadout();
    const tool = this.brush.area ? this.brush : this.pencil.path.size ? this.pencil : null;
    if (tool) this.part("readout").textContent = tool.inWords();
  }

  key(event) {
    if (!this.brush.key(event) && !this.pencil.key(event)) super.key(event);
  }

  choose(t) {
    this.brush.drop();
    super.choose(t);
  }

  extend(from, to) {
    if (!this.brush.on) return super.extend(from, to);
    this.anchor ??= from;
    this.setFrame(to);
    this.brush.chooseBeats(this.anchor, to);
  }
}
