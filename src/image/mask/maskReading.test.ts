import { describe, expect, it } from 'vitest';
import { createPixels, type Pixels } from '../raster';
import { engineMaskNote, maskNote, whyEmpty } from './maskNotes';
import { readMask } from './maskReading';

type Colour = readonly [number, number, number, number];
const black: Colour = [0, 0, 0, 255];
const white: Colour = [255, 255, 255, 255];
const red: Colour = [255, 0, 0, 255];
const nothing: Colour = [0, 0, 0, 0];

/** 10 × 10 pixels; the first `count` of one colour, the rest of another, `third` as the one in the lower right corner. */
function picture(count: number, stroke: Colour, rest: Colour, third = rest): Pixels {
  const pixels = createPixels({ width: 10, height: 10 });
  for (let i = 0; i < 100; i++) pixels.data.set(i === 99 ? third : i < count ? stroke : rest, i * 4);
  return pixels;
}

/** The first value, that of the last but one, and the corner's. */
function read(...[pixels, reading]: Parameters<typeof readMask>) {
  const { mask, facts } = readMask(pixels, reading);
  return { values: [mask.data[0], mask.data[98], mask.data[99]], facts };
}

describe('a mask is read as it is painted', () => {
  it('in white on black, as everyone does', () => {
    const { values, facts } = read(picture(30, white, black));
    expect(values).toEqual([255, 0, 0]);
    expect(facts).toEqual({
      kind: 'luminance',
      reading: undefined,
      whitest: 255,
      whiteShare: 0.3,
      paints: true,
    });
    expect(maskNote(facts)).toBeNull();
  });

  it('in greys of lossy formats, whose channels differ a little', () => {
    const { facts } = read(picture(30, [250, 255, 240, 255], [9, 0, 12, 255]));
    expect(facts.kind).toBe('luminance');
  });

  it.each<[string, Colour]>([
    ['red', red],
    ['blue', [0, 0, 255, 255]],
    ['a dark red', [130, 0, 0, 255]],
    ['pink', [255, 180, 180, 255]],
  ])('in %s on black, in full, beside white', (_name, colour) => {
    const { values, facts } = read(picture(30, colour, black, white));
    expect(values).toEqual([255, 0, 255]);
    expect(facts.kind).toBe('colour');
    expect(maskNote(facts)?.text).toBe('the mask is in colour: all colours count as painted, black is kept');
  });

  it('in colour with a soft edge', () => {
    // 80 of 200, which is painted in full: 255 × 0.4.
    expect(read(picture(30, [200, 0, 0, 255], black, [80, 0, 0, 255])).values).toEqual([255, 0, 102]);
  });

  it('in colour on white', () => {
    const { values, facts } = read(picture(30, red, white, black));
    expect(facts.kind).toBe('ink');
    expect(values).toEqual([255, 0, 255]);
  });

  it.each<[string, Colour]>([
    ['black', black],
    ['white', white],
    ['red', red],
  ])('in %s on nothing', (_name, colour) => {
    const { values, facts } = read(picture(30, colour, nothing, [colour[0], colour[1], colour[2], 100]));
    expect(facts.kind).toBe('alpha');
    expect(values).toEqual([255, 0, 100]);
    expect(maskNote(facts)?.text).toContain('opaque parts count as painted');
  });

  it('in white on black that has a margin of nothing', () => {
    const { values, facts } = read(picture(2, white, black, nothing));
    expect(facts.kind).toBe('luminance');
    expect(values).toEqual([255, 0, 0]);
  });
});

describe('another reading', () => {
  it('is by luminance: what diffusers reads', () => {
    // (255 × 19595 + 32768) >> 16 = 76; (10 × 19595 + 20 × 38470 + 33 × 7471 + 32768) >> 16 = 18, faint.
    expect(read(picture(30, red, black), 'luminance').values).toEqual([76, 0, 0]);
    expect(read(picture(30, [10, 20, 33, 255], black, white), 'luminance').values).toEqual([0, 0, 255]);
    // Over black: 255 × 100 / 255.
    expect(read(picture(30, white, nothing, [255, 255, 255, 100]), 'luminance').values).toEqual([
      255, 0, 100,
    ]);
  });
  it('is by opacity', () => {
    expect(read(picture(30, black, [255, 255, 255, 0]), 'alpha').values).toEqual([255, 0, 0]);
    expect(read(picture(30, white, black), 'alpha').values).toEqual([255, 255, 255]);
  });
  it('is the opposite of what the mask suggests', () => {
    expect(read(picture(30, white, black, [100, 100, 100, 255]), 'inverted').values).toEqual([0, 255, 155]);
    expect(read(picture(30, red, black), 'inverted').values).toEqual([0, 255, 255]);
    expect(read(picture(30, black, nothing), 'inverted').values).toEqual([0, 255, 255]);
    // Noise is none on either side.
    expect(read(picture(30, white, [3, 3, 3, 255]), 'inverted').values).toEqual([0, 255, 255]);
  });
  it('is not remarked on', () => {
    for (const reading of ['luminance', 'alpha', 'inverted'] as const) {
      expect(maskNote(read(picture(99, red, black), reading).facts)).toBeNull();
    }
  });
});

describe('what is said of it', () => {
  it('counts white above 95 in a hundred, in any kind', () => {
    expect(maskNote(read(picture(95, white, black)).facts)).toBeNull();
    expect(maskNote(read(picture(97, white, black)).facts)).toEqual({
      text: 'the mask covers 97 % of the image',
      other: 'inverted',
    });
    expect(maskNote(read(picture(100, white, white)).facts)?.text).toBe('the mask covers 100 % of the image');
    expect(maskNote(read(picture(97, red, black)).facts)?.text).toMatch(
      /in colour: .*; the mask covers 97 %/,
    );
  });

  it.each<[string, Pixels, RegExp]>([
    ['black', picture(0, black, black), /^the mask is all black; paint the area/],
    [
      'a mask of 0 and 1',
      picture(40, [1, 1, 1, 255], black),
      /its largest value is 1 of 255.* multiply .* by 255/,
    ],
    [
      'a faint one',
      picture(40, [31, 31, 31, 255], black),
      /its largest value is 31 of 255, and values below 32 count as/,
    ],
    ['nothing', picture(0, nothing, nothing), /^the mask is fully transparent/],
    ['a breath', picture(40, [255, 255, 255, 7], nothing), /its opacity is at most 7 of 255/],
  ])('why %s paints nothing', (_name, pixels, why) => {
    const { facts } = readMask(pixels);
    expect(facts.paints).toBe(false);
    expect(whyEmpty(facts)).toMatch(why);
  });

  it('why a reading that was asked for paints nothing', () => {
    const why = (...given: Parameters<typeof readMask>) => whyEmpty(readMask(...given).facts);
    expect(why(picture(40, black, nothing), 'luminance')).toMatch(/its strokes are in its transparency/);
    expect(why(picture(100, white, white), 'inverted')).toMatch(/painted all over/);
    expect(why(picture(100, [255, 255, 255, 3], nothing), 'alpha')).toMatch(/opacity is at most 3 of 255/);
    expect(why(picture(40, white, black), 'alpha')).toBeNull();
  });

  it('where engines read it, by one half of its luminance', () => {
    expect(engineMaskNote(picture(30, white, black))).toBeNull();
    expect(engineMaskNote(picture(30, red, black))).toMatch(/is in colour: parts at least half as bright/);
    expect(engineMaskNote(picture(30, white, nothing))).toMatch(/is partly transparent: parts at least half/);
    expect(engineMaskNote(picture(99, white, black))).toBe('the mask covers 99 % of the image');
  });
});
