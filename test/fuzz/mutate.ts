/** Damages valid bytes, JSON and texts by a few changes, which fast-check can undo one by one. */
import fc from 'fast-check';

const POSITION = 2 ** 31 - 1;
/** Half of all changes are near the beginning, where formats describe what follows. */
const HEAD_BYTES = 512;
const position = fc.tuple(fc.nat(POSITION), fc.boolean());
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

const byteChange = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: position, byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('flip' as const), at: position, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('number' as const), at: position, value: fc.constantFrom(...extremes) }),
  fc.record({ kind: fc.constant('cut' as const), at: position }),
  fc.record({ kind: fc.constant('remove' as const), at: position, length: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('insert' as const), at: position, bytes: fc.uint8Array({ maxLength: 32 }) }),
  fc.record({
    kind: fc.constant('copy' as const),
    at: position,
    from: position,
    length: fc.integer({ min: 1, max: 256 }),
  }),
);

/** @param base a sound file, some kilobytes long */
export function mutatedBytes(base: Uint8Array): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc
    .array(byteChange, { minLength: 1, maxLength: 6 })
    .map((changes) => changes.reduce(changedBytes, new Uint8Array(base)));
}

function changedBytes(
  bytes: Uint8Array<ArrayBuffer>,
  change: typeof byteChange extends fc.Arbitrary<infer Change> ? Change : never,
): Uint8Array<ArrayBuffer> {
  const place = ([at, isHead]: [number, boolean]) =>
    bytes.length === 0 ? 0 : at % (isHead ? Math.min(HEAD_BYTES, bytes.length) : bytes.length);
  const at = place(change.at);
  const joined = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
  switch (change.kind) {
    case 'set':
      return joined(bytes.subarray(0, at), Uint8Array.of(change.byte), bytes.subarray(at + 1));
    case 'flip':
      return joined(
        bytes.subarray(0, at),
        Uint8Array.of((bytes[at] ?? 0) ^ (1 << change.bit)),
        bytes.subarray(at + 1),
      );
    case 'number': {
      const four = new Uint8Array(4);
      new DataView(four.buffer).setUint32(0, change.value, true);
      return joined(bytes.subarray(0, at), four, bytes.subarray(at + 4));
    }
    case 'cut':
      return bytes.slice(0, at);
    case 'remove':
      return joined(bytes.subarray(0, at), bytes.subarray(at + change.length));
    case 'insert':
      return joined(bytes.subarray(0, at), change.bytes, bytes.subarray(at));
    case 'copy': {
      const from = place(change.from);
      return joined(bytes.subarray(0, at), bytes.subarray(from, from + change.length), bytes.subarray(at));
    }
    default:
      throw new TypeError(`unknown change ${change satisfies never}`);
  }
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Values that code which trusts its input stumbles over. */
const oddValues: readonly Json[] = [
  null,
  true,
  false,
  -1,
  0,
  1,
  0.5,
  77,
  2 ** 31,
  1e9,
  1e12,
  2 ** 53,
  1e308,
  -1e308,
  '',
  ' ',
  '0',
  'NaN',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  '../../x',
  '\u0000',
  '\ud800',
  'x'.repeat(3000),
  [],
  {},
  [[[[[[]]]]]],
  [null],
  [1e9, 1e9],
  [1, 'a', null],
  { length: 1e9 },
];
const oddKeys = [
  '__proto__',
  'constructor',
  'toString',
  'length',
  '',
  'x'.repeat(300),
  '0',
  'then',
  '\u202e',
];

const oddValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...oddValues) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json> },
);
const jsonChange = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('replace' as const), at: fc.nat(POSITION), value: oddValue }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat(POSITION) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wrap' as const), at: fc.nat(POSITION) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      at: fc.nat(POSITION),
      key: fc.constantFrom(...oddKeys),
      value: oddValue,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('move' as const),
      at: fc.nat(POSITION),
      from: fc.nat(POSITION),
    }),
  },
);
type JsonChange = typeof jsonChange extends fc.Arbitrary<infer Change> ? Change : never;

/** @returns JSON texts; `__proto__` may be a key of its own in them */
export function mutatedJson(base: unknown): fc.Arbitrary<string> {
  return fc.array(jsonChange, { minLength: 1, maxLength: 4 }).map((changes) => {
    let root: Json = JSON.parse(JSON.stringify(base));
    for (const change of changes) root = changedJson(root, change);
    return JSON.stringify(root);
  });
}

/** The same, parsed, for what takes objects. */
export function mutatedObject(base: unknown): fc.Arbitrary<unknown> {
  return mutatedJson(base).map((text) => JSON.parse(text) as unknown);
}

interface Slot {
  holder: { [key: string]: Json };
  key: string;
}

function changedJson(root: Json, change: JsonChange): Json {
  const top: { [key: string]: Json } = { root };
  const slots: Slot[] = [];
  collect(top, slots);
  const slot = slots[change.at % slots.length];
  if (slot === undefined) return root;
  const { holder, key } = slot;
  const value = holder[key] ?? null;
  switch (change.kind) {
    case 'replace':
      put(holder, key, structuredClone(change.value));
      break;
    case 'remove':
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else if (holder !== top) delete holder[key];
      break;
    case 'wrap':
      put(holder, key, [value]);
      break;
    case 'add':
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        put(value, change.key, structuredClone(change.value));
      else put(holder, key, [value, structuredClone(change.value)]);
      break;
    case 'move': {
      const from = slots[change.from % slots.length];
      if (from !== undefined) put(holder, key, structuredClone(from.holder[from.key] ?? null));
      break;
    }
    default:
      throw new TypeError(`unknown change ${change satisfies never}`);
  }
  return top.root ?? null;
}

/** Also for the key `__proto__`, which an assignment takes for something else. */
function put(holder: object, key: string, value: Json): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function collect(holder: { [key: string]: Json }, slots: Slot[]): void {
  for (const key of Object.keys(holder)) {
    slots.push({ holder, key });
    const value = Object.getOwnPropertyDescriptor(holder, key)?.value as Json;
    if (typeof value === 'object' && value !== null) collect(value as { [key: string]: Json }, slots);
  }
}

/** Texts put together of what matters to a parser, and of anything. @param words what means something there */
export function textOf(words: readonly string[], maxLength = 40): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  );
  return fc.array(piece, { maxLength }).map((pieces) => pieces.join(''));
}

/** A text that is sound but for a few places. */
export function mutatedText(base: string, words: readonly string[]): fc.Arbitrary<string> {
  const change = fc.tuple(fc.nat(POSITION), fc.nat(40), textOf(words, 3));
  return fc.array(change, { minLength: 1, maxLength: 5 }).map((changes) =>
    changes.reduce((text, [where, removed, added]) => {
      const at = where % (text.length + 1);
      return text.slice(0, at) + added + text.slice(at + removed);
    }, base),
  );
}
