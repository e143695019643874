import { expect, it } from 'vitest';
import { convertColours } from './colourSpace';
import { displayP3Profile, profileOfCodes, readProfile } from './files/iccProfile';

const one = (...rgb: number[]) => ({ width: 1, height: 1, data: Uint8ClampedArray.from([...rgb, 77]) });

it('gives known values, and keeps greys and alpha', () => {
  // color.js: color(srgb 1 0 0) is color(display-p3 0.9175 0.2003 0.1386): 234, 51, 35.
  expect([...convertColours(one(255, 0, 0), 'srgb', 'display-p3').data]).toEqual([234, 51, 35, 77]);
  expect([...convertColours(one(234, 51, 35), 'display-p3', 'srgb').data]).toEqual([255, 0, 0, 77]);
  for (const grey of [0, 1, 12, 100, 255]) {
    expect([...convertColours(one(grey, grey, grey), 'srgb', 'display-p3').data]).toEqual([
      grey,
      grey,
      grey,
      77,
    ]);
  }
  // What sRGB lacks is cut off.
  expect([...convertColours(one(0, 255, 0), 'display-p3', 'srgb').data]).toEqual([0, 255, 0, 77]);
});

it('comes back within a level, away from the border of what sRGB has', () => {
  let worst = 0;
  for (let i = 0; i < 4096; i++) {
    const rgb = [i & 15, (i >> 4) & 15, (i >> 8) & 15].map((step) => 96 + step * 8);
    const back = convertColours(convertColours(one(...rgb), 'srgb', 'display-p3'), 'display-p3', 'srgb').data;
    worst = Math.max(worst, ...rgb.map((value, c) => Math.abs(value - (back[c] ?? 0))));
  }
  expect(worst).toBeLessThanOrEqual(1);
});

it('knows its own profile, and codes', () => {
  expect(readProfile(displayP3Profile())).toMatchObject({ space: 'display-p3', name: 'Display P3' });
  expect(profileOfCodes(12, 13).space).toBe('display-p3');
  expect(profileOfCodes(1, 13)).toMatchObject({ space: 'srgb', icc: null });
  expect(profileOfCodes(9, 16)).toMatchObject({ space: 'other', name: 'BT.2020 PQ' });
  expect(readProfile(new Uint8Array(200))).toBeNull();
});
