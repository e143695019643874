/** Reads a mask from an image: which of its channels holds it, and what counts as painted. */

import { createMask, MASK_THRESHOLD, type Mask, type Pixels } from '../raster';
import { cleanMask } from './cleanMask';

/** Another reading than the one that a file suggests: by its brightness, by its opacity, or that one's opposite. */
export const maskReadings = ['luminance', 'alpha', 'inverted'] as const;
export type MaskReading = (typeof maskReadings)[number];

/**
 * What a file suggests. `luminance`: greys, white is painted. `colour`: strokes on black, in colour or white. `ink`: strokes
 * in colour on white. `alpha`: strokes on nothing, of whatever colour.
 */
export type MaskKind = 'luminance' | 'colour' | 'ink' | 'alpha';

export interface MaskLook {
  kind: MaskKind;
  /** The largest difference between a coloured pixel's channels; it counts as fully painted. 255 if no pixel is coloured. */
  fullChroma: number;
}

/** What is known about a mask that was read. */
export interface MaskFacts {
  kind: MaskKind;
  /** The reading that was asked for; undefined if the kind decided. */
  reading: MaskReading | undefined;
  /** Largest value before what is faint was taken for black, 0 … 255. */
  whitest: number;
  /** Share of pixels that are at least half white, 0 … 1. */
  whiteShare: number;
  /** Whether anything is painted, however faint. */
  paints: boolean;
}

export interface ReadMask {
  mask: Mask;
  facts: MaskFacts;
}

/** Colours are counted in 8 steps a channel. */
const STEPS = 8;
const STEP_SHIFT = 5;
/** Steps between channels from which on it is a colour: greys of lossy formats stay below. */
const COLOUR_STEPS = 2;
/** Values that far apart differ by more than this many levels. */
const COLOUR = (COLOUR_STEPS - 1) << STEP_SHIFT;
/** Below the first opacity a pixel's colour means nothing, above the second it is opaque. */
const VISIBLE = 32;
const OPAQUE = 224;
/** Shares below which something is a speck. */
const SPECK = 0.001;
const RARE = 0.02;
/** A background holds more than this. */
const BACKGROUND = 0.3;

/** What kind of mask an image shows. */
export function lookAtMask({ data }: Pixels): MaskLook {
  const colours = new Uint32Array(STEPS ** 3);
  let visible = 0;
  let translucent = 0;
  let fullChroma = 0;
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3] ?? 0;
    if (alpha < OPAQUE) translucent += 1;
    if (alpha < VISIBLE) continue;
    visible += 1;
    const [red, green, blue] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
    const bin = ((red >> STEP_SHIFT) * STEPS + (green >> STEP_SHIFT)) * STEPS + (blue >> STEP_SHIFT);
    colours[bin] = (colours[bin] ?? 0) + 1;
    fullChroma = Math.max(fullChroma, Math.max(red, green, blue) - Math.min(red, green, blue));
  }
  const { dark, light, bright, coloured } = sharesOf(colours, visible);
  if (translucent > SPECK * (data.length / 4)) {
    // Strokes on black that can be seen: they are the mask, and it has a hole or a margin.
    const isDrawn = dark > RARE && bright > SPECK;
    if (!isDrawn) return { kind: 'alpha', fullChroma: 255 };
  }
  if (coloured <= SPECK * bright) return { kind: 'luminance', fullChroma: 255 };
  const isOnWhite = dark < RARE && light > BACKGROUND;
  return { kind: isOnWhite ? 'ink' : 'colour', fullChroma: Math.max(COLOUR, fullChroma) };
}

/** Shares of what is visible: black or nearly, white or nearly, neither dark, in colour. */
function sharesOf(colours: Uint32Array, visible: number) {
  let [dark, light, bright, coloured] = [0, 0, 0, 0];
  colours.forEach((count, bin) => {
    const [red, green, blue] = [bin >> 6, (bin >> 3) & 7, bin & 7];
    const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
    if (most < 2) dark += count;
    else bright += count;
    if (least >= STEPS - 2) light += count;
    if (most - least >= COLOUR_STEPS) coloured += count;
  });
  const all = Math.max(1, visible);
  return { dark: dark / all, light: light / all, bright: bright / all, coloured: coloured / all };
}

/**
 * Reads a mask: white, or what was painted in colour or on nothing, is repainted, black is kept, greys are soft edges; noise
 * is none (see `cleanMask`).
 * @param reading asked for, in place of what the image suggests
 */
export function readMask(pixels: Pixels, reading?: MaskReading): ReadMask {
  const look = lookAtMask(pixels);
  const mask = greysOf(pixels, reading, look);
  const whitest = largestOf(mask);
  cleanMask(mask);
  const paints = largestOf(mask) > 0;
  return { mask, facts: { kind: look.kind, reading, whitest, whiteShare: whiteShareOf(mask), paints } };
}

/** As engines read one: its luminance over black, as it is. */
export function readLuminance(pixels: Pixels): Mask {
  return greysOf(pixels, 'luminance', { kind: 'luminance', fullChroma: 255 });
}

function largestOf({ data }: Mask): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) largest = Math.max(largest, data[i] ?? 0);
  return largest;
}

/** @returns the greys as they are read, noise and all */
function greysOf(pixels: Pixels, reading: MaskReading | undefined, look: MaskLook): Mask {
  const mask = createMask(pixels);
  const { data } = pixels;
  const valueAt = valueReader(reading === undefined || reading === 'inverted' ? look.kind : reading, look);
  const flip = reading === 'inverted' ? 255 : 0;
  for (let i = 0, at = 0; i < mask.data.length; i++, at += 4) {
    mask.data[i] =
      flip ^ valueAt(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0, (data[at + 3] ?? 0) / 255);
  }
  return mask;
}

type ValueAt = (red: number, green: number, blue: number, opacity: number) => number;

function valueReader(kind: MaskKind, { fullChroma }: MaskLook): ValueAt {
  switch (kind) {
    case 'luminance':
      return luminance;
    case 'alpha':
      return (_red, _green, _blue, opacity) => Math.round(255 * opacity);
    case 'colour':
    case 'ink': {
      const gain = 255 / fullChroma;
      return (red, green, blue, opacity) => {
        const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
        const grey = kind === 'ink' ? 255 - most : least;
        return Math.round(Math.min(255, grey + (most - least) * gain) * opacity);
      };
    }
    default:
      throw new TypeError(`unknown kind ${kind satisfies never}`);
  }
}

/** Over black, as Pillow turns RGB to grey (Convert.c, L24), which is what diffusers reads masks by. */
function luminance(red: number, green: number, blue: number, opacity: number): number {
  const over = (value: number) => Math.round(value * opacity);
  return (over(red) * 19595 + over(green) * 38470 + over(blue) * 7471 + 0x8000) >> 16;
}

function whiteShareOf({ data }: Mask): number {
  let white = 0;
  for (let i = 0; i < data.length; i++) if ((data[i] ?? 0) >= MASK_THRESHOLD) white += 1;
  return white / Math.max(1, data.length);
}
