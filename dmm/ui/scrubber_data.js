// A packet as numbers (the format is written down in scrubber.py), and what follows from them at a moment.

const VIEWS = ["z_loc", "z_scale", "gates", "probabilities", "kl", "reconstruction"];
const unpack = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

async function inflate(text) {
  const stream = new Blob([unpack(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Undoes the differences from moment to moment, and cuts the block into its views.
async function decode(packet) {
  const { frames, size, keys, steps, levels, ranges } = packet;
  const block = await inflate(packet.views);
  const notes = keys[1] - keys[0] + 1;
  const widths = { probabilities: notes, reconstruction: 1 };
  const views = {};
  let at = 0;
  for (const name of VIEWS) {
    const width = widths[name] ?? size;
    const count = frames * width;
    const bytes = block.subarray(at, (at += steps.length * count));
    for (let i = count; i < bytes.length; i++) bytes[i] += bytes[i - count];
    const [low, high] = ranges[name];
    views[name] = { bytes, width, count, low, unit: (high - low) / (levels - 1) };
  }
  return new Past(packet, views, unpack(packet.roll), notes);
}

// All moments of one piece; `s` is a moment, `t` a beat, `k` a dimension, all from 0.
class Past {
  constructor(packet, views, roll, notes) {
    Object.assign(this, packet, { views, roll, notes, moments: packet.steps.length });
    this.arrows = packet.plane?.steps && unpack(packet.plane.steps);
    this.found = {};
  }

  value(name, s, t, k = 0) {
    const { bytes, width, count, low, unit } = this.views[name];
    return low + unit * bytes[s * count + t * width + k];
  }

  row(name, s, t) {
    return Array.from({ length: this.views[name].width }, (_, k) => this.value(name, s, t, k));
  }

  // Worked out once, then remembered.
  once(name, work) {
    return (this.found[name] ??= work());
  }

  // The mean over the beats: one number a dimension.
  means(name, s) {
    return this.once(`${name} ${s}`, () =>
      Array.from({ length: this.views[name].width }, (_, k) => mean(this.column(name, s, k)))
    );
  }

  column(name, s, k) {
    return Array.from({ length: this.frames }, (_, t) => this.value(name, s, t, k));
  }

  // An axis of the path: 0 and 1 are the principal components of the plane, from 2 on dimensions of z.
  axis(choice) {
    if (choice >= 2) return Array.from({ length: this.size }, (_, k) => Number(k === choice - 2));
    return this.plane.axes[choice];
  }

  // Places (T) of the means along an axis.
  along(choice, s) {
    return this.once(`along ${choice} ${s}`, () => {
      const [axis, origin] = [this.axis(choice), choice < 2 ? this.plane.origin : null];
      return Array.from({ length: this.frames }, (_, t) => {
        let sum = 0;
        for (let k = 0; k < this.size; k++) {
          if (axis[k]) sum += axis[k] * (this.value("z_loc", s, t, k) - (origin ? origin[k] : 0));
        }
        return sum;
      });
    });
  }

  // The covariance that two axes see at a beat: of the first, of both, of the second.
  spread(across, up, s, t) {
    const [a, b] = [this.axis(across), this.axis(up)];
    const sums = [0, 0, 0];
    for (let k = 0; k < this.size; k++) {
      if (!a[k] && !b[k]) continue;
      const v = this.value("z_scale", s, t, k) ** 2;
      sums[0] += a[k] * a[k] * v;
      sums[1] += a[k] * b[k] * v;
      sums[2] += b[k] * b[k] * v;
    }
    return sums;
  }

  // How much of the path's variance lies along an axis, 0 to 1.
  share(choice, s) {
    return this.once(`share ${choice} ${s}`, () => {
      const variance = (values) => mean(values.map((v) => v * v)) - mean(values) ** 2;
      let all = 0;
      for (let k = 0; k < this.size; k++) all += variance(this.column("z_loc", s, k));
      return all > 0 ? variance(this.along(choice, s)) / all : 0;
    });
  }

  // The lowest and the highest place along an axis over all of training, so that axes stand still.
  extent(choice) {
    return this.once(`extent ${choice}`, () => {
      let [low, high] = [Infinity, -Infinity];
      for (let s = 0; s < this.moments; s++) {
        for (const v of this.along(choice, s)) [low, high] = [Math.min(low, v), Math.max(high, v)];
      }
      return [low, high];
    });
  }

  // The same for bands of two standard deviations around some dimensions.
  reach(dims) {
    return this.once(`reach ${dims.join()}`, () => {
      let [low, high] = [Infinity, -Infinity];
      for (const k of dims) {
        for (let s = 0; s < this.moments; s++) {
          for (let t = 0; t < this.frames; t++) {
            const [z, sd] = [this.value("z_loc", s, t, k), this.value("z_scale", s, t, k)];
            [low, high] = [Math.min(low, z - 2 * sd), Math.max(high, z + 2 * sd)];
          }
        }
      }
      return [low, high];
    });
  }

  // The highest mean KL of any dimension at any moment.
  dearest() {
    return this.once("dearest", () => {
      let highest = this.active;
      for (let s = 0; s < this.moments; s++) highest = Math.max(highest, ...this.means("kl", s));
      return highest;
    });
  }

  // The step of arrow i at a moment.
  step(s, i) {
    const { limits } = this.plane;
    const from = 2 * (s * this.arrowCount() + i);
    return [0, 1].map((k) => limits[0] + ((limits[1] - limits[0]) / 255) * this.arrows[from + k]);
  }

  arrowCount() {
    return this.arrows.length / this.moments / 2;
  }

  // What part of a step an arrow may show at all moments, so that few run into their neighbours.
  part(gap) {
    return this.once("part", () => {
      const lengths = [];
      for (let s = 0; s < this.moments; s++) {
        for (let i = 0; i < this.arrowCount(); i++) lengths.push(Math.hypot(...this.step(s, i)));
      }
      lengths.sort((a, b) => a - b);
      return Math.min(1, (1.3 * gap) / Math.max(lengths[Math.floor(0.9 * lengths.length)], 1e-9));
    });
  }

  fixed(s) {
    return this.plane.fixed.filter((one) => one[0] === s);
  }
}
