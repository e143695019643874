/** The ways in which the local hub can misbehave. */
import { z } from 'zod';

const which = {
  /** Requests to the hub itself or to the origin of the large files; both if absent. */
  origin: z.enum(['hub', 'content']).optional(),
  /** A regular expression on the file's path (or the API's); every request where absent. */
  path: z.string().optional(),
  /** How many matching requests pass unharmed first. */
  after: z.number().int().nonnegative().default(0),
  /** How many requests it strikes before it is spent; absent: every one. */
  times: z.number().int().positive().optional(),
};

/** Byte positions count from the beginning of the file, whatever range was asked for. */
const faultSchema = z.discriminatedUnion('kind', [
  /** The connection breaks before this byte is sent. */
  z.object({ kind: z.literal('cut'), atByte: z.number().int().nonnegative(), ...which }),
  /** Nothing follows from this byte on, and the connection stays open; what is missing comes once the fault is cleared. */
  z.object({ kind: z.literal('stall'), atByte: z.number().int().nonnegative(), ...which }),
  /** Every answer's bytes from here to its end are another's; length and headers stay right. */
  z.object({ kind: z.literal('corrupt'), atByte: z.number().int().nonnegative(), ...which }),
  /** The file becomes another of the same length, with another ETag. */
  z.object({ kind: z.literal('change'), ...which }),
  z.object({
    kind: z.literal('status'),
    status: z.number().int().min(400).max(599),
    retryAfter: z.string().optional(),
    errorCode: z.string().optional(),
    ...which,
  }),
  /** The redirect leads to an address whose time is over. */
  z.object({ kind: z.literal('expired'), ...which }),
  /** The whole file comes with status 200, whatever range was asked for. */
  z.object({ kind: z.literal('ignore-range'), ...which }),
  /** At that pace until the fault is cleared. */
  z.object({ kind: z.literal('slow'), bytesPerSecond: z.number().positive(), ...which }),
]);
export type Fault = z.infer<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;

interface Armed {
  fault: Fault;
  seen: number;
  controller: AbortController;
}

/** A fault and the request that it strikes: aborted once it is cleared. */
export type Struck = Fault & { cleared: AbortSignal };

export class Faults {
  readonly #armed: Armed[] = [];

  constructor(faults: readonly FaultInput[] = []) {
    for (const fault of faults) this.add(fault);
  }

  /** @throws ZodError where it is no fault */
  add(input: unknown): void {
    this.#armed.push({ fault: faultSchema.parse(input), seen: 0, controller: new AbortController() });
  }

  /** Answers that are held up go on. */
  clear(): void {
    for (const { controller } of this.#armed.splice(0)) controller.abort();
  }

  /** The faults that strike this request; counts it against each. */
  strike(origin: 'hub' | 'content', path: string): Struck[] {
    return this.#armed
      .filter(({ fault }) => fault.origin === undefined || fault.origin === origin)
      .filter(({ fault }) => fault.path === undefined || new RegExp(fault.path).test(path))
      .filter((armed) => {
        const turn = armed.seen++ - armed.fault.after;
        return turn >= 0 && turn < (armed.fault.times ?? Number.POSITIVE_INFINITY);
      })
      .map(({ fault, controller }) => ({ ...fault, cleared: controller.signal }));
  }
}

export function faultOf<Kind extends Fault['kind']>(
  faults: readonly Struck[],
  kind: Kind,
): Extract<Struck, { kind: Kind }> | undefined {
  return faults.find((fault): fault is Extract<Struck, { kind: Kind }> => fault.kind === kind);
}
