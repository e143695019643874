/**
 * The cheapest cut of a grid in two (Boykov and Kolmogorov, "An Experimental Comparison of Min-Cut/Max-Flow Algorithms for
 * Energy Minimization in Vision", 2004): two trees grow from the source and from the sink; where they meet, flow is sent,
 * and what that cuts off looks for another parent.
 */

import type { Steps } from './stretches';

/** So many meetings of the trees, or nodes that meet none, in one stretch. */
const TURNS = 4096;
/** In which tree a node is. */
const [FREE, SOURCE, SINK] = [0, 1, 2] as const;
/** In place of a direction to the parent: there is none; it is the terminal; it has just been lost. */
const [NONE, TERMINAL, LOST] = [-1, -2, -3] as const;

/**
 * @param neighbours of each node right, left, below and above, −1 for none: d ^ 1 is the way back of d. [nodes × 4]
 * @param capacities of the ways to the neighbours; used up. [nodes × 4]
 * @param terminals what the source gives to each node, or, below 0, what the sink takes from it; used up. [nodes]
 * @returns 1 where a node is on the sink's side. [nodes]
 */
export function* minCut(
  neighbours: Int32Array,
  capacities: Float32Array,
  terminals: Float32Array,
): Steps<Uint8Array> {
  const cut = new Cut(neighbours, capacities, terminals);
  yield* cut.run();
  return cut.tree.map((tree) => (tree === SOURCE ? 0 : 1));
}

class Cut {
  readonly tree: Uint8Array;
  /** The direction to the parent, or NONE, TERMINAL or LOST. */
  private readonly parents: Int8Array;
  /** How far the terminal was at the time that `times` says. */
  private readonly distances: Int32Array;
  private readonly times: Int32Array;
  private time = 0;
  /** A ring of nodes at which a tree may grow. */
  private readonly active: Int32Array;
  private readonly isActive: Uint8Array;
  private head = 0;
  private tail = 0;
  private readonly lost: number[] = [];

  constructor(
    private readonly neighbours: Int32Array,
    private readonly capacities: Float32Array,
    private readonly terminals: Float32Array,
  ) {
    const count = terminals.length;
    this.tree = new Uint8Array(count);
    this.parents = new Int8Array(count).fill(NONE);
    this.distances = new Int32Array(count);
    this.times = new Int32Array(count);
    this.active = new Int32Array(count + 1);
    this.isActive = new Uint8Array(count);
  }

  *run(): Steps {
    this.terminals.forEach((terminal, node) => {
      if (terminal === 0) return;
      this.tree[node] = terminal > 0 ? SOURCE : SINK;
      this.parents[node] = TERMINAL;
      this.distances[node] = 1;
      this.activate(node);
    });
    for (let turn = 1; this.head !== this.tail; turn++) {
      // How much there is to do shows only at the end.
      if (turn % TURNS === 0) yield 0;
      const node = this.active[this.head] ?? 0;
      const met = this.tree[node] === FREE ? NONE : this.grow(node);
      if (met === NONE) {
        this.isActive[node] = 0;
        this.head = (this.head + 1) % this.active.length;
        continue;
      }
      // The same node once more: it may meet the other tree elsewhere.
      if (this.tree[node] === SOURCE) this.send(node, met);
      else this.send(this.beside(node, met), met ^ 1);
      this.time++;
      for (let lost = this.lost.pop(); lost !== undefined; lost = this.lost.pop()) this.adopt(lost);
    }
  }

  private beside(node: number, direction: number): number {
    return this.neighbours[4 * node + direction] ?? -1;
  }

  private activate(node: number): void {
    if (this.isActive[node] === 1) return;
    this.isActive[node] = 1;
    this.active[this.tail] = node;
    this.tail = (this.tail + 1) % this.active.length;
  }

  /** What can still flow between a node and its neighbour: away from the source, or towards the sink. */
  private open(tree: number, node: number, direction: number): number {
    const way = tree === SOURCE ? 4 * node + direction : 4 * this.beside(node, direction) + (direction ^ 1);
    return this.capacities[way] ?? 0;
  }

