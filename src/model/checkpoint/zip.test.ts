import { describe, expect, it } from 'vitest';
import { bytesSource } from './reader';
import { readZipEntries } from './zip';

/** A little-endian record of fields [bytes, value]. */
function record(...fields: [bytes: number, value: number | bigint][]): Uint8Array {
  const out = new Uint8Array(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [bytes, value] of fields) {
    for (let i = 0; i < bytes; i++) out[at++] = Number((BigInt(value) >> BigInt(8 * i)) & 255n);
  }
  return out;
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}

interface Options {
  zip64?: boolean;
  comment?: string;
  flags?: number;
  /** What the directory says of the entry's size. */
  claimed?: number | bigint;
}

/** One stored entry "a/b" of five bytes behind a local header with seven bytes of extra field. */
function archive({
  zip64 = false,
  comment = '',
  flags = 0,
  claimed = 5,
}: Options = {}): Uint8Array<ArrayBuffer> {
  const text = (value: string) => new TextEncoder().encode(value);
  const name = text('a/b');
  const all = 0xffffffff;
  const local = join(
    record([4, 0x04034b50], [2, 45], [2, flags], [2, 0], [4, 0], [4, 0], [4, 5], [4, 5], [2, 3], [2, 7]),
    name,
    new Uint8Array(7),
  );
  const extra = zip64 ? record([2, 1], [2, 24], [8, claimed], [8, claimed], [8, 0]) : new Uint8Array(0);
  const directory = join(
    record(
      [4, 0x02014b50],
      [2, 45],
      [2, 45],
      [2, flags],
      [2, 0],
      [4, 0],
      [4, 0],
      [4, zip64 ? all : claimed],
      [4, zip64 ? all : claimed],
      [2, 3],
      [2, extra.byteLength],
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, zip64 ? all : 0],
    ),
    name,
    extra,
  );
  const start = local.byteLength + 5;
  const end = start + directory.byteLength;
  const wide = join(
    record([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, 1], [8, 1]),
    record([8, directory.byteLength], [8, start]),
    record([4, 0x07064b50], [4, 0], [8, end], [4, 1]),
  );
  return join(
    local,
    text('hello'),
    directory,
    ...(zip64 ? [wide] : []),
    record([4, 0x06054b50], [2, 0], [2, 0], [2, zip64 ? 0xffff : 1], [2, zip64 ? 0xffff : 1]),
    record([4, zip64 ? all : directory.byteLength], [4, zip64 ? all : start], [2, comment.length]),
    text(comment),
  );
}

describe('readZipEntries', () => {
  // The local header: 30 bytes, the name's 3, the extra field's 7.
  const entry = { name: 'a/b', offset: 40, size: 5 };
  const read = (bytes: Uint8Array<ArrayBuffer>) => readZipEntries(bytesSource('m.ckpt', bytes));

  it.each<[string, Options]>([
    ['plainly', {}],
    ['with ZIP64 records', { zip64: true }],
    ['before a comment', { comment: 'PK\x05\x06 saved by hand' }],
  ])('finds an entry %s', async (_what, options) => {
    expect([...(await read(archive(options))).values()]).toEqual([entry]);
  });

  it('does not guess over a network where the bytes are not aligned as torch aligns them', async () => {
    const source = { ...bytesSource('m.ckpt', archive()), remote: true };
    expect((await readZipEntries(source)).get('a/b')).toEqual(entry);
  });

  it.each<[string, Uint8Array<ArrayBuffer>, RegExp]>([
    ['an encrypted entry', archive({ flags: 1 }), /"a\/b" is encrypted/],
    ['an entry over its neighbour', archive({ claimed: 6 }), /"a\/b" runs into what follows it/],
    ['an entry of 2^63 bytes', archive({ zip64: true, claimed: 2n ** 63n }), /offset of 9223372036854775808/],
    ['an archive without its end', archive().slice(0, -10), /no end: the file was cut off/],
    ['no archive', new Uint8Array(10), /no end/],
  ])('refuses %s', async (_what, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
    await expect(read(bytes)).rejects.toThrow(/^m\.ckpt: /);
  });

  /** Stored entries of no bytes, one behind another. */
  function many(n: number): Uint8Array<ArrayBuffer> {
    const names = Array.from({ length: n }, (_, i) =>
      new TextEncoder().encode(`a/${String(i).padStart(6, '0')}`),
    );
    const locals = names.map((name) =>
      join(
        record(
          [4, 0x04034b50],
          [2, 45],
          [2, 0],
          [2, 0],
          [4, 0],
          [4, 0],
          [4, 0],
          [4, 0],
          [2, name.length],
          [2, 0],
        ),
        name,
      ),
    );
    const size = locals[0]?.byteLength ?? 0;
    const directory = join(
      ...names.map((name, i) =>
        join(
          record([4, 0x02014b50], [2, 45], [2, 45], [2, 0], [2, 0], [4, 0], [4, 0], [4, 0], [4, 0]),
          record([2, name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, i * size]),
          name,
        ),
      ),
    );
    const start = n * size;
    const end = start + directory.byteLength;
    return join(
      ...locals,
      directory,
      record([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, n], [8, n]),
      record([8, directory.byteLength], [8, start]),
      record([4, 0x07064b50], [4, 0], [8, end], [4, 1]),
      record([4, 0x06054b50], [2, 0], [2, 0], [2, 0xffff], [2, 0xffff]),
      record([4, 0xffffffff], [4, 0xffffffff], [2, 0]),
    );
  }

  it('reads as many entries as it takes within seconds', async () => {
    const bytes = many(20_000);
    const start = performance.now();
    expect((await read(bytes)).size).toBe(20_000);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('refuses more entries than any checkpoint has before it looks for them', async () => {
    await expect(read(many(20_001))).rejects.toThrow(
      'm.ckpt: the archive has 20001 entries, more than the 20000 that any checkpoint has',
    );
  });
});
