/**
 * One pass over a file's bytes, in order, that writes each tensor to its shard. Memory holds only the current piece and
 * those few tensors that have to be turned (transposed, shared) as a whole.
 */
import { InternalError, UnsupportedError } from '../../contract/errors';
import type { StoredWriter } from '../../storage/weights';
import { gather } from '../checkpoint/reader';
import { bytesPerValue } from '../checkpoint/safetensors';
import { CastRoom, castBytes } from '../weights/cast';
import { nonFinite } from '../weights/componentWeights';
import { firstNonFinite } from '../weights/finite';
import { toBase64 } from './base64';
import { type Lent, lendHasher } from './hashers';
import { BYTES, type Output, type ShardPlan } from './shards';

/** How far a shard was when it was last known to be safe. */
export interface ShardState {
  path: string;
  /** Bytes of the whole shard. */
  size: number;
  /** Bytes written. */
  position: number;
  /** The digest's inner state after those bytes, in base64. */
  digestState: string;
}

/** Limit for all tensors that wait in memory for their turn. */
const MAX_WAITING_BYTES = 2 ** 30;

/** Counts what a pass holds in memory, to check that it is little. */
export class BufferMeter {
  heldBytes = 0;
  peakBytes = 0;
  largestBytes = 0;

  hold(bytes: number): void {
    this.heldBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.heldBytes);
    this.largestBytes = Math.max(this.largestBytes, bytes);
  }

  release(bytes: number): void {
    this.heldBytes -= bytes;
  }
}

interface Task {
  output: Output;
  shard: Shard;
  /** Whether values go to the shard as they arrive; otherwise the tensor is assembled first. */
  isDirect: boolean;
  received: number;
  whole?: Uint8Array<ArrayBuffer> | undefined;
}

/** A shard being written from its beginning to its end. */
class Shard {
  /** Tasks not yet written, in order. */
  readonly queue: Task[] = [];

  /** @param position bytes already in it */
  constructor(
    readonly plan: ShardPlan,
    readonly writer: StoredWriter,
    readonly digest: Lent,
    public position: number,
  ) {}

  async append(bytes: Uint8Array): Promise<void> {
    await this.writer.write(bytes, this.position);
    this.digest.hash.update(bytes);
    this.position += bytes.byteLength;
  }
}

/** A pass from one byte of a file to its end. The caller that begins it always closes it. */
export class FilePass {
  readonly #shards: Shard[];
  readonly #tasks: Task[];
  /** Tasks before this one are complete. */
  #first = 0;
  #waitingBytes = 0;
  /** For a tensor as float32 while it is changed, and for values in the shard's type. */
  readonly #rooms: { changed: CastRoom; cast: CastRoom };

  private constructor(
    shards: Shard[],
    tasks: Task[],
    public position: number,
    readonly meter: BufferMeter,
  ) {
    this.#shards = shards;
    this.#tasks = tasks;
    this.#rooms = { changed: new CastRoom(meter), cast: new CastRoom(meter) };
  }

  /**
   * @param position byte of the source at which `states` were taken; 0 with no states to begin again
   */
  static async begin(
    plans: readonly ShardPlan[],
    states: readonly ShardState[],
    position: number,
    open: (path: string) => Promise<StoredWriter>,
    meter: BufferMeter,
  ): Promise<FilePass> {
    const shards: Shard[] = [];
    try {
      for (const plan of plans) {
        const state = states.find(({ path }) => path === plan.path);
        const digest = await lendHasher('xxh128', state?.digestState);
        const writer = await open(plan.path).catch((error: unknown) => {
          digest.giveBack();
          throw error;
        });
        const shard = new Shard(plan, writer, digest, state?.position ?? 0);
        shards.push(shard);
        await shard.writer.truncate(shard.position);
        if (state === undefined) await shard.append(plan.header);
      }
    } catch (error) {
      await closeAll(shards);
      throw error;
    }
    return new FilePass(shards, tasksOf(shards, position), position, meter);
  }

  /** Whether everything that arrived is in a shard. */
  get isClean(): boolean {
    return this.#waitingBytes === 0;
  }

