/** Which of the masks that a model gives for one prompt is meant. */
import type { Size } from '../image/geometry';
import type { Answer, Candidate, Logits, SegmenterPrompt } from './segmenter';

/**
 * How much a mask gains by being the same as the plain one, beside its score: the scores of a thing, its part and what it is a
 * part of often differ by less than they err, and then a second opinion decides. Any share from 0.15 to 0.3 does as well.
 */
const SECOND_OPINION = 0.2;
/**
 * How much a mask gains by being the same as the one that is corrected: a correction changes no more than it must. Any share
 * from 0.5 to 1 does as well.
 */
const STAYS = 0.5;
/** Masks that overlap so much are the same to people. */
const SAME = 0.85;

/** Whether several things may be meant: one press, and nothing that corrects it. */
function isAmbiguous({ points, box }: SegmenterPrompt): boolean {
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
  if (plain !== undefined && (masks.length === 0 || !isAmbiguous(prompt))) return plain.logits;
  const ranked = inOrder(masks, ({ logits, score }) => {
    return score + (plain ? SECOND_OPINION * overlap(logits, plain.logits) : 0);
  });
  const [best] = ranked;
  if (best === undefined) throw new TypeError('an answer without a mask');
  if (again === 0) return best;
  const different: Logits[] = [];
  for (const each of ranked) {
    if (cellsInside(each) > 0 && different.every((other) => overlap(other, each) < SAME))
      different.push(each);
  }
  different.sort((a, b) => cellsInside(a) - cellsInside(b));
  return different[(different.indexOf(best) + again) % different.length] ?? best;
}

/**
 * The mask that is meant by a correction.
 * @param answer to all points, with `earlier` as the hint @param encoded size of the image that the points lie in
 * @returns undefined if no mask heeds them all: now and then the earlier answer leads the model away from what was pressed
 */
export function correctedMask(
  { masks, plain }: Answer,
  prompt: SegmenterPrompt,
  { earlier, encoded }: { earlier: Logits; encoded: Size },
): Logits | undefined {
  const heeding = [...(plain ? [plain] : []), ...masks].filter(({ logits }) =>
    heeds(logits, prompt, encoded),
  );
  const [best] = inOrder(heeding, ({ logits, score }) => score + STAYS * overlap(logits, earlier));
  return best;
}

/** Whether each point is on the side that it says. */
function heeds({ data, width, across, down }: Logits, { points }: SegmenterPrompt, size: Size): boolean {
  return points.every(({ x, y, include }) => {
    const [column, row] = [Math.floor((x * across) / size.width), Math.floor((y * down) / size.height)];
    return (data[row * width + column] ?? 0) > 0 === include;
  });
}

/** The most worthy first. */
function inOrder(candidates: readonly Candidate[], worthOf: (candidate: Candidate) => number): Logits[] {
  const valued = candidates.map((each) => ({ logits: each.logits, worth: worthOf(each) }));
  return valued.sort((a, b) => b.worth - a.worth).map(({ logits }) => logits);
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
