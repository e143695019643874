/** Messages with images between two processes: a Blob cannot cross, its bytes can. */

interface PackedBlob {
  packedBlob: Uint8Array<ArrayBuffer>;
  type: string;
}

/** The same message with bytes in place of each Blob, at any depth. */
export async function encode(message: unknown): Promise<object> {
  const pack = async (value: unknown): Promise<unknown> => {
    if (value instanceof Blob) {
      return { packedBlob: new Uint8Array(await value.arrayBuffer()), type: value.type } satisfies PackedBlob;
    }
    if (!isPlain(value)) return value;
    const entries = Object.entries(value).map(async ([name, inner]) => [name, await pack(inner)] as const);
    return Object.fromEntries(await Promise.all(entries));
  };
  const result = await pack(message);
  if (!isPlain(result)) throw new TypeError('a message is an object');
  return result;
}

/** The inverse of {@link encode}. */
export function decode<Message>(message: Message): Message {
  const unpack = (value: unknown): unknown => {
    if (!isPlain(value)) return value;
    if (isPackedBlob(value)) return new Blob([value.packedBlob], { type: value.type });
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unpack(inner)]));
  };
  return unpack(message) as Message;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isPackedBlob(value: object): value is PackedBlob {
  return 'packedBlob' in value && value.packedBlob instanceof Uint8Array;
}
