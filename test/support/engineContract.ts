/**
 * The contract of every engine as one suite of cases, run against each of them under Node and in browsers. It needs no test
 * runner: a case that fails throws.
 */
import type { Engine, Progress } from '../../src/contract/engine';
import { InputError, messageOf } from '../../src/contract/errors';
import { type InpaintInput, inpaintRequestSchema, localOptionsSchema } from '../../src/contract/schema';

export interface ContractSubject {
  engine: Engine;
  /** A fast model, and an image and a mask of 64 × 64 pixels. */
  input: Pick<InpaintInput, 'model_name' | 'image_url' | 'mask_url'>;
  /** A mask of another size. */
  otherMask: Blob;
}

export interface ContractCase {
  name: string;
  /** @throws Error that says what fails */
  check(subject: ContractSubject): Promise<void>;
}

interface RunCall {
  signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

async function run(
  { engine, input }: ContractSubject,
  given: Partial<InpaintInput> = {},
  call: RunCall = {},
) {
  const progress: Progress[] = [];
  const request = inpaintRequestSchema.parse({
    ...input,
    prompt: 'a cat',
    num_inference_steps: 2,
    seed: 7,
    ...given,
  });
  const result = await engine.inpaint(request, localOptionsSchema.parse({}), {
    signal: call.signal ?? new AbortController().signal,
    onProgress(each) {
      progress.push(each);
      if (each.stage === 'denoise') each.preview?.close();
      call.onProgress?.(each);
    },
  });
  const bytes = new Uint8Array(await (await fetch(result.image.url)).arrayBuffer());
  URL.revokeObjectURL(result.image.url);
  return { result, bytes, progress };
}

function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, i) => byte === other[i]);
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('it made a picture where it was to refuse');
    },
    (error: unknown) => error,
  );
}

async function staysUsable(subject: ContractSubject): Promise<void> {
  const { result } = await run(subject);
  demand(result.seed === 7, `the next run gives the seed ${result.seed}, not 7`);
}

function isCancellation(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

const wrongFields: readonly [field: string, wrong: (subject: ContractSubject) => Partial<InpaintInput>][] = [
  ['image_url', () => ({ image_url: new Blob(['no picture'], { type: 'image/png' }) })],
  ['mask_url', ({ otherMask }) => ({ mask_url: otherMask })],
  ['num_inference_steps', () => ({ num_inference_steps: 0 })],
  ['model_name', () => ({ model_name: 'no/such model' })],
];

export const contractCases: readonly ContractCase[] = [
  {
    name: 'gives a picture with every field of the API, and reports on its way',
    async check(subject) {
      const { result, bytes, progress } = await run(subject);
      const { url, content_type, file_name, file_size, width, height } = result.image;
      demand(url.startsWith('blob:'), `the address is ${url}`);
      demand(content_type === 'image/png', `the type is ${content_type}`);
      demand(file_name.endsWith('.png'), `the file is called ${file_name}`);
      demand(file_size === bytes.byteLength, `the file has ${bytes.byteLength} bytes, not ${file_size}`);
      demand(width === 64 && height === 64, `the picture is ${width} × ${height}`);
      demand(result.seed === 7, `the seed is ${result.seed}`);
      demand(String.fromCharCode(...bytes.subarray(1, 4)) === 'PNG', 'the file is no PNG');
      demand(progress.length > 0, 'nothing was reported');
    },
  },
  {
    name: 'gives the same picture for the same seed and another for another',
    async check(subject) {
      const [first, second, other] = [
        await run(subject),
        await run(subject),
        await run(subject, { seed: 8 }),
      ];
      demand(isEqual(first.bytes, second.bytes), 'two runs of one seed differ');
      demand(!isEqual(first.bytes, other.bytes), 'two seeds give one picture');
    },
  },
  {
    name: 'draws a seed where none is given, and says which',
    async check(subject) {
      const { result, bytes } = await run(subject, { seed: undefined });
      const again = await run(subject, { seed: result.seed });
      demand(isEqual(again.bytes, bytes), `the seed ${result.seed} gives another picture`);
    },
  },
  ...wrongFields.map(
    ([field, wrong]): ContractCase => ({
      name: `names ${field} where it is wrong, and stays usable`,
      async check(subject) {
        const error = await errorOf(run(subject, wrong(subject)));
        demand(error instanceof InputError, `it is no InputError: ${messageOf(error)}`);
        demand(error.field === field, `it names ${error.field}`);
        demand(error.message.includes(field), `the message does not: ${error.message}`);
        await staysUsable(subject);
      },
    }),
  ),
  {
    name: 'is cancelled before it starts, while it waits and while it runs, and stays usable',
    async check(subject) {
      const early = await errorOf(run(subject, {}, { signal: AbortSignal.abort() }));
      demand(isCancellation(early), `before it starts: ${messageOf(early)}`);
      const running = new AbortController();
      const waiting = new AbortController();
      let begin = () => {};
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const long = { num_inference_steps: 150 };
      const onProgress = ({ stage }: Progress) => stage === 'denoise' && begin();
      const first = errorOf(run(subject, long, { signal: running.signal, onProgress }));
      const second = errorOf(run(subject, long, { signal: waiting.signal, onProgress }));
      await begun;
      waiting.abort();
      const whileWaiting = await second;
      demand(isCancellation(whileWaiting), `while it waits: ${messageOf(whileWaiting)}`);
      running.abort();
      const whileRunning = await first;
      demand(isCancellation(whileRunning), `while it runs: ${messageOf(whileRunning)}`);
      await staysUsable(subject);
    },
  },
];
