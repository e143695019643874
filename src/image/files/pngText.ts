/**
 * Texts in PNG files: tEXt and iTXt chunks (PNG, third edition, 11.3.3). Written by hand, as the libraries for chunks
 * take the whole file apart and compute every checksum again, 60 MB of it for a photograph, and know no iTXt.
 */

import { joined, latin1, latin1Bytes } from './bytes';
import { AFTER_HEADER, pngChunk, pngChunks } from './pngChunks';

export interface PngText {
  /** 1 to 79 characters of ASCII. */
  keyword: string;
  text: string;
}

/** Where texts may be put into a PNG. */
export const TEXTS_OFFSET = AFTER_HEADER;

/** Programs write one or two; texts beyond this number are not read. */
const MAX_TEXTS = 64;

/** tEXt is Latin-1, which some readers take for UTF-8: only texts that both encode the same way go there. */
const PLAIN = /^[\n\x20-\x7e]*$/;

/**
 * The chunks of these texts, to be put at {@link TEXTS_OFFSET}: tEXt, or iTXt (UTF-8) for what ASCII cannot write.
 * A NUL, which neither may hold, is left out.
 * @throws RangeError for a keyword that PNG does not allow
 */
export function textChunks(texts: readonly PngText[]): Uint8Array<ArrayBuffer> {
  const chunks = texts.map(({ keyword, text }) => {
    if (keyword.length < 1 || keyword.length > 79 || !PLAIN.test(keyword)) {
      throw new RangeError(`“${keyword}” is not a keyword for PNG text: use 1 to 79 ASCII characters`);
    }
    const clean = text.replaceAll('\0', '');
    if (PLAIN.test(clean)) return pngChunk('tEXt', latin1Bytes(`${keyword}\0${clean}`));
    // After the keyword: not compressed (2 bytes), no language, no translated keyword.
    return pngChunk('iTXt', joined([latin1Bytes(`${keyword}\0\0\0\0\0`), new TextEncoder().encode(clean)]));
  });
  return joined(chunks);
}

/**
 * The texts before the pixels, where programs write them. Compressed texts and damaged chunks are skipped.
 * @param head the file's first bytes; a chunk that they cut off is not read
 * @returns nothing if the file is not a PNG
 */
export function readTexts(head: Uint8Array): PngText[] {
  const texts: PngText[] = [];
  for (const { type, body, isSound } of pngChunks(head)) {
    if (type === 'IDAT' || texts.length === MAX_TEXTS) break;
    if ((type !== 'tEXt' && type !== 'iTXt') || !isSound()) continue;
    const text = type === 'tEXt' ? readPlain(body) : readInternational(body);
    if (text) texts.push(text);
  }
  return texts;
}

function readPlain(body: Uint8Array): PngText | null {
  const end = body.indexOf(0);
  if (end < 1) return null;
  return { keyword: latin1(body.subarray(0, end)), text: latin1(body.subarray(end + 1)) };
}

function readInternational(body: Uint8Array): PngText | null {
  const end = body.indexOf(0);
  if (end < 1 || body[end + 1] !== 0) return null;
  const language = body.indexOf(0, end + 3);
  const translated = language < 0 ? -1 : body.indexOf(0, language + 1);
  if (translated < 0) return null;
  return {
    keyword: latin1(body.subarray(0, end)),
    text: new TextDecoder().decode(body.subarray(translated + 1)),
  };
}