  /** Takes free neighbours into the node's tree. @returns the direction in which the other tree is met, or NONE */
  private grow(node: number): number {
    const tree = this.tree[node] ?? FREE;
    for (let d = 0; d < 4; d++) {
      const other = this.beside(node, d);
      if (other < 0 || this.open(tree, node, d) <= 0) continue;
      if (this.tree[other] === FREE) {
        this.tree[other] = tree;
        this.parents[other] = d ^ 1;
        this.times[other] = this.times[node] ?? 0;
        this.distances[other] = (this.distances[node] ?? 0) + 1;
        this.activate(other);
      } else if (this.tree[other] !== tree) return d;
    }
    return NONE;
  }

  /** Sends as much as the way from the source over `node` and its neighbour to the sink can take. */
  private send(node: number, direction: number): void {
    const other = this.beside(node, direction);
    let flow = this.capacities[4 * node + direction] ?? 0;
    for (const end of [node, other]) {
      let at = end;
      for (let up = this.parents[at] ?? NONE; up >= 0; up = this.parents[at] ?? NONE) {
        const parent = this.beside(at, up);
        const way = end === node ? 4 * parent + (up ^ 1) : 4 * at + up;
        flow = Math.min(flow, this.capacities[way] ?? 0);
        at = parent;
      }
      flow = Math.min(flow, Math.abs(this.terminals[at] ?? 0));
    }
    this.add(4 * node + direction, -flow);
    this.add(4 * other + (direction ^ 1), flow);
    this.take(node, SOURCE, flow);
    this.take(other, SINK, flow);
  }

  private add(way: number, flow: number): void {
    this.capacities[way] = (this.capacities[way] ?? 0) + flow;
  }

  /** Takes the flow off the way between a node and its terminal; who has no way left is lost. */
  private take(from: number, tree: number, flow: number): void {
    let at = from;
    for (let up = this.parents[at] ?? NONE; up >= 0; up = this.parents[at] ?? NONE) {
      const parent = this.beside(at, up);
      const [down, back] = [4 * parent + (up ^ 1), 4 * at + up];
      this.add(tree === SOURCE ? down : back, -flow);
      this.add(tree === SOURCE ? back : down, flow);
      if ((this.capacities[tree === SOURCE ? down : back] ?? 0) <= 0) this.lose(at);
      at = parent;
    }
    const left = Math.abs(this.terminals[at] ?? 0) - flow;
    this.terminals[at] = left <= 0 ? 0 : tree === SOURCE ? left : -left;
    if (left <= 0) this.lose(at);
  }

  private lose(node: number): void {
    this.parents[node] = LOST;
    this.lost.push(node);
  }

  /** Finds the node another parent in its tree, the nearest to the terminal, or sets it and its children free. */
  private adopt(node: number): void {
    const tree = this.tree[node] ?? FREE;
    let [best, least] = [NONE as number, Infinity];
    for (let d = 0; d < 4; d++) {
      const other = this.beside(node, d);
      if (other < 0 || this.tree[other] !== tree || this.open(tree, other, d ^ 1) <= 0) continue;
      const steps = this.stepsToTerminal(other);
      if (steps < least) [best, least] = [d, steps];
    }
    this.parents[node] = best;
    if (best !== NONE) {
      this.times[node] = this.time;
      this.distances[node] = least + 1;
      return;
    }
    this.tree[node] = FREE;
    for (let d = 0; d < 4; d++) {
      const other = this.beside(node, d);
      if (other < 0 || this.tree[other] !== tree) continue;
      if (this.open(tree, other, d ^ 1) > 0) this.activate(other);
      const up = this.parents[other] ?? NONE;
      if (up >= 0 && this.beside(other, up) === node) this.lose(other);
    }
  }

  /** Infinity if a parent is lost on the way. */
  private stepsToTerminal(start: number): number {
    let [at, steps] = [start, 0];
    while (this.times[at] !== this.time) {
      const up = this.parents[at] ?? NONE;
      if (up === TERMINAL) {
        this.times[at] = this.time;
        this.distances[at] = 1;
        break;
      }
      if (up < 0) return Infinity;
      at = this.beside(at, up);
      steps++;
    }
    steps += this.distances[at] ?? 0;
    // So that the next who ask need not walk as far.
    let left = steps;
    for (at = start; this.times[at] !== this.time; at = this.beside(at, this.parents[at] ?? NONE)) {
      this.times[at] = this.time;
      this.distances[at] = left--;
    }
    return steps;
  }
}
