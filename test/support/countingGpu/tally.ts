/** What a counting device was asked to do. Sizes in bytes. */

/** One kernel of ONNX Runtime on its way to the GPU. */
export interface Dispatch {
  /** ONNX Runtime's name for the kernel, which it gives its shader modules as a label, e.g. `Conv2dMM`. */
  kernel: string;
  /** Of the bound storage buffers. ONNX Runtime rounds its buffers up, so this is more than the tensors take. */
  boundBytes: number;
}

export interface Figures {
  dispatches: number;
  boundBytes: number;
  /** The most that lived at one time, the weights included. */
  peakBytes: number;
  /** Compute pipelines created. */
  pipelines: number;
  bindGroups: number;
  /** Writes into buffers from the CPU. */
  writes: number;
  submits: number;
  /** How many dispatches of each kernel, the most frequent first. */
  kernels: Readonly<Record<string, number>>;
}

export class Tally {
  #dispatches: Dispatch[] = [];
  #pipelines = 0;
  #bindGroups = 0;
  #writes = 0;
  #submits = 0;
  #live = 0;
  #peak = 0;

  /** Begins anew; what is alive stays alive. */
  restart(): void {
    this.#dispatches = [];
    this.#pipelines = this.#bindGroups = this.#writes = this.#submits = 0;
    this.#peak = this.#live;
  }

  dispatched(dispatch: Dispatch): void {
    this.#dispatches.push(dispatch);
  }

  allocated(bytes: number): void {
    this.#live += bytes;
    this.#peak = Math.max(this.#peak, this.#live);
  }

  freed(bytes: number): void {
    this.#live -= bytes;
  }

  pipelineMade(): void {
    this.#pipelines++;
  }

  bindGroupMade(): void {
    this.#bindGroups++;
  }

  written(): void {
    this.#writes++;
  }

  submitted(): void {
    this.#submits++;
  }

  figures(): Figures {
    const kernels = new Map<string, number>();
    for (const { kernel } of this.#dispatches) kernels.set(kernel, (kernels.get(kernel) ?? 0) + 1);
    const byCount = [...kernels].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
    return {
      dispatches: this.#dispatches.length,
      boundBytes: this.#dispatches.reduce((sum, { boundBytes }) => sum + boundBytes, 0),
      peakBytes: this.#peak,
      pipelines: this.#pipelines,
      bindGroups: this.#bindGroups,
      writes: this.#writes,
      submits: this.#submits,
      kernels: Object.fromEntries(byCount),
    };
  }
}
