/**
 * Weights in prompts, in the syntax that AUTOMATIC1111's web UI made common: `(text:1.3)` weighs 1.3, `(text)` 1.1,
 * `[text]` 1 / 1.1, and nested brackets multiply.
 *
 * One deviation: a bracket without a partner is text, where that UI lets it weigh all that follows. So a smiley stays
 * one. `\(`, `\)`, `\[`, `\]` are text always, and `\\` is a backslash.
 */

export interface WeightedText {
  text: string;
  weight: number;
}

/** What one pair of brackets multiplies by. */
const EMPHASIS = 1.1;
const BRACKET = /[()[\]]/;
const MARKS = /(\\[()[\]\\]|[()[\]])/;
/** A colon and a number right before the closing bracket. */
const WEIGHT = /:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*$/;

interface Piece {
  text: string;
  kind: 'text' | 'escaped' | 'open' | 'close';
  /** Of an opening bracket that has a partner. */
  factor?: number;
  /** Of a closing bracket. */
  hasPartner?: boolean;
}

/**
 * Splits a prompt where its weight changes.
 * @returns the parts in order, none empty, neighbours of different weight. A prompt without brackets is one part of
 *   weight 1, to the letter
 */
export function parsePrompt(prompt: string): WeightedText[] {
  if (!BRACKET.test(prompt)) return prompt === '' ? [] : [{ text: prompt, weight: 1 }];
  const pieces = prompt.split(MARKS).map(pieceOf);
  pairBrackets(pieces);

  const parts: WeightedText[] = [];
  const weights = [1]; // of the open pairs around
  for (const { text, kind, factor, hasPartner } of pieces) {
    const weight = weights.at(-1) ?? 1;
    if (kind === 'open' && factor !== undefined) weights.push(weight * factor);
    else if (kind === 'close' && hasPartner) weights.pop();
    else append(parts, text, weight);
  }
  return parts;
}

function pieceOf(text: string): Piece {
  if (text === '(' || text === '[') return { text, kind: 'open' };
  if (text === ')' || text === ']') return { text, kind: 'close' };
  return text.startsWith('\\') && MARKS.test(text)
    ? { text: text.slice(1), kind: 'escaped' }
    : { text, kind: 'text' };
}

/** Finds each closing bracket's partner, and takes the number before it out of the text. */
function pairBrackets(pieces: readonly Piece[]): void {
  const open: Piece[] = [];
  pieces.forEach((piece, at) => {
    if (piece.kind === 'open') open.push(piece);
    if (piece.kind !== 'close') return;
    const opening = piece.text === ')' ? '(' : '[';
    const depth = open.findLastIndex(({ text }) => text === opening);
    const partner = open[depth];
    if (partner === undefined) return;
    open.length = depth; // those opened within and not closed have no partner
    piece.hasPartner = true;
    partner.factor = opening === '[' ? 1 / EMPHASIS : (takeWeight(pieces[at - 1]) ?? EMPHASIS);
  });
}

function takeWeight(before: Piece | undefined): number | undefined {
  if (before?.kind !== 'text') return undefined;
  const found = WEIGHT.exec(before.text);
  if (found === null) return undefined;
  before.text = before.text.slice(0, found.index);
  return Number(found[1]);
}

function append(parts: WeightedText[], text: string, weight: number): void {
  if (text === '') return;
  const last = parts.at(-1);
  if (last?.weight === weight) last.text += text;
  else parts.push({ text, weight });
}
