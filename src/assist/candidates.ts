/** Which of the masks that a model gives for one prompt is meant. */
import type { Answer, Logits, SegmenterPrompt } from './segmenter';

/**
 * How much a mask gains by being the same as the plain one, beside its score: the scores of a thing, its part and what it is a
 * part of often differ by less than they err, and then a second opinion decides. Any share from 0.15 to 0.3 does as well.
 */
const SECOND_OPINION = 0.2;
/** Masks that overlap so much are the same to people. */
const SAME = 0.85;

/** Whether several things may be meant: one press, and nothing that corrects it. */
export function isAmbiguous({ points, box }: SegmenterPrompt): boolean {
  return box === undefined && points.length === 1;
}

/**
 * The mask that is meant.
 * @param again how often the same place was pressed again: each press takes the next larger thing there, after the largest
 *   the smallest
 */
export function meantMask(answer: Answer, prompt: SegmenterPrompt, again = 0): Logits {
  const { masks, plain } = answer;
  // segment_anything's own advice: the plain mask is trained for prompts of several points and for boxes.
  if (plain !== undefined && (masks.length === 0 || !isAmbiguous(prompt))) return plain;
  const ranked = masks.map(({ logits, score }) => ({
    logits,
    cells: cellsInside(logits),
    worth: score + (plain ? SECOND_OPINION * overlap(logits, plain) : 0),
  }));
  ranked.sort((a, b) => b.worth - a.worth);
  const [best] = ranked;
  if (best === undefined) throw new TypeError('an answer without a mask');
  if (again === 0) return best.logits;
  const different: typeof ranked = [];
  for (const each of ranked) {
    const isNew = different.every(({ logits }) => overlap(logits, each.logits) < SAME);
    if (isNew && each.cells > 0) different.push(each);
  }
  different.sort((a, b) => a.cells - b.cells);
  return (different[(different.indexOf(best) + again) % different.length] ?? best).logits;
}

function cellsInside({ data }: Logits): number {
  let count = 0;
  for (const value of data) if (value > 0) count += 1;
  return count;
}

/** The cells inside both, as a share of those inside either. */
function overlap(a: Logits, b: Logits): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.data.length; i++) {
    const [inA, inB] = [(a.data[i] ?? 0) > 0, (b.data[i] ?? 0) > 0];
    if (inA && inB) both += 1;
    if (inA || inB) either += 1;
  }
  return either === 0 ? 0 : both / either;
}