  /** The last position up to `end` at which no value of a tensor is cut in two. */
  cutBefore(end: number): number {
    const task = this.#tasks.find(
      ({ isDirect, output: { source } }) =>
        isDirect && source.offset < end && end < source.offset + source.length,
    );
    if (task === undefined) return end;
    const { offset, dtype } = task.output.source;
    return end - ((end - offset) % bytesPerValue[dtype]);
  }

  /**
   * The last position up to `end` at which no tensor waits for the rest of itself: a pass can be resumed from there. Where
   * tensors are changed as a whole, chunks end there only by chance.
   */
  pauseBefore(end: number): number {
    const task = this.#tasks.find(
      ({ isDirect, output: { source } }) =>
        !isDirect && source.offset < end && end < source.offset + source.length,
    );
    return task === undefined ? this.cutBefore(end) : this.pauseBefore(task.output.source.offset);
  }

  /** @param bytes those that follow `position`; they must end at a cut */
  async feed(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const end = this.position + bytes.byteLength;
    for (let i = this.#first; i < this.#tasks.length; i++) {
      const task = this.#tasks[i] as Task;
      const { offset, length } = task.output.source;
      if (offset >= end) break;
      const from = Math.max(this.position, offset);
      const to = Math.min(end, offset + length);
      if (from < to) await this.#take(task, bytes.subarray(from - this.position, to - this.position));
    }
    this.position = end;
    while (this.#first < this.#tasks.length && isComplete(this.#tasks[this.#first] as Task)) this.#first++;
  }

  async #take(task: Task, piece: Uint8Array<ArrayBuffer>): Promise<void> {
    const { source } = task.output;
    if (task.isDirect) {
      task.received += piece.byteLength;
      await this.#append(task, piece);
    } else {
      if (task.whole === undefined) {
        if (this.#waitingBytes + source.length > MAX_WAITING_BYTES) {
          throw new UnsupportedError(
            `${source.file.name}: tensors up to "${task.output.key}" share too many bytes to be sorted out; ` +
              'use a safetensors file of this model',
          );
        }
        this.meter.hold(source.length);
        this.#waitingBytes += source.length;
        task.whole = new Uint8Array(source.length);
      }
      task.whole.set(piece, task.received);
      task.received += piece.byteLength;
    }
    await this.#drain(task.shard);
  }

  async #drain(shard: Shard): Promise<void> {
    for (let task = shard.queue[0]; task !== undefined && isComplete(task); task = shard.queue[0]) {
      shard.queue.shift();
      if (task.whole === undefined) continue;
      const { source } = task.output;
      const inOrder = source.strides === undefined ? task.whole : gather(source, source.strides, task.whole);
      const copied = inOrder === task.whole ? 0 : inOrder.byteLength;
      this.meter.hold(copied);
      await this.#append(task, inOrder);
      this.meter.release(copied);
      this.meter.release(source.length);
      this.#waitingBytes -= source.length;
      task.whole = undefined;
    }
  }

  async #append({ output, shard }: Task, values: Uint8Array<ArrayBuffer>): Promise<void> {
    const { change, source } = output;
    const { type } = shard.plan;
    if (source.dtype === BYTES || type === BYTES) {
      await shard.append(values);
      return;
    }
    if (firstNonFinite(values, source.dtype) >= 0) throw nonFinite(source.file.name, output.key);
    if (change === undefined) {
      await shard.append(castBytes(values, source.dtype, type, this.#rooms.cast));
      return;
    }
    const changed = castBytes(values, source.dtype, 'F32', this.#rooms.changed);
    await change(new Float32Array(changed.buffer, changed.byteOffset, changed.byteLength / 4));
    await shard.append(castBytes(changed, 'F32', type, this.#rooms.cast));
  }

  /** Flushes what was written. @returns what a later pass continues from */
  async checkpoint(): Promise<ShardState[]> {
    const states: ShardState[] = [];
    for (const { plan, writer, digest, position } of this.#shards) {
      await writer.flush();
      states.push({ path: plan.path, size: plan.size, position, digestState: toBase64(digest.hash.save()) });
    }
    return states;
  }

  /** @returns digests (XXH3-128, hex) of the finished shards by path */
  async finish(): Promise<Map<string, string>> {
    const digests = new Map<string, string>();
    for (const shard of this.#shards) {
      await this.#drain(shard);
      if (shard.position !== shard.plan.size) {
        throw new InternalError(
          `${shard.plan.path}: ${shard.position} of ${shard.plan.size} bytes were written`,
        );
      }
      await shard.writer.flush();
      digests.set(shard.plan.path, shard.digest.hash.digest('hex'));
    }
    return digests;
  }

  async close(): Promise<void> {
    this.#rooms.changed.release();
    this.#rooms.cast.release();
    await closeAll(this.#shards);
  }
}

async function closeAll(shards: readonly Shard[]): Promise<void> {
  for (const { writer, digest } of shards) {
    digest.giveBack();
    await writer.close();
  }
}

/** A tensor that shares bytes with an earlier one, whose values are out of order or change, is put together first. */
function tasksOf(shards: readonly Shard[], position: number): Task[] {
  const tasks = shards.flatMap((shard) =>
    shard.plan.outputs.map((output): Task => ({ output, shard, isDirect: true, received: 0 })),
  );
  tasks.sort((a, b) => a.output.source.offset - b.output.source.offset);
  let taken = 0;
  for (const task of tasks) {
    const { offset, length, strides } = task.output.source;
    task.isDirect = strides === undefined && task.output.change === undefined && offset >= taken;
    task.received = Math.min(length, Math.max(0, position - offset));
    taken = Math.max(taken, offset + length);
    task.shard.queue.push(task);
  }
  // In a clean state, every tensor that has begun and is not direct is already in its shard.
  for (const shard of shards) {
    while (shard.queue[0] !== undefined && isComplete(shard.queue[0])) shard.queue.shift();
  }
  return tasks;
}

function isComplete({ received, output }: Task): boolean {
  return received === output.source.length;
}
