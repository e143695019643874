/**
 * Weights in prompts, in the syntax that AUTOMATIC1111's web UI made common: `(text:1.3)` weighs 1.3, `(text)` 1.1, `[text]`
 * 1 / 1.1, and nested brackets multiply.
 *
 * One deviation: a bracket without a partner is plain text, so that a smiley stays a smiley; that UI lets it weigh all that
 * follows. `\(`, `\)`, `\[`, `\]` are always text, and `\\` is a backslash.
 */

export interface WeightedText {
  text: string;
  weight: number;
}

/** What one pair of brackets multiplies by. */
const EMPHASIS = 1.1;
const BRACKET = /[()[\]]/;
/** A weight between the last colon and the closing bracket. No two parts of the pattern match the same text. */
const WEIGHT = /^\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*$/;

/** A bracket, or a character that a backslash makes plain text, and the text before it. */
interface Mark {
  kind: 'escaped' | 'open' | 'close';
  /** The character itself. */
  text: string;
  /** Text since the previous mark. */
  before: string;
  /** For a bracket with a partner. */
  isPaired?: boolean;
  /** For an opening bracket with a partner: the factor of the pair. */
  factor?: number;
}

/**
 * Splits a prompt at each change of weight.
 * @returns the parts in order, none empty, neighbours of different weight. A prompt without brackets is one part of
 *   weight 1, to the letter
 */
export function parsePrompt(prompt: string): WeightedText[] {
  if (!BRACKET.test(prompt)) return prompt === '' ? [] : [{ text: prompt, weight: 1 }];
  const { marks, rest } = marksOf(prompt);
  pairBrackets(marks);

  const parts: WeightedText[] = [];
  const weights = [1]; // of the open pairs around
  for (const { kind, text, before, isPaired, factor = 1 } of marks) {
    const weight = weights.at(-1) ?? 1;
    append(parts, before, weight);
    if (isPaired !== true) append(parts, text, weight);
    else if (kind === 'open') weights.push(weight * factor);
    else weights.pop();
  }
  append(parts, rest, 1);
  return parts;
}

/** The marks in order, and the text after the last. */
function marksOf(prompt: string): { marks: Mark[]; rest: string } {
  const marks: Mark[] = [];
  let from = 0;
  for (let at = 0; at < prompt.length; at++) {
    const character = prompt[at] ?? '';
    const before = at;
    let kind: Mark['kind'];
    if (character === '(' || character === '[') kind = 'open';
    else if (character === ')' || character === ']') kind = 'close';
    else if (character === '\\' && isEscapable(prompt[at + 1])) {
      kind = 'escaped';
      at++;
    } else continue;
    marks.push({ kind, text: prompt[at] ?? '', before: prompt.slice(from, before) });
    from = at + 1;
  }
  return { marks, rest: prompt.slice(from) };
}

function isEscapable(character: string | undefined): boolean {
  return character === '\\' || (character !== undefined && BRACKET.test(character));
}

/** Finds each closing bracket's partner, and takes the number before it out of the text; in one pass. */
function pairBrackets(marks: readonly Mark[]): void {
  /** Open brackets of both kinds, and the indexes of each kind among them. */
  const open: Mark[] = [];
  const places: Record<string, number[]> = { '(': [], '[': [] };
  for (const mark of marks) {
    if (mark.kind === 'open') places[mark.text]?.push(open.push(mark) - 1);
    if (mark.kind !== 'close') continue;
    const opening = mark.text === ')' ? '(' : '[';
    const depth = places[opening]?.at(-1);
    const partner = depth === undefined ? undefined : open[depth];
    if (depth === undefined || partner === undefined) continue;
    // Brackets opened inside and not closed have no partner.
    while (open.length > depth) places[open.pop()?.text ?? '']?.pop();
    mark.isPaired = true;
    partner.isPaired = true;
    partner.factor = opening === '[' ? 1 / EMPHASIS : (takeWeight(mark) ?? EMPHASIS);
  }
}

function takeWeight(closing: Mark): number | undefined {
  const colon = closing.before.lastIndexOf(':');
  const found = colon < 0 ? null : WEIGHT.exec(closing.before.slice(colon + 1));
  if (found === null) return undefined;
  closing.before = closing.before.slice(0, colon);
  return Number(found[1]);
}

function append(parts: WeightedText[], text: string, weight: number): void {
  if (text === '') return;
  const last = parts.at(-1);
  if (last?.weight === weight) last.text += text;
  else parts.push({ text, weight });
}
