/** Data URIs (RFC 2397): images inside their own URL. */

const PERCENT = 0x25;

/** @returns whether a URL is a data URI, in upper or lower case */
export function isDataUri(address: string): boolean {
  return address.slice(0, 5).toLowerCase() === 'data:';
}

/**
 * Decodes a data URI, percent signs and base64, in one pass.
 * @param maxBytes the most that is decoded
 * @returns undefined if it has no comma; `too large` if it holds more
 */
export function decodeDataUri(
  address: string,
  maxBytes: number,
): Uint8Array<ArrayBuffer> | 'too large' | undefined {
  const comma = address.indexOf(',');
  if (comma === -1) return undefined;
  // A byte takes three characters at most, or four in base64 whose digits are escaped.
  if (address.length - comma - 1 > 4 * maxBytes + 16) return 'too large';
  const isBase64 = address
    .slice(Math.max(0, comma - 64), comma)
    .trimEnd()
    .toLowerCase()
    .endsWith(';base64');
  const bytes = withoutPercents(Buffer.from(address.slice(comma + 1), 'latin1'));
  const decoded = isBase64 ? Buffer.from(bytes.toString('latin1'), 'base64') : bytes;
  return decoded.byteLength > maxBytes ? 'too large' : new Uint8Array(decoded);
}

/** Undoes percent escapes; anything else stays as it is. */
function withoutPercents(text: Buffer): Buffer {
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] ?? 0;
    const high = byte === PERCENT ? hexDigit(text[i + 1]) : -1;
    const low = high < 0 ? -1 : hexDigit(text[i + 2]);
    text[end] = low < 0 ? byte : high * 16 + low;
    if (low >= 0) i += 2;
    end += 1;
  }
  return text.subarray(0, end);
}

/** @returns 0 … 15, or −1 */
function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
